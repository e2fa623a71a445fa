"""What a browser is shown and what it may ask for: the rating explorer without the browser.

Nothing that leaves here says whose a picture is: no name, no path, no id of a pair, and the pictures are
encoded anew, so that no metadata and no format of the files goes with them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from vbanalysis.errors import InputError, VbanalysisError
from vbanalysis.widgets.look import png
from vbanalysis.widgets.rating.pairs import Pair, checked_pairs
from vbanalysis.widgets.rating.session import RatingSession


class RatingDesk:
    """Shows a rater one pair after the other, and takes what the browser says.

    Args:
        pairs: From `pairs_of_folders` and its like.
        votes: Folder of the votes of all raters.
        rater: Who rates; asked for unless given.
        seed: Of the order and the sides, beside the rater's name.
        question: That the raters answer.

    Attributes:
        session: Of the rater, or None before there is one.
        problem: The last error, which may name files and models and is not for the rater's eyes; or None.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        votes: str | os.PathLike[str],
        rater: str | None = None,
        *,
        seed: int = 0,
        question: str = "Which picture fits the words better?",
    ) -> None:
        self._pairs, self._votes, self._seed = checked_pairs(pairs), votes, seed
        self.question = question
        self.session: RatingSession | None = None
        self.problem: VbanalysisError | None = None
        self._message = ""
        self._serial = 0
        if rater is not None:
            self._start(rater)

    def shown(self) -> dict[str, Any]:
        """What the browser is to show.

        `stage` is `"name"`, `"pair"` or `"end"`; `serial` numbers what is shown, and a vote must repeat it;
        `left` and `right` are PNG bytes, empty where there are none.
        """
        told = {
            "stage": "name",
            "serial": self._serial,
            "question": self.question,
            "prompt": "",
            "done": 0,
            "total": len(self._pairs),
            "rater": "",
            "message": self._message,
            "left": b"",
            "right": b"",
        }
        if self.session is None:
            return told
        trial = self.session.current
        told |= {"stage": "end", "done": self.session.done, "rater": self.session.rater}
        if trial is None:
            return told
        told |= {"stage": "pair", "prompt": trial.pair.prompt}
        try:
            left, right = self.session.pictures()
            told |= {"left": png(left), "right": png(right)}
        except VbanalysisError as error:
            self.problem = error
            told["message"] = "A picture of this pair cannot be read. Skip it, and tell whoever set this up."
        return told

    def act(self, asked: Any) -> None:
        """Do what the browser asks: `start` with a `rater`, `vote` with a `choice`, or `undo`.

        What cannot be done changes nothing, and is told by the `message` of what is shown next.

        Args:
            asked: An object with `do`, and `serial` and `seconds` beside a `choice`.
        """
        self._message = ""
        try:
            self._act(asked if isinstance(asked, Mapping) else {})
        except VbanalysisError as error:
            self.problem = error
            # An error about the name is the rater's own; others may name files.
            own = self.session is None and isinstance(error, InputError)
            self._message = str(error) if own else "That was not kept. Tell whoever set this up."
        self._serial += 1

    def _act(self, asked: Mapping[str, Any]) -> None:
        match asked.get("do"):
            case "start" if self.session is None:
                self._start(asked.get("rater"))
            case "undo" if self.session is not None:
                if not self.session.undo():
                    self._message = "There is nothing to take back."
            case "vote" if self.session is not None:
                if asked.get("serial") != self._serial:
                    return  # of a pair that is no longer shown: a key pressed twice
                if not self.session.vote(asked.get("choice"), asked.get("seconds")):  # type: ignore[arg-type]
                    self._message = "This pair was judged in another window."
            case _:
                raise InputError(f"nothing can be done with {asked!r:.100}")

    def _start(self, rater: Any) -> None:
        self.session = RatingSession(self._pairs, self._votes, rater, seed=self._seed)
