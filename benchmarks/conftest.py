"""Each benchmark compares itself with a peer in one process; the ratios are printed at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

RATIOS = pytest.StashKey[list[str]]()


def best_of(rounds: int, call: Callable[[], Any]) -> float:
    """Seconds of the fastest of `rounds` calls."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.fixture
def versus(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Notes for the summary how much faster a call is than its peer, and holds it to its limits."""
    lines = request.config.stash.setdefault(RATIOS, [])

    def compare(
        what: str, ours_s: float, peer: str, peer_s: float, *, at_least: float, within_s: float | None = None
    ) -> None:
        line = (
            f"{what}: {ours_s * 1e3:.2f} ms, {peer} {peer_s * 1e3:.2f} ms, "
            f"{peer_s / ours_s:.1f} times faster (at least {at_least:g} asked)"
        )
        lines.append(line)
        assert peer_s >= at_least * ours_s, line
        if within_s is not None:
            assert ours_s <= within_s, (
                f"{what} took {ours_s * 1e3:.1f} ms, at most {within_s * 1e3:g} ms asked"
            )

    return compare


@pytest.fixture
def best() -> Callable[[int, Callable[[], Any]], float]:
    return best_of


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash.get(RATIOS, []):
        terminalreporter.section("ours against the peers")
        for line in lines:
            terminalreporter.write_line(line)
