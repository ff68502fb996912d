"""The address of a Slack incoming webhook, which is a secret as a whole."""

import httpx

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class HookUrl:
    """Whoever knows this URL can post, so it does not show itself."""

    def __init__(self, text: str) -> None:
        try:
            url = httpx.URL(text)
            host = url.host
        except (httpx.InvalidURL, UnicodeError):
            raise ValueError("A Slack hook must be a URL.") from None
        if not host or url.scheme not in ("https", "http"):
            raise ValueError("A Slack hook must be an https URL.")
        if url.scheme == "http" and host not in LOOPBACK:
            raise ValueError("A Slack hook must be an https URL; http would give it away.")
        self._url = url

    def reveal(self) -> httpx.URL:
        """Give the URL, for the one place that posts to it."""
        return self._url

    def __repr__(self) -> str:
        return "HookUrl(hidden)"
