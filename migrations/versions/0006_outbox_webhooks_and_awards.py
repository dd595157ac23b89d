"""The outbox, webhooks and awards

New tables only: instant on a database of any size.

Revision ID: 0006
Revises: 0005
"""

from alembic import op
import sqlalchemy as sa


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('award',
    sa.Column('portal_id', BIG, nullable=False),
    sa.Column('badge', sa.String(length=64), nullable=False),
    sa.Column('employee_id', BIG, autoincrement=False, nullable=False),
    sa.Column('period', sa.String(length=10), nullable=False),
    sa.Column('start', sa.String(length=10), nullable=False),
    sa.Column('at', BIG, nullable=False),
    sa.Column('by', sa.String(length=64), nullable=False),
    sa.Column('comment', sa.Text(), nullable=False),
    sa.Column('occasion', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_award_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'badge', 'employee_id', 'period', 'start', name=op.f('pk_award'))
    )
    op.create_index('ix_award_employee', 'award', ['portal_id', 'employee_id', 'at'], unique=False)
    op.create_table('notification',
    sa.Column('id', BIG, nullable=False),
    sa.Column('portal_id', BIG, nullable=False),
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('recipient', BIG, nullable=False),
    sa.Column('scorecard', sa.String(length=64), nullable=False),
    sa.Column('indicator', sa.String(length=64), nullable=False),
    sa.Column('subject_type', sa.String(length=10), nullable=False),
    sa.Column('subject_id', BIG, nullable=False),
    sa.Column('start', sa.String(length=10), nullable=False),
    sa.Column('occasion', sa.String(length=64), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('created_at', BIG, nullable=False),
    sa.Column('due_at', BIG, nullable=False),
    sa.Column('give_up_at', BIG, nullable=False),
    sa.Column('sent_at', BIG, nullable=True),
    sa.Column('answer', sa.String(length=255), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_notification_portal_id_portal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notification')),
    sa.UniqueConstraint(
        'portal_id', 'channel', 'kind', 'recipient', 'scorecard', 'indicator', 'subject_type', 'subject_id', 'start',
        'occasion', name='uq_notification_once',
    )
    )
    op.create_index('ix_notification_due', 'notification', ['portal_id', 'state', 'due_at'], unique=False)
    op.create_table('webhook',
    sa.Column('portal_id', BIG, nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('created_at', BIG, nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_webhook_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', name=op.f('pk_webhook'))
    )


def downgrade() -> None:
    op.drop_table('webhook')
    op.drop_index('ix_notification_due', table_name='notification')
    op.drop_table('notification')
    op.drop_index('ix_award_employee', table_name='award')
    op.drop_table('award')
