"""Why and since when a portal is suspended, and when it was last asked whether it still is

Nullable columns of a table with a row per portal: instant.

Revision ID: 0005
Revises: 0004
"""

from alembic import op
import sqlalchemy as sa


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('portal', sa.Column('problem_code', sa.String(length=64), nullable=True))
    for name in ('suspended_at', 'knocked_at'):
        op.add_column('portal', sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))


def downgrade() -> None:
    for name in ('knocked_at', 'suspended_at', 'problem_code'):
        op.drop_column('portal', name)  # in place: made anew, the table would leave its rows' children alone
