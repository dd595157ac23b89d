"""Roles and delegations: what an administrator decides about who sees whom, who edits plans, who sees money."""
