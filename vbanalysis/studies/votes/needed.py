"""How large an experiment must be before a printed win rate means something."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.stats import plan_votes, simulate_votes
from vbanalysis.studies.votes.genai_arena import seen_by_judge


class Setting(NamedTuple):
    """How votes would be cast.

    Attributes:
        name: In words.
        ties: Share of votes that are ties, each counted as half a win.
        per_prompt: Votes on each prompt.
        correlation: Of two decided votes on a prompt.
        same: Share of decided votes that are as people's: 1 for people, less for a judge in their place.
    """

    name: str
    ties: float = 0.0
    per_prompt: int = 1
    correlation: float = 0.0
    same: float = 1.0


def settings(
    arena_ties: float, judge_same: float, bench_ties: float, correlation: float, raters: int = 3
) -> tuple[Setting, ...]:
    """What is asked of the measured figures: people once or several times a prompt, or a judge.

    Args:
        arena_ties: Share of ties of people who vote on pairs.
        judge_same: Share of decided pairs on which GPT-4o votes as people do.
        bench_ties: Share of ties of people who rate pictures alone.
        correlation: Of two people's decided votes on a prompt.
        raters: People a prompt.
    """
    return (
        Setting("no ties, one vote a prompt"),
        Setting("ties as in the Arena, one vote a prompt", arena_ties),
        Setting(
            f"ties as in the Arena, {raters} votes a prompt, as alike as in GenAI-Bench",
            arena_ties,
            raters,
            correlation,
        ),
        Setting(
            f"ties as of GenAI-Bench's ratings, {raters} a prompt, as alike", bench_ties, raters, correlation
        ),
        Setting(
            "100 votes a prompt, ties and likeness as above: the fewest prompts", arena_ties, 100, correlation
        ),
        Setting("GPT-4o in people's place, no ties", same=judge_same),
    )


def needed(
    rate: float,
    asked: Iterable[Setting],
    rng: np.random.Generator,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    simulations: int = 2000,
) -> pd.DataFrame:
    """Votes and prompts of each setting, checked by simulation.

    Args:
        rate: True win rate of people, ties counted as half a win.
        asked: The settings.
        rng: Of the simulation.
        power: Asked for.
        alpha: Level of the two-sided test.
        simulations: Experiments of each setting.

    Returns:
        Columns `setting`, `rate` (as the voter would see it), `ties`, `correlation`, `decided`, `votes`,
        `prompts`, `design_effect`, and the simulated `power` and `level` (how often 0.5 is rejected) of a t
        test on prompts, and `naive_level`, of the sign test that takes votes as independent; each with
        `_low` and `_high`.
    """
    rows = []
    for each in asked:
        seen = seen_by_judge(rate, each.same)
        options = {"ties": each.ties, "per_prompt": each.per_prompt, "correlation": each.correlation}
        plan = plan_votes(seen, power=power, alpha=alpha, **options)  # type: ignore[arg-type]
        true, null = (
            simulate_votes(value, plan.prompts, rng, alpha=alpha, simulations=simulations, **options)  # type: ignore[arg-type]
            for value in (seen, 0.5)
        )
        row = {
            "setting": each.name,
            "rate": seen,
            "ties": each.ties,
            "correlation": each.correlation,
            "decided": plan.decided,
            "votes": plan.votes,
            "prompts": plan.prompts,
            "design_effect": plan.design_effect,
        }
        for name, share in (
            ("power", true.by_prompt),
            ("level", null.by_prompt),
            ("naive_level", null.by_vote),
        ):
            row |= {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
        rows.append(row)
    return pd.DataFrame(rows)
