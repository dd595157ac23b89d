"""Tools with no KPI word and no Bitrix24 word in them."""
