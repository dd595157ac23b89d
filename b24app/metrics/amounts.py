"""What is money on a portal beside what is so everywhere: codes of entries it declares so, fields of that type.

Whoever may not see money is told none of these numbers, nor what they could be worked out from. Pure.
"""

from dataclasses import dataclass, replace

from b24app.facts.rules import ENTRY
from b24app.metrics.measures import Measure, Test
from b24app.metrics.needs import Need
from b24app.metrics.rules import Plan

SUMS = frozenset({"amount", "opportunity", "opportunityAccount", "taxValue", "taxValueAccount"})
"""Fields of CRM records that hold amounts, although Bitrix24 calls them plain numbers (contract 7)."""

MONEY = "money"
"""The type of a field that people have made for amounts."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """The codes, and the fields by entity and name, whose numbers are amounts of money."""

    codes: frozenset[str] = frozenset()
    fields: frozenset[Need] = frozenset()

    def told_by(self, plan: Plan) -> Plan:
        """The same plan, which says so if any number in it is an amount."""
        if plan.is_money or not any(map(self._adds, plan.measures)):
            return plan
        return replace(plan, of_money=True)

    def _adds(self, measure: Measure) -> bool:
        """Whether it takes amounts from its facts; a mere count of them tells of none."""
        if measure.field is None:
            return False
        if measure.scan.entity == ENTRY:
            tests = (test for test in measure.where.leaves if isinstance(test, Test) and test.field == "code")
            return any(not self.codes.isdisjoint(test.values) for test in tests)
        return measure.field in SUMS or (measure.scan.entity, measure.field) in self.fields


EVERYWHERE = Amounts()
"""Enough where nobody is shown the numbers: what is measured is the same."""
