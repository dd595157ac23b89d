"""Roles of people and departments, and deputies for days of absence

Two new tables: instant on databases of any size.

Revision ID: 0007
Revises: 0006
"""

from alembic import op
import sqlalchemy as sa


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('role',
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('holder_type', sa.String(length=10), nullable=False),
    sa.Column('holder_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('reach', sa.String(length=16), nullable=True),
    sa.Column('edits_plan', sa.Boolean(), nullable=True),
    sa.Column('sees_money', sa.Boolean(), nullable=True),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_role_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'holder_type', 'holder_id', name=op.f('pk_role'))
    )
    op.create_table('delegation',
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('absent_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('deputy_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('first', sa.String(length=10), nullable=False),
    sa.Column('last', sa.String(length=10), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_delegation_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'absent_id', 'deputy_id', name=op.f('pk_delegation'))
    )


def downgrade() -> None:
    op.drop_table('delegation')
    op.drop_table('role')
