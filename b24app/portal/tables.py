"""What is stored about a tenant: the portal, its tokens, people and structure, who changed what, and jobs in progress.

Instants are epoch seconds; `id`s of people and departments are Bitrix24's own.
"""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from b24app.lib.db import Base, Encrypted, Int64


class Portal(Base):
    """One Bitrix24 account. Identity is `member_id`; the domain may change any time (contract 2.5)."""

    __tablename__ = "portal"

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    member_id: Mapped[str] = mapped_column(String(64), unique=True)
    domain: Mapped[str] = mapped_column(String(255))
    client_endpoint: Mapped[str] = mapped_column(String(512))
    """REST base of the portal, ends with a slash; from the OAuth server, never from a browser."""
    oauth_server: Mapped[str] = mapped_column(String(255))
    """Base URL of the allow-listed OAuth server that vouched for the portal."""
    application_token: Mapped[str | None] = mapped_column(Encrypted)
    status: Mapped[str] = mapped_column(String(16), default="installing")
    """installing | active | suspended | uninstalled"""
    problem: Mapped[str | None] = mapped_column(Text)
    """Why the portal is suspended, as a sentence for its admin."""
    problem_code: Mapped[str | None] = mapped_column(String(64))
    """The same as Bitrix24's own code (portal/suspension.py)."""
    suspended_at: Mapped[int | None] = mapped_column(Int64)
    knocked_at: Mapped[int | None] = mapped_column(Int64)
    """When a suspended portal was last asked whether it lets us in again."""
    app_version: Mapped[str | None] = mapped_column(String(32))
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    language: Mapped[str] = mapped_column(String(8), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    base_currency: Mapped[str] = mapped_column(String(3), default="USD")
    week_start: Mapped[int] = mapped_column(default=0)
    """0 = Monday .. 6 = Sunday, as `date.weekday()` counts."""
    year_start: Mapped[int] = mapped_column(default=1)
    """The first month of the year that quarters, half-years and years follow."""
    country: Mapped[str | None] = mapped_column(String(2))
    """Whose public holidays are days off (ISO 3166), None for nobody's."""
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Small switches that need no query of their own (e.g. `first_run_done`)."""
    installed_at: Mapped[int | None] = mapped_column(Int64)
    uninstalled_at: Mapped[int | None] = mapped_column(Int64)
    created_at: Mapped[int] = mapped_column(Int64)


class Token(Base):
    """OAuth tokens of an administrator. `rank` 0 is the service token; others stand in when its owner is dismissed."""

    __tablename__ = "token"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    rank: Mapped[int] = mapped_column(default=0)
    access_token: Mapped[str] = mapped_column(Encrypted)
    refresh_token: Mapped[str] = mapped_column(Encrypted)
    expires_at: Mapped[int] = mapped_column(Int64)
    version: Mapped[int] = mapped_column(default=1)
    """Counts refreshes; a refresh is stored only if nobody else has stored one in between."""
    dead: Mapped[bool] = mapped_column(default=False)


class Registration(Base):
    """What the registrar has bound on the portal: a placement, robot, activity or event, and a hash of how."""

    __tablename__ = "registration"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    bound_at: Mapped[int] = mapped_column(Int64)


class Department(Base):
    __tablename__ = "department"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(255))
    parent_id: Mapped[int | None] = mapped_column(Int64)
    head_id: Mapped[int | None] = mapped_column(Int64)
    sort: Mapped[int] = mapped_column(default=500)
    active: Mapped[bool] = mapped_column(default=True)
    """False once the portal no longer lists it; kept for history."""


class Employee(Base):
    """A portal user. Dismissed people stay, with `active` false; people the portal hides from us have no row."""

    __tablename__ = "employee"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(255))
    position: Mapped[str] = mapped_column(String(255), default="")
    photo_url: Mapped[str | None] = mapped_column(Text)
    department_ids: Mapped[list[int]] = mapped_column(JSON, default=list)
    active: Mapped[bool] = mapped_column(default=True)


class Membership(Base):
    """Journal of who was in which departments: one row per change, valid until the next one (semantics 4.6)."""

    __tablename__ = "membership"

    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    employee_id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    since: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=False)
    department_ids: Mapped[list[int]] = mapped_column(JSON, default=list)
    active: Mapped[bool] = mapped_column(default=True)


class ApiToken(Base):
    """A key to the public API. Only its fingerprint is kept."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    """read, write, money"""
    created_at: Mapped[int] = mapped_column(Int64)
    last_used_at: Mapped[int | None] = mapped_column(Int64)
    revoked_at: Mapped[int | None] = mapped_column(Int64)


class AuditEntry(Base):
    """Who changed what, when, from what to what. Written by portal/audit.py only, never changed."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "portal_id", "at"),)

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"))
    at: Mapped[int] = mapped_column(Int64)
    actor: Mapped[str] = mapped_column(String(64))
    """`user:7`, `token:3` or `system`"""
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(255))
    before: Mapped[Any] = mapped_column(JSON, nullable=True)
    after: Mapped[Any] = mapped_column(JSON, nullable=True)


class RestCall(Base):
    """Log of requests to the portal, kept three days, without secrets (contract 9)."""

    __tablename__ = "rest_call"
    __table_args__ = (Index(None, "portal_id", "at"),)

    id: Mapped[int] = mapped_column(Int64, primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"))
    at: Mapped[int] = mapped_column(Int64)
    method: Mapped[str] = mapped_column(String(128))
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(255))
    duration_ms: Mapped[int]
    request: Mapped[str] = mapped_column(Text)
    response: Mapped[str] = mapped_column(Text)


class Job(Base):
    """A long piece of work that people may watch: what, how far, how it ended."""

    __tablename__ = "job"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    portal_id: Mapped[int] = mapped_column(ForeignKey("portal.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(16), default="queued")
    """queued | running | done | failed"""
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(Int64)
    finished_at: Mapped[int | None] = mapped_column(Int64)
