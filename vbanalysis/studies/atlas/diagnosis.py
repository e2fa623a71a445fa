"""The causes of every error of a run, one sample at a time from the kept pictures and the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from vbanalysis import plugins
from vbanalysis.codecs.identify import NEAR_CODE
from vbanalysis.errors import DataError, InputError, VbanalysisError
from vbanalysis.evaluation import Results
from vbanalysis.paths import shown
from vbanalysis.stats import resampled_estimate
from vbanalysis.studies.atlas.answered import Answered
from vbanalysis.studies.atlas.attribution import UNEXPLAINED, Attribution
from vbanalysis.studies.atlas.causes import WORDS, explain
from vbanalysis.studies.cases import Case, each_case
from vbanalysis.tasks import VisionTask, scenes

_SAME = 1e-3  # relative: how far a score may be from the record's, the sums of another machine allowed for


class Diagnosis(NamedTuple):
    """What is wrong with one sample.

    Attributes:
        place: In the data set.
        id: Of the sample.
        scene: Of the sample, or None where each has one of its own.
        found: What each cause explains of its error.
    """

    place: int
    id: str
    scene: str | None
    found: Attribution

    @property
    def cause(self) -> str:
        """The one that explains most, `UNEXPLAINED` among them."""
        return self.found.dominant


def diagnose(
    run: Results, places: Sequence[int] | None = None, *, tolerance: float = NEAR_CODE
) -> list[Diagnosis]:
    """Find the causes of the errors of a run.

    Args:
        run: That has come to its end; its data set must be at hand.
        places: Of samples in the data set; by default all that were answered.
        tolerance: Distance to the code, /255, from which a pixel is off the code.

    Returns:
        One diagnosis an answered sample, in their order.

    Raises:
        DataError: The truth cannot be had: the data set is not at hand, or it is not the one of the run.
        InputError: `tolerance` is not above 0.
    """
    if not tolerance > 0:
        raise InputError(f"tolerance must be above 0, in /255, got {tolerance!r}")
    return list(_each(run, places, tolerance))


def _each(run: Results, places: Sequence[int] | None, tolerance: float) -> Iterator[Diagnosis]:
    task = plugins.load("tasks", run.about["task"], VisionTask)  # type: ignore[call-overload]
    rows = run.records()
    rows = rows[rows.status == "ok"].set_index("place")
    at = [place for place in (rows.index if places is None else places) if place in rows.index]
    for place, case in zip(at, _reopened(run, at), strict=True):
        row = rows.loc[place]
        if case.sample.id != row.id or not _as_recorded(task, case):
            raise DataError(
                f"{row.id!r} of {shown(run.folder)} scores other than its record says: the data set "
                f"{run.about['dataset']!r} at hand is not the one of the run; bring that back, or run again"
            )
        picture = None if run.numbers(case.sample.id) is not None else case.picture
        asked = task.instruction(case.sample)
        found = explain(Answered(task, case.sample, asked, picture, case.answer, tolerance))
        scene = row.get("scene")
        yield Diagnosis(int(place), row.id, scene if isinstance(scene, str) else None, found)


def _reopened(run: Results, places: list[int]) -> Iterator[Case]:
    try:
        yield from each_case(run, [int(place) for place in places])
    except (VbanalysisError, IndexError) as error:
        raise DataError(
            f"the causes of errors are measured against the truth, and that of {shown(run.folder)} cannot be "
            f"had from {run.about['dataset']!r}: {error}"
        ) from error


def _as_recorded(task: VisionTask, case: Case) -> bool:
    again = task.score(case.answer, case.sample)[task.headline]
    return bool(np.isclose(again, case.score, rtol=_SAME, atol=1e-6, equal_nan=True))


def worst(diagnoses: Sequence[Diagnosis], share: float = 0.25) -> list[Diagnosis]:
    """The samples of the largest error, the worst first.

    Args:
        diagnoses: Of a run.
        share: Of its samples, rounded up.

    Raises:
        InputError: `share` is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise InputError(f"share must be above 0 and at most 1, got {share!r}")
    ordered = sorted(diagnoses, key=lambda each: (-each.found.error, each.place))
    return [each for each in ordered[: int(np.ceil(share * len(ordered)))] if each.found.error > 0]


def causes_table(diagnoses: Sequence[Diagnosis], by: str = "") -> pd.DataFrame:
    """What each cause explains of the error of all samples together, with 95 % intervals over samples.

    The errors that it explains are summed and divided by the summed errors, so bad samples weigh more.
    Samples of one scene are drawn together.

    Args:
        diagnoses: Of the samples, at least one of which has an error.
        by: What the rows are of, for tables of several runs.

    Returns:
        Rows `by, bin, metric, value, low, high, n, is_range, alone, last`, in the order of `WORDS`: `value`
        is the Shapley share, `alone` and `last` the shares of the repair made first and last of its tier.

    Raises:
        InputError: There is no error to explain.
    """
    if not sum(each.found.error for each in diagnoses) > 0:
        raise InputError("diagnoses hold no error, so there is nothing to explain")
    drawn_together = scenes([{"scene": each.scene} for each in diagnoses])
    errors = np.array([each.found.error for each in diagnoses])
    rows = []
    for cause in WORDS:
        if cause != UNEXPLAINED and cause not in diagnoses[0].found.explained:
            continue
        parts = [
            each.found.left if cause == UNEXPLAINED else each.found.explained[cause] for each in diagnoses
        ]
        share = resampled_estimate(list(zip(parts, errors, strict=True)), _ratio, clusters=drawn_together)
        sides = (
            sum(getattr(each.found, side).get(cause, np.nan) for each in diagnoses) / errors.sum()
            for side in ("alone", "last")
        )
        alone, last = sides
        rows.append(
            {
                "by": by,
                "bin": WORDS[cause],
                "metric": "share",
                **dict(zip(("value", "low", "high", "n"), share, strict=False)),
                "is_range": share.is_range,
                "alone": alone,
                "last": last,
            }
        )
    return pd.DataFrame(rows)


def samples_table(diagnoses: Sequence[Diagnosis]) -> pd.DataFrame:
    """One row a sample: id, error, the dominant cause, and the share of every cause.

    Args:
        diagnoses: Of samples of one task.
    """
    rows = [
        {
            "id": each.id,
            "error": each.found.error,
            "cause": WORDS[each.cause] if each.found.error > 0 else "",
            **{WORDS[cause]: share for cause, share in sorted_shares(each.found)},
        }
        for each in diagnoses
    ]
    return pd.DataFrame(rows)


def sorted_shares(found: Attribution) -> list[tuple[str, float]]:
    """Causes with their shares, in the order of `WORDS`."""
    shares = found.shares()
    return [(cause, shares[cause]) for cause in WORDS if cause in shares]


def _ratio(units: Sequence[tuple[float, float]]) -> float:
    part, whole = np.sum(units, axis=0)
    return float(part / whole) if whole > 0 else np.nan
