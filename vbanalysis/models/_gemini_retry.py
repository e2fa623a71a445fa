"""Asking once more: which faults pass, how long to wait, and when to give up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar

from vbanalysis.errors import ModelError, StopError
from vbanalysis.models._gemini_key import scrubbed

T = TypeVar("T")

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_ACCESS = frozenset({401, 403, 404})
_LONGEST_S = 60.0
"""Of a wait that the server did not ask for."""

_MESSAGE = 300
"""Characters of a server's message that are kept."""


class Patience(NamedTuple):
    """How often and how long a question is asked.

    Attributes:
        attempts: At most.
        total_s: Seconds after which none is begun.
        backoff_s: About what is waited after the first; twice as long after each further one.
    """

    attempts: int
    total_s: float
    backoff_s: float


class Fault(NamedTuple):
    """Why an attempt brought no answer.

    Attributes:
        what: Happened, in words.
        passes: Whether it is worth asking again.
        stops: Whether other questions would fare no better.
        billed: Whether the call may have to be paid for.
        wait_s: Seconds that the server asks to wait, or None.
    """

    what: str
    passes: bool
    stops: bool
    billed: bool
    wait_s: float | None = None


def fault_of(error: Exception, now: datetime | None = None) -> Fault:
    """What an exception of Google's package means.

    Args:
        error: It; no part of it is kept but words, without the key.
        now: The time, against which a date to wait for is held.
    """
    code = getattr(error, "code", None)
    if isinstance(code, int) and hasattr(error, "details"):
        return _answered(code, error, now or datetime.now(UTC))
    kinds = {each.__name__ for each in type(error).__mro__}
    told = _words(f"{type(error).__name__}: {error}")
    if kinds & {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"}:
        return Fault(f"no connection ({told})", passes=True, stops=True, billed=False)
    if kinds & {"TimeoutException", "TimeoutError"}:
        return Fault(f"no answer in time ({told})", passes=True, stops=False, billed=True)
    if kinds & {"TransportError", "ConnectionError"}:
        return Fault(f"the connection broke ({told})", passes=True, stops=False, billed=True)
    if kinds & {"UnknownApiResponseError", "JSONDecodeError", "ValidationError"}:
        return Fault(f"the answer was no answer of the API ({told})", passes=True, stops=False, billed=True)
    return Fault(told, passes=False, stops=False, billed=True)


def persist(
    attempt: Callable[[], T | Fault],
    patience: Patience,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T | Fault:
    """Ask until an answer comes, or a fault that does not pass, or patience ends.

    Args:
        attempt: Asks once.
        patience: When to give up.
        sleep: Waits.
        clock: Seconds.

    Returns:
        The answer, or the last fault, which says how often was asked.
    """
    began, jitter = clock(), random.Random()
    number = 0
    while True:
        number += 1
        found = attempt()
        if not isinstance(found, Fault):
            return found
        tried = f"after {number} attempt{'' if number == 1 else 's'}"
        if not found.passes:
            return found._replace(what=f"{tried}: {found.what}")
        wait = min(_LONGEST_S, patience.backoff_s * 2 ** (number - 1)) * jitter.uniform(0.5, 1.5)
        wait = max(wait, found.wait_s or 0.0)
        if number >= patience.attempts:
            return found._replace(what=f"{tried}: {found.what}")
        if clock() - began + wait > patience.total_s:
            asked = f", and a wait of {found.wait_s:.0f} s is asked for" if found.wait_s else ""
            return found._replace(what=f"{tried} in {clock() - began:.0f} s: {found.what}{asked}")
        sleep(wait)


def given_up(fault: Fault, model: str) -> ModelError | StopError:
    """The error that says so."""
    if fault.stops:
        return StopError(f"{model} cannot be asked, given up {fault.what}; later the same command goes on")
    return ModelError(f"{model} gave no answer, given up {fault.what}")


def _answered(code: int, error: Any, now: datetime) -> Fault:
    """What an answer with an error code means; Google bills none of them."""
    message = getattr(error, "message", None) or getattr(error, "status", None) or "no reason given"
    told = f"HTTP {code}: {_words(str(message))}"
    details = _details(error.details)
    if code == 429 and any("PerDay" in str(each) for each in details):
        return Fault(f"{told} (the quota of the day)", passes=False, stops=True, billed=False)
    if code in _PASSING:
        asked = [each for each in (_retry_after(error, now), _retry_delay(details)) if each is not None]
        return Fault(told, True, code == 429, False, max(asked, default=None))
    reasons = " ".join(
        [str(getattr(error, "status", "")), *(str(each.get("reason", "")) for each in details)]
    )
    access = code in _ACCESS or "API_KEY" in reasons or "FAILED_PRECONDITION" in reasons
    return Fault(told, passes=False, stops=access, billed=False)


def _details(told: Any) -> list[dict[str, Any]]:
    error = told.get("error", told) if isinstance(told, dict) else {}
    details = error.get("details", []) if isinstance(error, dict) else []
    return [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []


def _retry_after(error: Any, now: datetime) -> float | None:
    """Of the header (RFC 9110, 10.2.3): seconds, or a date."""
    value = str(getattr(getattr(error, "response", None), "headers", {}).get("retry-after") or "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(int(value)))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds())


def _retry_delay(details: list[dict[str, Any]]) -> float | None:
    """Of google.rpc.RetryInfo: a duration such as `"3.5s"`."""
    for each in details:
        if str(each.get("@type", "")).endswith("google.rpc.RetryInfo"):
            try:
                return max(0.0, float(str(each.get("retryDelay", "")).removesuffix("s")))
            except ValueError:
                return None
    return None


def _words(text: str) -> str:
    return " ".join(scrubbed(text).split())[:_MESSAGE]
