"""Calls, tasks and conversations, and the deadline of an activity that counts

New tables, read by the next backfill, and the journal of where calls are counted from. What activities already there
have of the new columns is worked out here, in three statements over the table: ten million rows take minutes, in which
the app does not run anyway.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('call',
    sa.Column('portal_id', integer, nullable=False),
    sa.Column('id', integer, autoincrement=False, nullable=False),
    sa.Column('phone', sa.String(length=64), nullable=False),
    sa.Column('direction', sa.String(length=3), nullable=True),
    sa.Column('code', sa.String(length=16), nullable=False),
    sa.Column('answered', sa.Boolean(), nullable=False),
    sa.Column('seconds', integer, nullable=False),
    sa.Column('responsible_id', integer, nullable=True),
    sa.Column('created_by_id', integer, nullable=True),
    sa.Column('activity_id', integer, nullable=True),
    sa.Column('start_at', integer, nullable=False),
    sa.Column('completed_at', integer, nullable=False),
    sa.Column('created_at', integer, nullable=False),
    sa.Column('updated_at', integer, nullable=False),
    sa.Column('read_at', integer, nullable=False),
    sa.Column('deleted_at', integer, nullable=True),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_call_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'id', name=op.f('pk_call'))
    )
    op.create_index('ix_call_completed', 'call', ['portal_id', 'completed_at'], unique=False)
    op.create_index('ix_call_start', 'call', ['portal_id', 'start_at'], unique=False)
    op.create_table('call_source',
    sa.Column('portal_id', integer, nullable=False),
    sa.Column('since', integer, autoincrement=False, nullable=False),
    sa.Column('source', sa.String(length=10), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_call_source_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'since', name=op.f('pk_call_source'))
    )
    op.create_table('task',
    sa.Column('portal_id', integer, nullable=False),
    sa.Column('id', integer, autoincrement=False, nullable=False),
    sa.Column('title', sa.String(length=512), nullable=False),
    sa.Column('done', sa.Boolean(), nullable=False),
    sa.Column('group_id', integer, nullable=True),
    sa.Column('responsible_id', integer, nullable=True),
    sa.Column('created_by_id', integer, nullable=True),
    sa.Column('created_at', integer, nullable=False),
    sa.Column('updated_at', integer, nullable=False),
    sa.Column('deadline_at', integer, nullable=True),
    sa.Column('told_closed_at', integer, nullable=True),
    sa.Column('closed_at', integer, nullable=True),
    sa.Column('due_at', integer, nullable=True),
    sa.Column('seconds_late', integer, nullable=True),
    sa.Column('read_at', integer, nullable=False),
    sa.Column('deleted_at', integer, nullable=True),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_task_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'id', name=op.f('pk_task'))
    )
    op.create_index('ix_task_closed', 'task', ['portal_id', 'closed_at'], unique=False)
    op.create_index('ix_task_created', 'task', ['portal_id', 'created_at'], unique=False)
    op.create_index('ix_task_due', 'task', ['portal_id', 'due_at'], unique=False)
    op.create_table('session',
    sa.Column('portal_id', integer, nullable=False),
    sa.Column('id', integer, autoincrement=False, nullable=False),
    sa.Column('session_id', integer, nullable=False),
    sa.Column('title', sa.String(length=512), nullable=False),
    sa.Column('line', sa.String(length=16), nullable=False),
    sa.Column('responsible_id', integer, nullable=True),
    sa.Column('created_by_id', integer, nullable=True),
    sa.Column('owner_type_id', sa.Integer(), nullable=True),
    sa.Column('owner_id', integer, nullable=True),
    sa.Column('done', sa.Boolean(), nullable=False),
    sa.Column('is_read', sa.Boolean(), nullable=False),
    sa.Column('created_at', integer, nullable=False),
    sa.Column('updated_at', integer, nullable=False),
    sa.Column('first_response_at', integer, nullable=True),
    sa.Column('closed_at', integer, nullable=True),
    sa.Column('seconds_to_response', integer, nullable=True),
    sa.Column('read_at', integer, nullable=False),
    sa.Column('deleted_at', integer, nullable=True),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_session_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'id', name=op.f('pk_session'))
    )
    op.create_index('ix_session_closed', 'session', ['portal_id', 'closed_at'], unique=False)
    op.create_index('ix_session_created', 'session', ['portal_id', 'created_at'], unique=False)
    for name in ('due_at', 'seconds_late', 'seconds'):
        op.add_column('activity', sa.Column(name, integer, nullable=True))
    op.execute('UPDATE activity SET due_at = deadline_at WHERE deadline_at IS NOT NULL')
    op.execute('UPDATE activity SET seconds_late = completed_at - due_at'
               ' WHERE completed_at IS NOT NULL AND due_at IS NOT NULL')
    op.execute('UPDATE activity SET seconds = end_at - start_at WHERE end_at >= start_at')
    op.create_index('ix_activity_due', 'activity', ['portal_id', 'kind', 'due_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_activity_due', table_name='activity')
    for name in ('seconds', 'seconds_late', 'due_at'):
        op.drop_column('activity', name)
    op.drop_table('session')
    op.drop_table('task')
    op.drop_table('call_source')
    op.drop_table('call')
