"""One application for a whole file: most tests here only ask, and all of them leave the world as it was."""

from collections.abc import Iterator

import pytest

from tests.databases import Databases
from tests.security.world import Site, site


@pytest.fixture(scope="module")
def here(databases: Databases, database_kind: str, redis_url: str) -> Iterator[Site]:
    with site(databases, database_kind, redis_url, REFUSED_RATE_LIMIT="100000 per minute") as found:
        yield found
