"""The portal of the facts' tests serves here, too."""

from tests.facts.conftest import world as world
