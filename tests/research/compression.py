"""How small, and how quick to read, revisions are, kept in several ways: `python tests/research/compression.py`.

Each way keeps the same history: 18 KiB of `setting_N = VALUE`, three values changed from one revision to the next.
Bytes are those of the content alone; the time is that of unpacking one revision of which all that it stands on is at
hand.
"""

from __future__ import annotations

import random
import statistics
import time
import zlib
from collections.abc import Callable, Iterator

from confguard.stores import packing
from confguard.stores.packing import zstd

REVISIONS, VALUES, CHANGES = 1024, 900, 3


def history() -> Iterator[bytes]:
    """The contents, oldest first."""
    chance = random.Random(1)
    values = [chance.randrange(10**6) for _ in range(VALUES)]
    for _ in range(REVISIONS):
        for _ in range(CHANGES):
            values[chance.randrange(VALUES)] = chance.randrange(10**6)
        yield "".join(f"setting_{i} = {value}\n" for i, value in enumerate(values)).encode()


def prefix(base: bytes) -> tuple[zstd.ZstdDict, int]:
    return zstd.ZstdDict(base, is_raw=True).as_prefix


def zstd_on(content: bytes, base: bytes | None) -> bytes:
    return (
        zstd.compress(content, 3, zstd_dict=prefix(base)) if base is not None else zstd.compress(content, 3)
    )


def zstd_off(payload: bytes, base: bytes | None) -> bytes:
    return zstd.decompress(payload, zstd_dict=prefix(base) if base is not None else None)


def zlib_on(content: bytes, base: bytes | None) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, base or b"")
    return packer.compress(content) + packer.flush()


def zlib_off(payload: bytes, base: bytes | None) -> bytes:
    return zlib.decompressobj(-15, base or b"").decompress(payload)


def keyframe_every(window: int) -> Callable[[int], int | None]:
    return lambda number: None if (number - 1) % window == 0 else number - (number - 1) % window


def skip(radix: int, window: int) -> Callable[[int], int | None]:
    def base(number: int) -> int | None:
        offset, step = number - 1, radix
        if offset % window == 0:
            return None
        while offset % step == 0:
            step *= radix
        return offset - offset % step + 1

    return base


def measure(
    name: str,
    contents: list[bytes],
    base_of: Callable[[int], int | None],
    pack: Callable[[bytes, bytes | None], bytes],
    unpack: Callable[[bytes, bytes | None], bytes],
) -> None:
    """Print one line."""
    payloads: dict[int, bytes] = {}
    for number, content in enumerate(contents, 1):
        base = base_of(number)
        payloads[number] = pack(content, contents[base - 1] if base else None)
    spent = []
    for number, content in enumerate(contents, 1):
        way, at = [number], base_of(number)
        while at:
            way.append(at)
            at = base_of(at)
        start = time.perf_counter()
        made: bytes | None = None
        for each in reversed(way):
            made = unpack(payloads[each], made)
        spent.append(time.perf_counter() - start)
        assert made == content
    size = sum(map(len, payloads.values())) / len(contents)
    print(
        f"{name:<58} {size:7.0f} bytes {statistics.median(spent) * 1e6:7.1f} us {max(spent[64:]) * 1e6:8.1f} us"
    )


def structural_sharing(contents: list[bytes], leaf: int = 16) -> None:
    """Lines in leaves of a tree; a revision keeps the leaves that changed and the way to them."""
    kept: set[bytes] = set()
    size = 0
    for content in contents:
        lines = content.splitlines(keepends=True)
        nodes = [b"".join(lines[i : i + leaf]) for i in range(0, len(lines), leaf)]
        while True:
            for node in nodes:
                if node not in kept:
                    kept.add(node)
                    size += len(node) + 32
            if len(nodes) == 1:
                break
            digests = [hash(node).to_bytes(8, "little", signed=True) * 4 for node in nodes]
            nodes = [b"".join(digests[i : i + leaf]) for i in range(0, len(digests), leaf)]
    print(f"{'structural sharing, leaves of 16 lines':<58} {size / len(contents):7.0f} bytes")


def main() -> None:
    contents = list(history())
    print(f"{'way of keeping':<58} {'size':>13} {'median':>10} {'longest':>11}")
    measure("whole, zstd 3", contents, lambda _: None, zstd_on, zstd_off)
    dictionary = zstd.train_dict(contents[:200], 16_384)
    trained = sum(len(zstd.compress(each, 3, zstd_dict=dictionary)) for each in contents) / len(contents)
    print(f"{'whole, zstd 3 with a trained dictionary':<58} {trained:7.0f} bytes")
    structural_sharing(contents)
    for window in (16, 64, 256):
        measure(f"zstd on a keyframe every {window}", contents, keyframe_every(window), zstd_on, zstd_off)
    measure(
        "zstd on the one before, keyframe every 64",
        contents,
        lambda n: n - 1 if (n - 1) % 64 else None,
        zstd_on,
        zstd_off,
    )
    measure("zstd, skip deltas to the base 2, keyframe every 64", contents, skip(2, 64), zstd_on, zstd_off)
    measure("zlib, skip deltas to the base 2, keyframe every 64", contents, skip(2, 64), zlib_on, zlib_off)
    measure("zlib, skip deltas to the base 4, keyframe every 256", contents, skip(4, 256), zlib_on, zlib_off)
    window = packing.WINDOW
    measure(
        f"ours: zstd on a keyframe every {window}",
        contents,
        keyframe_every(window),
        packing.compress,
        packing.decompress,
    )


if __name__ == "__main__":
    main()
