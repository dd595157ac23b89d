"""JSON of the API: exact numbers both ways (lib/exact.py)."""

from b24app.lib.exact import dumps as dumps
from b24app.lib.exact import loads as loads
