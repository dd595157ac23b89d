"""Tests may look into every tenant: the guard of lib/tenancy.py refuses what the application asks, not what they do."""

import sys
from pathlib import Path

from b24app.lib import tenancy

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
