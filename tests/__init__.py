"""Tests may look into every tenant: the guard of lib/tenancy.py refuses what the application asks, not what they do.
The jobs that they call are fenced in as a worker fences them in.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from inspect import isfunction
from pathlib import Path
from typing import Any

from b24app import jobs
from b24app.jobs import schedule
from b24app.lib import tenancy
from b24app.lib.registry import modules

HERE = Path(__file__).parent
PACKAGE = Path(tenancy.__file__).parents[1]
ON_THE_WAY = {str(PACKAGE / "lib" / "tenancy.py"), str(PACKAGE / "lib" / "db.py")}

_refuse = tenancy.refuse


def refuse(tables: list[str]) -> None:
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        asking = frame.f_code.co_filename
        if asking.startswith(str(HERE)) and asking != __file__:
            return
        if asking.startswith(str(PACKAGE)) and asking not in ON_THE_WAY:
            break
    _refuse(tables)


tenancy.refuse = refuse


def as_a_worker(job: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(job)
    def fenced(*arguments: Any, **named: Any) -> Any:
        with tenancy.work_of(job, arguments):
            return job(*arguments, **named)

    return fenced


# Wherever a job is known by name: in its own room, in others that have imported it, in the table of periodic jobs.
rooms = {room.__name__: room for room in modules(jobs)}
fenced = {}
for room in rooms.values():
    for name, found in tuple(vars(room).items()):
        if isfunction(found) and found.__module__ in rooms and not name.startswith("_"):
            setattr(room, name, fenced.setdefault(found, as_a_worker(found)))
schedule.SCHEDULE = tuple(replace(one, job=fenced.get(one.job, one.job)) for one in schedule.SCHEDULE)
