"""The season of a forecast, kept with the results of open periods, and the latest nightly check

Two nullable columns without a default, and a new table: instant on tables of any size.

Revision ID: 0003
Revises: 0002
"""

from alembic import op
import sqlalchemy as sa


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('result') as batch_op:
        batch_op.add_column(sa.Column('season', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('season_at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))

    op.create_table('nightly_check',
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('compared', sa.Integer(), nullable=False),
    sa.Column('repaired', sa.Integer(), nullable=False),
    sa.Column('repairs', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_nightly_check_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', name=op.f('pk_nightly_check'))
    )


def downgrade() -> None:
    op.drop_table('nightly_check')
    with op.batch_alter_table('result') as batch_op:
        batch_op.drop_column('season_at')
        batch_op.drop_column('season')
