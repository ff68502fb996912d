"""Incidents as they were written last: the busiest ones need not be read from JSON again."""

from tocsin.core.incident.state import Incident

AT_MOST = 2_000


class Recent:
    """Incidents by the last hash of their timeline.

    The hash names one timeline and so one state, whoever has written it since: what is found under
    it can be missing, never out of date. Verifying does not look here.
    """

    def __init__(self) -> None:
        self._by_head: dict[bytes, Incident] = {}

    def get(self, head: bytes) -> Incident | None:
        """Return the incident whose timeline ends in `head`, if it was written lately."""
        return self._by_head.get(head)

    def put(self, head: bytes, incident: Incident) -> None:
        """Remember an incident; the oldest ones are forgotten."""
        if len(self._by_head) >= AT_MOST:
            for old in list(self._by_head)[: AT_MOST // 2]:
                self._by_head.pop(old, None)
        self._by_head[head] = incident
