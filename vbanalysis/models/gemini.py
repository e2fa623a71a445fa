"""`gemini:MODEL`: Google's models behind their API, paid by the call.

Every answer is kept in a cache before it is handed out, the refusals too, so that nothing is paid for twice:
neither after a kill, nor by two processes. One thing cannot be ruled out. The API has no way to fetch an
answer again, so where a process ends, or a connection breaks, after Google has answered and before the answer
is on disk, the question is asked once more; the ledger tells such calls as of unknown outcome.

The key comes from GOOGLE_API_KEY or GEMINI_API_KEY. It is in no file, record, message or traceback.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from vbanalysis.errors import InputError, MissingDependencyError, ModelError, StopError, VbanalysisError
from vbanalysis.images import read_rgb
from vbanalysis.models._card import Card
from vbanalysis.models._gemini_answer import Answer
from vbanalysis.models._gemini_cache import Cache, Entry, key_of
from vbanalysis.models._gemini_key import VARIABLES
from vbanalysis.models._gemini_options import check_options
from vbanalysis.models._gemini_picture import (
    aspect_off,
    checked_rgb,
    nearest_aspect,
    seen,
)
from vbanalysis.models._gemini_prices import TEXT_TOKENS, at_most, counted, prices
from vbanalysis.models._gemini_retry import Fault, Patience, given_up, persist
from vbanalysis.models._gemini_service import Question, Service, checked_endpoint
from vbanalysis.models._limits import Ledger, Limits
from vbanalysis.paths import user_cache_dir
from vbanalysis.types import Instruction, Sample

CARD = Card(
    about="Google's Gemini models by their API; each call is paid for once, and kept",
    role="generator",
    tasks=("depth", "normals", "semantic", "instance", "referring", "generation", "edit"),
    steps=("presence", "reasoner"),
    licence="Google's terms of service",
    needs=("google.genai",),
    extra="gemini",
    weights="at Google",
    offline=False,
    memory_mb=300,
    example="gemini:gemini-3-pro-image-preview?size=2K",
    keys=tuple(reversed(VARIABLES)),
)

PRESENCE_PROMPT = 'Is there an instance of "{phrase}" in this image? Answer with one word, yes or no.'
"""After the paper's question, "is there an instance of <NP>"."""

REASONING_PROMPT = (
    "Here is a question about this image: {phrase}\n"
    "Rewrite it as a short description of the object or region that answers it, such that it can be found in "
    "the image without the question. Answer with the description alone."
)
"""The paper has each question of ReasonSeg rewritten once, and does not print in which words."""

_SEEDS = 2**31


class Gemini:
    """One of Google's models: paints, says what is present, or turns a question into a description.

    Args:
        model: As Google names it, such as `gemini-3-pro-image-preview`.
        size: Of a picture, `1K`, `2K` or `4K`; by default what the model takes itself (1K).
        aspect: Of a picture: `auto` for the one that is nearest to the input's, `none` to leave it to the
            model, or one of `1:1 2:3 3:2 3:4 4:3 4:5 5:4 9:16 16:9 21:9`.
        attempts: At most for one question, 1 to 100.
        timeout_s: For an attempt, in seconds without a byte.
        patience_s: For one question with all waiting, in seconds; none is begun afterwards.
        backoff_s: About what is waited after the first failed attempt; it doubles from one to the next, but a
            server that names its time is obeyed.
        batch: Questions asked at once, 1 to 64.
        cache: Folder of the answers; by default `gemini` in the user's cache folder.
        ledger: Name of the cache's ledger that calls are counted in; `max_calls` and `max_cost` hold for all
            that was ever counted there, by whichever process.
        max_calls: That the ledger may hold.
        max_cost: US dollars that its calls may have cost.
        price: US dollars of a call, where `data/models/gemini-prices.tsv` does not know the model or is old.
        retry_refused: Ask again, once, what was refused or answered without a usable picture.
        endpoint: Address of another server that speaks the same protocol; by default Google's, or
            GOOGLE_GEMINI_BASE_URL.

    Attributes:
        limits: Of the run that the model is used in, if any; beside its own.

    Raises:
        InputError: An option is out of its range, or `max_cost` is given for a model of unknown price.
        MissingDependencyError: Google's package is not installed.
    """

    def __init__(
        self,
        model: str,
        *,
        size: str | None = None,
        aspect: str = "auto",
        attempts: int = 6,
        timeout_s: float = 300.0,
        patience_s: float = 1800.0,
        backoff_s: float = 1.0,
        batch: int = 1,
        cache: str | Path | None = None,
        ledger: str = "calls",
        max_calls: int | None = None,
        max_cost: float | None = None,
        price: float | None = None,
        retry_refused: bool = False,
        endpoint: str | None = None,
    ) -> None:
        if CARD.missing():
            raise MissingDependencyError("google-genai", "gemini", "a gemini model")
        check_options(
            {
                "model": model,
                "ledger": ledger,
                "size": size,
                "aspect": aspect,
                "retry_refused": retry_refused,
            },
            whole={"attempts": (attempts, 100), "batch": (batch, 64)},
            numbers={
                "timeout_s": timeout_s,
                "patience_s": patience_s,
                "backoff_s": backoff_s,
                "price": price,
            },
        )
        self.model, self.size, self.aspect, self.batch = model, size, aspect, batch
        self.name = f"gemini:{model}"
        self.service = Service(model, size, checked_endpoint(endpoint), timeout_s)
        self.retry_refused = retry_refused
        self.cache = Cache(user_cache_dir() / "gemini" if cache is None else cache)
        self._flat, self._price = price, prices().get(model)
        self._patience = Patience(attempts, patience_s, backoff_s)
        self._own = self._checked(Limits(self.cache.folder / f"{ledger}.jsonl", max_calls, max_cost))
        self._run: Limits | None = None
        self._asked_again: set[str] = set()

    @property
    def limits(self) -> Limits | None:
        """Those of the run that the model is used in.

        Raises:
            InputError: On setting a limit in dollars for a model of unknown price.
        """
        return self._run

    @limits.setter
    def limits(self, limits: Limits | None) -> None:
        self._run = None if limits is None else self._checked(limits)

    def sample(
        self, image: np.ndarray | None, instruction: str | Instruction, *, seed: int = 0
    ) -> np.ndarray:
        """Answer one instruction.

        Args:
            image: (H, W, 3) uint8 RGB of any size, or None for text to image.
            instruction: What to do.
            seed: Sent along; Google promises no more than to try to give the same answer.

        Returns:
            (h, w, 3) uint8 RGB, as it came: of whichever size and aspect ratio.

        Raises:
            InputError: The image is no RGB picture, the seed is out of range, or the model paints nothing.
            ModelError: It refused, answered in words, sent a damaged picture, or failed again and again.
            StopError: Nothing can be asked for now: no key, no access, no connection, no quota left.
            BudgetError: The call would cross a limit.
        """
        if self._price is not None and self._price.image_output is None:
            raise InputError(f"{self.model} answers in words and paints nothing: name one that paints")
        if not 0 <= seed < _SEEDS:
            raise InputError(f"seed must be a whole number from 0 to {_SEEDS - 1}, got {seed!r}")
        if image is not None:
            image = checked_rgb(image)
        text = instruction.text if isinstance(instruction, Instruction) else instruction
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"instruction must be an Instruction or words, got {text!r}")
        question = Question(text, image, int(seed), self.size or "1K", self._aspect(image))
        entry = self._answer(question)
        if entry.problem is not None or entry.picture is None:
            raise ModelError(f"{self.model} {entry.problem}")
        return read_rgb(entry.picture)

    def sample_many(
        self,
        images: Sequence[np.ndarray | None],
        instructions: Sequence[str | Instruction],
        *,
        seeds: Sequence[int] | None = None,
    ) -> list[np.ndarray]:
        """Answer several instructions, `batch` at once; all are asked, though one may fail.

        Raises:
            InputError: As for `sample`, or the lengths differ.
            VbanalysisError: The first of what `sample` raises, a `StopError` before any other.
        """
        seeds = range(len(images)) if seeds is None else seeds
        if not len(images) == len(instructions) == len(seeds):
            raise InputError(
                f"expected as many instructions and seeds as the {len(images)} images, got "
                f"{len(instructions)} and {len(seeds)}"
            )

        def one(k: int) -> np.ndarray | VbanalysisError:
            try:
                return self.sample(images[k], instructions[k], seed=seeds[k])
            except VbanalysisError as error:
                return error

        if self.batch == 1:
            found = [one(k) for k in range(len(images))]
        else:
            with ThreadPoolExecutor(self.batch) as pool:  # an interrupt waits for the answers under way
                found = list(pool.map(one, range(len(images))))
        failed = [each for each in found if isinstance(each, VbanalysisError)]
        for error in sorted(failed, key=lambda each: not isinstance(each, StopError)):
            raise error
        return [each for each in found if isinstance(each, np.ndarray)]

    def present(self, sample: Sample) -> bool:
        """Whether `sample.phrase` names anything in the image, by the paper's question.

        Raises:
            ModelError: The answer is neither yes nor no; or as `sample`.
        """
        said = self._said(sample, PRESENCE_PROMPT)
        word = re.match(r"\W*(yes|no)\b", said, re.IGNORECASE)
        if word is None:
            raise ModelError(f"{self.model} was asked for yes or no, and said {said[:100]!r}")
        return word[1].lower() == "yes"

    def reason(self, sample: Sample) -> str:
        """The question `sample.phrase` as a description of what answers it.

        Raises:
            ModelError: As `sample`.
        """
        return self._said(sample, REASONING_PROMPT)

    def describe(self) -> dict[str, Any]:
        """What it is."""
        return {
            "name": self.name,
            "about": CARD.about,
            "tasks": CARD.tasks,
            "size": self.size or "1K",
            "aspect": self.aspect,
            "endpoint": self.service.endpoint,
            "licence": CARD.licence,
            "source": "https://ai.google.dev/gemini-api/docs",
        }

    def _said(self, sample: Sample, prompt: str) -> str:
        if sample.phrase is None:
            raise InputError(f"sample {sample.id} has no phrase to ask about: choose another data set")
        image = None if sample.image is None else checked_rgb(sample.image)
        entry = self._answer(Question(prompt.format(phrase=sample.phrase), image, 0, None, None))
        if entry.problem is not None:
            raise ModelError(f"{self.model} {entry.problem}")
        return str(entry.about["text"])

    def _answer(self, question: Question) -> Entry:
        """The answer to a question, from the cache if it is there."""
        settings = {
            "model": self.model,
            "prompt": question.prompt,
            "seed": question.seed,
            "size": None if question.size is None else self.size,
            "aspect": question.aspect,
            "words": TEXT_TOKENS if question.size is None else None,
            "endpoint": self.service.endpoint,
        }
        key = key_of(settings, question.image)
        if (kept := self._kept(key)) is not None:
            return kept
        if self._run is not None and self._run.max_calls == 0:  # nothing is written
            Ledger(self._run).reserve(self.model, self._expected(question))
        with self.cache.claim(key):
            if (kept := self._kept(key)) is not None:
                return kept
            self._asked_again.add(key)
            found = persist(lambda: self._attempt(key, settings, question), self._patience)
        if isinstance(found, Fault):
            raise given_up(found, self.model)
        return found

    def _kept(self, key: str) -> Entry | None:
        entry = self.cache.read(key)
        again = entry is not None and entry.problem and self.retry_refused and key not in self._asked_again
        return None if again else entry

    def _attempt(self, key: str, settings: dict[str, Any], question: Question) -> Entry | Fault:
        """One call, written down before and after it; its answer is kept before anything else is done."""
        expected = self._expected(question)
        booked: list[tuple[Ledger, str]] = []
        try:
            for ledger in self._ledgers():
                booked.append((ledger, ledger.reserve(self.model, expected)))
            answer = self.service.ask(question)
        except VbanalysisError:  # nothing was sent
            _release(booked)
            raise
        if isinstance(answer, Fault):
            if not answer.billed:
                _release(booked)
            return answer
        cost = self._cost(answer, question.size or "1K")
        about = {**settings, **_told(answer, question), "usd": cost}
        entry = self.cache.write(key, about, answer.picture if question.size is not None else None)
        for ledger, call in booked:
            ledger.settle(call, expected if cost is None else cost)
        return entry

    def _ledgers(self) -> list[Ledger]:
        return [Ledger(limits) for limits in (self._run, self._own) if limits is not None]

    def _expected(self, question: Question) -> float | None:
        """US dollars that a call is expected to cost at most, if that is known."""
        if self._flat is not None or self._price is None:
            return self._flat
        shape = None if question.image is None else question.image.shape[:2]
        return at_most(self._price, question.prompt, shape, question.size)

    def _cost(self, answer: Answer, size: str) -> float | None:
        if self._flat is not None or self._price is None:
            return self._flat
        return counted(self._price, answer.usage, answer.pictures, size)

    def _checked(self, limits: Limits) -> Limits:
        if limits.max_cost is not None and self._flat is None and self._price is None:
            raise InputError(
                f"the price of {self.model} is not known, so max_cost cannot hold: give price=, US dollars a "
                "call, in the model's spec string, or limit the calls by max_calls"
            )
        return limits

    def _aspect(self, image: np.ndarray | None) -> str | None:
        """What is asked for; without an input image the model chooses."""
        if self.aspect != "auto":
            return None if self.aspect == "none" else self.aspect
        return None if image is None else nearest_aspect(image.shape[0], image.shape[1])


def _told(answer: Answer, question: Question) -> dict[str, Any]:
    """What an entry says of its answer.

    A picture of another aspect ratio than was asked for is used as it came: the decoded result is brought to
    the size of the input. It is noted as `aspect_off`.
    """
    told: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "text": answer.text,
        "problem": answer.problem(question.size is not None),
        "pictures": answer.pictures,
        "usage": answer.usage,
        "version": answer.version,
    }
    if question.size is not None and answer.picture is not None:
        came = seen(answer.picture)
        told |= {"width": came.width, "height": came.height, "problem": came.problem}
        if question.aspect is not None and came.height is not None and came.width is not None:
            told["aspect_off"] = aspect_off(question.aspect, came.height, came.width)
    return told


def _release(booked: Sequence[tuple[Ledger, str]]) -> None:
    for ledger, call in booked:
        ledger.release(call)


load = Gemini
"""Factory of the spec strings `gemini:MODEL?size=2K&aspect=4:3`."""
