"""Which imports are on their way into the ledger or out of it, and count for nothing meanwhile

A small table. What an import had staged by the way it was done before never counted and goes; its job posts it again.

Revision ID: 0014
Revises: 0013
"""

from alembic import op
import sqlalchemy as sa


revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('held_import',
    sa.Column('portal_id', INT64, nullable=False),
    sa.Column('import_id', INT64, nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_held_import_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'import_id', name=op.f('pk_held_import'))
    )
    op.execute("DELETE FROM entry WHERE state = 'staged'")


def downgrade() -> None:
    op.drop_table('held_import')
