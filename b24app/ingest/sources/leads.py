"""Leads. The portal tells itself when one was closed, converted or not."""

from b24app.facts.rules import LEAD
from b24app.ingest import crm_items

key = "leads"
entity = LEAD
events = ("ONCRMLEADADD", "ONCRMLEADUPDATE", "ONCRMLEADDELETE")

_type = crm_items.ItemType(LEAD, 1, ("dateClosed",))
listing = _type.listing
translate = crm_items.translate
fetch = _type.fetch
