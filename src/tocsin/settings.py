"""The environment, read once and checked: nonsense is refused with a hint."""

import os
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "TOCSIN_"

STARTER = Path(__file__).parent / "starter"
"""The plan, the organisation and the scenarios that a new installation begins with."""


class BadSettings(Exception):
    """One or more settings make no sense; the text says which, and what to write instead."""


def _is_base_url(url: str) -> str:
    if url and not url.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return url.rstrip("/")


def _is_database_url(url: str) -> str:
    if url and not url.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    return url.replace("postgres://", "postgresql://", 1)


def _are_networks(text: str) -> str:
    named = [one.strip() for one in text.split(",") if one.strip()]
    try:
        return ",".join(str(ip_network(one)) for one in named)
    except ValueError:
        raise ValueError(
            "must be addresses or networks with commas between them: 10.0.0.5, 10.1.0.0/24"
        ) from None


def _is_issuer(url: str) -> str:
    host = urlsplit(url).hostname or ""
    is_here = url.startswith("http://") and host in ("localhost", "127.0.0.1", "::1")
    if url and not (url.startswith("https://") or is_here):
        raise ValueError("must begin with https:// (or http://localhost)")
    return url


def _is_smtp_url(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if text and not text.startswith(("smtp://", "smtps://", "smtp+plain://")):
        raise ValueError(
            "must look like smtp://user:password@host:587 (STARTTLS), smtps://... (TLS)"
            " or smtp+plain://... (neither)"
        )
    return url


def _is_http_url(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    parts = urlsplit(text) if text else None
    if parts is not None and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("must begin with https:// (or http://) and a host")
    return url


class Settings(BaseSettings):
    """Everything the environment can say. Each has a heading in docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    data: Path | None = Field(None, description="Data directory")
    database_url: Annotated[str, AfterValidator(_is_database_url)] = Field(
        "", description="SQLite file or PostgreSQL; the data directory's own file if empty"
    )
    reserve_mib: Annotated[int, Field(ge=0, le=65_536)] = Field(
        64, description="MiB of the disk kept free for calls when it is full; 0 for none"
    )
    emergency: Path | None = Field(
        None, description="Where the journal for emergencies is kept; best on another disk"
    )
    base_url: Annotated[str, AfterValidator(_is_base_url)] = Field(
        "", description="Where people reach Tocsin; stands in every message"
    )
    proxies: Annotated[str, AfterValidator(_are_networks)] = Field(
        "", description="Reverse proxies that are believed where a request comes from"
    )
    server: Annotated[str, AfterValidator(_is_base_url)] = Field(
        "", description="Which server the commands talk to"
    )
    key: SecretStr = Field(SecretStr(""), description="The key for that server")
    smtp_url: Annotated[SecretStr, AfterValidator(_is_smtp_url)] = Field(
        SecretStr(""), description="The mail server"
    )
    mail_from: str = Field("tocsin@localhost", description="The sender of e-mail")
    oidc_issuer: Annotated[str, AfterValidator(_is_issuer)] = Field(
        "", description="The identity provider by which people sign in"
    )
    oidc_client_id: str = Field("", description="How Tocsin is known to it")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="And the secret for that")
    oidc_name: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        "your organisation", description="What the sign-in page calls the identity provider"
    )
    heartbeat_url: Annotated[SecretStr, AfterValidator(_is_http_url)] = Field(
        SecretStr(""), description="Where the watchdog expects this node's heartbeat"
    )
    heartbeat_key: SecretStr = Field(
        SecretStr(""), description="And the key for that, if it wants one"
    )
    alarm_url: Annotated[SecretStr, AfterValidator(_is_http_url)] = Field(
        SecretStr(""), description="Where to say at once what is wrong with this node"
    )
    production: bool = Field(
        False, description="Whether people rely on this installation: it must be watched"
    )
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = Field(
        "info", description="How much is logged"
    )
    log_format: Annotated[str, Field(pattern="^(auto|json|text)$")] = Field(
        "auto", description="How it is logged"
    )
    debug: bool = Field(False, description="Show tracebacks")


def read_settings() -> Settings:
    """Return the settings; raises BadSettings that names every one that is wrong.

    A variable that begins with TOCSIN_ and means nothing is wrong too: it is a typing error.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    strays = [
        f"{name} is no setting of Tocsin; {_meant(name)} {', '.join(sorted(known))}"
        for name in os.environ
        if name.startswith(PREFIX) and name not in known
    ]
    try:
        settings = Settings()
    except ValidationError as invalid:
        wrong = [_said(error) for error in invalid.errors()]
        raise BadSettings("\n".join(wrong + strays)) from None
    wrong = [*_incomplete(settings), *strays]
    if wrong:
        raise BadSettings("\n".join(wrong))
    return settings


def described(settings: Settings) -> list[tuple[str, str, str, bool]]:
    """Return each variable: its name, what it is about, its value as it may be shown, and whether
    the environment sets it.

    Of a secret nothing is shown but whether there is one; an address is shown without passwords.
    """
    return [
        (
            f"{PREFIX}{name.upper()}",
            field.description or name.replace("_", " ").capitalize(),
            _showable(getattr(settings, name)),
            f"{PREFIX}{name.upper()}" in os.environ,
        )
        for name, field in Settings.model_fields.items()
    ]


def _showable(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "set" if value.get_secret_value() else "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "" if value is None else str(value)
    if "://" not in text:
        return text
    # Passwords stand before the @ of an address, and in its query. One that is not written as an
    # address wants it could be anywhere.
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return "set"
    if "@" in parts.path + parts.fragment:
        return "set"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _incomplete(settings: Settings) -> list[str]:
    """Say what is missing of settings that only make sense together."""
    together = {
        "TOCSIN_OIDC_ISSUER": settings.oidc_issuer,
        "TOCSIN_OIDC_CLIENT_ID": settings.oidc_client_id,
        "TOCSIN_OIDC_CLIENT_SECRET": settings.oidc_client_secret.get_secret_value(),
    }
    missing = [name for name, value in together.items() if not value]
    if not missing or len(missing) == len(together):
        return []
    return [
        f"{name}: is missing; an identity provider needs {', '.join(together)}" for name in missing
    ]


def named_secret(value: str) -> str:
    """Return what `env:NAME` stands for; anything else is returned as it is.

    Raises BadSettings if the variable is not set.
    """
    if not value.startswith("env:"):
        return value
    name = value.removeprefix("env:")
    found = os.environ.get(name)
    if not found:
        raise BadSettings(
            f"the organisation file names {value}, but the environment has no {name}; set it"
        )
    return found


def data_directory(wanted: Path | None, settings: Settings) -> Path:
    """Return the data directory: as wanted, as set, ./tocsin-data if it is there, or the user's."""
    if wanted is not None:
        return wanted
    if settings.data is not None:
        return settings.data
    here = Path("tocsin-data")
    if here.is_dir():
        return here
    shared = os.environ.get("XDG_DATA_HOME")
    return (Path(shared) if shared else Path.home() / ".local" / "share") / "tocsin"


def _said(error: Any) -> str:
    name = f"{PREFIX}{str(error['loc'][0]).upper()}"
    return f"{name}: {_wanted(error)} (it is {_shown(error)})"


def _wanted(error: Any) -> str:
    if error["type"] == "string_pattern_mismatch":
        *words, last = error["ctx"]["pattern"].strip("^()$").split("|")
        return f"must be {', '.join(words)} or {last}"
    if error["type"].startswith("bool"):
        return "must be true or false"
    return str(error["msg"]).removeprefix("Value error, ")


def _meant(name: str) -> str:
    # The prefix, which all have in common, would make everything look alike.
    slip = name.removeprefix(PREFIX).lower()
    close = get_close_matches(slip, Settings.model_fields, n=1)
    return f"did you mean {PREFIX}{close[0].upper()}? Known are" if close else "known are"


def _shown(error: Any) -> str:
    value = error.get("input")
    secret = isinstance(value, SecretStr) or error["loc"][0] in (
        "smtp_url",
        "key",
        "database_url",
        "oidc_client_secret",
        "heartbeat_url",
        "heartbeat_key",
        "alarm_url",
    )
    return "not shown" if secret else repr(value)
