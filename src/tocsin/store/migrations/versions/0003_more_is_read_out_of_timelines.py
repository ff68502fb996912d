"""More is read out of timelines: nothing is changed here, but incidents are folded anew after it.

See `tocsin.store.refold`: it follows every migration, and this one is there to have it follow.
"""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change no table."""
