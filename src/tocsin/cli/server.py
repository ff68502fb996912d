"""Talking to a running server: where it is, who asks, and what its refusals mean to a person."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import typer

from tocsin import __version__
from tocsin.cli.output import clean, listed
from tocsin.cli.trouble import NO, WRONG_USAGE, Trouble, wrong_usage
from tocsin.core.document import near
from tocsin.settings import BadSettings, Settings, data_directory, read_settings

ServerOption = Annotated[
    str,
    typer.Option(
        "--server", metavar="URL", help="The server; else TOCSIN_SERVER, else this machine's own."
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data directory; else TOCSIN_DATA."),
]
AsOption = Annotated[
    str, typer.Option("--as", metavar="PERSON", help="Who acts, if you act for somebody.")
]
WhyOption = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, on the record.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

TIMEOUT_SECONDS = 10.0
OPEN_STATES = "open,acknowledged"
NAMES_NOTHING = (404, 422)
"""Answers to whoever names what does not exist or cannot be: wrong usage, not a no."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Left(msgspec.Struct):
    """What a server leaves in its data directory: where it is, and the operator's key."""

    url: str
    key: str


@dataclass
class Server:
    """A running server; `at` is its own time, as of its latest answer."""

    url: str
    key: str
    source: str
    at: datetime | None = field(default=None)

    def get(self, path: str, **parameters: str) -> Any:
        """Return the document at `path`; raises Trouble."""
        wanted = {name: value for name, value in parameters.items() if value}
        return _document(self, self.send("GET", path, parameters=wanted))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Do something and return the document that says how it is now; raises Trouble."""
        return _document(self, self.send("POST", path, body=body))

    def read(self, answer: httpx.Response) -> Any:
        """Return the document of an answer; raises Trouble if it is a refusal."""
        return _document(self, answer)

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        parameters: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Return the answer, whatever it says; raises Trouble if there is none.

        A `body` goes as JSON, `content` as it is.
        """
        headers = {"User-Agent": f"tocsin/{__version__}", "Tocsin-Via": "cli"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        # A proxy is for the way out: what runs on this machine is never behind one.
        is_here = urlsplit(self.url).hostname in LOOPBACK
        try:
            with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=not is_here) as client:
                answer = client.request(
                    method, self.url + path, json=body, content=content, params=parameters,
                    headers=headers,
                )  # fmt: skip
        except httpx.InvalidURL:
            raise wrong_usage(f"`{self.url}` is no address", _HOW_TO_NAME) from None
        except httpx.TimeoutException:
            what = f"the server at {self.url} has not answered within {TIMEOUT_SECONDS:.0f} s"
            raise Trouble(what, "`tocsin doctor` looks for the reason.") from None
        except httpx.HTTPError:
            hint = f"Start it with `tocsin serve`, or name another one ({self.source})."
            raise Trouble(f"no server answers at {self.url}", hint) from None
        self.at = _date_of(answer)
        return answer


_HOW_TO_NAME = "Write it as `--server https://tocsin.example.org` or in TOCSIN_SERVER."


def settings() -> Settings:
    """Return the settings; raises Trouble that names every one that is wrong."""
    try:
        return read_settings()
    except BadSettings as bad:
        raise bad_settings(bad) from None


def bad_settings(bad: BadSettings) -> Trouble:
    """Build the trouble of an environment that makes no sense."""
    lines = str(bad).split("\n")
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return wrong_usage(lines[0] + more, "Correct the environment; docs/settings.md lists all.")


def connect(server: str = "", data: Path | None = None) -> Server:
    """Find the server to talk to and the key for it; raises Trouble if there is none."""
    found = settings()
    key = found.key.get_secret_value()
    directory = data_directory(data, found)
    url = (server or found.server).rstrip("/")
    if url and not url.startswith(("http://", "https://")):
        raise wrong_usage(f"`{url}` is no address of a server", _HOW_TO_NAME)
    if url:
        source = "--server" if server else "TOCSIN_SERVER"
        return Server(url, key or _key_left_for(url, directory), f"this address is from {source}")
    left = read_left(directory)
    if left is None:
        raise Trouble(
            f"no server has left its address in {directory}",
            "Start one with `tocsin serve`, or say where it is: --server URL, or TOCSIN_SERVER"
            " with TOCSIN_KEY.",
        )
    source = f"this address is from {directory / 'server.json'}"
    return Server(left.url.rstrip("/"), key or left.key, source)


def _key_left_for(url: str, directory: Path) -> str:
    """Return the key that a server has left, if it is this one's: a key goes nowhere else."""
    try:
        left = read_left(directory)
    except Trouble:
        return ""
    return left.key if left is not None and left.url == url else ""


def read_left(directory: Path) -> Left | None:
    """Return what a server has left in its data directory, None if it has not."""
    file = directory / "server.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=Left)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise Trouble(f"{file} is damaged", "Start `tocsin serve` again; it writes it.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "Run this as the user that runs the server, or set TOCSIN_SERVER and TOCSIN_KEY."
        raise Trouble(f"{file} cannot be read: {reason}", hint) from None


def incident_path(code: str, verb: str = "") -> str:
    """Return the path of an incident, or of something to do to it."""
    path = f"/api/v1/incidents/{quote(code, safe='')}"
    return f"{path}/{verb}" if verb else path


def pick(server: Server, given: str, states: str = OPEN_STATES) -> str:
    """Return the code of the incident that is meant; without one, the only one in `states`."""
    if not given:
        return _only_one(server, states)
    recent = server.get("/api/v1/incidents", limit="200")["incidents"]
    codes = {str(one["code"]).lower(): str(one["code"]) for one in recent}
    if given.lower() in codes:
        return codes[given.lower()]
    if server.send("GET", incident_path(given)).status_code == 200:
        return given
    hint = near(given, codes.values()) or "`tocsin incidents --all` lists all. "
    raise wrong_usage(f"there is no incident {clean(given)}", hint.rstrip())


def is_code(server: Server, word: str) -> bool:
    """Whether a word is the code of an incident, or looks like the codes of the others."""
    if not _CODE.fullmatch(word):
        return False
    recent = server.get("/api/v1/incidents", limit="200")["incidents"]
    codes = {str(one["code"]).lower() for one in recent}
    if word.lower() in codes:
        return True
    if _shape(word) in {_shape(code) for code in codes} and re.search("[A-Za-z]", word):
        return True
    return server.send("GET", incident_path(word)).status_code == 200


_CODE = re.compile(r"[A-Za-z0-9._-]*[0-9][A-Za-z0-9._-]*")
"""What a code may be: as patterns allow it, and never without a number."""


def _shape(code: str) -> str:
    return re.sub(r"[0-9]+", "0", code.lower())


def _only_one(server: Server, states: str) -> str:
    found = server.get("/api/v1/incidents", state=states)["incidents"]
    # An exercise is only meant where nothing is serious.
    found = [one for one in found if not one["exercise"]] or found
    if len(found) == 1:
        return str(found[0]["code"])
    words = listed(states.split(","), "or")
    if not found:
        raise Trouble(
            f"no incident is {words}", "Name the one you mean; `tocsin incidents --all` lists all."
        )
    codes = [clean(one["code"]) for one in found[:5]]
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    raise wrong_usage(
        f"{len(found)} incidents are {words}", f"Say which one: {listed(codes, 'or')}{more}."
    )


def _document(server: Server, answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise _refused(server, answer)
    try:
        return answer.json()
    except ValueError:
        what = f"what answers at {server.url} is no Tocsin server"
        raise Trouble(what, f"Look at the address ({server.source}).") from None


def _refused(server: Server, answer: httpx.Response) -> Trouble:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict) or "detail" not in said:
        what = f"the server at {server.url} answered {answer.status_code} {answer.reason_phrase}"
        return Trouble(what, f"Is it a Tocsin server? ({server.source})")
    hint = clean(said.get("hint", ""))
    if answer.status_code == 401:
        hint = "Set TOCSIN_KEY to its operator key; on its machine `tocsin keys` prints it."
    errors = said.get("errors") or []
    details = "; ".join(f"{one.get('where')}: {one.get('what')}" for one in errors)
    what = clean(said["detail"]) + (f" ({clean(details)})" if details else "")
    names_nothing = answer.status_code in NAMES_NOTHING
    exit_code = WRONG_USAGE if names_nothing else NO
    return Trouble(what, f"{hint[:1].upper()}{hint[1:]}", exit_code)


def _date_of(answer: httpx.Response) -> datetime | None:
    try:
        at = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    # The header has whole seconds: the middle of the second is closest to the truth.
    return at + timedelta(seconds=0.5) if at.tzinfo is not None else None
