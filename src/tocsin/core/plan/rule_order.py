"""Alert rules that can never match, because an earlier one already takes every such alert."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from tocsin.core.patterns import BadPattern, Pattern
from tocsin.core.plan.model import AlertRule

REGULAR = "~"
"""What the values of a rule begin with that are regular expressions."""

MAX_COMPARED = 20_000
"""Rules compared with an earlier one at most. Few do not tell apart what is seldom alike; the rest
of a file that needs more is not looked at, as this finds slips and no errors."""

Match = Mapping[str, tuple[str, ...]]


def never_matching(rules: Sequence[AlertRule]) -> Iterator[tuple[int, AlertRule]]:
    """(position of a rule, the first rule before it that takes all its alerts), in their order."""
    index = _Index()
    for number, rule in enumerate(rules):
        earlier = index.first_that_covers(rule.match)
        if earlier is not None:
            yield number, rules[earlier]
        index.add(number, rule.match)


class _Index:
    """Rules by one of their labels, so that a rule need not be compared with all before it."""

    def __init__(self) -> None:
        self._matches: list[Match] = []
        self._by_value: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._by_label: defaultdict[str, list[int]] = defaultdict(list)
        self._unconditional: list[int] = []
        self._left = MAX_COMPARED

    def add(self, number: int, match: Match) -> None:
        """Add the next rule: under the values of the label that has fewest rules so far."""
        self._matches.append(match)
        plain = [
            [(label, text) for text in accepted]
            for label, accepted in match.items()
            if accepted and not any(text.startswith(REGULAR) for text in accepted)
        ]
        if plain:
            for key in min(plain, key=lambda keys: max(len(self._by_value[key]) for key in keys)):
                self._by_value[key].append(number)
        elif match:
            self._by_label[next(iter(match))].append(number)
        else:
            self._unconditional.append(number)

    def first_that_covers(self, narrow: Match) -> int | None:
        """The first rule that takes every alert which `narrow` could match."""
        candidates = {*self._unconditional[:1]}
        for label, accepted in narrow.items():
            candidates.update(self._by_label.get(label, ()))
            candidates.update(self._by_value.get((label, accepted[0]), ()) if accepted else ())
        self._left -= len(candidates)
        if self._left < 0:
            return None
        ordered = sorted(candidates)
        return next((n for n in ordered if covers(self._matches[n], narrow)), None)


def covers(broad: Match, narrow: Match) -> bool:
    """Whether every alert that `narrow` could match is matched by `broad` too."""
    return all(
        label in narrow and all(_accepts(accepted, text) for text in narrow[label])
        for label, accepted in broad.items()
    )


def _accepts(accepted: tuple[str, ...], text: str) -> bool:
    if text in accepted:
        return True
    if text.startswith(REGULAR):
        return f"{REGULAR}.*" in accepted
    return any(
        _matches(pattern.removeprefix(REGULAR), text)
        for pattern in accepted
        if pattern.startswith(REGULAR)
    )


def _matches(pattern: str, text: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is not None and compiled.matches(text)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Pattern | None:
    try:
        return Pattern(pattern)
    except BadPattern:
        return None  # reported where the rule is compiled
