"""Where issues are opened: a repository, and the token that may do so."""

import re
from dataclasses import dataclass, field

import httpx

API = "https://api.github.com"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True)
class Repository:
    """`name` is `owner/repository`; the token shows itself nowhere. Raises ValueError."""

    name: str
    token: str = field(repr=False)
    labels: tuple[str, ...] = ()
    api: str = API

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name.rpartition("/")[2] in (".", ".."):
            raise ValueError("A repository is written `owner/name`.")
        if not re.fullmatch(r"[!-~]+", self.token):
            raise ValueError("The token for GitHub is empty, or not one.")
        url = httpx.URL(self.api)
        if url.scheme != "https" and not (url.scheme == "http" and url.host in LOOPBACK):
            raise ValueError("GitHub's API must be an https URL; http would give the token away.")

    def request(self, method: str, path: str, content: bytes = b"") -> httpx.Request:
        """Return a request to the repository's part of the API."""
        return httpx.Request(
            method,
            f"{self.api.rstrip('/')}/repos/{self.name}/{path}",
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/vnd.github+json",
                "Content-Type": "application/json",
                "User-Agent": "Tocsin",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            content=content,
        )
