"""kpi_set: say from a workflow what a KPI stands at, whatever was added before, and return where the employee stands.

It is kpi_add in everything but the kind of the entry: what is added later in the period counts on top of it.
"""

from b24app.robots import kpi_add
from b24app.robots.base import Call, Quantity, Touched
from b24app.robots.kpi_add import Returns as Returns
from b24app.robots.kpi_add import answer as answer

code = "kpi_set"


class Params(kpi_add.Params):
    value: Quantity


def apply(call: Call, params: Params) -> Touched:
    return kpi_add.post(call, params, "set")
