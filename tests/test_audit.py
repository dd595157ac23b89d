"""What CI says of the locked dependencies: a vulnerability fails, a service that is not there does not."""

import runpy
from typing import Any

import pytest

from b24app.lib.paths import PACKAGE

audit = runpy.run_path(str(PACKAGE.parent / ".ci" / "audit"))

SOUND = {"name": "flask", "version": "3.1.2", "vulns": []}
UNKNOWN = {"name": "rq", "skip_reason": "not found"}
FOUND = {"name": "mako", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1", "2"]}]}
OPEN = {"name": "lark", "version": "1.2", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}


@pytest.mark.parametrize(
    ("asked", "said", "status"),
    [
        ([UNKNOWN, UNKNOWN], ["Not audited: the package index has no vulnerability service."], 0),
        ([SOUND], ["1 of 1 locked dependencies audited, 0 with known vulnerabilities."], 0),
        ([SOUND, UNKNOWN], ["1 of 2 locked dependencies audited, 0 with known vulnerabilities."], 0),
        (
            [SOUND, FOUND, OPEN],
            [
                "mako 1.0: PYSEC-1, fixed in 1.1, 2",
                "lark 1.2: PYSEC-2, not fixed yet",
                "3 of 3 locked dependencies audited, 2 with known vulnerabilities.",
            ],
            1,
        ),
    ],
)
def test_what_is_said_and_whether_it_fails(asked: list[dict[str, Any]], said: list[str], status: int) -> None:
    assert audit["told"](asked) == (said, status)
