"""Packing: the same bytes come back, whatever they are; and no payload does worse than an error."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confguard.errors import IntegrityError
from confguard.stores import packing
from confguard.stores.packing import Keyframe
from conftest import sampled

LINES = st.lists(
    st.sampled_from([b"a = 1\n", b"b = 2\n", b"a = 12\n", b"\n", b"c = 3\r\n", b"no end"]), max_size=30
)
CONTENT = LINES.map(b"".join) | st.binary(max_size=200)


@given(contents=st.lists(st.none() | CONTENT, max_size=80), first=st.integers(1, 10**6))
def test_what_was_packed_unpacks(contents: list[bytes | None], first: int) -> None:
    packed, keyframe = packing.pack_all(enumerate(contents, first), None)
    for number, (content, each) in enumerate(zip(contents, packed, strict=True), first):
        if content is None or each is None:
            assert content is None and each is None
            continue
        dictionary = None
        if each.keyframe is not None:
            assert 0 < number - each.keyframe < packing.WINDOW
            before = packed[each.keyframe - first]
            assert before is not None and before.keyframe is None, "a keyframe is packed by itself"
            dictionary = packing.decompress(before.payload)
        assert packing.decompress(each.payload, dictionary) == content
    alone = [number for number, each in enumerate(packed, first) if each and each.keyframe is None]
    last = contents[alone[-1] - first] if alone else None
    assert keyframe == (Keyframe(alone[-1], last) if last and len(last) >= 64 else None)


@pytest.mark.parametrize("size", sampled([100, 700_000, 20_000, 5_000_000, 40_000], 2))
@pytest.mark.parametrize("changes", [0, 1, 3, 50, 5000])
def test_few_changes_take_little_room(size: int, changes: int) -> None:
    chance = random.Random(size + changes)
    lines = [b"setting_%d = %d\n" % (i, chance.randrange(10**6)) for i in range(size // 20)]
    base = b"".join(lines)
    for _ in range(changes):
        lines[chance.randrange(len(lines))] = b"changed = %d\n" % chance.randrange(10**6)
    lines[1:1] = [b"inserted\n"] * (changes % 3)
    content = b"".join(lines)
    (packed,), _ = packing.pack_all([(2, content)], Keyframe(1, base))
    assert packed is not None
    dictionary = base if packed.keyframe is not None else None
    assert packing.decompress(packed.payload, dictionary) == content
    if size < 4_000_000 and 40 * changes < size:
        assert packed.keyframe == 1
        assert len(packed.payload) <= 40 * changes + size // 500 + 60


def test_a_content_that_has_little_of_its_keyframe_becomes_one() -> None:
    contents = [os.urandom(3000), os.urandom(3000), b""]
    contents[2] = contents[1] + b"and more"
    packed, keyframe = packing.pack_all(enumerate(contents, 1), None)
    assert [each.keyframe for each in packed if each] == [None, None, 2]
    assert keyframe == Keyframe(2, contents[1])


@given(payload=st.binary(max_size=60), dictionary=st.none() | st.binary(max_size=90))
def test_no_payload_does_harm(payload: bytes, dictionary: bytes | None) -> None:
    try:
        packing.decompress(payload, dictionary)
    except IntegrityError:
        return


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(IntegrityError, match="too long"):
        packing.decompress(packing.compress(bytes(10**8)))
    with pytest.raises(IntegrityError, match="cut short"):
        packing.decompress(packing.compress(b"content" * 100)[:-4])


def test_what_is_too_large_to_be_a_dictionary_is_not_held_in_memory() -> None:
    packed, keyframe = packing.pack_all([(1, b"x" * (4 * 2**20)), (2, b"x" * (4 * 2**20) + b"y")], None)
    assert [each.keyframe for each in packed if each] == [None, None]
    assert keyframe is None
