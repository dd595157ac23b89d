"""Which deadline of a record counts, and how late it was kept (semantics 4.3). Pure."""


def counting(told_at: int | None, before_at: int | None, changed_at: int) -> int | None:
    """The last deadline in force before it passed: one that had passed when it was changed still counts.

    `before_at` is the one that counted so far, `changed_at` when the record was changed last.
    """
    if before_at is not None and before_at != told_at and before_at < changed_at:
        return before_at
    return told_at


def lateness(done_at: int | None, due_at: int | None) -> int | None:
    """Seconds from the deadline to the end, negative when it came earlier; None while open or without a deadline."""
    return None if done_at is None or due_at is None else done_at - due_at
