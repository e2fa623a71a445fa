"""How many votes a win rate needs, where some are ties and several fall on one prompt."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.stats._arguments import between, count
from vbanalysis.stats.estimate import Estimate
from vbanalysis.stats.power import win_rate_n
from vbanalysis.stats.proportions import wilson


class VotePlan(NamedTuple):
    """The size that an experiment would need.

    Attributes:
        rate: True win rate, ties counted as half a win.
        decided_rate: The same among votes that are no ties.
        decided: Independent votes, none of them a tie, of the exact sign test.
        votes: To be cast, ties and the prompts' likeness allowed for.
        prompts: That the votes are spread over.
        design_effect: By which the prompts' likeness multiplies the votes.
        power: Asked for.
        alpha: Level of the test.
    """

    rate: float
    decided_rate: float
    decided: int
    votes: int
    prompts: int
    design_effect: float
    power: float
    alpha: float


class SimulatedVotes(NamedTuple):
    """How often tests on simulated votes reject that neither side is better.

    Attributes:
        by_prompt: Of a t test on the prompts' leads: each prompt counts once.
        by_vote: Of the exact sign test that takes all votes as independent.
    """

    by_prompt: Estimate
    by_vote: Estimate


def plan_votes(
    rate: float,
    *,
    ties: float = 0.0,
    per_prompt: int = 1,
    correlation: float = 0.0,
    power: float = 0.8,
    alpha: float = 0.05,
) -> VotePlan:
    """Votes and prompts that tell a win rate from a half.

    Args:
        rate: True win rate, ties counted as half a win; between 0 and 1, not 0.5.
        ties: Share of votes that are ties, from 0; they tell nothing, but all decided votes then lie the
            farther from a half.
        per_prompt: Votes on each prompt, at least 1.
        correlation: Of two decided votes on one prompt, from 0 to 1: which of them wins.
        power: Asked for, between 0 and 1.
        alpha: Level of the two-sided exact sign test.

    Raises:
        InputError: An argument is not in its range, or there are more ties than the rate leaves room for.

    Examples:
        >>> plan_votes(0.6).votes, plan_votes(0.6, per_prompt=3, correlation=0.25).votes
        (210, 315)
    """
    decided_rate = _decided_rate(rate, ties)
    if not 0 <= correlation <= 1:
        raise InputError(f"correlation must lie from 0 to 1, got {correlation!r}")
    each = count(per_prompt, "per_prompt", 1)
    decided = win_rate_n(decided_rate, power=power, alpha=alpha).n
    # Of a prompt's votes only the decided ones are alike.
    effect = 1 + (each - 1) * (1 - float(ties)) * float(correlation)
    votes = math.ceil(decided * effect / (1 - ties))
    return VotePlan(rate, decided_rate, decided, votes, math.ceil(votes / each), effect, power, alpha)


def simulate_votes(
    rate: float,
    prompts: int,
    rng: np.random.Generator,
    *,
    ties: float = 0.0,
    per_prompt: int = 1,
    correlation: float = 0.0,
    alpha: float = 0.05,
    simulations: int = 2000,
) -> SimulatedVotes:
    """Cast votes at random and test them, again and again.

    A prompt has its own chance of a win, from a beta distribution of the asked mean and correlation.

    Args:
        rate: True win rate, ties counted as half a win; 0.5 gives how often the tests err.
        prompts: At least 2.
        rng: Draws the votes.
        ties: Share of votes that are ties.
        per_prompt: Votes on each prompt.
        correlation: Of two decided votes on one prompt, from 0 up to but not 1.
        alpha: Level of the tests.
        simulations: Experiments.

    Raises:
        InputError: An argument is not in its range.

    Examples:
        >>> found = simulate_votes(0.6, 100, np.random.default_rng(0), simulations=500)
        >>> f"{found.by_vote:.2f}"  # of a hundred votes, half the experiments find the 60 %
        '0.48 [0.43, 0.52] n=500'
    """
    from scipy.stats import binom, t

    decided_rate, alpha = _decided_rate(rate, ties), between(alpha, "alpha", 0, 1)
    if not 0 <= correlation < 1:
        raise InputError(f"correlation must lie from 0 to below 1, got {correlation!r}")
    k, each = count(prompts, "prompts", 2), count(per_prompt, "per_prompt", 1)
    runs = count(simulations, "simulations", 1)
    chance = np.full((runs, k), decided_rate)
    if correlation:
        size = 1 / correlation - 1
        chance = rng.beta(decided_rate * size, (1 - decided_rate) * size, (runs, k))
    decided = rng.binomial(each, 1 - ties, (runs, k))
    won = rng.binomial(decided, chance)
    lead = (2 * won - decided) / each
    error = lead.std(axis=1, ddof=1) / np.sqrt(k)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.abs(lead.mean(axis=1)) / error
    by_prompt = int((score > t.isf(alpha / 2, k - 1)).sum())
    n, wins = decided.sum(axis=1), won.sum(axis=1)
    p = 2 * binom.cdf(np.minimum(wins, n - wins), n, 0.5)
    return SimulatedVotes(wilson(by_prompt, runs), wilson(int((p <= alpha).sum()), runs))


def _decided_rate(rate: float, ties: float) -> float:
    rate = between(rate, "rate", 0, 1)
    if not 0 <= ties < 1:
        raise InputError(f"ties must be a share from 0 to below 1, got {ties!r}")
    found = 0.5 + (rate - 0.5) / (1 - float(ties))
    if not 0 < found < 1:
        raise InputError(f"ties must leave room for a rate of {rate:g}, got a share of {ties:g}")
    return found
