"""Measures -> SQL: the one place where it is made. The totals of many measures, and the rows behind one."""

from b24app.metrics.compile.alike import Totals
from b24app.metrics.compile.listing import Rows, rows
from b24app.metrics.compile.reading import are_adjoining
from b24app.metrics.compile.totals import histogram, parameters, totals

__all__ = ["Rows", "Totals", "are_adjoining", "histogram", "parameters", "rows", "totals"]
