"""The key of the Gemini API: read from the environment alone, and taken out of every message."""

from __future__ import annotations

import base64
import json
import os
from urllib.parse import quote, quote_plus

from vbanalysis.errors import StopError

VARIABLES = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
"""Where both are set the first counts, as for Google's own package."""

_INSTEAD = "[key]"


def read_key() -> str:
    """The key.

    Raises:
        StopError: None is set.
    """
    for variable in VARIABLES:
        if key := os.environ.get(variable, "").strip():
            return key
    raise StopError(
        "the Gemini API needs a key, and neither GEMINI_API_KEY nor GOOGLE_API_KEY is set: get one at "
        "https://aistudio.google.com/apikey and set the variable; what is in the cache needs none"
    )


def scrubbed(text: str) -> str:
    """A text without any key, however it was written there."""
    for variable in VARIABLES:
        key = os.environ.get(variable, "").strip()
        if not key:
            continue
        forms = {
            key,
            quote(key, safe=""),
            quote(key),
            quote_plus(key),
            json.dumps(key)[1:-1],
            repr(key)[1:-1],
        }
        forms.add(base64.b64encode(key.encode()).decode())
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, _INSTEAD)
    return text
