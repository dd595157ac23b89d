"""Companies, as clients of deals (semantics 3.3).

When two are merged, deals of one are the other's from then on, and nothing is said of the deals themselves: no event,
no new modification time. So whoever hears of a company looks at its deals. A new one has none:
it matters where companies are read themselves.
"""

from b24app.facts.rules import DEAL, client_key
from b24app.ingest.sources.base import Link

key = "companies"
entity = "company"
events = ("ONCRMCOMPANYADD", "ONCRMCOMPANYUPDATE", "ONCRMCOMPANYDELETE")

concerns = DEAL
link = Link("companyId", lambda id: client_key(id, None))
