"""daemons that share a database: their register, what each watches, and whose a lease is"""

import sqlalchemy as sa
from alembic import op

from gateway.store.schema import Utc

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "daemon",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("beat_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daemon")),
    )
    op.create_table(
        "watch",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("daemon", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watch")),
    )
    op.add_column("inbox", sa.Column("holder", sa.String(length=32), nullable=True))
    op.add_column("notice", sa.Column("holder", sa.String(length=32), nullable=True))
