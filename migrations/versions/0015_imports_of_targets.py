"""What kind of rows a file has, and which targets an import set in whose place

Files imported so far hold values. The new table has a row per target of an import: it grows as slowly as targets do.

Revision ID: 0015
Revises: 0014
"""

from alembic import op
import sqlalchemy as sa


revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.add_column('import_file', sa.Column('kind', sa.String(length=16), server_default='entries', nullable=False))
    op.create_table('imported_target',
    sa.Column('portal_id', INT64, nullable=False),
    sa.Column('import_id', INT64, nullable=False),
    sa.Column('scorecard', sa.String(length=64), nullable=False),
    sa.Column('indicator', sa.String(length=64), nullable=False),
    sa.Column('subject_type', sa.String(length=10), nullable=False),
    sa.Column('subject_id', INT64, autoincrement=False, nullable=False),
    sa.Column('start', sa.String(length=10), nullable=False),
    sa.Column('before', INT64, nullable=True),
    sa.Column('after', INT64, nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_imported_target_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'import_id', 'scorecard', 'indicator', 'subject_type', 'subject_id', 'start', name=op.f('pk_imported_target'))
    )


def downgrade() -> None:
    op.drop_table('imported_target')
    op.drop_column('import_file', 'kind')
