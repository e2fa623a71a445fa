"""One rater at work: which pair is next, what was said, how far it has come."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from vbanalysis.errors import DataError
from vbanalysis.images import read_photo
from vbanalysis.paths import shown
from vbanalysis.widgets.rating.order import Trial, trials
from vbanalysis.widgets.rating.pairs import Pair, checked_pairs
from vbanalysis.widgets.rating.votes import Choice, Vote, VotesFile, checked_seconds, now, one_of_choices


class RatingSession:
    """The pairs as one rater sees them, gone on with where this rater stopped.

    Args:
        pairs: From `pairs_of_folders` and its like.
        votes: Folder of the votes of all raters.
        rater: Who rates.
        seed: Of the order and the sides, beside the rater's name.

    Raises:
        InputError: A pair cannot be shown blind, or the name or the seed cannot be used.
        ImageError: A picture is missing.
        DataError: The votes cannot be read, or are about other pictures.
    """

    def __init__(
        self, pairs: Sequence[Pair], votes: str | os.PathLike[str], rater: str, *, seed: int = 0
    ) -> None:
        self._file = VotesFile(votes, rater)
        self.rater = self._file.rater
        self.trials = trials(checked_pairs(pairs), self.rater, seed)
        self._by_id = {trial.pair.id: trial for trial in self.trials}
        self._hold_pictures()

    @property
    def current(self) -> Trial | None:
        """What is to be judged now: what was taken back, else the first without a vote; None at the end."""
        for name in reversed(self._file.asked_again):
            if name in self._by_id:
                return self._by_id[name]
        return next((trial for trial in self.trials if trial.pair.id not in self._voted), None)

    @property
    def votes(self) -> tuple[Vote, ...]:
        """Those of this rater on these pairs that stand."""
        return tuple(vote for vote in self._file.votes if vote.pair_id in self._by_id)

    @property
    def done(self) -> int:
        """Pairs that are judged."""
        return len(self.votes)

    @property
    def total(self) -> int:
        """Pairs."""
        return len(self.trials)

    def pictures(self) -> tuple[np.ndarray, np.ndarray]:
        """(H, W, 3) uint8, the left and the right picture of what is to be judged.

        Raises:
            DataError: All is judged.
            ImageError: A picture is damaged.
        """
        trial = self.current
        if trial is None:
            raise DataError("all pairs are judged")
        left, right = (
            read_photo(trial.pair.pictures[trial.pair.models.index(model)])
            for model in (trial.left, trial.right)
        )
        return left, right

    def vote(self, choice: Choice, seconds: float) -> bool:
        """Say which side is better, or `"tie"` or `"skip"`; it is on the disk when this returns.

        Args:
            choice: One of `CHOICES`.
            seconds: From when the pictures were seen.

        Returns:
            Whether it was taken: False where all is judged, or the pair was, in another window.

        Raises:
            InputError: There is no such choice or time.
            DataError: It cannot be written, and does not count.
        """
        choice, seconds = one_of_choices(choice), checked_seconds(seconds)
        trial = self.current
        if trial is None:
            return False
        pair = trial.pair
        digests = (pair.digest(trial.left), pair.digest(trial.right))
        vote = Vote(pair.id, pair.prompt, trial.left, trial.right, choice, self.rater, seconds, now())
        return self._file.add(vote, digests)

    def undo(self) -> bool:
        """Take the latest vote on these pairs back, however long ago; its pair is asked next.

        Returns:
            Whether there was one.

        Raises:
            DataError: It cannot be written.
        """
        return bool(self._file.votes) and self._file.undo(self._by_id) is not None

    @property
    def _voted(self) -> set[str]:
        return {vote.pair_id for vote in self._file.votes}

    def _hold_pictures(self) -> None:
        """Hold that earlier votes are about these pictures."""
        for vote in self.votes:
            pair = self._by_id[vote.pair_id].pair
            if {vote.left, vote.right} == set(pair.models):
                about = (pair.digest(vote.left), pair.digest(vote.right))
                if about == self._file.digests(vote.pair_id):
                    continue
            raise DataError(
                f"the vote on {vote.pair_id!r} in {shown(self._file.path)} is about other pictures of "
                f"{vote.left!r} and {vote.right!r}: choose another folder for the votes"
            )
