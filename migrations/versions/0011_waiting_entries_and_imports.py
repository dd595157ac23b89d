"""Entries that wait for a second person, that correct others, and that came with an import; imports of files

Columns with a default and indexes of few rows: instant but for one look through the ledger for each of the two indexes.
The other tables are new.

Revision ID: 0011
Revises: 0010
"""

from alembic import op
import sqlalchemy as sa


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    for name in ('corrects_id', 'import_id', 'decided_at'):
        op.add_column('entry', sa.Column(name, INT64, nullable=True))
    op.add_column('entry', sa.Column('state', sa.String(length=8), server_default='counted', nullable=False))
    op.add_column('entry', sa.Column('decided_by', sa.String(length=64), nullable=True))
    for name, columns, rows in (
        ('ix_entry_import', ['portal_id', 'import_id'], 'import_id IS NOT NULL'),
        ('ix_entry_state', ['portal_id', 'state'], "state <> 'counted'"),
    ):
        where = sa.text(rows)
        op.create_index(name, 'entry', columns, sqlite_where=where, postgresql_where=where)
    op.create_table('import_file',
    sa.Column('id', INT64, nullable=False),
    sa.Column('portal_id', INT64, nullable=False),
    sa.Column('author', sa.String(length=64), nullable=False),
    sa.Column('is_admin', sa.Boolean(), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('layout', sa.JSON(), nullable=False),
    sa.Column('head', sa.JSON(), nullable=False),
    sa.Column('meaning', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('found', sa.JSON(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', INT64, nullable=False),
    sa.Column('ended_at', INT64, nullable=True),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_import_file_portal_id_portal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_file'))
    )
    op.create_index('ix_import_file_portal_id_id', 'import_file', ['portal_id', 'id'])
    op.create_table('import_meaning',
    sa.Column('portal_id', INT64, nullable=False),
    sa.Column('heads', sa.String(length=64), nullable=False),
    sa.Column('meaning', sa.JSON(), nullable=False),
    sa.Column('saved_at', INT64, nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_import_meaning_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'heads', name=op.f('pk_import_meaning'))
    )
    op.create_table('import_person',
    sa.Column('portal_id', INT64, nullable=False),
    sa.Column('text', sa.String(length=255), nullable=False),
    sa.Column('employee_id', INT64, nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_import_person_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'text', name=op.f('pk_import_person'))
    )
    op.add_column('role', sa.Column('enters_values', sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column('role', 'enters_values')
    for name in ('import_person', 'import_meaning', 'import_file'):
        op.drop_table(name)
    for name in ('ix_entry_state', 'ix_entry_import'):
        op.drop_index(name, 'entry')
    for name in ('decided_by', 'state', 'decided_at', 'import_id', 'corrects_id'):
        op.drop_column('entry', name)
