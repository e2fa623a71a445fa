"""Kill a run of a paid model, and let its server fail: each sample is paid for once, and no limit is crossed.

A kill between Google's answer and the file that keeps it cannot be made good: nobody but the killed process
had the answer. So kills fall at every moment but that one, which has a test of its own.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest

from vbanalysis import plugins
from vbanalysis.codecs import DepthCodec
from vbanalysis.errors import BudgetError, DataError, StopError
from vbanalysis.evaluation import evaluate, open_run
from vbanalysis.models import _gemini_cache, spent
from vbanalysis.models.gemini import Gemini

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and locks are POSIX's")

COMMAND = "from vbanalysis.cli import main; main()"
PAINTER = "gemini-3-pro-image-preview"
DATA = "analytic?n=12&height=48"
N = 12
PLENTY_S = 120
REASON = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


@pytest.fixture
def server(gemini_server):
    """It paints the right depth."""
    truth = {each.image.tobytes(): each.depth_m for each in plugins.load("datasets", DATA)}
    gemini_server.paint = lambda asked: DepthCodec().encode(truth[asked.image.tobytes()])
    return gemini_server


@pytest.fixture
def words(tmp_path):
    """The command, and where its run and its answers are."""
    spec = f"gemini:{PAINTER}?cache={tmp_path / 'cache'}&backoff_s=0.01&timeout_s=6"
    return ["evaluate", "depth", "--model", spec, "--dataset", DATA, "-o", tmp_path / "run"]


@pytest.fixture
def start(tmp_path):
    """Start the command in a process; what it says lies in `said`."""
    (tmp_path / "said").mkdir()
    started = []

    def begin(*words):
        with (tmp_path / "said" / f"{len(started)}.txt").open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, *map(str, words)],
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def said(tmp_path):
    """The last words of the last process."""
    path = max((tmp_path / "said").iterdir(), key=lambda path: int(path.stem))
    return path.read_text()[-2000:]


def ended(process, tmp_path, code=0):
    assert process.wait(PLENTY_S) == code, said(tmp_path)


def kept(tmp_path):
    return len(list((tmp_path / "cache").glob("??/*.json")))


def kill_between_answers(process, server, tmp_path, at_least, seconds):
    """Kill once so many calls were paid for, while no answer is on its way; the server forgets who asked."""
    while process.poll() is None and server.n_paid < at_least:
        time.sleep(0.002)
    with server.gate:
        while process.poll() is None and kept(tmp_path) < server.n_paid:
            time.sleep(0.001)
        time.sleep(seconds)
        process.kill()
        process.wait()
        server.epoch += 1


def table(folder):
    rows = open_run(folder).records()
    return rows.drop(columns=[name for name in rows.columns if name.startswith("seconds_")])


def written(folder):
    """How many records a run has."""
    return len((folder / "journal.jsonl").read_bytes().splitlines())


def holds_key(folder, key):
    """Files in which a key stands, whole or without what JSON and addresses write otherwise."""
    part = key.partition("/")[0].encode()
    return [path for path in folder.rglob("*") if path.is_file() and part in path.read_bytes()]


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("seed", "kills", "hangs"), [(0, 3, 1), (1, 2, 0)])
def test_whatever_fails_and_whenever_it_is_killed_each_sample_is_paid_for_once(
    server, words, start, tmp_path, seed, kills, hangs
):
    chosen = random.Random(seed)
    faults = [429, 500, 503, "drop", (429, {"Retry-After": "0"}), (503, {}, f"not with the key {server.key}")]
    planned = {k: [chosen.choice(faults) for _ in range(chosen.randint(0, 3))] for k in range(N)}
    refused = chosen.randrange(N)
    for k in chosen.sample(range(N), hangs):
        planned[k].append("hang")

    def fault(asked, number):
        k = asked.config["seed"]
        if planned[k]:
            return planned[k].pop()
        return "refuse" if k == refused else None

    server.fault = fault
    for at_least in sorted(chosen.sample(range(N), kills)):
        kill_between_answers(start(*words), server, tmp_path, at_least, chosen.uniform(0, 0.1))
    ended(start(*words), tmp_path)

    assert sorted(server.paid.values()) == [1] * N
    rows = table(tmp_path / "run")
    assert list(rows.place[rows.status == "failed"]) == [refused]
    assert "IMAGE_SAFETY" in rows.reason[refused]
    assert holds_key(tmp_path, server.key) == []
    found = spent(tmp_path / "run" / "calls.jsonl")
    assert found == spent(tmp_path / "cache" / "calls.jsonl")
    assert found.calls - found.unknown == N

    server.fault = lambda asked, number: None
    evaluate("depth", words[3], DATA, tmp_path / "again")  # all from the cache
    assert server.n_paid == N
    pd.testing.assert_frame_equal(table(tmp_path / "again"), rows)


@pytest.mark.timeout(200)
def test_a_kill_before_the_answer_costs_nothing_and_one_at_the_answer_a_second_call(
    server, words, start, tmp_path
):
    running = []

    def kill_at(place, answered):
        """Kill when the question of a place is there: before it is answered, or just as it is."""

        def fault(asked, number):
            if asked.config["seed"] == place and number == 0:
                running[-1].kill()
                running[-1].wait()
                return None if answered else "drop"
            return None

        server.fault = fault
        running.append(start(*words))
        running[-1].wait(PLENTY_S)
        assert running[-1].returncode == -signal.SIGKILL

    kill_at(3, answered=False)
    assert spent(tmp_path / "run" / "calls.jsonl")[::2] == (4, 1)
    kill_at(7, answered=True)
    ended(start(*words), tmp_path)
    assert sorted(server.paid.values()) == [1] * (N - 1) + [2]
    found = spent(tmp_path / "run" / "calls.jsonl")
    assert (found.calls, found.unknown) == (N + 2, 2)  # that two calls may have been paid for is written down
    assert open_run(tmp_path / "run").n_failed == 0


@pytest.mark.timeout(200)
def test_no_limit_is_crossed_whatever_is_killed(server, words, start, tmp_path):
    kill_between_answers(start(*words, "--max-calls", "5"), server, tmp_path, 2, 0.02)
    ended(start(*words, "--max-calls", "5"), tmp_path, 2)
    assert server.n_paid in (4, 5)  # the call that the kill cut off stands in the ledger
    assert "error: the next call" in said(tmp_path).splitlines()[-1]
    assert written(tmp_path / "run") == server.n_paid
    before = server.n_paid
    ended(start(*words, "--max-cost", "0.01"), tmp_path, 2)
    assert server.n_paid == before
    ended(start(*words, "--max-calls", "30", "--max-cost", "9.5"), tmp_path)
    assert sorted(server.paid.values()) == [1] * N
    assert open_run(tmp_path / "run").n_failed == 0


@pytest.mark.timeout(200)
def test_two_runs_at_once_share_what_they_pay_for(server, words, start, tmp_path):
    processes = [start(*words[:-1], tmp_path / f"run{k}") for k in range(2)]
    for process in processes:
        ended(process, tmp_path)
    assert sorted(server.paid.values()) == [1] * N
    pd.testing.assert_frame_equal(table(tmp_path / "run0"), table(tmp_path / "run1"))
    runs = [spent(tmp_path / f"run{k}" / "calls.jsonl") for k in range(2)]
    assert sum(each.calls for each in runs) == N


@pytest.mark.timeout(300)
def test_workers_stop_before_the_limit_together_and_lose_no_answer(server, words, tmp_path):
    pytest.importorskip("distributed", reason="needs the extra dask")
    quick = server.paint

    def slow(asked):
        if server.n_paid == 3:
            time.sleep(4)  # by then another worker has met the limit
        return quick(asked)

    server.paint = slow
    with pytest.raises(BudgetError, match="max_calls=3"):
        evaluate("depth", words[3], DATA, tmp_path / "run", workers=2, max_calls=3)
    assert (server.n_paid, kept(tmp_path)) == (3, 3)
    server.paint = quick
    run = evaluate("depth", words[3], DATA, tmp_path / "run")
    assert (run.n_samples, run.n_failed) == (N, 0)
    assert sorted(server.paid.values()) == [1] * N


def test_without_access_a_run_ends_at_once_and_goes_on_later(server, words, start, tmp_path):
    server.fault = lambda asked, number: (400, {}, f"API key {server.key} not valid", [REASON])
    ended(start(*words), tmp_path, 2)
    assert "API key [key] not valid" in said(tmp_path)
    assert written(tmp_path / "run") == 0
    assert holds_key(tmp_path, server.key) == []
    server.fault = lambda asked, number: None
    assert evaluate("depth", words[3], DATA, tmp_path / "run").n_failed == 0
    assert len(server.asked) == N + 1


def test_an_answer_that_cannot_be_kept_ends_the_run(server, words, tmp_path, monkeypatch):
    def full(path):
        raise DataError("cannot write: no space is left")

    monkeypatch.setattr(_gemini_cache, "replacing", full)
    with pytest.raises(StopError, match=r"an answer that was paid for cannot be kept: .*no space"):
        evaluate("depth", words[3], DATA, tmp_path / "run")
    assert server.n_paid == 1


def test_a_lock_that_a_killed_process_held_is_free(server, tmp_path):
    holder = f"""
import time
from vbanalysis.models._gemini_cache import Cache
with Cache({str(tmp_path / "cache")!r}).claim("ab" * 32):
    print("held", flush=True)
    time.sleep({PLENTY_S})
"""
    process = subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    waiting, got = Gemini(PAINTER, cache=tmp_path / "cache").cache, threading.Event()

    def wait():
        with waiting.claim("ab" * 32):
            got.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not got.wait(0.2)
    process.kill()
    process.wait()
    process.stdout.close()
    thread.join(PLENTY_S)
    assert got.is_set()
    assert not list((tmp_path / "cache").rglob("*.lock"))
