"""Messages name keys of YAML that are no texts as the file has them."""

from __future__ import annotations

from typing import Any

import pytest

import confguard as cg

TEXT = "yes: 1\n~: 2\n12: 3\n2001-01-01: 4\noff: {0x10: 5, 1.5: [6]}\n? No\n: 7\nlist: [8]\nON : 9\n"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ((None,), "~"),
        ((12,), "12"),
        ((False, 16), "No.0x10"),
        (("list", 0), "list[0]"),
        (("list", 4), "list[4]"),
        ((99,), "99"),
    ],
)
def test_a_key_that_is_no_text(path: tuple[Any, ...], said: str) -> None:
    text = TEXT.replace("off: {0x10: 5, 1.5: [6]}\n? No\n: 7\n", "No: {0x10: 5}\n").replace("ON : 9\n", "")
    with pytest.raises(cg.DocumentError, match="cannot replace") as caught:
        cg.parse(text, "yaml").edit([cg.Change("replace", path, "other", 1)])
    assert f"cannot replace {said}: it is not" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("yes: 1\n", True, "yes"),
        ("ON : 1\n", True, "ON"),
        ("? No\n: 1\n", False, "No"),
        ("{off: 1}\n", False, "off"),
        ("a: 1\n---\n12: 1\n", 12, "[1].12"),
        ("12: 1 # why: so\n", 12, "12"),
    ],
)
def test_the_word_of_a_key(text: str, key: Any, said: str) -> None:
    path = (1, key) if "---" in text else (key,)
    document = cg.parse(text, "yaml")
    with pytest.raises(cg.DocumentError) as caught:
        document.edit([cg.Change("replace", path, "other", 1)])
    assert f"cannot replace {said}: it is not" in str(caught.value)


@pytest.mark.parametrize("word", ["yes", "~", "12", "0x10", "2001-01-01", "No"])
def test_a_key_that_stands_twice(word: str) -> None:
    with pytest.raises(cg.DocumentError, match=f"2:1: key {word} stands twice"):
        cg.parse(f"{word}: 1\n{word}: 2\n", "yaml")


@pytest.mark.parametrize(
    ("first", "again"), [("1", "true"), ("yes", "1.0"), ("1", "1.0"), ("0", "off"), ("0.0", "-0")]
)
def test_keys_of_two_types_that_are_equal_to_python(first: str, again: str) -> None:
    with pytest.raises(cg.DocumentError) as caught:
        cg.parse(f"a:\n  {first}: x\n  {again}: y\n", "yaml")
    equal = f"keys {first} and {again} are equal to Python, and one mapping cannot hold both"
    assert str(caught.value) == f"<text>:3:3: {equal}: the other is on line 2, column 3"
    assert caught.value.hint == "put quotes around one of them"
    assert cg.parse(f"{first}: x\n'{again}': y\n", "yaml").data


def test_what_cannot_be_made_in_place() -> None:
    document = cg.parse("yes: 'x'\n", "yaml")
    with pytest.raises(cg.DocumentError, match="the changes, yes first, cannot be made"):
        document.edit([cg.Change("replace", (True,), "x", object())])
