"""Requests for support, the mappings they are made by, and the instants of fields

Requests are made by a job once a mapping is saved. Times of fields that were read before have no instant: a mapping
that names such a field has it read again.

Revision ID: 0012
Revises: 0011
"""

from alembic import op
import sqlalchemy as sa


revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


BIGINT = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('request',
    sa.Column('portal_id', BIGINT, nullable=False),
    sa.Column('id', BIGINT, autoincrement=False, nullable=False),
    sa.Column('mapping', sa.String(length=64), nullable=False),
    sa.Column('entity', sa.String(length=16), nullable=False),
    sa.Column('record_id', BIGINT, nullable=False),
    sa.Column('title', sa.String(length=512), nullable=False),
    sa.Column('responsible_id', BIGINT, nullable=True),
    sa.Column('created_at', BIGINT, nullable=False),
    sa.Column('updated_at', BIGINT, nullable=False),
    sa.Column('first_response_at', BIGINT, nullable=True),
    sa.Column('resolved_at', BIGINT, nullable=True),
    sa.Column('rating', BIGINT, nullable=True),
    sa.Column('rated_at', BIGINT, nullable=True),
    sa.Column('seconds_to_response', BIGINT, nullable=True),
    sa.Column('seconds_working', BIGINT, nullable=True),
    sa.Column('read_at', BIGINT, nullable=False),
    sa.Column('deleted_at', BIGINT, nullable=True),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_request_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'id', name=op.f('pk_request'))
    )
    op.create_index('ix_request_created', 'request', ['portal_id', 'created_at'])
    op.create_index('ix_request_rated', 'request', ['portal_id', 'rated_at'])
    op.create_index('ix_request_record', 'request', ['portal_id', 'entity', 'record_id'])
    op.create_table('request_mapping',
    sa.Column('portal_id', BIGINT, nullable=False),
    sa.Column('code', sa.String(length=64), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('entity', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('document', sa.JSON(), nullable=False),
    sa.Column('complete', sa.Boolean(), nullable=False),
    sa.Column('position', BIGINT, nullable=True),
    sa.Column('run', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('author', sa.String(length=64), nullable=False),
    sa.Column('saved_at', BIGINT, nullable=False),
    sa.ForeignKeyConstraint(['portal_id'], ['portal.id'], name=op.f('fk_request_mapping_portal_id_portal')),
    sa.PrimaryKeyConstraint('portal_id', 'code', name=op.f('pk_request_mapping'))
    )
    op.add_column('field_value', sa.Column('at', BIGINT, nullable=True))


def downgrade() -> None:
    op.drop_column('field_value', 'at')
    op.drop_table('request_mapping')
    op.drop_table('request')
