"""Matchers as people and tools write them, and patterns that can't stall a server."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.patterns import PATTERN_CHARACTERS, BadPattern, Pattern
from tocsin.sources.alertmanager.matchers import (
    MATCHER_CHARACTERS,
    BadMatcher,
    read_matcher,
)


@pytest.mark.parametrize(
    ("text", "name", "operator", "value"),
    [
        ('severity="critical"', "severity", "=", "critical"),
        ("severity=critical", "severity", "=", "critical"),
        (' severity != "critical" ', "severity", "!=", "critical"),
        ('job=~"a|b.*"', "job", "=~", "a|b.*"),
        ('job!~"a"', "job", "!~", "a"),
        ("job=", "job", "=", ""),
        ('job=""', "job", "=", ""),
        ("job==a", "job", "=", "=a"),
        ("job=~~a", "job", "=~", "~a"),
        ('q="one, \\"two\\""', "q", "=", 'one, "two"'),
        (r'path="C:\\dir\new"', "path", "=", "C:\\dir\new"),
        (r"path=\d", "path", "=", r"\d"),
        ("path=a\\", "path", "=", "a\\"),
        ("ns:rule_x=1", "ns:rule_x", "=", "1"),
        ('"host.name"="a"', "host.name", "=", "a"),
        ('a="line one\nline two"', "a", "=", "line one\nline two"),
    ],
)
def test_reading(text, name, operator, value):
    matcher = read_matcher(text)
    assert (matcher.name, matcher.operator, matcher.value) == (name, operator, value)


@pytest.mark.parametrize(
    "text",
    ["", "severity", "1a=b", "a-b=c", '{a="b"}', 'a="b', 'a=b"', 'a="b"c"', 'a="b",c="d"', '="b"'],
)
def test_what_is_no_matcher(text):
    with pytest.raises(BadPattern):
        read_matcher(text)


@pytest.mark.parametrize(
    ("text", "labels", "holds"),
    [
        ('a="b"', {"a": "b"}, True),
        ('a="b"', {"a": "bb"}, False),
        ('a!="b"', {"a": "c"}, True),
        ('a!="b"', {}, True),
        ('a=""', {}, True),
        ('a!=""', {}, False),
        ('a=~"b|c"', {"a": "c"}, True),
        ('a=~"b|c"', {"a": "bc"}, False),
        ('a=~"b"', {"a": "b\n"}, False),
        ('a=~"b.*"', {"a": "abc"}, False),
        ('a=~""', {}, True),
        ('a=~".+"', {}, False),
        ('a!~".+"', {}, True),
        ('a=~"(?i)B"', {"a": "b"}, True),
        ('a=~"b.c"', {"a": "b\nc"}, False),
        ('a=~"(?s)b.c"', {"a": "b\nc"}, True),
    ],
)
def test_matching(text, labels, holds):
    assert read_matcher(text).matches(labels) is holds


@pytest.mark.parametrize("pattern", ["(", "a)|(b", "[", "(?=a)", r"(a)\1", "*a", "(?x)a #"])
def test_patterns_that_do_not_compile_are_refused_with_a_reason(pattern):
    with pytest.raises(BadPattern, match="does not compile"):
        Pattern(pattern)


def test_sizes_are_limited():
    Pattern("a" * PATTERN_CHARACTERS)
    with pytest.raises(BadPattern, match="513 characters"):
        Pattern("a" * (PATTERN_CHARACTERS + 1))
    with pytest.raises(BadMatcher, match="4096"):
        read_matcher('a="' + "b" * MATCHER_CHARACTERS + '"')
    with pytest.raises(BadPattern):  # would be a compiled program of hundreds of megabytes
        Pattern(r"(?:\w{100}){100}")


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*", "(a|aa)+", ".*a.*b.*c.*d.*e", "(.*)*x"])
def test_no_pattern_takes_more_than_linear_time(pattern):
    # Python's own `re` needs 2 to the power of the length for the first three.
    compiled = Pattern(pattern)
    started = time.perf_counter()
    assert not compiled.matches("a" * 100_000 + "!")
    assert time.perf_counter() - started < 1


@given(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True), st.text(max_size=30))
def test_a_quoted_value_matches_itself_and_nothing_else(name, value):
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    matcher = read_matcher(f'{name}="{escaped}"')
    assert matcher.matches({name: value})
    assert not matcher.matches({name: value + "x"})
    opposite = read_matcher(f'{name}!="{escaped}"')
    assert not opposite.matches({name: value})


@given(st.text(max_size=40))
def test_any_text_is_a_matcher_or_refused(text):
    try:
        matcher = read_matcher(text)
    except BadMatcher:
        return
    matcher.matches({"a": text})
