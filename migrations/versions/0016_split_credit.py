"""Who gets what part of a deal, and who said so

Both tables have rows of those deals only that somebody, or a rule about their fields, has split.

Revision ID: 0016
Revises: 0015
"""

from alembic import op
import sqlalchemy as sa


revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('credit',
    sa.Column('portal_id', INT64, nullable=False),
    sa.Column('deal_id', INT64, autoincrement=False, nullable=False),
    sa.Column('employee_id', INT64, autoincrement=False, nullable=False),
    sa.Column('share', INT64, nullable=False),
    sa.Column('amount', INT64, nullable=True),
    sa.Column('by_hand', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_credit_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'deal_id', 'employee_id', name=op.f('pk_credit'))
    )
    op.create_table('credit_change',
    sa.Column('portal_id', INT64, nullable=False),
    sa.Column('deal_id', INT64, autoincrement=False, nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('shares', sa.JSON(), nullable=False),
    sa.Column('undoes', sa.Integer(), nullable=True),
    sa.Column('author', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', INT64, nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_credit_change_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'deal_id', 'number', name=op.f('pk_credit_change'))
    )


def downgrade() -> None:
    op.drop_table('credit_change')
    op.drop_table('credit')
