"""What happens beside the response: files, pinned moments, and what incidents are to each other."""

from datetime import datetime

from tocsin.core.incident.event import Event


class FileAttached(Event, frozen=True, kw_only=True, tag="file_attached"):
    """A file is kept with the incident; `sha256` is the hash of its content, in hex."""

    attachment: int
    name: str
    media_type: str
    size: int
    sha256: str


class MomentPinned(Event, frozen=True, kw_only=True, tag="moment_pinned"):
    """This `entry` of the timeline, by its number, is one of those that tell the story."""

    entry: int


class MomentUnpinned(Event, frozen=True, kw_only=True, tag="moment_unpinned"):
    """This `entry` is not one of them any more."""

    entry: int


class IncidentLinked(Event, frozen=True, kw_only=True, tag="incident_linked"):
    """This incident and `code` belong together; `relation` is what this one is to the other."""

    code: str
    relation: str


class AlertsLeft(Event, frozen=True, kw_only=True, tag="alerts_left"):
    """Alerts that belonged to this incident belong to `to` now; `alerts` are their ids.

    `alerts` is empty where all of them left.
    """

    count: int
    firing: int
    names: tuple[str, ...]
    to: str
    alerts: tuple[int, ...] = ()


class AlertsCameOver(Event, frozen=True, kw_only=True, tag="alerts_came_over"):
    """Alerts that belonged to `of` belong to this incident now; see AlertsLeft."""

    count: int
    firing: int
    names: tuple[str, ...]
    of: str
    alerts: tuple[int, ...] = ()


class MergedInto(Event, frozen=True, kw_only=True, tag="merged_into"):
    """This incident is the same as `into`, whose number is `into_number`, and goes on there."""

    into: str
    into_number: int


class Absorbed(Event, frozen=True, kw_only=True, tag="absorbed"):
    """Incident `code` was the same as this one; `facts` are the names of what was stated there."""

    code: str
    title: str
    severity: str
    facts: tuple[str, ...] = ()


class CarriedOver(Event, frozen=True, kw_only=True, tag="carried_over"):
    """What a node wrote in emergency mode `since` then is on the record now: `entries` lines of it.

    They are the lines before this one. With `apart` others went on meanwhile: then lines say for
    themselves when and where they happened.
    """

    node: str
    since: datetime
    entries: int
    apart: bool = False


class HappenedApart(Event, frozen=True, kw_only=True, tag="happened_apart"):
    """On `node`, in emergency mode, this happened at `happened_at`; others went on meanwhile.

    `what` is the kind of event, `who` did it, and `text` is its line as it was written there.
    """

    node: str
    happened_at: datetime
    what: str
    who: str
    text: str
