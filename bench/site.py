"""`python -m bench.site DEALS`: a demo portal in a process of its own, with its limits as strict as the cloud's.

Writes one line of JSON: where it is and a token of the admin. Answers every line it reads with its counters so far,
among them how many seconds its processor worked since that first line; on `change` every deal is changed first. Ends
when its input does.
"""

import json
import sys
import time

from b24app.demo import deals as crm
from b24app.demo import installation
from b24app.demo.server import start
from b24app.demo.settings import DemoSettings
from b24app.demo.state import DEAL, Portal
from b24app.lib import clock


def main() -> None:
    settings = DemoSettings(deals=int(sys.argv[1]), activities=False, event_workers=0, language="en")
    running = start(settings)
    state = running.state
    installation.install(state)
    installation.finish(state)
    pair = state.tokens.issue(1, clock.now())
    tell(
        endpoint=state.client_endpoint, domain=state.domain, oauth=state.settings.oauth_url,
        member_id=settings.member_id, access=pair.access, refresh=pair.refresh, client_id=settings.client_id,
        client_secret=settings.client_secret, application_token=state.app.token,
    )  # fmt: skip
    began = time.process_time()
    for line in sys.stdin:
        if line.strip() == "change":
            change(state)
        worked = time.process_time() - began
        tell(requests=state.traffic.requests, violations=state.limiter.violations, worked_s=worked)
    running.close()


def change(state: Portal) -> None:
    """Every other deal is won or lost, if it was not; the others are worth something else."""
    for place, id in enumerate(list(state.deals.ids)):
        if place % 2:
            crm.change(state, DEAL, id, {"opportunity": place}, 1)
        elif state.deals.rows[id]["stageSemanticId"] == "S":
            crm.lose(state, id, 1)
        else:
            crm.win(state, id, 1)


def tell(**known: object) -> None:
    print(json.dumps(known), flush=True)


if __name__ == "__main__":
    main()
