"""What GenAI-Bench's ratings say of people: how far they agree, and what a vote on the same prompt adds.

Each picture was rated alone. Two pictures of a prompt are compared by the ratings of one place of the file,
which behaves like one person: what it adds to a picture's mean is alike over the models (`same_rater`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd

from vbanalysis.datasets.genai_bench import GenAiBench
from vbanalysis.errors import InputError
from vbanalysis.metrics.preference import win_rate
from vbanalysis.stats import (
    Estimate,
    design_effect,
    krippendorff_alpha,
    mean_estimate,
    resampled_estimate,
    resampled_strengths,
    wilson,
)
from vbanalysis.stats.agreement import Level
from vbanalysis.studies.votes.rows import table_of

SIZES = (50, 100, 200, 400, 527, 800, 1200, 1600, 2400, 3600)
"""Prompts of the experiments that are drawn from real votes; 527 have ratings, 1,600 were published."""


class Votes(NamedTuple):
    """Votes on pairs of pictures of the same prompt.

    Attributes:
        first: (n,) name of a model.
        second: (n,) of another one.
        outcome: (n,) 1 where the first was rated higher, 0 where the second was, 0.5 for a tie.
        prompt: (n,) id of the prompt.
        rater: (n,) place of the rating.
    """

    first: np.ndarray
    second: np.ndarray
    outcome: np.ndarray
    prompt: np.ndarray
    rater: np.ndarray

    def between(self, first: str, second: str) -> Votes:
        """Those on two models, the one named first as the first.

        Raises:
            InputError: There is none.
        """
        straight = (self.first == first) & (self.second == second)
        turned = (self.first == second) & (self.second == first)
        chosen = straight | turned
        if not chosen.any():
            raise InputError(f"no vote on {first!r} and {second!r}")
        outcome = np.where(turned, 1 - self.outcome, self.outcome)[chosen]
        n = len(outcome)
        return Votes(np.full(n, first), np.full(n, second), outcome, self.prompt[chosen], self.rater[chosen])


def votes_of(data: GenAiBench) -> Votes:
    """A vote for each prompt, pair of models and rater, from what each rated higher."""
    ratings, raters = data.ratings, data.ratings.shape[2]
    parts = []
    for a, b in combinations(range(len(data.models)), 2):
        lead = ratings[:, a] - ratings[:, b]
        known = np.isfinite(lead)
        prompt = np.repeat(np.array(data.ids)[:, None], raters, axis=1)[known]
        rater = np.broadcast_to(np.arange(raters), lead.shape)[known]
        n = int(known.sum())
        names = (np.full(n, data.models[a]), np.full(n, data.models[b]))
        parts.append((*names, (np.sign(lead[known]) + 1) / 2, prompt, rater))
    return Votes(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def measured(data: GenAiBench, resamples: int = 1000) -> pd.DataFrame:
    """All that is kept of the ratings: aggregates alone.

    Rows, with prompts drawn together in every interval: `alpha` by level; `same_rater` and `other_rater`, the
    correlation of what a rater adds to the mean of a picture over two models of a prompt; `rating` and
    `strength` (Davidson's) of each model; for each pair `win_rate` (ties a half), `ties`, `correlation` (of
    two decided votes on a prompt) and `design_effect`; and the means over pairs of the last three.

    Args:
        data: The prompts with ratings.
        resamples: Of each bootstrap.
    """
    ratings = data.ratings
    places = range(len(ratings))
    figures: dict[tuple[str, str], Estimate] = {}
    few = max(resamples // 5, 100)
    for level in get_args(Level):
        figures["alpha", level] = resampled_estimate(places, partial(_alpha, ratings, level), few)
    figures["same_rater", "all"] = resampled_estimate(places, partial(_alike, ratings, True), few)
    figures["other_rater", "all"] = resampled_estimate(places, partial(_alike, ratings, False), few)
    for k, model in enumerate(data.models):
        known = np.isfinite(ratings[:, k])
        labels = np.repeat(np.array(data.ids)[:, None], ratings.shape[2], axis=1)[known]
        figures["rating", model] = mean_estimate(ratings[:, k][known], clusters=labels)
    votes = votes_of(data)
    found = resampled_strengths(
        votes.first.tolist(), votes.second.tolist(), votes.outcome, clusters=votes.prompt, resamples=resamples
    )
    figures |= {("strength", name): each for name, each in found.strengths.items()}
    by_pair: dict[str, list[float]] = {"ties": [], "correlation": [], "design_effect": []}
    for first, second in found.leads:  # the stronger first
        here = votes.between(first, second)
        pair = f"{first} : {second}"
        figures["win_rate", pair] = win_rate(here.outcome, clusters=here.prompt).rate
        decided = here.outcome != 0.5
        figures["ties", pair] = mean_estimate((~decided).astype(float), clusters=here.prompt)
        told = design_effect(here.outcome[decided], here.prompt[decided])
        by_pair["ties"].append(1 - decided.mean())
        by_pair["correlation"].append(told.correlation)
        by_pair["design_effect"].append(told.effect)
        for name, value in (("correlation", told.correlation), ("design_effect", told.effect)):
            figures[name, pair] = Estimate(value, np.nan, np.nan, told.n, clusters=told.clusters)
    for name, values in by_pair.items():
        low, high = min(values), max(values)
        figures[name, "mean of pairs"] = Estimate(float(np.mean(values)), low, high, len(values), "range")
    return table_of(figures)


def told_apart(
    votes: Votes,
    prompts: Sequence[int],
    rng: np.random.Generator,
    *,
    raters: Sequence[int] = (1, 3),
    experiments: int = 1000,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """How often an experiment on real votes of two models tells them apart, by its size.

    Prompts are drawn with replacement from those that were voted on, as if there were ever more of the kind,
    and tested by a t test on the prompts' leads.

    Args:
        votes: On two models.
        prompts: Numbers of prompts.
        rng: Draws prompts and raters.
        raters: Numbers of votes on each prompt, of those that there are.
        experiments: For each size.
        alpha: Level of the two-sided test.

    Returns:
        Columns `prompts`, `raters`, `votes`, `value`, `low`, `high` (the share, and its Wilson interval).

    Raises:
        InputError: There are fewer raters than asked for.
    """
    from scipy.stats import t

    labels, place = np.unique(votes.prompt, return_inverse=True)
    most = int(votes.rater.max()) + 1
    table = np.full((len(labels), most), np.nan)
    table[place, votes.rater] = 2 * votes.outcome - 1
    table = table[np.isfinite(table).all(axis=1)]
    rows = []
    for each in raters:
        if not 1 <= each <= most:
            raise InputError(f"raters must lie from 1 to {most}, got {each}")
        for n in prompts:
            drawn = table[rng.integers(len(table), size=(experiments, n))]
            if each < most:
                order = rng.permuted(np.tile(np.arange(most), (experiments, n, 1)), axis=2)[..., :each]
                drawn = np.take_along_axis(drawn, order, axis=2)
            lead = drawn.mean(axis=2)
            with np.errstate(divide="ignore", invalid="ignore"):
                score = np.abs(lead.mean(axis=1)) / (lead.std(axis=1, ddof=1) / np.sqrt(n))
            share = wilson(int((score > t.isf(alpha / 2, n - 1)).sum()), experiments)
            rows.append((n, each, n * each, share.value, share.low, share.high))
    return pd.DataFrame(rows, columns=["prompts", "raters", "votes", "value", "low", "high"])


def _alpha(ratings: np.ndarray, level: Level, prompts: Sequence[int]) -> float:
    """Of all pictures of some prompts."""
    return krippendorff_alpha(ratings[np.asarray(prompts)].reshape(-1, ratings.shape[2]), level)


def _alike(ratings: np.ndarray, same: bool, prompts: Sequence[int]) -> float:
    """Correlation over prompts of what raters add to a picture's mean, of two models; mean over pairs.

    What the raters of one picture add has the sum 0, so that another rater's correlation lies below 0 where
    the same rater's lies above.
    """
    chosen = ratings[np.asarray(prompts)]
    added = chosen - np.nanmean(chosen, axis=2, keepdims=True)
    found = []
    raters = range(ratings.shape[2])
    for a, b in combinations(range(ratings.shape[1]), 2):
        for i in raters:
            for j in raters:
                if (i == j) == same:
                    x, y = added[:, a, i], added[:, b, j]
                    known = np.isfinite(x) & np.isfinite(y)
                    found.append(np.corrcoef(x[known], y[known])[0, 1])
    return float(np.mean(found))
