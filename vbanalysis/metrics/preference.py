"""Which of two pictures people prefer: win rates from votes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats import Clusters, Estimate, mean_estimate, wilson
from vbanalysis.stats._arguments import finite_row

Ties = Literal["half", "drop"]


class WinRate(NamedTuple):
    """How often one was preferred.

    Attributes:
        rate: Share of wins, with a 95 % interval.
        wins: Votes for it.
        ties: Votes for neither.
        losses: Votes for the other.
        ties_are: `"half"` a win each, or `"drop"`ped.
    """

    rate: Estimate
    wins: int
    ties: int
    losses: int
    ties_are: Ties


def win_rate(
    outcome: Sequence[float] | np.ndarray, *, ties: Ties = "half", clusters: Clusters | None = None
) -> WinRate:
    """The share of votes that one won.

    Args:
        outcome: (n,) 1 where it was preferred, 0 where the other was, 0.5 for a tie.
        ties: A tie is `"half"` a win, so that two equals have 0.5; or it is not counted (`"drop"`), which
            makes a small lead among many ties look large.
        clusters: One label a vote, such as its prompt: votes of a label are drawn together in a bootstrap
            (BCa). None takes votes as independent: Wilson's interval where no tie is counted, else the
            bootstrap.

    Raises:
        InputError: Another outcome, no vote that counts, or labels that do not fit.

    Examples:
        >>> f"{win_rate([1] * 8 + [0] * 2).rate:.3f}"
        '0.800 [0.490, 0.943] n=10'
    """
    votes = finite_row(outcome, "outcome")
    if not np.isin(votes, (0.0, 0.5, 1.0)).all():
        bad = votes[~np.isin(votes, (0.0, 0.5, 1.0))][0]
        raise InputError(f"outcome must be 1 (won), 0 (lost) or 0.5 (tie), got {bad:g}")
    if ties not in ("half", "drop"):
        raise InputError(f"ties must be half or drop, got {ties!r}")
    won, tied, lost = (int((votes == value).sum()) for value in (1.0, 0.5, 0.0))
    labels = None if clusters is None else list(clusters)
    if labels is not None and len(labels) != len(votes):
        raise InputError(f"clusters must hold one label a vote, got {len(labels)} for {len(votes)} votes")
    if ties == "drop":
        counted = votes != 0.5
        if not counted.any():
            raise InputError("all votes are ties: with ties='drop' nothing is left, use ties='half'")
        labels = labels and [label for label, keep in zip(labels, counted, strict=True) if keep]
        votes = votes[counted]
    if labels is None and not (votes == 0.5).any():
        rate = wilson(won, len(votes))
    else:
        rate = mean_estimate(votes, clusters=labels)
    return WinRate(rate, won, tied, lost, ties)
