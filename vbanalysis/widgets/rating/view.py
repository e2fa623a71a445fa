"""The rating explorer in a browser: a thin widget around `RatingDesk`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vbanalysis.widgets.look import needed, stylesheet
from vbanalysis.widgets.rating.desk import RatingDesk
from vbanalysis.widgets.rating.pairs import Pair


def rate(
    pairs: Sequence[Pair],
    votes: str | os.PathLike[str],
    rater: str | None = None,
    *,
    seed: int = 0,
    question: str = "Which picture fits the words better?",
) -> Any:
    """Show pairs to a rater, who does not learn whose pictures they are.

    Keys: 1 or the left arrow, 2 or the right arrow, 0 or the space bar for a tie, S to skip, U or backspace
    to take back. Every vote is on the disk at once; the same rater goes on where they stopped.

    Args:
        pairs: From `pairs_of_folders`, `pairs_of_runs` or `pairs_of_table`.
        votes: Folder of the votes; `export_votes` makes a table of it.
        rater: Who rates; asked for unless given.
        seed: Of the order and the sides, beside the rater's name.
        question: That the raters answer.

    Returns:
        A widget: the last line of a cell shows it. Its `desk` is the `RatingDesk` behind it.

    Raises:
        InputError: A pair cannot be shown blind, or the name or the seed cannot be used.
        ImageError: A picture is missing.
        DataError: The votes cannot be read.
        MissingDependencyError: A package for widgets is not installed.
    """
    desk = RatingDesk(pairs, votes, rater, seed=seed, question=question)
    anywidget, traitlets = needed("anywidget"), needed("traitlets")

    class RatingWidget(anywidget.AnyWidget):  # type: ignore[name-defined]
        _esm = Path(__file__).with_name("rating.js")
        _css = stylesheet()
        shown = traitlets.Dict().tag(sync=True)

        def __init__(self) -> None:
            super().__init__(shown=desk.shown())
            self.desk = desk
            self.on_msg(self._asked)

        def _asked(self, _: Any, asked: Any, buffers: Any) -> None:
            desk.act(asked)
            self.shown = desk.shown()

    return RatingWidget()
