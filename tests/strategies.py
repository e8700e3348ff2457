"""Hypothesis strategies for what configuration files hold."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "name", "id", "timeout", "a.b", "", "x y", "[0]", "größe"])
TEXTS = st.one_of(
    st.sampled_from(["", "a", "1", "true", "2s", "20ms", "10.0.0.0/8", "no", "\x1b[2J", "日本"]),
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=12),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=True, allow_infinity=True),
    TEXTS,
)


@st.composite
def documents(draw: st.DrawFn, depth: int = 3) -> Any:
    """Any data a document can hold."""
    kind = draw(st.sampled_from(["scalar", "map", "list", "keyed", "words"])) if depth else "scalar"
    inner = documents(depth - 1)
    if kind == "map":
        return draw(st.dictionaries(NAMES, inner, max_size=5))
    if kind == "list":
        return draw(st.lists(inner, max_size=6))
    if kind == "keyed":
        names = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6))
        return [{"name": name, "v": draw(inner)} for name in names]
    if kind == "words":
        return draw(st.lists(st.sampled_from("abcdefgh"), max_size=8))
    return draw(SCALARS)


DOCUMENTS = documents().filter(lambda data: isinstance(data, dict | list))

_PLAIN = st.one_of(st.booleans(), st.integers(-(2**40), 2**40), TEXTS.filter(str.isprintable))
PLAIN_DOCUMENTS = st.dictionaries(
    st.text("abcdefgh_", min_size=1, max_size=6),
    st.recursive(
        _PLAIN,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(st.text("abcdefgh_", min_size=1, max_size=6), inner, max_size=4),
        ),
        max_leaves=12,
    ),
    max_size=5,
)
"""Mappings that TOML, YAML and JSON can all hold."""
