"""The worst samples by what went wrong with them, and how far that grouping can be trusted.

A sample belongs to its dominant cause. Clusters of the profiles of shares (Ward 1963) were the other choice:
they depend on which other samples are at hand, have no names, and need a number of clusters. The dominant
cause needs none of that, and is the same whatever else is in the run; `agreements` says how alike both are,
and how much each changes when samples are drawn again or a threshold is moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.codecs.identify import NEAR_CODE
from vbanalysis.errors import InputError
from vbanalysis.evaluation import Results
from vbanalysis.stats import clopper_pearson
from vbanalysis.studies.atlas.causes import WORDS, in_words
from vbanalysis.studies.atlas.diagnosis import Diagnosis, diagnose, sorted_shares
from vbanalysis.studies.atlas.injections import Injected, Injection
from vbanalysis.studies.cases import Case, each_case


class Agreements(NamedTuple):
    """How stable a grouping is; rand indices are adjusted for chance, 1 is the same grouping, 0 by chance.

    Attributes:
        n: Samples.
        moved: Share of the samples whose dominant cause changes with another tolerance, the largest over the
            tolerances tried; NaN where none was.
        ward: Adjusted Rand index of Ward's clusters, as many as there are dominant causes, to these.
        ward_redrawn: Of Ward's clusters of resamples to those of all samples, mean over resamples.
        clear: Share of the samples whose dominant cause explains at least twice what the next one does.
    """

    n: int
    moved: float
    ward: float
    ward_redrawn: float
    clear: float


def by_cause(diagnoses: Sequence[Diagnosis]) -> dict[str, list[Diagnosis]]:
    """Samples that have an error by their dominant cause, the cause with the largest summed error first.

    Args:
        diagnoses: Of samples of one task.
    """
    found: dict[str, list[Diagnosis]] = {}
    for each in diagnoses:
        if each.found.error > 0:
            found.setdefault(each.cause, []).append(each)
    order = list(WORDS)
    weight = {cause: sum(each.found.error for each in members) for cause, members in found.items()}
    return {cause: found[cause] for cause in sorted(found, key=lambda key: (-weight[key], order.index(key)))}


def clusters_table(diagnoses: Sequence[Diagnosis], by: str = "") -> pd.DataFrame:
    """The clusters: how many samples, their share with its exact interval, and what they lost.

    Args:
        diagnoses: Of samples of one task.
        by: What the rows are called in the column of that name.

    Returns:
        Rows `by, cause, n, share, low, high, error, explained`: `error` is the mean error of the members,
        `explained` the share of it that the cause itself explains.
    """
    groups = by_cause(diagnoses)
    total = sum(map(len, groups.values()))
    rows = []
    for cause, members in groups.items():
        share = clopper_pearson(len(members), total)
        errors = np.array([each.found.error for each in members])
        shares = np.array([each.found.shares()[cause] for each in members])
        rows.append(
            {
                "by": by,
                "cause": WORDS[cause],
                "n": len(members),
                "share": share.value,
                "low": share.low,
                "high": share.high,
                "error": float(errors.mean()),
                "explained": float(shares @ errors / errors.sum()),
            }
        )
    return pd.DataFrame(rows, columns=["by", "cause", "n", "share", "low", "high", "error", "explained"])


def examples(diagnoses: Sequence[Diagnosis], n: int = 1, most: int = 6) -> list[Diagnosis]:
    """Of each cluster the samples in which its cause explains the largest part of the error, as it was seen.

    Args:
        diagnoses: The samples.
        n: Of each cluster.
        most: Clusters.
    """
    found = []
    for cause, members in list(by_cause(diagnoses).items())[:most]:
        found += sorted(members, key=lambda each: -each.found.shares()[cause])[:n]
    return found


def example_cases(run: Results, diagnoses: Sequence[Diagnosis], most: int = 4) -> list[Case]:
    """The clearest example of each cluster as a case, whose reason says what its causes explain.

    Args:
        run: The samples' run.
        diagnoses: Of the samples.
        most: Clusters.
    """
    chosen = examples(diagnoses, most=most)
    cases = each_case(run, [one.place for one in chosen])
    return [case._replace(reason=in_words(one.found)) for one, case in zip(chosen, cases, strict=True)]


def stability_table(runs: Mapping[str, Results], worst: Mapping[str, Sequence[Diagnosis]]) -> pd.DataFrame:
    """`agreements` of the worst samples of each run, with the code's tolerance halved and doubled.

    Args:
        runs: By name.
        worst: Diagnoses of the worst samples of each, by the same names.
    """
    rows = {}
    for name, each in worst.items():
        places = [one.place for one in each]
        others = [diagnose(runs[name], places, tolerance=NEAR_CODE * factor) for factor in (0.5, 2.0)]
        rows[name] = agreements(each, others)._asdict()
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run").reset_index()


def profiles(diagnoses: Sequence[Diagnosis]) -> np.ndarray:
    """The shares of the causes of each sample.

    Args:
        diagnoses: Of samples that have an error.

    Returns:
        (n, causes), in the order of `WORDS`.
    """
    return np.array([[share for _, share in sorted_shares(each.found)] for each in diagnoses])


def agreements(
    diagnoses: Sequence[Diagnosis],
    others: Sequence[Sequence[Diagnosis]] = (),
    resamples: int = 50,
    seed: int = 0,
) -> Agreements:
    """How stable the dominant causes are, beside Ward's clusters of the same profiles.

    Args:
        diagnoses: Of samples that all have an error.
        others: Of the same samples with other tolerances.
        resamples: Of the bootstrap.
        seed: Of the resamples.

    Raises:
        InputError: There are fewer than two samples, one has no error, or the others are not of the same.
    """
    if len(diagnoses) < 2 or any(each.found.error <= 0 for each in diagnoses):
        raise InputError("diagnoses must be of two or more samples that have an error")
    causes = {each.id: each.cause for each in diagnoses}
    moved = [np.nan]
    for other in others:
        if {each.id for each in other} != set(causes):
            raise InputError("others must be diagnoses of the same samples")
        moved.append(float(np.mean([causes[each.id] != each.cause for each in other])))
    shares = profiles(diagnoses)
    labels = np.unique([each.cause for each in diagnoses], return_inverse=True)[1]
    count = len(np.unique(labels))
    whole = ward(shares, count)
    rng = np.random.default_rng(seed)
    redrawn = []
    for _ in range(resamples):
        drawn = rng.integers(len(shares), size=len(shares))
        redrawn.append(adjusted_rand(whole[drawn], ward(shares[drawn], count)))
    ordered = np.sort(shares, axis=1)
    clear = ordered[:, -1] >= 2 * ordered[:, -2]
    return Agreements(
        len(shares),
        float(np.nanmax(moved)) if len(moved) > 1 else np.nan,
        adjusted_rand(labels, whole),
        float(np.mean(redrawn)),
        float(clear.mean()),
    )


def ward(shares: np.ndarray, count: int) -> np.ndarray:
    """(n,) labels of at most `count` clusters of profiles, by Ward's method."""
    from scipy.cluster.hierarchy import fcluster, linkage

    return np.asarray(fcluster(linkage(shares, "ward"), count, "maxclust"))


def adjusted_rand(one: np.ndarray, two: np.ndarray) -> float:
    """Rand index of two groupings, adjusted for chance (Hubert and Arabie 1985); 1 where both are trivial.

    Examples:
        >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
        1.0
    """
    a, b = (np.unique(each, return_inverse=True)[1] for each in (one, two))
    if a.shape != b.shape:
        raise InputError(f"groupings must be of the same samples, got {len(a)} and {len(b)}")
    joint = np.zeros((a.max() + 1, b.max() + 1), np.int64)
    np.add.at(joint, (a, b), 1)

    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1) // 2).sum())

    together, of_a, of_b = pairs(joint), pairs(joint.sum(axis=1)), pairs(joint.sum(axis=0))
    expected = of_a * of_b / max(pairs(np.array([len(a)])), 1.0)
    most = (of_a + of_b) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def confusion(found: Mapping[Injection, Sequence[Injected]]) -> pd.DataFrame:
    """Of each injection, the share of the samples in which each cause was the dominant one.

    Args:
        found: As `injected` gives it.

    Returns:
        A row an injection that some sample allowed, a column a cause that was injected or found, by its key
        in `WORDS` and in that order; the index holds the injections.
    """
    done = {injection: [one.cause for one in each] for injection, each in found.items() if each}
    met = {cause for each in done.values() for cause in each} | {injection.cause for injection in done}
    return pd.DataFrame(
        {cause: [each.count(cause) / len(each) for each in done.values()] for cause in WORDS if cause in met},
        index=pd.Index(list(done), tupleize_cols=False),
    )
