"""What happened: the latest state of every synced record, what was journalled about it, and the ledger of entries.

Stored integers only (architecture, decision 2): base-currency money in hundredths, other numbers in millionths,
durations in seconds, instants in epoch seconds. `deleted_at` is a tombstone: the record stopped
counting (semantics 3.6).
"""

from b24app.facts.tables.about import Credit, CreditChange, FieldValue, Ownership, ProductRow, StageMove, Watch
from b24app.facts.tables.deals import Deal
from b24app.facts.tables.entries import Entry, HeldImport
from b24app.facts.tables.items import Item
from b24app.facts.tables.requests import Request
from b24app.facts.tables.words import ProductSection, Rate, Term
from b24app.facts.tables.work import Activity, Call, CallSource, Session, Task

__all__ = [
    "Activity",
    "Call",
    "CallSource",
    "Credit",
    "CreditChange",
    "Deal",
    "Entry",
    "FieldValue",
    "HeldImport",
    "Item",
    "Ownership",
    "ProductRow",
    "ProductSection",
    "Rate",
    "Request",
    "Session",
    "StageMove",
    "Task",
    "Term",
    "Watch",
]
