"""The same probes on labels that mean less, so that a probe's own power can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from vbanalysis.probing import controls
from vbanalysis.probing.experiment import Kind, cross_validated
from vbanalysis.probing.targets import METRIC, Probed, figure
from vbanalysis.studies.probing.grid import ahead, estimates, figures, known
from vbanalysis.studies.probing.material import Material


def label_controls(
    maps: Mapping[Probed, Sequence[np.ndarray]],
    made: Material,
    kinds: Sequence[Kind] = ("ridge", "network"),
    seed: int = 0,
) -> pd.DataFrame:
    """The same probes on real labels, and on three kinds that mean less: see `probing.controls`.

    Args:
        maps: Of one layer a task.
        made: The pictures.
        kinds: Of probe.
        seed: Of the labels.

    Returns:
        One row a task, kind and labels; `chance` is what one answer for all pixels gets on those labels.
    """
    rows = []
    for task, targets in made.targets.items():
        rng = np.random.default_rng(seed)
        given = {
            "real": targets,
            "random": controls.random_labels(targets, made.regions, rng),
            "by colour": controls.typed_labels(targets, list(made.images), rng),
            "of another picture": controls.shuffled_pictures(targets, rng),
        }
        none = [controls.nothing(image) for image in made.images]
        for labels, of_pictures in given.items():
            chance = cross_validated(none, of_pictures, made.folds, scenes=made.scenes)
            for kind in kinds:
                found = cross_validated(maps[task], of_pictures, made.folds, kind=kind, scenes=made.scenes)
                estimate = estimates(task, found)[METRIC[task]]
                over = ahead(task, found, chance)
                rows.append(
                    {"task": task, "probe": kind, "labels": labels}
                    | figures(METRIC[task], estimate)
                    | {"chance": figure(task, known(chance)[0])}
                    | {f"ahead_{key}": over[key] for key in ("value", "low", "high")}
                )
    return pd.DataFrame(rows)
