"""Regular expressions that backtrack without bound: what is refused explodes, and what is accepted does not."""

from __future__ import annotations

import re
from time import perf_counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from confguard.fields.backtracking import pump_of
from confguard.schema.formats import translated


def seconds(pattern: str, text: str) -> float:
    compiled = re.compile(pattern)
    start = perf_counter()
    compiled.match(text)
    return perf_counter() - start


@pytest.mark.parametrize(
    ("pattern", "before"),
    [
        ("(a|a)*b", ""),
        ("(ab|ab)*c", "a"),
        ("(a|ab|a)*c", ""),
        ("(a(|))*b", ""),
        ("(x(?:|)y?)*z", ""),
        ("(x(a?)*)*y", ""),  # Python goes round once without a character, or not at all
        ("(x(?:a?)?)*y", ""),
        ("((x|a?)*y)*z", "x"),
        ("((|x){2,3}y)*z", "x"),
        ("(a{1,2})*b", ""),
        ("(a{2,3})*b", ""),
        ("^(?:[0-9a-f]?){32}$", ""),  # which of the rounds are empty is tried in every way
        (r"(\d{1,3}\.?)*$", ""),
        ("(?i)(ab|AB)*c", "a"),
        ("(?i:([a-m]b|[L-Z]B))*c", "m"),
        ("(?s)(.|\n)*b", ""),
        ("(?>(a+)+b)", ""),
        ("(?>((a+)+b)*)", ""),
        ("(?=(a+)+b)", ""),
        ("(?=(a+)+$)", ""),
        ("(?!(a+)+b)", ""),
        ("(?:(a+)+b)++", ""),
    ],
)
def test_what_is_refused_explodes(pattern: str, before: str) -> None:
    pump = pump_of(pattern)
    assert pump is not None
    assert any(seconds(pattern, before + pump * count + "!") > 0.01 for count in range(4, 50, 2))


@pytest.mark.parametrize(
    "pattern",
    [
        "(a|b|a)*c",
        "(a|b|)*c",
        "(abc|abd)*e",
        "(?:[a-z]+-)*[a-z]+$",
        "(foo|bar)+$",
        "(a$|a)*b",
        "(?:a(?:^|$))*b",
        "(a{2}b|ab)*c",
        "^[0-9a-f]{32}$",
        "(?:(?:a?){0,3}b?){0,3}" * 20,  # long, and nothing in it is gone round: told at once
        "(?>(?:a+)+)b",
        "(?>a+)+b",
        "(?>(?:ab|ab)*a?)c",
        "(?i)(?:[^a]|a)*b",
        "(?i:a)(ab|AB)*c",
        "(.|\n)*b",
        r"^https?://[^\s/$.?#]+(?:\.[^\s/$.?#]+)*(?:/[^\s]*)?$",
        r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        r"^(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?$",
        r"^\d+(\.\d+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$",
        "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    ],
)
def test_what_is_accepted_does_not(pattern: str) -> None:
    assert pump_of(pattern) is None
    assert translated(pattern)
    for pump in ("a", "A", "ab", "aB", "abc", "a-", "a.", "1", "foobar", "\n"):
        assert seconds(pattern, pump * 40 + "!") < 0.5


def repeated(bodies: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    how = st.sampled_from(["*", "+", "?", "*?", "{2}", "{1,2}", "{0,3}"])
    return st.one_of(
        st.builds("({}){}".format, bodies, how),
        st.builds("(?:{}){}".format, bodies, how),
        st.builds("({}|{})".format, bodies, bodies),
        st.builds("(?:{}|{}|)".format, bodies, bodies),
        st.builds("{}{}".format, bodies, bodies),
        st.builds("(?i:{})".format, bodies),
    )


@pytest.mark.timeout(60)  # what explodes takes years
@settings(deadline=None)
@given(st.recursive(st.sampled_from(["a", "b", "A", "[ab]", "."]), repeated, max_leaves=4))
def test_no_pattern_that_is_accepted_explodes(body: str) -> None:
    pattern = f"({body})*c"
    assume(pump_of(pattern) is None)
    for pump in ("a", "b", "ab", "aab", "abb", "aB"):
        re.match(pattern, pump * 40 + "!")


@pytest.mark.timeout(60)
def test_the_guard_itself_does_not_explode() -> None:
    for repetition in ("{2}", "{1,3}", "?", "{2,3}"):
        for inner in ("a", "a?", "(?:|)", "(?=a)"):
            pump_of("(?:" * 60 + inner + f"){repetition}" * 60)
