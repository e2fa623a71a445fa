"""What an answer of the Gemini API holds: pictures, words, or why there are none."""

from __future__ import annotations

from typing import Any, NamedTuple

from vbanalysis.models._gemini_key import scrubbed

_WORDS = 300
"""Characters of what a model said that a reason quotes."""


class Answer(NamedTuple):
    """The parts of an answer that matter.

    Attributes:
        picture: Bytes of the first picture that is no thought, as they came; or None.
        pictures: How many there were.
        text: All words that are no thoughts.
        refusal: Why there is nothing, where the answer tells; or None.
        usage: Tokens, see `vbanalysis.models._gemini_prices.counted`.
        version: Of the model, as it says.
    """

    picture: bytes | None
    pictures: int
    text: str
    refusal: str | None
    usage: dict[str, int | None]
    version: str | None

    def problem(self, painted: bool) -> str | None:
        """Why it cannot be used as a picture, or else as words; None where it can."""
        if (self.picture if painted else self.text) is not None and (painted or self.text):
            return None
        if self.refusal is not None:
            said = f", and said {_short(self.text)!r}" if self.text else ""
            return f"refused: {self.refusal}{said}"
        if self.text:
            return f"answered in words alone: {_short(self.text)!r}"
        return "answered neither a picture nor a word" if painted else "answered no word"


def answer_of(response: Any) -> Answer:
    """Read a `google.genai.types.GenerateContentResponse`.

    A model that thinks may draw on the way; such drafts are marked as thoughts and are left out. Of several
    pictures that remain the first is taken: nothing says that a later one is better.
    """
    candidates = response.candidates or []
    first = candidates[0] if candidates else None
    content = first.content if first is not None else None
    parts = [part for part in (content.parts if content is not None else None) or [] if not part.thought]
    pictures = [part.inline_data.data for part in parts if _is_picture(part)]
    return Answer(
        picture=pictures[0] if pictures else None,
        pictures=len(pictures),
        text=scrubbed("".join(part.text or "" for part in parts)).strip(),
        refusal=_refusal(response.prompt_feedback, first),
        usage=_usage(response.usage_metadata),
        version=response.model_version,
    )


def _is_picture(part: Any) -> bool:
    data = part.inline_data
    return data is not None and bool(data.data) and str(data.mime_type or "").startswith("image/")


def _refusal(feedback: Any, candidate: Any) -> str | None:
    if feedback is not None and feedback.block_reason is not None:
        return f"the prompt is blocked ({_named(feedback.block_reason, feedback.block_reason_message)})"
    if candidate is None:
        return "no candidate"
    reason = candidate.finish_reason
    if reason is None or getattr(reason, "value", reason) in ("STOP", "FINISH_REASON_UNSPECIFIED"):
        return None
    return f"the answer ended with {_named(reason, candidate.finish_message)}"


def _named(reason: Any, message: str | None) -> str:
    name = str(getattr(reason, "value", reason))
    return f"{name}: {_short(scrubbed(message))}" if message else name


def _usage(told: Any) -> dict[str, int | None]:
    if told is None:
        return {}
    details = told.candidates_tokens_details
    painted = None
    if details:
        painted = sum(
            each.token_count or 0
            for each in details
            if getattr(each.modality, "value", each.modality) == "IMAGE"
        )
    return {
        "prompt": told.prompt_token_count,
        "answer": told.candidates_token_count,
        "thoughts": told.thoughts_token_count,
        "painted": painted,
    }


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _WORDS else f"{text[:_WORDS]}..."
