"""What people write in notes, as HTML: a small part of Markdown, and nothing that could run."""

import re
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

TAGS = {
    "a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip

_ADDRESS = re.compile(r"https?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?()\[\]]")


@lru_cache(maxsize=4096)
def markdown(text: str) -> Markup:
    """Return a note as HTML: no markup of its own passes, no pictures, no addresses but the web's.

    Two walls: the parser takes no HTML, and what it made goes through a list of what is allowed.
    """
    made = _parser().render(text)
    return Markup(
        nh3.clean(
            made,
            tags=TAGS,
            attributes={"a": {"href"}, "ol": {"start"}},
            url_schemes={"http", "https"},
            url_relative="deny",
            link_rel="noopener noreferrer nofollow",
        )
    )


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    parser.enable(["table", "strikethrough"])
    # Headings would disturb the outline of the page; pictures come as attachments.
    parser.disable(["image", "heading", "lheading", "reference"])
    parser.core.ruler.push("addresses", _link_addresses)
    return parser


def _link_addresses(state: StateCore) -> None:
    """Make links of web addresses that stand in the text as they are."""
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        inside, made = 0, list[Token]()
        for token in block.children:
            inside += token.nesting if token.type.startswith("link_") else 0
            made += [token] if inside or token.type != "text" else _with_links(token)
        block.children = made


def _with_links(text: Token) -> list[Token]:
    tokens: list[Token] = []
    end = 0
    for found in _ADDRESS.finditer(text.content):
        address = found.group()
        tokens += [
            Token("text", "", 0, content=text.content[end : found.start()]),
            Token("link_open", "a", 1, attrs={"href": address}),
            Token("text", "", 0, content=address),
            Token("link_close", "a", -1),
        ]
        end = found.end()
    return [*tokens, Token("text", "", 0, content=text.content[end:])]
