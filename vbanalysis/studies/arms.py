"""Arms: trainings on equal terms that differ in one thing, each with several seeds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vbanalysis.errors import InputError
from vbanalysis.mini.network import NetworkConfig
from vbanalysis.mini.training.stages import Stage, load_stage
from vbanalysis.paths import shown


class Arm(NamedTuple):
    """One training of an arm.

    Attributes:
        name: Of the stage.
        seed: Of everything random.
        weights: Its .safetensors file.
    """

    name: str
    seed: int
    weights: Path


def trained_arms(names: Sequence[str], folder: Path = Path("runs/mini")) -> list[Arm]:
    """The trainings of some arms below a folder, by name, then by seed.

    Args:
        names: Of stages; `vbanalysis mini control NAME --seed K` trains one into `FOLDER/NAME-seedK`.
        folder: Where the trainings are.

    Raises:
        InputError: An arm has no training, or one that has not come to its end.
    """
    arms = []
    for name in names:
        found = []
        for path in folder.glob(f"{name}-seed*/weights.safetensors"):
            number = re.fullmatch(rf"{re.escape(name)}-seed(\d+)", path.parent.name)
            if number:
                found.append(Arm(name, int(number[1]), path))
        if not found:
            raise InputError(
                f"{shown(folder)} holds no training of {name}: run  vbanalysis mini control {name} --seed 1"
            )
        arms += sorted(found)
    return [_ended(arm) for arm in arms]


def equal_terms(names: Sequence[str]) -> pd.DataFrame:
    """What the arms have in common and where they differ, setting by setting.

    Returns:
        One row a setting, one column an arm; `equal` tells whether all agree.
    """
    stages = {name: load_stage(name) for name in names}
    settings = [key for key in Stage.model_fields if key not in ("name", "about", "seed")]
    rows = []
    for setting in settings:
        values = {name: _said(getattr(stage, setting)) for name, stage in stages.items()}
        rows.append({"setting": setting, **values, "equal": len(set(values.values())) == 1})
    return pd.DataFrame(rows)


def _ended(arm: Arm) -> Arm:
    from vbanalysis.mini.weights import read_told

    seen, all_of_it = int(read_told(arm.weights)["samples"]), load_stage(arm.name).samples
    if seen < all_of_it:
        raise InputError(
            f"the training of {arm.name} with seed {arm.seed} has seen {seen} of {all_of_it} exercises: "
            f"go on with  vbanalysis mini control {arm.name} --seed {arm.seed}"
        )
    return arm


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {share:g}" for key, share in value.items())
    if isinstance(value, NetworkConfig):
        widths = "-".join(map(str, value.channels))
        return f"{value.size} px, {widths} channels, {value.outputs} out"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
