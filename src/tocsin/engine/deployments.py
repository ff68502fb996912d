"""Changes to what is run: what the store can do with them, and who understands reports of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tocsin.core.deployments import Deployment, NotUnderstood


class DeploymentSource(Protocol):
    """Understands what machines report of changes. A folder in `sources/` implements it."""

    def parse(
        self, integration: str, payload: bytes, now: datetime
    ) -> Sequence[Deployment] | NotUnderstood:
        """Understand a request body; total. Empty: it was understood, and tells of no change."""


class DeploymentsReading(Protocol):
    """What can be asked of the changes."""

    def deployments(
        self, since: datetime | None, until: datetime | None, limit: int, service: str = ""
    ) -> list[Deployment]:
        """Return changes of the time `since` <= at < `until`, newest first."""

    def deployments_after(self, since: datetime, limit: int) -> list[Deployment]:
        """Return changes with at > `since`, oldest first."""


class DeploymentsWriting(Protocol):
    """What changes the changes: later news of one replaces what was known of it."""

    def keep_deployments(self, new: Sequence[Deployment]) -> None:
        """Insert changes; of one that is known, keep the news with the later `at`."""
