"""Packing: the same bytes come back, whatever they are; and no payload does worse than an error."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confguard.errors import IntegrityError
from confguard.stores import packing
from confguard.stores.patches import apply_patch, patch_of

LINES = st.lists(
    st.sampled_from([b"a = 1\n", b"b = 2\n", b"a = 12\n", b"\n", b"c = 3\r\n", b"no end"]), max_size=30
)
CONTENT = LINES.map(b"".join) | st.binary(max_size=200)


@given(base=CONTENT, content=CONTENT)
def test_a_patch_makes_the_content_of_its_base(base: bytes, content: bytes) -> None:
    patch = patch_of(base, content)
    assert patch is None or apply_patch(base, patch) == content


@given(content=CONTENT, base=st.none() | CONTENT)
def test_what_was_packed_unpacks(content: bytes, base: bytes | None) -> None:
    payload = packing.pack(content, base)
    assert packing.unpack(payload, len(content), base) == content
    assert packing.unpack(payload, None, base) == content
    with pytest.raises(IntegrityError):
        packing.unpack(payload, len(content) + 1, base)


@pytest.mark.parametrize("size", [100, 20_000, 40_000, 100_000, 700_000])
@pytest.mark.parametrize("changes", [0, 1, 3, 50, 5000])
def test_every_way_of_packing(size: int, changes: int) -> None:
    chance = random.Random(size + changes)
    lines = [b"setting_%d = %d\n" % (i, chance.randrange(10**6)) for i in range(size // 20)]
    base = b"".join(lines)
    for _ in range(changes):
        lines[chance.randrange(len(lines))] = b"changed = %d\n" % chance.randrange(10**6)
    lines[1:1] = [b"inserted\n"] * (changes % 3)
    content = b"".join(lines)
    payload = packing.pack(content, base)
    assert packing.unpack(payload, len(content), base) == content
    assert len(payload) <= 0.2 * len(content) + 40 * changes + 300
    alone = packing.pack(content)
    assert packing.unpack(alone, len(content)) == content


@given(
    payload=st.binary(max_size=60),
    base=st.none() | st.binary(min_size=64, max_size=90),
    kind=st.sampled_from(b"=plzdx"),
)
def test_no_payload_does_harm(payload: bytes, base: bytes | None, kind: int) -> None:
    try:
        made = packing.unpack(bytes([kind]) + payload, 50, base)
    except IntegrityError:
        return
    assert len(made) == 50


def test_a_bomb_is_not_unpacked() -> None:
    bomb = b"z" + packing.zstd.compress(bytes(10**8))
    with pytest.raises(IntegrityError, match="too long"):
        packing.unpack(bomb, 1000)
    with pytest.raises(IntegrityError, match="too long"):
        packing.unpack(bomb, None)
    with pytest.raises(IntegrityError, match="cannot be"):
        packing.unpack(bomb, 1 << 50)


@given(st.integers(1, 10**6))
def test_bases_come_before_and_are_near(number: int) -> None:
    way = packing.way_to(number)
    assert way == sorted(way)
    assert len(way) <= 5
    assert (way[0] - 1) % packing.WINDOW == 0
    assert number - way[0] < packing.WINDOW
    following = packing.base_number(number + 1)
    assert following is None or following in way, "what a commit needs was needed by the one before"


def test_random_bytes_are_not_made_larger_by_much() -> None:
    content, base = os.urandom(30_000), os.urandom(30_000)
    assert len(packing.pack(content, base)) < 30_100
