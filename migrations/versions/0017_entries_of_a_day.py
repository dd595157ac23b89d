"""Entries that were given as a day

An entry says which time the portal's clock is to show of it, where it was given as a day without a time: its instant
is worked out anew when the time zone changes. Of the entries that are there, those that people entered or imported and
that stand at noon or at the last second of a day were given so. They are looked at in portions, by their primary key.

Revision ID: 0017
Revises: 0016
"""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alembic import op
import sqlalchemy as sa


revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

AT_ONCE = 10_000
OF_A_DAY = ('12:00:00', '23:59:59')

entry = sa.table(
    'entry', sa.column('id', sa.BigInteger), sa.column('portal_id', sa.BigInteger), sa.column('origin', sa.String),
    sa.column('occurred_at', sa.BigInteger), sa.column('local_at', sa.String),
)
portal = sa.table('portal', sa.column('id', sa.BigInteger), sa.column('time_zone', sa.String))


def upgrade() -> None:
    op.add_column('entry', sa.Column('local_at', sa.String(length=19), nullable=True))
    connection = op.get_bind()
    zones = {id: _zone(name) for id, name in connection.execute(sa.select(portal.c.id, portal.c.time_zone))}
    by_people = entry.c.origin.in_(('manual', 'import'))
    columns = sa.select(entry.c.id, entry.c.portal_id, entry.c.occurred_at)
    write = sa.update(entry).where(entry.c.id == sa.bindparam('entry_id')).values(local_at=sa.bindparam('shown'))
    after = 0
    while rows := connection.execute(
        columns.where(by_people, entry.c.id > after).order_by(entry.c.id).limit(AT_ONCE)
    ).all():
        after = rows[-1].id
        shown = [(row.id, _on_wall(row.occurred_at, zones[row.portal_id])) for row in rows]
        found = [{'entry_id': id, 'shown': text} for id, text in shown if text.endswith(OF_A_DAY)]
        if found:
            connection.execute(write, found)
    op.create_index(
        'ix_entry_day', 'entry', ['portal_id', 'id'], unique=False,
        sqlite_where=sa.text('local_at IS NOT NULL'), postgresql_where=sa.text('local_at IS NOT NULL'),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo('UTC')


def _on_wall(moment: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(moment, zone).replace(tzinfo=None).isoformat(timespec='seconds')


def downgrade() -> None:
    op.drop_index('ix_entry_day', table_name='entry')
    op.drop_column('entry', 'local_at')
