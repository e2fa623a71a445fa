"""What tuning on a narrow slice costs: the broad arm and the narrow one on each kind of novelty.

Judged by the interaction: what the narrow arm loses from its own domain to the novelty, less what the broad
arm loses. A network that is merely weaker everywhere has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.metrics import mask_overlap
from vbanalysis.models import Generator
from vbanalysis.stats import holm, permutation_test
from vbanalysis.studies.binding import Outcome, bindings
from vbanalysis.studies.novelty import NOVELTIES, OWN, Asked, Twin, pairs, twins
from vbanalysis.studies.seeds import Units, over_seeds

ARMS = ("broad", "narrow")
"""The arms that are compared."""

FAMILIES = {
    "words the broad arm met": ("language", False),
    "words neither met": ("language", True),
    "scenes the broad arm met": ("domain", False),
    "scenes neither met": ("domain", True),
}
"""The four pooled comparisons, each a side of novelty and whether neither arm met it in tuning."""

_ALPHA = 0.05


class Paper(NamedTuple):
    """The questions of the study, the same for every network.

    Attributes:
        single: By group, questions with one expression.
        double: By group, questions with two.
    """

    single: dict[str, list[Twin]]
    double: dict[str, list[Asked]]


def set_paper(n: int, n_pairs: int, groups: Sequence[str] = tuple(NOVELTIES)) -> Paper:
    """The questions: `n` a group with one expression (of the own domain twice as many), `n_pairs` with two.

    Raises:
        InputError: An unknown group, or a number less than 1.
    """
    single = {group: twins(group, 2 * n if group == OWN else n) for group in groups}
    return Paper(single, {group: pairs(group, n_pairs) for group in groups})


def answer_paper(generator: Generator, paper: Paper) -> pd.DataFrame:
    """Ask one generator everything.

    Returns:
        One row an expression under test: `scene`, `group`, `format` ("single" or "double"), `iou`; for single
        ones of new words `plain`, the mean IoU of the attribute questions about the same things; for double
        ones `binding_loss`, `region_loss` and `outcome`.
    """
    every = [twin for group in paper.single.values() for twin in group]
    asked = [each for twin in every for each in (twin.asked, *twin.plain)]
    ious = iter(
        [
            mask_overlap(labels == 0, each.truth == 0).iou
            for each, labels in zip(asked, _labels(generator, asked), strict=True)
        ]
    )
    rows: list[dict[str, object]] = []
    for twin in every:
        row = {"scene": twin.asked.scene, "group": twin.asked.group, "format": "single", "iou": next(ious)}
        plain = [next(ious) for _ in twin.plain]
        rows.append({**row, "plain": float(np.mean(plain)) if plain else np.nan})
    double = [each for group in paper.double.values() for each in group]
    for each, labels in zip(double, _labels(generator, double), strict=True):
        row = {"scene": each.scene, "group": each.group, "format": "double"}
        rows += [{**row, **found._asdict()} for found in bindings(labels, each.truth)[:1]]
    return pd.DataFrame(rows)


def losses(answers: pd.DataFrame) -> pd.DataFrame:
    """What each arm reaches on each group, and what its answers with two colours lose to what.

    Scenes are the units of `low` and `high`, a cluster each, networks averaged over their seeds.

    Args:
        answers: Rows of `answer_paper` with `arm` and `seed`.

    Returns:
        One row an arm, group and measure: `iou` with one expression, `plain` for the same things in the
        taught words; with two expressions `iou_double`, `binding_loss`, `region_loss`, and `right`,
        `exchanged`, `another thing`, `nothing`, the shares of outcomes. With the columns of `over_seeds`.

    """
    rows = []
    for (arm, group), part in answers.groupby(["arm", "group"], sort=False):
        single, double = part[part.format == "single"], part[part.format == "double"]
        measured = {"iou": single.assign(x=single.iou), "plain": single.assign(x=single.plain)}
        measured["iou_double"] = double.assign(x=double.iou)
        measured |= {name: double.assign(x=double[name]) for name in ("binding_loss", "region_loss")}
        measured |= {name: double.assign(x=(double.outcome == name) * 1.0) for name in get_args(Outcome)}
        for name, each in measured.items():
            known = each.dropna(subset="x")
            if len(known):
                table = by_seed(known, "x")
                scenes = table.index.get_level_values("scene").astype(str).tolist()
                units = Units(table.to_numpy()[:, None], scenes, list(table.columns))
                rows.append({"group": group, "measure": name, "arm": arm, **over_seeds(units, _alone)})
    return pd.DataFrame(rows)


def by_seed(rows: pd.DataFrame, x: str) -> pd.DataFrame:
    """(units, seeds) values of a column, the units being scene and group."""
    return rows.pivot_table(index=["scene", "group"], columns="seed", values=x, sort=False)


def _alone(means: np.ndarray) -> np.ndarray:
    return np.asarray(means[0])


def contrasts(answers: pd.DataFrame) -> pd.DataFrame:
    """The narrow arm against the broad one, by family and by kind of novelty.

    New words are paired: the same thing of the same scene in the taught words and in the new ones. New
    scenes, and answers with two colours, are held against the own domain's.

    - `level`: narrow less broad, in IoU on the novelty itself. Who is better there.
    - `interaction`: what narrow loses to the novelty in IoU, less what broad loses. Who loses more.
    - `kept`: the share of its IoU that narrow keeps, less the share that broad keeps. An arm with more to
      lose can lose more IoU and keep the same share, so a loss is told only where both agree.
    - `binding_interaction`, `region_interaction`: the two parts of the interaction with two colours.

    Args:
        answers: Rows of `answer_paper` with `arm` and `seed`.

    Returns:
        One row a measure and a family of `FAMILIES` or a group, with the columns of `over_seeds`; `p_holm`,
        of the groups' interactions by permutation over scenes; `carried`: the intervals over scenes and over
        seeds leave out 0 on the same side, and `p_holm` where there is one is at most 0.05.

    Raises:
        InputError: An arm is missing, or the arms have not the same seeds.
    """
    _check(answers)
    single, double = (answers[answers.format == each] for each in ("single", "double"))
    groups = [group for group in single.group.unique() if group != OWN]
    members = {
        name: [g for g in groups if (NOVELTIES[g].side, NOVELTIES[g].neither) == of]
        for name, of in FAMILIES.items()
    }
    members = {name: of for name, of in members.items() if of} | {group: [group] for group in groups}
    rows = []
    for name, of in members.items():
        cells = _cells(single, of, "iou")
        for measure, statistic in _STATISTICS.items():
            rows.append({"group": name, "measure": measure, **over_seeds(cells, statistic)})
        for part in ("binding", "region") if len(double) and name in groups else ():
            found = over_seeds(_cells(double, of, f"{part}_loss", -1.0), _interaction)
            rows.append({"group": name, "measure": f"{part}_interaction", **found})
    corrected = dict(zip(groups, holm([_p(single, group) for group in groups]).p, strict=True))
    table = pd.DataFrame(rows).assign(arm="narrow - broad")
    table["p_holm"] = [
        corrected.get(row.group, np.nan) if row.measure == "interaction" else np.nan
        for row in table.itertuples()
    ]
    same = ((table.low > 0) & (table.seeds_low > 0)) | ((table.high < 0) & (table.seeds_high < 0))
    return table.assign(carried=same & ~(table.p_holm > _ALPHA))


def verdict(table: pd.DataFrame, group: str) -> str:
    """What `contrasts` carry about a family or a group, in the IoU lost and in the share kept alike."""
    rows = table[table.group == group].set_index("measure")
    lost, kept = rows.loc["interaction"], rows.loc["kept"]
    if not np.isfinite(lost.seeds_low):
        return "no claim, with fewer than three seeds"
    if not (lost.carried and kept.carried and lost.value * kept.value < 0):
        return "not carried"
    return "carried: narrow loses more" if lost.value > 0 else "carried: broad loses more"


def on_itself(table: pd.DataFrame) -> str:
    """On which kinds of novelty `contrasts` show narrow to be worse or better than broad, whatever was lost.

    Who is better on the own domain has more to lose, and where both fall to what anybody can do without
    having learnt the novelty, the better one loses more: no harm but on kinds on which narrow ends below.
    """
    rows = table[(table.measure == "level") & table.group.isin(list(NOVELTIES))]
    carried = rows.carried.astype(str) == "True"
    sides = {"worse": carried & (rows.value < 0), "better": carried & (rows.value > 0)}
    sides["neither"] = ~(sides["worse"] | sides["better"])
    told = (f"{words} on {', '.join(rows.group[where]) or 'none'}" for words, where in sides.items())
    return "On the novelty itself narrow is shown to be " + "; ".join(told)


def _cells(rows: pd.DataFrame, groups: Sequence[str], x: str, sign: float = 1.0) -> Units:
    """(units, 4, seeds): narrow on the new and on the known, broad on both; NaN where a unit is of one only.

    A unit of new words holds both; of new scenes, and of answers with two colours, one or the other.
    """
    chosen = rows[rows.group.isin(groups)]
    paired = chosen.plain.notna().all() and x == "iou"
    new = [by_seed(chosen[chosen.arm == arm], x) for arm in reversed(ARMS)]
    known_rows, known_x = (chosen, "plain") if paired else (rows[rows.group == OWN], x)
    known = [by_seed(known_rows[known_rows.arm == arm], known_x) for arm in reversed(ARMS)]
    index = new[0].index if paired else new[0].index.append(known[0].index)
    tables = [table.reindex(index) for pair in zip(new, known, strict=True) for table in pair]
    values = sign * np.stack([table.to_numpy() for table in tables], axis=1)
    return Units(values, index.get_level_values("scene").astype(str).tolist(), list(new[0].columns))


def _level(means: np.ndarray) -> np.ndarray:
    return np.asarray(means[0] - means[2])


def _interaction(means: np.ndarray) -> np.ndarray:
    return np.asarray((means[1] - means[0]) - (means[3] - means[2]))


def _kept(means: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):  # who knows nothing keeps no share
        kept = np.asarray(means[0] / means[1] - means[2] / means[3])
    return np.where(np.isfinite(kept), kept, np.nan)


_STATISTICS = {"level": _level, "interaction": _interaction, "kept": _kept}


def _p(rows: pd.DataFrame, group: str) -> float:
    """Two-sided, of no interaction: the signs of the units' own, or which units are new, being arbitrary."""
    from scipy.stats import permutation_test as shuffled

    cells = _cells(rows, [group], "iou")
    values = cells.values.mean(axis=2)
    if NOVELTIES[group].side == "language":
        gaps = np.array([_interaction(unit) for unit in values])
        return permutation_test(gaps, np.zeros(len(gaps)), clusters=cells.scenes).p
    new = values[~np.isnan(values[:, 0])]
    known = values[np.isnan(values[:, 0])]
    found = shuffled(
        (new[:, 2] - new[:, 0], known[:, 3] - known[:, 1]),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        vectorized=True,
        n_resamples=9999,
        batch=1000,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def _check(answers: pd.DataFrame) -> None:
    seeds = {arm: sorted(set(answers[answers.arm == arm].seed)) for arm in ARMS}
    if not all(seeds.values()) or seeds["broad"] != seeds["narrow"]:
        told = ", ".join(f"{arm}: {', '.join(map(str, of)) or 'none'}" for arm, of in seeds.items())
        raise InputError(f"answers must hold the same seeds of both arms, got {told}: train what is missing")


def _labels(generator: Generator, asked: Sequence[Asked]) -> list[np.ndarray]:
    pictures = generator.sample_many(
        [each.view.rgb for each in asked],
        [each.prompt(each.legend) for each in asked],
        seeds=list(range(len(asked))),
    )
    return [each.labels(picture) for each, picture in zip(asked, pictures, strict=True)]


def measure_narrow(generators: Iterable[tuple[str, int, Generator]], n: int, n_pairs: int) -> pd.DataFrame:
    """Ask every network and take all figures: the table that `vbanalysis study narrow` keeps.

    Args:
        generators: Arm, seed and network; beside those of `ARMS` others may be there for their levels.
        n: Questions a group with one expression.
        n_pairs: With two.

    Returns:
        Rows of `losses`, then of `contrasts`.
    """
    paper = set_paper(n, n_pairs)
    answers = pd.concat(
        [answer_paper(network, paper).assign(arm=arm, seed=seed) for arm, seed, network in generators],
        ignore_index=True,
    )
    return pd.concat([losses(answers), contrasts(answers)], ignore_index=True)
