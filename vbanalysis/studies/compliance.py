"""How well a generator keeps the code: what its outputs show without any ground truth.

Each output is decoded as its prompt asks, or, without a prompt, as its colours suggest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vbanalysis.codecs import (
    ColormapCodec,
    DepthCodec,
    Inspection,
    InstanceCodec,
    NormalCodec,
    PaletteCodec,
    inspect_picture,
    separated_palette,
)
from vbanalysis.codecs.degradations import Drift, Jpeg, Noise, chain
from vbanalysis.datasets import DataSet
from vbanalysis.datasets.analytic import CLASSES, Analytic
from vbanalysis.datasets.motorcycle import Motorcycle
from vbanalysis.errors import InstructionError, VbanalysisError
from vbanalysis.instructions import depth_prompt, instance_prompt, normals_prompt, parse, semantic_prompt
from vbanalysis.studies.invertibility import filled
from vbanalysis.types import InstanceResult, Instruction, NormalResult, Sample, SemanticResult

_LEAST_SHARE = 1e-3  # of the pixels, for a class's drift to be more than that of a few stray ones


@dataclass(frozen=True, eq=False)
class Reading:
    """An output, what it was asked for, and what it says.

    Attributes:
        sample: The output with its input and prompt.
        task: `"depth"`, `"normals"`, `"classes"` (semantic or referring) or `"instances"`.
        inspection: What its colours are, and how well they keep the code.
        result: The decoded output, at its own resolution: the result of `inspection.codec`.
        row: Its figures, one column each.
        table: More of them where one row does not hold them: the classes, the tolerances; or None.
    """

    sample: Sample
    task: str
    inspection: Inspection
    result: Any
    row: dict[str, Any]
    table: pd.DataFrame | None = None

    @property
    def output(self) -> np.ndarray:
        """The picture that was read."""
        assert self.sample.output is not None
        return self.sample.output


class Unread(NamedTuple):
    """An output that could not be read, by its id or else its place in the data set, and the reason."""

    output: str
    reason: str


def read_outputs(samples: DataSet | Sequence[Sample]) -> Iterator[Reading | Unread]:
    """Read each output in turn; a damaged picture or an unreadable prompt does not stop the others."""
    for place in range(len(samples)):
        name = f"picture {place + 1}"
        try:
            sample = samples[place]
            name = sample.id
            yield read_output(sample)
        except VbanalysisError as error:
            yield Unread(name, str(error))


def read_output(sample: Sample) -> Reading:
    """Decode one output as its prompt asks, or without a prompt as its colours suggest.

    Raises:
        InstructionError: The prompt cannot be read or asks for no vision result; or there is none,
            and the colours are those of no code.
        InputError: The output is too small to be looked at.
    """
    assert sample.output is not None
    instruction = parse(sample.prompt, sample.task) if sample.prompt else None
    if instruction is not None and instruction.task in ("edit", "generation"):
        raise InstructionError(f"the prompt asks for no vision result: {sample.prompt!r}")
    found = inspect_picture(sample.output, instruction)
    if found.codec is None or found.quality is None:
        raise InstructionError(
            f"there is no prompt, and this is {found.message}: give the prompt in prompts.csv"
        )
    result: Any = found.codec.decode(sample.output)
    row: dict[str, Any] = {"output": sample.id, "as_asked": found.fits}
    median, _, p99 = found.quality.residual
    kept = {"residual_median": median, "residual_p99": p99, "off_code": found.quality.off_code}
    match found.codec:
        case DepthCodec() | ColormapCodec():
            row |= _depth_row(found) | kept
            return Reading(sample, "depth", found, result, row)
        case NormalCodec():
            return Reading(sample, "normals", found, result, row | _normals_row(found, result))
        case PaletteCodec() as codec:
            row |= _classes_row(found, codec, result, sample.output) | kept
            return Reading(sample, "classes", found, result, row, pd.DataFrame(found.quality.classes))
        case InstanceCodec() as codec:
            concept = instruction.classes[0] if instruction and instruction.classes else "object"
            table = pd.DataFrame(codec.sensitivity(sample.output))
            row |= {"class": concept} | _instances_row(found, result, table)
            return Reading(sample, "instances", found, result, row, table)


def own_outputs(height: int = 240, seed: int = 0) -> list[Sample]:
    """Our own encodings, degraded as a careless generator might: for when there is no real output at hand."""
    careless = chain(Drift(gain=0.97, offset=3), Noise(2.0, seed=seed), Jpeg(90))
    samples = []
    scenes = [next(iter(Motorcycle())), *Analytic(2, height, seed)]
    for scene in scenes:
        assert scene.depth_m is not None
        depth = depth_prompt()
        painted = DepthCodec().encode(filled(scene.depth_m))
        samples.append(_own(scene, "depth", depth, careless(painted)))
        samples.append(
            _own(scene, "normals", normals_prompt(), careless(NormalCodec().encode(scene.normals)))
        )
    for scene in scenes[1:]:
        colours = dict(zip(CLASSES, separated_palette(len(CLASSES)), strict=True))
        semantic = semantic_prompt(colours)
        samples.append(
            _own(scene, "semantic", semantic, careless(PaletteCodec(colours).encode(scene.classes)))
        )
        painted = InstanceCodec().encode(scene.info["instances"])
        samples.append(_own(scene, "instances", instance_prompt("object"), careless(painted)))
    return samples


def _own(scene: Sample, kind: str, instruction: Instruction, output: np.ndarray) -> Sample:
    return replace(
        scene,
        id=f"{scene.id.replace('/', '-')} {kind}",
        output=output,
        prompt=instruction.text,
        task=instruction.task,
    )


def _depth_row(found: Inspection) -> dict[str, Any]:
    quality, codec = found.quality, found.codec
    assert quality is not None
    row: dict[str, Any] = {}
    if isinstance(codec, DepthCodec):
        sure = found.evidence.walk.verdict in ("walk", "bgr")
        row["code"] = codec.walk if sure else f"{codec.walk} (or another)"
    elif isinstance(codec, ColormapCodec):
        row["code"] = codec.name
    if quality.calibrated is not None:
        before, after = quality.calibrated
        row |= {"drift": quality.drift or 0.0, "residual": before, "residual_calibrated": after}
    row |= {"mixed": quality.mixed, "infinite": quality.infinite, "unknown": quality.unknown}
    low, median, high = quality.depth_m or (np.nan,) * 3
    return row | {"p1_m": low, "median_m": median, "p99_m": high}


def _normals_row(found: Inspection, result: NormalResult) -> dict[str, Any]:
    convention = found.evidence.convention
    low, median, high = (float(v) for v in np.percentile(result.length, [5, 50, 95]))
    return {
        "convention": " or ".join(convention.candidates) or "undecided",
        "facing": convention.facing,
        "handed": convention.handed,
        "length_p5": low,
        "length_median": median,
        "length_p95": high,
        "off_by_0.05": float((np.abs(result.length - 1) > 0.05).mean()),
        "not_normal": float((~result.valid).mean()),
    }


def _classes_row(
    found: Inspection, codec: PaletteCodec, result: SemanticResult, rgb: np.ndarray
) -> dict[str, Any]:
    assert found.quality is not None
    # What the paper's plain rule, the nearest colour and no background, would make of the unnamed pixels.
    plain = PaletteCodec(codec.classes, background=None).decode(rgb).labels[result.labels < 0]
    taken = np.bincount(plain.ravel(), minlength=len(codec.names))
    background = {"implicit": "implicit black", None: "none"}.get(codec.background, "named")  # type: ignore[arg-type]
    seen = [row.drift for row in found.quality.classes if row.share > _LEAST_SHARE]
    return {
        "classes": len(codec.names),
        "background": background,
        "unnamed": float((result.labels < 0).mean()),
        "would_swallow": codec.names[int(taken.argmax())] if taken.any() else "",
        "drift_worst": max(seen, default=np.nan),
    }


def _instances_row(found: Inspection, result: InstanceResult, table: pd.DataFrame) -> dict[str, Any]:
    assert found.quality is not None
    low, high = found.quality.holds_for or (np.nan, np.nan)
    foreground = int((result.labels != 0).sum())
    return {
        "count": len(result),
        "same_from_tau": low,
        "same_to_tau": high,
        "count_low": int(table.instances.min()),
        "count_high": int(table.instances.max()),
        "foreground": foreground / result.labels.size,
        "rejected": float((result.labels < 0).sum() / max(foreground, 1)),
    }
