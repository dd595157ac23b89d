"""Rows of the inbox wait longer each time the portal could not be asked

Two columns with a constant default: instant on a table of any size.

Revision ID: 0004
Revises: 0003
"""

from alembic import op
import sqlalchemy as sa


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('inbox', sa.Column('due_at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False))
    op.add_column('inbox', sa.Column('delays', sa.Integer(), server_default='0', nullable=False))


def downgrade() -> None:
    op.drop_column('inbox', 'delays')
    op.drop_column('inbox', 'due_at')
