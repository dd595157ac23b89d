"""Leads. Their stage history says when one was closed, converted or not; without it the portal itself does."""

from b24app.facts.rules import LEAD
from b24app.ingest import crm_items

key = "leads"
entity = LEAD
events = ("ONCRMLEADADD", "ONCRMLEADUPDATE", "ONCRMLEADDELETE")

_type = crm_items.ItemType(LEAD, key, events=events)
listing = _type.listing
translate = _type.translate
fetch = _type.fetch
asking = _type.asking
