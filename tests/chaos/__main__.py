"""`make soak`: storms for as long as wanted; stops at the first difference.

python -m tests.chaos [--storms 5] [--changes 4000] [--seed N] [--database sqlite|postgresql]
"""

import argparse
import sys
from contextlib import ExitStack
from random import SystemRandom

from tests import postgresql
from tests.chaos.run import run


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    arguments.add_argument("--storms", type=int, default=5)
    arguments.add_argument("--changes", type=int, default=4000)
    arguments.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    arguments.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = arguments.parse_args()
    for number in range(options.storms):
        with ExitStack() as opened:
            where: tuple[str, ...] = ()
            if options.database == "postgresql":
                server = opened.enter_context(postgresql.server())
                where = ("--database-url", opened.enter_context(postgresql.database(server)))
            outcome = run(options.seed + number, options.changes, options.changes // 120, *where)
        sys.stdout.write(f"{outcome}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
