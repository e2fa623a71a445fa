"""A decode-and-score run: two workers against one, and memory of many samples against that of few."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from vbanalysis.evaluation import evaluate, rescore
from vbanalysis.images import write_png

N = 240


@pytest.fixture
def kept(tmp_path):
    """The pictures of a run on frames of NYUv2's size, read from files."""
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (480, 640, 3), np.uint8)
    for k in range(N):
        for folder in ("images", "depth"):
            (tmp_path / "frames" / folder).mkdir(parents=True, exist_ok=True)
        write_png(tmp_path / "frames" / "images" / f"{k:04}.png", photo)
        room = np.linspace(9.0, 0.8, 480)[:, None] * rng.uniform(0.9, 1.1, (480, 640))
        np.save(tmp_path / "frames" / "depth" / f"{k:04}.npy", room.astype(np.float32))
    evaluate("depth", "oracle", f"folder:{tmp_path / 'frames'}", tmp_path / "kept")
    return tmp_path


def test_two_workers_decode_and_score_a_run_faster_than_one(kept, versus):
    pytest.importorskip("distributed", reason="needs the extra dask")

    def seconds(workers: int) -> float:
        began = []

        def first(record, done, total):
            began.append(time.perf_counter())

        rescore(kept / "kept", kept / f"by_{workers}_{time.monotonic_ns()}", workers=workers, on_record=first)
        # Over the second half, when all processes have started: that takes its seconds once a run.
        half = len(began) // 2
        return (began[-1] - began[half]) / (len(began) - 1 - half)

    two, one = (min(seconds(workers) for _ in range(2)) for workers in (2, 1))
    versus("decode and score 480x640, two workers, a sample", two, "one worker", one, at_least=1.7)


PEAK = """
import json, resource, sys
from vbanalysis.evaluation import evaluate
evaluate("depth", "oracle", sys.argv[1], sys.argv[2], workers=int(sys.argv[3]))
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_memory_does_not_grow_with_the_number_of_samples(tmp_path, workers):
    def peak_kib(n: int) -> int:
        words = [f"analytic?n={n}&height=96", str(tmp_path / str(n)), str(workers)]
        told = subprocess.run(
            [sys.executable, "-c", PEAK, *words], capture_output=True, check=True, text=True
        )
        return json.loads(told.stdout.splitlines()[-1])

    few, many = peak_kib(200), peak_kib(2000)
    print(f"peak of resident memory, {workers} worker(s): 200 samples {few} KiB, 2,000 samples {many} KiB")
    assert many <= 1.1 * few
