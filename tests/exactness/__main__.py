"""`make soak`: random changes for as long as wanted, on a database of its own; stops at the first difference.

python -m tests.exactness [--changes 20000] [--seed N] [--database sqlite|postgresql]
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from random import SystemRandom

import time_machine
from flask import Flask

from b24app.lib.db import db, prepare
from tests import postgresql
from tests.databases import Databases
from tests.exactness.run import Outcome, run

A_RUN = 1000
"""So many changes are made in one portal; then another one begins, with the next seed."""


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m tests.exactness", description=__doc__)
    arguments.add_argument("--changes", type=int, default=20_000)
    arguments.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    arguments.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = arguments.parse_args()
    done, seed = 0, options.seed
    while done < options.changes:
        outcome = once(options.database, seed, min(A_RUN, options.changes - done))
        sys.stdout.write(f"{outcome}\n")
        sys.stdout.flush()
        done, seed = done + outcome.changes, seed + 1


def once(kind: str, seed: int, changes: int) -> Outcome:
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        server = opened.enter_context(postgresql.server()) if kind == "postgresql" else ""
        databases = opened.enter_context(Databases(folder, lambda: server))
        app = Flask("soak")
        app.config["SQLALCHEMY_DATABASE_URI"] = databases.give(kind)
        db.init_app(app)
        with app.app_context(), time_machine.travel(0, tick=False) as traveller:
            prepare(db.engine)

            def set_clock(now: datetime) -> None:
                traveller.move_to(now, tick=False)

            outcome = run(seed, changes, set_clock)
            db.session.remove()
            db.engine.dispose()
            return outcome


if __name__ == "__main__":
    main()
