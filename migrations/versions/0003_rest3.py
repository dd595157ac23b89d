"""The season of a forecast, kept with the results of open periods

Two nullable columns without a default: instant on tables of any size.

Revision ID: 0003_rest3
Revises: 0002
"""

from alembic import op
import sqlalchemy as sa


revision = '0003_rest3'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('result') as batch_op:
        batch_op.add_column(sa.Column('season', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('season_at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('result') as batch_op:
        batch_op.drop_column('season_at')
        batch_op.drop_column('season')
