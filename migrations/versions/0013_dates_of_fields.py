"""An index of the instants of fields, to count records by them

Times of fields that were read before instants were kept have none: an indicator that counts by such a field has it read
again.

Revision ID: 0013
Revises: 0012
"""

from alembic import op


revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_field_value_at', 'field_value', ['portal_id', 'entity', 'field', 'at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_field_value_at', table_name='field_value')
