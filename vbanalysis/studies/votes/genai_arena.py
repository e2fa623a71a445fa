"""What a GPT-4o judge is worth as a voter: its votes beside people's in GenAI-Arena.

No prompt is told, so that each pair stands alone; if prompts repeat, the intervals are too narrow.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from vbanalysis.datasets.genai_arena import ArenaVotes
from vbanalysis.stats import Estimate, cohen_kappa, resampled_estimate, wilson
from vbanalysis.studies.votes.rows import table_of


def measured(votes: ArenaVotes, resamples: int = 1000) -> pd.DataFrame:
    """All that is kept of the votes: aggregates alone.

    Rows: `ties` and `both_bad` of each voter, among all votes; `left`, the share of decided votes for the
    left picture (0.5 where place does not matter and pairs were shuffled); `no_verdict` of the judge; `same`,
    the share of pairs with the same vote, tie or not; `same_decided`, among pairs that both decided; and
    Cohen's `kappa` of the three outcomes.

    Args:
        votes: As `read_arena` gives them.
        resamples: Of the bootstrap of kappa.
    """
    human, judge = votes.human, votes.judge
    known = np.isfinite(judge)
    figures: dict[tuple[str, str], Estimate] = {}
    for who, row, bad in (
        ("human", human, votes.human_bad),
        ("judge", judge[known], votes.judge_bad[known]),
    ):
        decided = row != 0.5
        figures["ties", who] = _share(~decided)
        figures["both_bad", who] = _share(bad)
        figures["left", who] = _share(row[decided] == 1)
    figures["no_verdict", "judge"] = _share(~known)
    one, other = human[known], judge[known]
    both = (one != 0.5) & (other != 0.5)
    figures["same", "all"] = _share(one == other)
    figures["same_decided", "all"] = _share(one[both] == other[both])
    figures["kappa", "all"] = resampled_estimate(
        range(len(one)),
        lambda drawn: cohen_kappa(one[np.asarray(drawn)], other[np.asarray(drawn)]),
        resamples,
    )
    return table_of(figures)


def seen_by_judge(rate: float, same: float) -> float:
    """A win rate as a judge would see it who gives the other vote in a share of pairs, either way as often.

    Args:
        rate: People's, among decided votes.
        same: Share of decided pairs on which the judge agrees.

    Examples:
        >>> round(seen_by_judge(0.6, 0.75), 3)
        0.55
    """
    return rate * same + (1 - rate) * (1 - same)


def _share(mask: np.ndarray) -> Estimate:
    return wilson(int(mask.sum()), len(mask))
