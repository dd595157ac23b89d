"""A settled portal for every test that asks for it."""

import pytest
from flask import Flask

from tests.scores import world


@pytest.fixture
def portal(app: Flask) -> int:
    world.settle()
    return world.PORTAL
