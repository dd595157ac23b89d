"""b24app: KPIs for Bitrix24. Importing the package starts nothing."""

__version__ = "0.1.0"
