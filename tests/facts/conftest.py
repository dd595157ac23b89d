"""A portal in Moscow that counts in US dollars."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from b24app.facts import operations
from b24app.facts.rules import Cell, DealDraft, MoveDraft
from b24app.facts.tables import Activity, Deal
from b24app.lib.db import db, write
from b24app.portal.tables import Portal
from tests.facts.samples import NOON


@dataclass
class World:
    """One portal's facts, written as the jobs write them."""

    portal_id: int

    def store(self, *drafts: DealDraft, moves: tuple[MoveDraft, ...] = (), at: datetime = NOON) -> frozenset[Cell]:
        with write():
            return operations.upsert_deals(self.portal_id, drafts, moves, at)

    def deal(self, id: int = 1) -> Deal:
        return self._one(Deal, id)

    def activity(self, id: int = 1) -> Activity:
        return self._one(Activity, id)

    def win_numbers(self) -> dict[int, int | None]:
        rows = db.session.execute(select(Deal.id, Deal.win_no).where(Deal.portal_id == self.portal_id))
        return {row.id: row.win_no for row in rows}

    def _one(self, table: Any, id: int) -> Any:
        db.session.rollback()
        return db.session.get_one(table, (self.portal_id, id), populate_existing=True)


@pytest.fixture
def world(app: Flask) -> World:
    with write() as session:
        for id in (1, 2):
            session.add(
                Portal(
                    id=id,
                    member_id=f"m{id}",
                    domain="a.bitrix24.com",
                    client_endpoint="https://a.bitrix24.com/rest/",
                    oauth_server="https://oauth.bitrix.info",
                    status="active",
                    time_zone="Europe/Moscow",
                    base_currency="USD",
                    created_at=0,
                )
            )
    return World(1)
