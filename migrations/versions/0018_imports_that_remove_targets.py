"""An import may remove targets

What it set in a place may be nothing. The table has a row per target of an import: it is rewritten on SQLite, which takes
as long as writing these rows once.

Revision ID: 0018
Revises: 0017
"""

from alembic import op
import sqlalchemy as sa


revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    with op.batch_alter_table('imported_target', schema=None) as batch_op:
        batch_op.alter_column('after', existing_type=INT64, nullable=True)


def downgrade() -> None:
    """What was removed cannot be said any more: taking such an import back leaves it removed."""
    op.execute('DELETE FROM imported_target WHERE "after" IS NULL')
    with op.batch_alter_table('imported_target', schema=None) as batch_op:
        batch_op.alter_column('after', existing_type=INT64, nullable=False)
