"""Entries that wait for a second person, that correct others, and that came with an import

Columns with a default and indexes of few rows: instant but for one look through the ledger for each of the two indexes.

Revision ID: 0011_entries
Revises: 0010_comms
"""

from alembic import op
import sqlalchemy as sa


revision = '0011_entries'
down_revision = '0010_comms'
branch_labels = None
depends_on = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    for name in ('corrects_id', 'import_id', 'decided_at'):
        op.add_column('entry', sa.Column(name, INT64, nullable=True))
    op.add_column('entry', sa.Column('state', sa.String(length=8), server_default='counted', nullable=False))
    op.add_column('entry', sa.Column('decided_by', sa.String(length=64), nullable=True))
    for name, columns, rows in (
        ('ix_entry_import', ['portal_id', 'import_id'], 'import_id IS NOT NULL'),
        ('ix_entry_state', ['portal_id', 'state'], "state <> 'counted'"),
    ):
        where = sa.text(rows)
        op.create_index(name, 'entry', columns, sqlite_where=where, postgresql_where=where)
    op.add_column('role', sa.Column('enters_values', sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column('role', 'enters_values')
    for name in ('ix_entry_state', 'ix_entry_import'):
        op.drop_index(name, 'entry')
    for name in ('decided_by', 'state', 'decided_at', 'import_id', 'corrects_id'):
        op.drop_column('entry', name)
