"""What is wrong with a row of targets or their mapping, as a sentence; what all kinds share says ingest/imports."""

from b24app.ingest.imports import words
from b24app.lib.i18n import gettext as _
from b24app.scorecards import checks


def fault(code: str, text: str) -> str:
    """`text` is what stands in the cell."""
    match code:
        case "no_scorecard":
            return _("The scorecard is missing.")
        case "unknown_scorecard":
            return _("No scorecard is called “%(text)s”.", text=text)
        case "several_scorecard":
            return _("Several scorecards are called “%(text)s”: write the code.", text=text)
        case "no_indicator":
            return _("The indicator is missing.")
        case "unknown_indicator":
            return _("The scorecard has no indicator “%(text)s”.", text=text)
        case "several_indicator":
            return _("Several indicators of the scorecard are called “%(text)s”: write the code.", text=text)
        case "no_whose":
            return _("Say whose target it is: a person, a department, or “company” in the column of departments.")
        case "whose_twice":
            return _("A target is either a person's or a department's: leave one of the two empty.")
        case "no_start":
            return _("The period is missing.")
        case "period":
            return _("“%(text)s” is no period: write 01.11.2026, 11.2026 or November 2026.", text=text)
        case "zero_target" | "not_above" | "not_below":
            return checks.said_of_target(code)
        case "twice":
            return _("The same target stands in row %(text)s, too.", text=text)
        case "locked":
            return _("The period is locked: unlock it first.")
        case "own":
            return _("This is your own plan: nobody edits their own.")
        case "not_allowed":
            return _("You may not edit the plan of this person or department.")
        case _:
            return words.fault(code, text)


def missing(code: str) -> str:
    match code:
        case "no_target_column":
            return _("Say which column has the targets.")
        case "no_scorecard":
            return _("Say which column has the scorecards, or choose one for all rows.")
        case "no_indicator":
            return _("Say which column has the indicators, or choose one for all rows.")
        case "no_period":
            return _("Say which column has the periods, or choose a day of one for all rows.")
        case "no_whose_column":
            return _("Say which column has the people or the departments.")
        case _:
            return _("Two columns have the same meaning.")
