"""Names in words: ids, facts, lists, counts."""

import re
from collections.abc import Sequence

_ACRONYMS = frozenset(
    {"api", "ccpa", "cdn", "ceo", "cfo", "cio", "ciso", "coo", "cpo", "cso", "cto", "db", "devops",
     "dns", "dpo", "eu", "gdpr", "hr", "hq", "id", "it", "kpi", "p2p", "pr", "qa", "rpo", "rto",
     "sla", "slo", "sre", "ssl", "sso", "tls", "uk", "us", "usd", "vp", "vpn"}
)  # fmt: skip
_AS_WRITTEN = {"devops": "DevOps", "p2p": "P2P"}
_PLAIN_ID = re.compile(r"[a-z][a-z0-9-]*")


def named(name: str) -> str:
    """Say an id: `on-call-engineer` -> "on-call engineer", `cto` -> "CTO"; see `id_of`.

    Other texts come back as they are.
    """
    if not _PLAIN_ID.fullmatch(name) or "--" in name or name.endswith("-"):
        return name
    words = [_AS_WRITTEN.get(w, w.upper()) if w in _ACRONYMS else w for w in name.split("-")]
    return re.sub(r"\bon call\b(?= )", "on-call", " ".join(words))


def id_of(words: str) -> str:
    """Return the id that `named` said."""
    back = words.replace(" ", "-").lower()
    return back if named(back) == words else words


def fact_words(name: str) -> str:
    """Say a fact: `data_breach` -> "data breach"."""
    return " ".join(
        _AS_WRITTEN.get(part, part.upper()) if part in _ACRONYMS else part
        for part in name.split("_")
        if part
    )


def listed(names: Sequence[str], word: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def capital(text: str) -> str:
    """Return the text with a capital letter in front; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Return the text as a sentence: with a capital in front and an end."""
    text = capital(text.strip())
    return text if not text or text[-1] in ".!?:…" else f"{text}."


def one_line(text: str) -> str:
    """Return the text with every run of blanks and line ends as one space."""
    return " ".join(text.split())
