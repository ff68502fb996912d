"""A small picture that says how things are, for other people's pages."""

from tocsin.core.statuspage.model import Board

COLOURS = {
    "none": "#1a7f4b",
    "maintenance": "#2b5fb3",
    "minor": "#8a5a00",
    "major": "#b04a00",
    "critical": "#b42318",
}
LABELS = {
    "none": "operational",
    "maintenance": "maintenance",
    "minor": "degraded",
    "major": "partial outage",
    "critical": "major outage",
}
_LETTER = 6.6
_PADDING = 10


def badge(board: Board) -> str:
    """Return an SVG; its words say all, its colour says it again."""
    label = LABELS[board.indicator]
    left = round(len("status") * _LETTER) + 2 * _PADDING
    right = round(len(label) * _LETTER) + 2 * _PADDING
    whole, colour = left + right, COLOURS[board.indicator]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="22" role="img"'
        f' aria-label="status: {label}"><title>status: {label}</title>'
        f'<clipPath id="r"><rect width="{whole}" height="22" rx="4"/></clipPath>'
        f'<g clip-path="url(#r)"><path fill="#3d4451" d="M0 0h{left}v22H0z"/>'
        f'<path fill="{colour}" d="M{left} 0h{right}v22H{left}z"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="system-ui,Verdana,sans-serif"'
        ' font-size="11.5">'
        f'<text x="{left / 2}" y="15">status</text>'
        f'<text x="{left + right / 2}" y="15" font-weight="600">{label}</text></g></svg>\n'
    )
