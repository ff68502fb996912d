"""Reports of deployments in the forms that machines send them; total over every byte string.

Which form it is shows in the report itself, so that one address serves for all. GitHub:
docs.github.com/webhooks, `deployment` and `deployment_status`. GitLab: `deployment` events of its
webhooks. Argo CD: the application, as its notifications' `{{toJson .app}}` writes it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec

from tocsin.core.deployments import Deployment, NotUnderstood
from tocsin.sources.deployments.plain import address, instant, link, part, text

AT_MOST = 500
"""Deployments of one request."""

SHORT = 12
"""Characters of a commit that are shown."""

FIELDS = "service, environment, version, title, at, by, link, state, key"
HINT = f"send a JSON object with `service`, or a list of them; its fields: {FIELDS}"

Form = Callable[[str, Mapping[str, Any], datetime], Deployment | None]


class Deployments:
    """See engine.deployments.DeploymentSource."""

    def parse(
        self, integration: str, payload: bytes, now: datetime
    ) -> Sequence[Deployment] | NotUnderstood:
        """See DeploymentSource."""
        try:
            said = msgspec.json.decode(_json_of(payload))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            return NotUnderstood("this is no JSON", HINT)
        if isinstance(said, Mapping):
            known = _known(integration, said, now)
            if known is not None:
                return known
            said = said.get("deployments", [said])
        if not isinstance(said, list):
            return NotUnderstood("this is neither an object nor a list of them", HINT)
        if len(said) > AT_MOST:
            return NotUnderstood(f"these are {len(said)} deployments", f"send at most {AT_MOST}")
        return _plain_ones(integration, said, now)


def _json_of(payload: bytes) -> bytes:
    """Return the JSON of a request; GitHub can be told to send it as a form."""
    if not payload.startswith(b"payload="):
        return payload
    return parse_qs(payload.decode(), keep_blank_values=True)["payload"][0].encode()


def _known(integration: str, said: Mapping[str, Any], now: datetime) -> Sequence[Deployment] | None:
    """Return what a report of a known kind tells of; None if it is of no known kind."""
    for is_it, read in _FORMS:
        if is_it(said):
            found = read(integration, said, now)
            return [found] if found is not None else []
    return None


def _plain_ones(
    integration: str, said: Sequence[Any], now: datetime
) -> Sequence[Deployment] | NotUnderstood:
    found: list[Deployment] = []
    for number, one in enumerate(said, 1):
        which = f"deployment {number}" if len(said) > 1 else "it"
        if not isinstance(one, Mapping):
            return NotUnderstood(f"{which} is no object", HINT)
        if not text(one, "service"):
            return NotUnderstood(f"{which} has no `service`", HINT)
        if one.get("at") is not None and instant(one["at"]) is None:
            hint = "write `at` as 2026-11-21T10:00:00Z, or leave it out: now"
            return NotUnderstood(f"`at` of {which} is no time with its offset", hint)
        found.append(_plain(integration, one, now))
    return found


def _plain(integration: str, said: Mapping[str, Any], now: datetime) -> Deployment:
    at = instant(said.get("at"))
    what = [text(said, name) for name in ("service", "environment", "version")]
    told = at.isoformat() if at is not None else "" if what[2] else now.isoformat()
    return Deployment(
        integration=integration,
        key=text(said, "key") or " ".join(["deployment", *what, told]),
        at=at or now,
        service=what[0],
        environment=what[1],
        version=what[2],
        title=text(said, "title"),
        by=text(said, "by"),
        link=link(address(said, "link")),
        state=text(said, "state") or "success",
        received_at=now,
    )


def _is_github(said: Mapping[str, Any]) -> bool:
    """Everything that GitHub sends; what is not about a deployment tells of none."""
    return isinstance(said.get("sender"), Mapping) or "zen" in said


def _github(integration: str, said: Mapping[str, Any], now: datetime) -> Deployment | None:
    what, status = part(said, "deployment"), part(said, "deployment_status")
    if not isinstance(what, Mapping) or not text(what, "id"):
        return None
    repository = text(said, "repository", "full_name")
    home = address(said, "repository", "html_url")
    return Deployment(
        integration=integration,
        key=f"github {repository} {text(what, 'id')}",
        at=instant(
            part(status, "updated_at"), part(status, "created_at"), what.get("created_at"), now
        )
        or now,
        service=text(said, "repository", "name") or repository or "unknown",
        environment=text(status, "environment") or text(what, "environment"),
        version=_version(text(what, "ref"), text(what, "sha")),
        title=text(status, "description") or text(what, "description"),
        by=text(what, "creator", "login") or text(said, "sender", "login"),
        link=link(
            address(status, "target_url"), address(status, "log_url"),
            address(status, "environment_url"), f"{home}/deployments" if home else "",
        ),
        state=text(status, "state") or "created",
        received_at=now,
    )  # fmt: skip


def _is_gitlab(said: Mapping[str, Any]) -> bool:
    return isinstance(said.get("object_kind"), str)


def _gitlab(integration: str, said: Mapping[str, Any], now: datetime) -> Deployment | None:
    if said["object_kind"] != "deployment" or not text(said, "deployment_id"):
        return None
    project = text(said, "project", "path_with_namespace")
    return Deployment(
        integration=integration,
        key=f"gitlab {project} {text(said, 'deployment_id')}",
        at=instant(said.get("status_changed_at")) or now,
        service=text(said, "project", "name") or project or "unknown",
        environment=text(said, "environment"),
        version=_version(text(said, "ref"), text(said, "short_sha")),
        title=text(said, "commit_title"),
        by=text(said, "user", "username") or text(said, "user", "name"),
        link=link(
            address(said, "deployable_url"), address(said, "commit_url"),
            address(said, "project", "web_url"),
        ),
        state=text(said, "status"),
        received_at=now,
    )  # fmt: skip


def _is_argo(said: Mapping[str, Any]) -> bool:
    app = said.get("app", said)
    return bool(text(app, "metadata", "name")) and isinstance(part(app, "status"), Mapping)


def _argo(integration: str, said: Mapping[str, Any], now: datetime) -> Deployment | None:
    app = said.get("app", said)
    work = part(app, "status", "operationState")
    if not isinstance(work, Mapping):
        return None
    name, revision = text(app, "metadata", "name"), text(work, "syncResult", "revision")
    by = text(work, "operation", "initiatedBy", "username")
    return Deployment(
        integration=integration,
        key=f"argocd {text(app, 'metadata', 'namespace')}/{name} {text(work, 'startedAt')}",
        at=instant(work.get("finishedAt"), work.get("startedAt")) or now,
        service=name,
        environment=text(app, "spec", "destination", "namespace"),
        version=_version("", revision or text(app, "status", "sync", "revision")),
        title=text(work, "message"),
        by=by or "Argo CD",
        link=link(address(said, "link")),
        state=text(work, "phase").lower(),
        received_at=now,
    )


def _version(ref: str, commit: str) -> str:
    """Return what was rolled out as people name it: a branch or tag, and the commit."""
    short = commit[:SHORT]
    if not ref or ref == commit:
        return short
    return f"{ref} ({short})" if short else ref


_FORMS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Form], ...] = (
    (_is_github, _github),
    (_is_gitlab, _gitlab),
    (_is_argo, _argo),
)
