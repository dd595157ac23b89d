"""`python -m bench.site DEALS`: a demo portal in a process of its own, with its limits as strict as the cloud's.

Writes one line of JSON: where it is and a token of the admin. Answers every line it reads with its counters so far,
among them how many seconds its processor worked since that first line; ends when its input does.
"""

import json
import sys
import time

from b24app.demo import installation
from b24app.demo.server import start
from b24app.demo.settings import DemoSettings
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
    for _line in sys.stdin:
        worked = time.process_time() - began
        tell(requests=state.traffic.requests, violations=state.limiter.violations, worked_s=worked)
    running.close()


def tell(**known: object) -> None:
    print(json.dumps(known), flush=True)


if __name__ == "__main__":
    main()
