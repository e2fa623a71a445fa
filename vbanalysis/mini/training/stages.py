"""Stages of training: which exercises, how many, from which weights; each one file in `data/mini/stages`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from vbanalysis.errors import InputError
from vbanalysis.mini.language.referring import REFERRING_KINDS
from vbanalysis.mini.network import NetworkConfig
from vbanalysis.mini.regression import ANSWERED, CHANNELS
from vbanalysis.mini.world.layout import SPLITS
from vbanalysis.paths import data_dir, shown
from vbanalysis.types import Task


class Stage(BaseModel):
    """How a network is trained.

    Attributes:
        name: Of the weights that it ends in.
        about: What it is for, in a line.
        start: Name of the weights to go on from, or None for random ones.
        mixture: Share of each task among the exercises; need not sum to 1.
        split: Of the scenes.
        first: Exercises that its start has seen in earlier goes; this one goes on counting there.
        samples: Exercises to see in all, with those.
        batch: Exercises a step, over all processes.
        muon_lr: Learning rate of the matrices.
        adam_lr: Learning rate of all else.
        warmup: Samples over which the rates rise from 0.
        cooldown: Share of the samples, at the end, over which they fall to 0.
        average: How much of the averaged weights a step keeps.
        sure: Share of exercises with an image that start from pure noise.
        level_logit: Mean of the logit of the share of noise, where it is not pure. Blocks of pixels average
            noise away, so the layout of a picture is decided at much of it: above 0.8, a logit of 1.4.
        answers: How what is painted freely in an answer is learnt: `"absolute"`, by the absolute error of its
            colours; `"flow"`, as a drawing is, by the squared error of the flow, which keeps several right
            answers apart if it is learnt at all levels of noise (a small `sure`).
        layout: Weight of the loss by which the features of a drawing must tell what is where, see
            `layout_reader`; 0 leaves it out.
        scenes: How many scenes the exercises are made of, over and over; None never shows one twice.
        expressions: Kinds of referring expressions that are learnt, of `REFERRING_KINDS`; None takes all.
        head: `"paint"` answers with pictures; `"regression"` with depth, normals and class scores, each in a
            channel of its own.
        canonical_focal: Depth is painted as a camera of this focal length would need it, in widths of the
            picture; None paints metres.
        seed: Of everything random.
        network: Sizes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    about: str = ""
    start: str | None = None
    mixture: dict[Task, float]
    split: str = "train"
    first: int = Field(default=0, ge=0)
    samples: int = Field(gt=0)
    batch: int = Field(default=40, gt=0)
    muon_lr: float = Field(default=0.003, gt=0)
    adam_lr: float = Field(default=0.002, gt=0)
    warmup: int = Field(default=2000, ge=0)
    cooldown: float = Field(default=0.25, ge=0, le=1)
    average: float = Field(default=0.998, ge=0, lt=1)
    sure: float = Field(default=0.92, ge=0, le=1)
    level_logit: float = Field(default=0.5, allow_inf_nan=False)
    answers: Literal["absolute", "flow"] = "absolute"
    layout: float = Field(default=0.0, ge=0)
    scenes: int | None = Field(default=None, gt=0)
    expressions: tuple[str, ...] | None = Field(default=None, min_length=1)
    head: Literal["paint", "regression"] = "paint"
    canonical_focal: float | None = Field(default=None, gt=0)
    seed: int = Field(default=0, ge=0)
    network: NetworkConfig = NetworkConfig()

    @field_validator("split")
    @classmethod
    def _known(cls, split: str) -> str:
        if split not in SPLITS:
            raise ValueError(f"no split {split!r}: there are {', '.join(SPLITS)}")
        return split

    @field_validator("expressions")
    @classmethod
    def _spoken(cls, expressions: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for kind in expressions or ():
            if kind not in REFERRING_KINDS:
                raise ValueError(f"no kind {kind!r}: there are {', '.join(REFERRING_KINDS)}")
        return expressions

    @field_validator("mixture")
    @classmethod
    def _some(cls, mixture: dict[Task, float]) -> dict[Task, float]:
        if not mixture or min(mixture.values()) < 0 or sum(mixture.values()) <= 0:
            raise ValueError("a mixture needs at least one task with a share above 0, and none below 0")
        return mixture

    @model_validator(mode="after")
    def _fits_its_head(self) -> Stage:
        expected = {"paint": 3, "regression": CHANNELS}[self.head]
        if self.network.outputs != expected:
            raise ValueError(
                f"the head {self.head!r} has {expected} channels, got {self.network.outputs}: write network: "
                f"{{outputs: {expected}}}"
            )
        unfit = sorted(set(self.mixture) - set(ANSWERED)) if self.head == "regression" else []
        if unfit:
            raise ValueError(f"a regression head cannot answer {', '.join(unfit)}: leave them out")
        return self

    def rate(self, samples: int) -> float:
        """Factor of the learning rates after so many samples."""
        seen, all_of_it = samples - self.first, self.samples - self.first
        rise = min(1.0, (seen + self.batch) / self.warmup) if self.warmup else 1.0
        left = (all_of_it - seen) / (self.cooldown * all_of_it) if self.cooldown else 1.0
        return rise * max(0.0, min(1.0, left))


def stages_dir() -> Path:
    """Where the shipped stages are."""
    return data_dir() / "mini" / "stages"


def load_stage(name: str | Path, **changes: object) -> Stage:
    """A shipped stage by its name, or one from a file.

    Args:
        name: Such as `"tuned"`, or the path of a YAML file.
        changes: Settings that replace the file's; None leaves them.

    Raises:
        InputError: No such stage, or a setting that is wrong; the message names it.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = stages_dir() / f"{name}.yaml"
        if not path.is_file():
            known = ", ".join(sorted(file.stem for file in stages_dir().glob("*.yaml")))
            raise InputError(f"no stage {str(name)!r}: there are {known}; or give the path of a .yaml file")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{shown(path)} cannot be read as a stage: {reason}") from error
    if not isinstance(values, dict):
        raise InputError(f"{shown(path)} is not a stage: expected settings such as 'samples: 10000'")
    try:
        return Stage(**{**values, **{key: value for key, value in changes.items() if value is not None}})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{shown(path)}: {place}: {first['msg']}") from error
