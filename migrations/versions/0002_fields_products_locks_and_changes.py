"""Values of fields, product rows, own calendars, locks of periods and the journal of changes

New tables and three nullable columns: instant on tables of any size but that of the scorecards, which is small.

Revision ID: 0002
Revises: 0001
"""

from alembic import op
import sqlalchemy as sa


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('absence',
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('employee_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('first', sa.String(length=10), nullable=False),
    sa.Column('last', sa.String(length=10), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_absence_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'employee_id', 'first', name=op.f('pk_absence'))
    )
    op.create_table('calendar_day',
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('working', sa.Boolean(), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_calendar_day_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'day', name=op.f('pk_calendar_day'))
    )
    op.create_table('field_value',
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entity', sa.String(length=16), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('field', sa.String(length=64), nullable=False),
    sa.Column('place', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('num', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('text', sa.String(length=255), nullable=True),
    sa.Column('day', sa.String(length=10), nullable=True),
    sa.Column('ref', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_field_value_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'entity', 'record_id', 'field', 'place', name=op.f('pk_field_value'))
    )
    op.create_table('late_change',
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('scorecard', sa.String(length=64), nullable=False),
    sa.Column('start', sa.String(length=10), nullable=False),
    sa.Column('subject_type', sa.String(length=10), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('indicator', sa.String(length=64), nullable=False),
    sa.Column('entity', sa.String(length=16), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_late_change_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'scorecard', 'start', 'subject_type', 'subject_id', 'indicator', 'entity', 'record_id', name=op.f('pk_late_change'))
    )
    op.create_table('period_lock',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('scorecard', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=9), nullable=False),
    sa.Column('start', sa.String(length=10), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('document', sa.JSON(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('locked_at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('locked_by', sa.String(length=64), nullable=False),
    sa.Column('unlocked_at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('unlocked_by', sa.String(length=64), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('kept', sa.JSON(), nullable=True),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_period_lock_portal_id_portal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_period_lock'))
    )
    with op.batch_alter_table('period_lock', schema=None) as batch_op:
        batch_op.create_index('ix_period_lock_period', ['portal_id', 'scorecard', 'start'], unique=False)

    op.create_table('product_row',
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entity', sa.String(length=16), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('amount_original', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_product_row_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'entity', 'record_id', 'id', name=op.f('pk_product_row'))
    )
    with op.batch_alter_table('product_row', schema=None) as batch_op:
        batch_op.create_index('ix_product_row_product', ['portal_id', 'product_id'], unique=False)

    op.create_table('product_section',
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('section_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_product_section_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'product_id', 'section_id', name=op.f('pk_product_section'))
    )
    with op.batch_alter_table('product_section', schema=None) as batch_op:
        batch_op.create_index('ix_product_section_section', ['portal_id', 'section_id'], unique=False)

    op.create_table('result_change',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('scorecard', sa.String(length=64), nullable=False),
    sa.Column('start', sa.String(length=10), nullable=False),
    sa.Column('subject_type', sa.String(length=10), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('indicator', sa.String(length=64), nullable=False),
    sa.Column('at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('before', sa.Text(), nullable=True),
    sa.Column('after', sa.Text(), nullable=True),
    sa.Column('target_before', sa.Text(), nullable=True),
    sa.Column('target_after', sa.Text(), nullable=True),
    sa.Column('cause', sa.String(length=16), nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('records', sa.JSON(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_result_change_portal_id_portal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_result_change'))
    )
    with op.batch_alter_table('result_change', schema=None) as batch_op:
        batch_op.create_index('ix_result_change_at', ['portal_id', 'at'], unique=False)
        batch_op.create_index('ix_result_change_result', ['portal_id', 'scorecard', 'start', 'subject_type', 'subject_id', 'indicator', 'id'], unique=False)

    op.create_table('watch',
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entity', sa.String(length=16), nullable=False),
    sa.Column('field', sa.String(length=64), nullable=False),
    sa.Column('complete', sa.Boolean(), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('since', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_watch_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'entity', 'field', name=op.f('pk_watch'))
    )
    with op.batch_alter_table('deal', schema=None) as batch_op:
        batch_op.add_column(sa.Column('updated_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))

    with op.batch_alter_table('result', schema=None) as batch_op:
        batch_op.add_column(sa.Column('value', sa.Text(), nullable=True))

    with op.batch_alter_table('scorecard_version', schema=None) as batch_op:
        batch_op.add_column(sa.Column('active_since', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))

    op.execute("UPDATE scorecard_version SET active_since = saved_at WHERE status = 'active'")


def downgrade() -> None:
    with op.batch_alter_table('scorecard_version', schema=None) as batch_op:
        batch_op.drop_column('active_since')

    with op.batch_alter_table('result', schema=None) as batch_op:
        batch_op.drop_column('value')

    with op.batch_alter_table('deal', schema=None) as batch_op:
        batch_op.drop_column('updated_by_id')

    op.drop_table('watch')
    with op.batch_alter_table('result_change', schema=None) as batch_op:
        batch_op.drop_index('ix_result_change_result')
        batch_op.drop_index('ix_result_change_at')

    op.drop_table('result_change')
    with op.batch_alter_table('product_section', schema=None) as batch_op:
        batch_op.drop_index('ix_product_section_section')

    op.drop_table('product_section')
    with op.batch_alter_table('product_row', schema=None) as batch_op:
        batch_op.drop_index('ix_product_row_product')

    op.drop_table('product_row')
    with op.batch_alter_table('period_lock', schema=None) as batch_op:
        batch_op.drop_index('ix_period_lock_period')

    op.drop_table('period_lock')
    op.drop_table('late_change')
    op.drop_table('field_value')
    op.drop_table('calendar_day')
    op.drop_table('absence')
