"""CRM records that are no deals

A new table; leads are read into it by the next backfill.

Revision ID: 0009
Revises: 0008
"""

from alembic import op
import sqlalchemy as sa


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('item',
    sa.Column('portal_id', integer, nullable=False),
    sa.Column('type', sa.String(length=16), nullable=False),
    sa.Column('id', integer, autoincrement=False, nullable=False),
    sa.Column('title', sa.String(length=512), nullable=False),
    sa.Column('category_id', integer, nullable=True),
    sa.Column('stage_id', sa.String(length=64), nullable=False),
    sa.Column('semantic', sa.String(length=1), nullable=False),
    sa.Column('source_id', sa.String(length=64), nullable=True),
    sa.Column('company_id', integer, nullable=True),
    sa.Column('contact_id', integer, nullable=True),
    sa.Column('responsible_id', integer, nullable=True),
    sa.Column('created_by_id', integer, nullable=True),
    sa.Column('updated_by_id', integer, nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=True),
    sa.Column('amount_original', integer, nullable=True),
    sa.Column('amount', integer, nullable=True),
    sa.Column('rate', sa.String(length=40), nullable=True),
    sa.Column('created_at', integer, nullable=False),
    sa.Column('updated_at', integer, nullable=False),
    sa.Column('moved_at', integer, nullable=True),
    sa.Column('told_closed_at', integer, nullable=True),
    sa.Column('close_day', sa.String(length=10), nullable=True),
    sa.Column('closed_at', integer, nullable=True),
    sa.Column('closed_from', sa.String(length=8), nullable=True),
    sa.Column('read_at', integer, nullable=False),
    sa.Column('deleted_at', integer, nullable=True),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_item_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'type', 'id', name=op.f('pk_item'))
    )
    op.create_index('ix_item_created', 'item', ['portal_id', 'type', 'created_at'], unique=False)
    op.create_index('ix_item_closed', 'item', ['portal_id', 'type', 'closed_at'], unique=False)


def downgrade() -> None:
    op.drop_table('item')
