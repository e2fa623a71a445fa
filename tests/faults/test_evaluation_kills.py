"""Kill a run at any moment: the same command ends in the same table. Kill a worker: a sample is retried."""

import os
import random
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from vbanalysis.evaluation import evaluate, open_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

COMMAND = "from vbanalysis.cli import main; main()"
MANY = ["evaluate", "depth", "--model", "oracle", "--dataset", "analytic?n=250&height=64"]


def start(*words):
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def table(folder):
    rows = open_run(folder).records()
    return rows.drop(columns=[name for name in rows.columns if name.startswith("seconds_")])


def written(folder):
    """How many whole lines the journal of a run has."""
    journal = folder / "journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def killed_and_ended(command, folder, kills):
    """Kill the command at each moment, then let it end; how many records each kill left behind.

    A moment is so many more records, and then so many seconds: a machine may start Python in half a second
    or in ten, and write all records in less.
    """
    left = []
    for records, seconds in kills:
        before = written(folder)
        process = start(*command, "-o", folder)
        while process.poll() is None and written(folder) < before + records:
            time.sleep(0.0005)
        time.sleep(seconds)
        process.kill()
        process.wait()
        process.stderr.close()
        left.append(written(folder))
    process = start(*command, "-o", folder)
    _, told = process.communicate(timeout=240)
    assert process.returncode == 0, told.decode()[-2000:]
    return left


@pytest.mark.timeout(400)
def test_ten_kills_at_random_moments_leave_the_table_of_an_undisturbed_run(tmp_path):
    whole = start(*MANY, "-o", tmp_path / "whole")
    _, told = whole.communicate(timeout=240)
    assert whole.returncode == 0, told.decode()[-2000:]
    chosen = random.Random(3)
    # Most of a short run is Python's start: three kills fall there, and seven while records are written.
    kills = [(0, chosen.uniform(0.2, 3)) for _ in range(3)]
    kills += [(chosen.randint(1, 20), chosen.uniform(0, 0.02)) for _ in range(7)]
    left = killed_and_ended(MANY, tmp_path / "killed", kills)
    assert left == sorted(left)
    assert any(0 < count < 250 for count in left)
    pd.testing.assert_frame_equal(table(tmp_path / "killed"), table(tmp_path / "whole"))
    summaries = [(tmp_path / name / "summary.json").read_bytes() for name in ("killed", "whole")]
    assert summaries[0] == summaries[1]


@pytest.mark.timeout(400)
def test_the_embedded_generator_goes_on_with_the_same_pictures(tmp_path):
    command = ["evaluate", "semantic", "--model", "mini?batch=4", "--dataset", "scenes:validation?n=14"]
    process = start(*command, "-o", tmp_path / "whole")
    process.communicate(timeout=240)
    evaluate("semantic", "mini?batch=4", "scenes:validation?n=14", tmp_path / "killed", limit=5)
    journal = tmp_path / "killed" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-30])
    process = start(*command, "-o", tmp_path / "killed")
    _, told = process.communicate(timeout=240)
    assert process.returncode == 0, told.decode()[-2000:]
    pd.testing.assert_frame_equal(table(tmp_path / "killed"), table(tmp_path / "whole"))


@pytest.mark.timeout(300)
def test_a_killed_dask_worker_costs_a_retry_and_nothing_else(tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    dataset = "analytic?n=120&height=64"
    alone = evaluate("depth", "oracle", dataset, tmp_path / "alone")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        killed = []

        def kill_once(record, done, total):
            if done >= 20 and not killed:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        shared = evaluate(
            "depth",
            "oracle",
            dataset,
            tmp_path / "shared",
            scheduler=cluster.scheduler_address,
            on_record=kill_once,
        )
    assert killed
    assert shared.n_failed == 0
    pd.testing.assert_frame_equal(table(tmp_path / "shared"), table(tmp_path / "alone"))
    assert shared.figures == alone.figures


@pytest.mark.timeout(300)
def test_workers_of_this_machine_give_the_table_of_one(tmp_path):
    pytest.importorskip("distributed", reason="needs the extra dask")
    dataset = "scenes:validation?n=20&ask=referring"
    alone = evaluate("referring", "oracle", dataset, tmp_path / "alone")
    shared = evaluate("referring", "oracle", dataset, tmp_path / "shared", workers=2)
    pd.testing.assert_frame_equal(table(tmp_path / "shared"), table(tmp_path / "alone"))
    assert shared.figures == alone.figures


KILLER = """
import os, signal
import numpy as np

class Killer:
    name, batch = "killer", 1
    def sample(self, image, instruction, *, seed=0):
        return self.sample_many([image], [instruction], seeds=[seed])[0]
    def sample_many(self, images, instructions, *, seeds=None):
        if 3 in seeds:
            os.kill(os.getpid(), signal.SIGKILL)
        return [np.zeros((8, 8, 3), np.uint8) for _ in images]
    def describe(self):
        return {}

def load():
    return Killer()
"""


@pytest.mark.timeout(300)
def test_a_sample_that_kills_its_worker_is_the_only_one_that_fails(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    dask = pytest.importorskip("dask")
    about = tmp_path / "site" / "killer-1.0.dist-info"
    about.mkdir(parents=True)
    (about.parent / "killer.py").write_text(KILLER)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: killer\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[vbanalysis.models]\nkiller = killer:load\n")
    monkeypatch.syspath_prepend(str(about.parent))
    monkeypatch.setenv("PYTHONPATH", str(about.parent))
    # One death is enough to suspect a task here, and those that wait behind it.
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
    ):
        found = evaluate(
            "depth",
            "killer",
            "analytic?n=8&height=48",
            tmp_path / "run",
            scheduler=cluster.scheduler_address,
        )
    rows = found.records()
    assert list(rows.place[rows.status == "failed"]) == [3]
    assert len(rows) == 8
