"""What the numbers of a locked period were made of

A new table; of periods that are locked already nothing is written down.

Revision ID: 0008
Revises: 0007
"""

from alembic import op
import sqlalchemy as sa


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('locked_facts',
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('lock_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('indicator', sa.String(length=64), nullable=False),
    sa.Column('facts', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_locked_facts_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'lock_id', 'indicator', name=op.f('pk_locked_facts'))
    )


def downgrade() -> None:
    op.drop_table('locked_facts')
