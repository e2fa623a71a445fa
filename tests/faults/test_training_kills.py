"""Kill what you like: the others end, nothing hangs, and the folder goes on."""

import signal
import subprocess
import sys

import psutil
import pytest
import torch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

PROGRAM = """
import sys
from pathlib import Path
from vbanalysis.errors import VbanalysisError
from vbanalysis.mini.training.stages import load_stage
from vbanalysis.mini.training.run import train

if __name__ == "__main__":
    try:
        train(
            load_stage("stage.yaml"), Path("run"), processes=2,
            on_step=lambda samples: print(samples, flush=True),
        )
    except VbanalysisError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.fixture
def training(tiny_stage, tmp_path):
    """Start a training in a folder and wait until it has taken a step; (parent, its workers)."""
    stage = tiny_stage(samples=10**6, mixture={"depth": 1.0})
    (tmp_path / "stage.yaml").write_text(stage.model_dump_json())
    (tmp_path / "program.py").write_text(PROGRAM)
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "program.py"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        first = int(process.stdout.readline())
        process.stdout.readline()
        workers = [
            child
            for child in psutil.Process(process.pid).children()
            if "spawn_main" in " ".join(child.cmdline())
        ]
        assert len(workers) == 2
        return process, workers, first

    yield start
    for process in started:
        for child in psutil.Process(process.pid).children() if process.poll() is None else ():
            child.kill()
        process.kill()
        process.communicate()


def samples_in(folder):
    return torch.load(folder / "run/checkpoint.pt", weights_only=True)["samples"]


def test_whatever_is_killed_the_same_command_goes_on(training, tmp_path):
    process, workers, _ = training()
    process.kill()
    assert not psutil.wait_procs(workers, timeout=60)[1]
    # They saw that nobody waits for them any more.
    saved = samples_in(tmp_path)
    assert saved > 0

    process, workers, first = training()
    assert first == saved
    workers[0].kill()
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "error: a process of the training was killed by SIGKILL" in error
    assert "the same command goes on from the last checkpoint" in error
    assert error.count("\n") == 1
    assert not any(worker.is_running() for worker in workers)
    assert samples_in(tmp_path) == saved

    process, workers, first = training()
    assert first == saved
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 130
    assert not any(worker.is_running() for worker in workers)
    assert samples_in(tmp_path) > saved
