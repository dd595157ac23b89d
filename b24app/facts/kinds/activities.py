"""CRM activities: calls, meetings, e-mails, to-dos. Their drafts and facts: facts/rules.py."""

from b24app.facts.kinds.base import Kind, Making
from b24app.facts.rules import ACTIVITY, ActivityDraft, ActivityFact, activity_fact


def make(draft: ActivityDraft, before: ActivityFact | None, making: Making) -> ActivityFact:
    return activity_fact(draft, before, making.read_at, in_history=making.in_history)


KINDS = (
    Kind(
        entity=ACTIVITY,
        table="activity",
        draft=ActivityDraft,
        fact=ActivityFact,
        make=make,
        dates=("start", "completed", "due"),
        uncounted=frozenset({"subject"}),
        title="subject",
        before_date="kind",
    ),
)
