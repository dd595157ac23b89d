"""One file per metric type, found by being here. What each owes is written in base.py."""
