"""Who put a plan or organisation in force, and what was last seen of the files."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Identity, Integer, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ADDED = ("title", "activated_by", "via", "why")


def upgrade() -> None:
    """Add columns and a table; what was recorded before has nothing in the new columns."""
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_activations()
    else:
        for name in ADDED:
            op.add_column("activations", Column(name, Text, nullable=False, server_default=""))
            op.alter_column("activations", name, server_default=None)
    op.create_table(
        "files_seen",
        Column("what", Text, primary_key=True),
        Column("source", Text, primary_key=True),
        Column("version", Text, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
        Column("refused", Text, nullable=False),
        Column("refused_after", BigInteger, nullable=False),
    )


def _rebuild_activations() -> None:
    """SQLite adds a column only with a default, and never lets go of that."""
    op.drop_index("activations_what", "activations")
    op.rename_table("activations", "activations_before")
    op.create_table(
        "activations",
        Column("id", BigInteger().with_variant(Integer(), "sqlite"), Identity(), primary_key=True),
        Column("what", Text, nullable=False),
        Column("version", Text, nullable=False),
        Column("activated_at", BigInteger, nullable=False),
        *(Column(name, Text, nullable=False) for name in ADDED),
        ForeignKeyConstraint(["what", "version"], ["documents.what", "documents.version"]),
    )
    op.execute(
        "INSERT INTO activations SELECT id, what, version, activated_at, '', '', '', ''"
        " FROM activations_before"
    )
    op.drop_table("activations_before")
    op.create_index("activations_what", "activations", ["what", "id"])
