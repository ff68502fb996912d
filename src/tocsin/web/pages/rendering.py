"""From templates to HTML: the only place that makes any, with everything escaped."""

import re
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tocsin.web.access import Caller, Operator, PersonCaller
from tocsin.web.pages.frame import frame
from tocsin.web.pages.words.sentences import duration
from tocsin.web.same_site import form_token
from tocsin.web.site import Web

HERE = Path(__file__).parent.parent

WAYS = {
    "inbox": "Inbox",
    "email": "E-mail",
    "slack": "Slack",
    "webhook": "Webhook",
    "sms": "Text message",
    "voice": "Telephone call",
}
"""What people call the channels."""

STAND_IN = token_hex(20)
"""Stands where each reader's own form token is put in. Nobody knows it, so no text can hold it."""

NOBODYS = b"nobody's"
"""The session, by which a piece of a page is rendered that several readers are to share."""

WRITTEN = {
    "long": "%-d %b %Y, %H:%M UTC",
    "short": "%-d %b, %H:%M UTC",
    "day": "%-d %b, %H:%M:%S UTC",
    "clock": "%H:%M:%S UTC",
}
"""How times are written for readers without JavaScript."""


def render(
    web: Web, template: str, caller: Caller | None, status: int = 200, **context: Any
) -> HTMLResponse:
    """Return a page; `caller` is who is signed in, None where nobody needs to be."""
    return HTMLResponse(fragment(web, template, caller, **context), status)


def fragment(web: Web, template: str, caller: Caller | None, **context: Any) -> str:
    """Return the HTML of a template."""
    person = caller.person if isinstance(caller, PersonCaller | Operator) else None
    return (
        _environment()
        .get_template(template)
        .render(
            person=person,
            form_token=form_token_of(web, caller) if caller else "",
            now=web.world.now(),
            emergency=web.world.emergency(),
            **context,
        )
    )


def form_token_of(web: Web, caller: Caller) -> str:
    """Return the token for the forms of a caller; STAND_IN for whoever is to be put in later."""
    if isinstance(caller, PersonCaller) and caller.token_hash is NOBODYS:
        return STAND_IN
    return form_token(web.world.secret, whose_forms(caller))


def whose_forms(caller: Caller) -> str:
    """Return what the form tokens of a caller are bound to."""
    if isinstance(caller, PersonCaller) and caller.key is not None:
        return f"key {caller.key.id}"
    if isinstance(caller, PersonCaller):
        return f"session {caller.token_hash.hex()}"
    return "no session"


def incident_path(code: str) -> str:
    """Return where an incident's page is."""
    return f"/incidents/{quote(code, safe='')}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["incident_path"] = incident_path
    environment.filters["web_link"] = _web_link
    environment.filters["duration"] = duration
    environment.filters["way"] = lambda channel: WAYS.get(channel, channel)
    environment.globals["static"] = _static
    environment.globals["strokes"] = _icons().__getitem__
    environment.globals["frame"] = frame
    return environment


def _moment(at: datetime, form: str = "long") -> Markup:
    """Return a time in UTC, which the reader's browser turns into their own zone."""
    iso = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(
        iso, form, at.strftime(WRITTEN[form])
    )


def _web_link(url: str) -> str:
    """Return `url` if it is safe to offer as a link, "" otherwise: what it says is not trusted."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""


@cache
def _icons() -> dict[str, str]:
    """Return the strokes of each icon, one path.

    They are written into the page: an icon that refers to another file is drawn a second time when
    that has come, and a room has sixty.
    """
    sprite = (HERE / "static" / "vendor" / "tabler-icons.svg").read_text("ascii")
    symbols = re.findall(r'<symbol id="([^"]+)"[^>]*>(.*?)</symbol>', sprite, re.DOTALL)
    return {name: "".join(re.findall(r' d="([^"]+)"', inside)) for name, inside in symbols}


@cache
def _static(name: str) -> str:
    """Return the address of a static file; it changes with the file, so that it can be cached."""
    content = (HERE / "static" / name).read_bytes()
    return f"/static/{name}?v={sha256(content).hexdigest()[:12]}"
