"""The options of a `gemini:` spec string, held to what they may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vbanalysis.errors import InputError
from vbanalysis.models._gemini_picture import ASPECTS, SIZES

_SHORTEST_S = 0.001


def check_options(
    named: Mapping[str, Any], whole: Mapping[str, tuple[Any, int]], numbers: Mapping[str, Any]
) -> None:
    """Hold options to their ranges.

    Args:
        named: `model`, `ledger`, `size`, `aspect` and `retry_refused`.
        whole: Whole numbers from 1, each with the most that it may be.
        numbers: Of at least 0, `timeout_s` above 0; None where one is not given.

    Raises:
        InputError: One is out of its range; the message names it.
    """
    model, ledger = named["model"], named["ledger"]
    if not isinstance(model, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", model):
        raise InputError(f"model must be a name such as gemini-3-pro-image-preview, got {model!r}")
    if not isinstance(ledger, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", ledger):
        raise InputError(f"ledger must be a name of letters, digits, _ and -, got {ledger!r}")
    for name, known in (("size", (None, *SIZES)), ("aspect", ("auto", "none", *ASPECTS))):
        if named[name] not in known:
            listed = ", ".join(each for each in known if each is not None)
            raise InputError(f"{name} must be one of {listed}, got {named[name]!r}")
    if not isinstance(named["retry_refused"], bool):
        raise InputError(f"retry_refused must be true or false, got {named['retry_refused']!r}")
    for name, (value, most) in whole.items():
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise InputError(f"{name} must be a whole number from 1 to {most}, got {value!r}")
    for name, value in numbers.items():
        if value is None:
            continue
        least = _SHORTEST_S if name == "timeout_s" else 0
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < float("inf"):
            raise InputError(f"{name} must be a number of at least {least:g}, got {value!r}")
