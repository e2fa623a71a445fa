"""What calls may cost, and the ledger that says what they have cost.

A call is written down before it is made, at the most that it is expected to cost, and once more when its
outcome is known. So a limit holds through kills and among processes: a call whose outcome nobody has learnt
(its process was killed, its connection broke) stands at what it may have cost.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from vbanalysis.errors import BudgetError, InputError, StopError
from vbanalysis.models._lock import alone
from vbanalysis.paths import shown

_CENT_FRACTION = 1e-9
"""Sums of dollars are compared to within this."""


@dataclass(frozen=True)
class Limits:
    """What may be spent on calls, counted in one ledger.

    Attributes:
        ledger: The file; its folder is made when the first call is.
        max_calls: Calls that may have been made in all, 0 for none; None for any number.
        max_cost: US dollars that they may have cost in all; None for any sum.

    Raises:
        InputError: A limit is below 0 or no number.
    """

    ledger: Path
    max_calls: int | None = None
    max_cost: float | None = None

    def __post_init__(self) -> None:
        calls, cost = self.max_calls, self.max_cost
        if calls is not None and (isinstance(calls, bool) or not isinstance(calls, int) or calls < 0):
            raise InputError(f"max_calls must be a whole number of at least 0, got {calls!r}")
        if cost is not None and (
            isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < float("inf")
        ):
            raise InputError(f"max_cost must be US dollars of at least 0, got {cost!r}")


class Spent(NamedTuple):
    """What a ledger adds up to.

    Attributes:
        calls: Made, with those whose outcome is not known.
        cost: Of those with a price, in US dollars.
        unknown: Calls among them whose outcome is not known; they stand at the most that was expected.
        unpriced: Calls among them without a price.
    """

    calls: int
    cost: float
    unknown: int
    unpriced: int

    def __str__(self) -> str:
        calls = f"{self.calls} call{'' if self.calls == 1 else 's'}"
        if self.calls and self.unpriced == self.calls:
            return f"{calls} of unknown price"
        more = [f"{self.unknown} of unknown outcome"] if self.unknown else []
        more += [f"{self.unpriced} of unknown price"] if self.unpriced else []
        return f"{calls}, about ${self.cost:.2f}" + (f" ({', '.join(more)})" if more else "")


def spent(ledger: Path) -> Spent:
    """What the calls of a ledger have cost so far.

    Args:
        ledger: A run's `calls.jsonl`; where there is none nothing was spent.

    Raises:
        StopError: A line is damaged.
    """
    try:
        with ledger.open("rb") as file:
            return _added(file, ledger)
    except FileNotFoundError:
        return Spent(0, 0.0, 0, 0)


class Ledger:
    """Calls written down within limits.

    Args:
        limits: They, and the file.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def reserve(self, model: str, cost: float | None) -> str:
        """Write down a call that is about to be made.

        Args:
            model: Whose.
            cost: US dollars that it is expected to cost at most; None where that is not known.

        Returns:
            Its name in the ledger.

        Raises:
            BudgetError: It would cross a limit.
            StopError: The ledger cannot be written, or is damaged.
        """
        if self.limits.max_calls == 0:  # nothing is written, not even an empty ledger
            raise _crossed(self.limits, Spent(0, 0.0, 0, 0), cost)
        with self._open() as file:
            before = _added(file, self.limits.ledger)
            calls, dollars = self.limits.max_calls, self.limits.max_cost
            if (calls is not None and before.calls + 1 > calls) or (
                dollars is not None and before.cost + (cost or 0.0) > dollars + _CENT_FRACTION
            ):
                raise _crossed(self.limits, before, cost)
            call = secrets.token_hex(8)
            at = datetime.now(UTC).isoformat(timespec="seconds")
            _append(file, {"call": call, "at": at, "model": model, "at_most_usd": cost})
            return call

    def settle(self, call: str, cost: float | None) -> None:
        """Write down what a call did cost."""
        with self._open() as file:
            _append(file, {"call": call, "usd": cost})

    def release(self, call: str) -> None:
        """Write down that a call was not billed."""
        with self._open() as file:
            _append(file, {"call": call, "billed": False})

    @contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        path = self.limits.ledger
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab+") as file, alone(file):
                _trim(file)
                yield file
        except OSError as error:
            raise StopError(
                f"the ledger {shown(path)} cannot be written ({error.strerror or error}): make room, or "
                "choose another folder"
            ) from error


def _append(file: IO[bytes], line: dict[str, Any]) -> None:
    file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
    file.flush()


def _trim(file: IO[bytes]) -> None:
    """Take off a line that a kill cut short; its call was not made yet, or stands as it was."""
    end = file.seek(0, 2)
    if not end:
        return
    start = max(0, end - 4096)
    file.seek(start)
    whole = start + file.read().rfind(b"\n") + 1
    if whole < end:
        file.truncate(whole)
    file.seek(0, 2)


def _added(file: IO[bytes], path: Path) -> Spent:
    costs: dict[str, float | None] = {}
    unknown: set[str] = set()
    file.seek(0)
    for number, line in enumerate(file, start=1):
        if not line.endswith(b"\n"):
            break
        try:
            told = json.loads(line)
            call = str(told["call"])
            if "at_most_usd" in told:
                costs[call] = _dollars(told["at_most_usd"])
                unknown.add(call)
            else:
                unknown.discard(call)
                if told.get("billed") is False:
                    costs.pop(call, None)
                else:
                    costs[call] = _dollars(told["usd"])
        except (ValueError, KeyError, TypeError) as error:
            raise StopError(
                f"line {number} of the ledger {shown(path)} is damaged: remove the line, and count its call "
                "by hand"
            ) from error
    known = [cost for cost in costs.values() if cost is not None]
    return Spent(len(costs), sum(known), len(unknown), len(costs) - len(known))


def _dollars(value: Any) -> float | None:
    return None if value is None else float(value)


def _crossed(limits: Limits, before: Spent, cost: float | None) -> BudgetError:
    told = [f"max_calls={limits.max_calls}"] if limits.max_calls is not None else []
    told += [f"max_cost={limits.max_cost:g}"] if limits.max_cost is not None else []
    most = "" if cost is None else f" (at most ${cost:.3g})"
    error = BudgetError(
        f"the next call{most} would cross the limit {' or '.join(told)}: spent so far are {before}, by "
        f"{shown(limits.ledger)}; with a higher limit the same goes on, and what was answered is kept"
    )
    error.cost = cost
    return error
