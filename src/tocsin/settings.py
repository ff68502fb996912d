"""The environment, read once and checked: nonsense is refused with a hint."""

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

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


def _is_smtp_url(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if text and not text.startswith(("smtp://", "smtps://", "smtp+plain://")):
        raise ValueError(
            "must look like smtp://user:password@host:587 (STARTTLS), smtps://... (TLS)"
            " or smtp+plain://... (neither)"
        )
    return url


class Settings(BaseSettings):
    """Everything the environment can say. Each has a heading in docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    data: Path | None = Field(None, description="Data directory")
    database_url: Annotated[str, AfterValidator(_is_database_url)] = Field(
        "", description="SQLite file or PostgreSQL; the data directory's own file if empty"
    )
    base_url: Annotated[str, AfterValidator(_is_base_url)] = Field(
        "", description="Where people reach Tocsin; stands in every message"
    )
    server: Annotated[str, AfterValidator(_is_base_url)] = Field(
        "", description="Which server the commands talk to"
    )
    key: SecretStr = Field(SecretStr(""), description="The key for that server")
    smtp_url: Annotated[SecretStr, AfterValidator(_is_smtp_url)] = Field(
        SecretStr(""), description="The mail server"
    )
    mail_from: str = Field("tocsin@localhost", description="The sender of e-mail")
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"
    log_format: Annotated[str, Field(pattern="^(auto|json|text)$")] = "auto"
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
    if strays:
        raise BadSettings("\n".join(strays))
    return settings


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
    secret = isinstance(value, SecretStr) or error["loc"][0] in ("smtp_url", "key", "database_url")
    return "not shown" if secret else repr(value)
