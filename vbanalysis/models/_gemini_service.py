"""The API itself, by Google's package; no exception of that package leaves this file.

Such an exception knows the request, and with it the key. What went wrong is told in words instead.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from vbanalysis.errors import InputError, StopError, VbanalysisError
from vbanalysis.models._gemini_answer import Answer, answer_of
from vbanalysis.models._gemini_key import read_key
from vbanalysis.models._gemini_picture import encoded
from vbanalysis.models._gemini_prices import TEXT_TOKENS
from vbanalysis.models._gemini_retry import Fault, fault_of

T = TypeVar("T")

_API_VERSION = "v1beta"
"""Has every model and option; what Google's package asks for by itself differs from release to release."""


class Question(NamedTuple):
    """What is asked.

    Attributes:
        prompt: It, in words.
        image: (H, W, 3) uint8 RGB, or None.
        seed: Sent along.
        size: Of the picture that is wanted, or None where words are.
        aspect: Of that picture, or None to leave it open.
    """

    prompt: str
    image: np.ndarray | None
    seed: int
    size: str | None
    aspect: str | None


class Service:
    """One model behind the API.

    Args:
        model: As Google names it.
        size: That is asked for; None leaves it to the model.
        endpoint: Address of the server, see `checked_endpoint`; None for Google's.
        timeout_s: For one call, in seconds without a byte.
    """

    def __init__(self, model: str, size: str | None, endpoint: str | None, timeout_s: float) -> None:
        self.model, self.size, self.endpoint = model, size, endpoint
        self._timeout_ms = max(1, round(1000 * timeout_s))
        self._client: Any = None
        self._making = threading.Lock()

    def ask(self, question: Question) -> Answer | Fault:
        """One call.

        Raises:
            StopError: There is no key, or Google's package cannot be used.
            InputError: The image is too large.
        """
        client, request = self._connected(), self._request(question)
        return _caught(lambda: answer_of(client.models.generate_content(**request)))

    def _connected(self) -> Any:
        with self._making:
            if self._client is None:
                made = _caught(lambda: _client(read_key(), self.endpoint, self._timeout_ms))
                if isinstance(made, Fault):
                    raise StopError(f"the package google-genai cannot be used: {made.what}")
                self._client = made
            return self._client

    def _request(self, question: Question) -> dict[str, Any]:
        from google.genai import types

        parts: list[Any] = [question.prompt]
        if question.image is not None:
            data, kind = encoded(question.image)
            parts.insert(0, types.Part.from_bytes(data=data, mime_type=kind))
        if question.size is None:
            config = types.GenerateContentConfig(
                response_modalities=["TEXT"], temperature=0.0, seed=0, max_output_tokens=TEXT_TOKENS
            )
        else:
            shape = types.ImageConfig(aspect_ratio=question.aspect, image_size=self.size)
            config = types.GenerateContentConfig(
                response_modalities=["IMAGE"],
                seed=question.seed,
                image_config=shape if question.aspect or self.size else None,
            )
        return {"model": self.model, "contents": parts, "config": config}


def checked_endpoint(endpoint: str | None) -> str | None:
    """The address of the server: the one given, or that in GOOGLE_GEMINI_BASE_URL, or None for Google's.

    Raises:
        InputError: It is no address, or holds a name, a password or a query.
    """
    address = endpoint or os.environ.get("GOOGLE_GEMINI_BASE_URL") or None
    if address is not None and not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#@\s]*)?", str(address)):
        raise InputError(
            "endpoint must be an address such as http://127.0.0.1:8080, without a name, a password or a query"
        )
    return address


def _client(key: str, endpoint: str | None, timeout_ms: int) -> Any:
    """Google's client, which neither retries by itself nor takes the key to another host."""
    from google import genai
    from google.genai import types

    options = types.HttpOptions(
        base_url=endpoint,
        api_version=_API_VERSION,
        timeout=timeout_ms,
        client_args={"follow_redirects": False},
    )
    return genai.Client(api_key=key, vertexai=False, http_options=options)


def _caught(act: Callable[[], T]) -> T | Fault:
    """A result, or its fault; the exception itself goes no further."""
    try:
        return act()
    except VbanalysisError:
        raise
    except Exception as error:
        return fault_of(error)
