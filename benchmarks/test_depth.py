"""Depth decoding and encoding of 1920x1080 against hilbertmap, and what it costs to start."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from vbanalysis.codecs import DepthCodec
from vbanalysis.codecs import _depth_integers as integers

SHAPE = (1080, 1920)


@pytest.fixture(scope="module")
def depth() -> np.ndarray:
    """Rolling ground from a metre to a hundred, with things on it."""
    rng = np.random.default_rng(0)
    smooth = ndimage.zoom(rng.normal(size=(30, 52)), (36, 37), order=1)[: SHAPE[0], : SHAPE[1]]
    found = (np.geomspace(100, 1, SHAPE[0])[:, None] * np.exp(0.3 * smooth)).astype(np.float32)
    for _ in range(40):
        y, x = rng.integers(0, SHAPE[0]), rng.integers(0, SHAPE[1])
        found[y : y + 150, x : x + 200] = rng.uniform(0.5, 20)
    return found


@pytest.fixture(scope="module")
def photo(depth) -> np.ndarray:
    """The painted depth as a generator would have it: no colour is quite on the code."""
    noise = np.random.default_rng(1).normal(0, 3, (*SHAPE, 3))
    return np.clip(np.rint(DepthCodec().encode(depth) + noise), 0, 255).astype(np.uint8)


def outputs(result) -> list[np.ndarray]:
    return [getattr(result, field.name) for field in fields(result) if field.name != "rgb"]


def test_decoding(benchmark, versus, best, photo):
    hilbertmap = pytest.importorskip("hilbertmap", reason="needs the peer: pip install 'vbanalysis[bench]'")
    codec = DepthCodec()
    result = benchmark(codec.decode, photo)
    arrays = [photo, *outputs(result)]
    copying_s = best(20, lambda: [array.copy() for array in arrays])
    ours_s = best(30, lambda: codec.decode(photo))
    found = []
    with np.errstate(divide="ignore"):
        peer_s = best(2, lambda: found.append(hilbertmap.rgb_to_depth(photo / 255.0)))
    assert np.isclose(result.depth_m, found[0], rtol=1e-5).mean() > 0.99, "both read the same depth"
    versus("decode depth, uint8 1920x1080", ours_s, "hilbertmap", peer_s, at_least=500)
    versus(
        "decode depth, uint8 1920x1080", ours_s, "five copies of input and output", 5 * copying_s, at_least=1
    )


def test_decoding_other_walks_and_16_bits(benchmark, versus, best, photo):
    codec, deep = DepthCodec(walk="KBMRYGCW"), photo.astype(np.uint16) * 257
    result = benchmark(codec.decode, deep)
    arrays = [deep, *outputs(result)]
    copying_s = best(10, lambda: [array.copy() for array in arrays])
    ours_s = best(10, lambda: codec.decode(deep))
    versus(
        "decode depth, uint16 1920x1080", ours_s, "ten copies of input and output", 10 * copying_s, at_least=1
    )


def test_decoding_takes_little_memory_beside_its_output(photo):
    codec = DepthCodec()
    size = sum(array.nbytes for array in outputs(codec.decode(photo)))  # and fills the tables
    tracemalloc.start()
    try:
        result = codec.decode(photo)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(array.nbytes for array in outputs(result)) == size
    assert peak <= 1.2 * size, f"{peak / size:.2f} times the output"


def test_encoding(benchmark, versus, best, depth):
    hilbertmap = pytest.importorskip("hilbertmap", reason="needs the peer: pip install 'vbanalysis[bench]'")
    codec = DepthCodec()

    def peer():
        return np.rint(hilbertmap.depth_to_rgb(depth) * 255).astype(np.uint8)

    rgb = benchmark(codec.encode, depth)
    assert np.abs(rgb.astype(int) - peer()).max() <= 1
    ours_s = best(30, lambda: codec.encode(depth))
    versus("encode depth, float32 1920x1080 to uint8", ours_s, "hilbertmap", best(3, peer), at_least=20)


def test_the_tables_are_small_and_built_in_no_time(best):
    def build():
        tables = integers._encode_tables.__wrapped__(-3.0, 10 / 3, "KRYGCBMW", (128, 128, 128))
        return [integers.depth_table.__wrapped__(-3.0, 10 / 3, 65535), *tables]

    assert sum(table.nbytes for table in build()) < 64 << 20
    assert best(2, build) < 1


def seconds(rounds: int, *command: str) -> float:
    """Wall time of the fastest of several runs of a program."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return min(times)


def test_importing_is_light():
    loaded = "import sys, vbanalysis; print(*{m.split('.')[0] for m in sys.modules})"
    names = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True).stdout
    assert not {"torch", "matplotlib", "numba", "scipy", "pandas"} & set(names.split())
    assert seconds(5, sys.executable, "-c", "import vbanalysis") < 0.3


def test_help_comes_at_once():
    assert seconds(5, str(Path(sys.executable).with_name("vbanalysis")), "--help") < 0.5
