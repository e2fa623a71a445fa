"""How well a generator keeps the code: what its outputs show without any ground truth.

Each output is decoded as its prompt asks, or, without a prompt, as its colours suggest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from vbanalysis.codecs import (
    Calibration,
    DepthCodec,
    InstanceCodec,
    NormalCodec,
    PaletteCodec,
    WalkIdentification,
    calibrate,
    identify_normal_convention,
    identify_walk,
    repair_edges,
    separated_palette,
)
from vbanalysis.codecs.degradations import Drift, Jpeg, Noise, chain
from vbanalysis.codecs.identify import MOST_FLAT, NEAR_CODE, flat_share
from vbanalysis.codecs.instances import estimate_background
from vbanalysis.datasets.analytic import CLASSES, Analytic
from vbanalysis.datasets.motorcycle import Motorcycle
from vbanalysis.errors import InstructionError
from vbanalysis.instructions import depth_prompt, instance_prompt, normals_prompt, parse, semantic_prompt
from vbanalysis.studies.invertibility import filled
from vbanalysis.types import DepthResult, InstanceResult, Instruction, NormalResult, Sample, SemanticResult

_LEAST_SHARE = 1e-3  # of the pixels, for a class's drift to be more than that of a few stray ones


@dataclass(frozen=True, eq=False)
class Reading:
    """An output, what it was asked for, and what it says.

    Attributes:
        sample: The output with its input and prompt.
        instruction: The prompt as read, or a guess from the colours where there is none.
        result: The decoded output, at its own resolution: the result of the task's codec.
        row: Its figures, one column each.
        details: Tables and intermediate results that figures need, by name.
    """

    sample: Sample
    instruction: Instruction
    result: Any
    row: dict[str, Any]
    details: dict[str, Any]

    @property
    def output(self) -> np.ndarray:
        """The picture that was read."""
        assert self.sample.output is not None
        return self.sample.output


def read_outputs(samples: Iterable[Sample]) -> Iterator[Reading | tuple[str, str]]:
    """Read each output; one that cannot be read comes as its id and the reason."""
    for sample in samples:
        try:
            yield read_output(sample)
        except InstructionError as error:
            yield sample.id, str(error)


def read_output(sample: Sample) -> Reading:
    """Decode one output as its prompt asks and take its figures.

    Raises:
        InstructionError: The prompt cannot be read, or asks for no vision result.
    """
    assert sample.output is not None
    instruction = parse(sample.prompt, sample.task) if sample.prompt else guess(sample.output)
    readers: dict[str, Callable[[np.ndarray, Instruction], tuple[Any, dict[str, Any], dict[str, Any]]]] = {
        "depth": _read_depth,
        "normals": _read_normals,
        "semantic": _read_classes,
        "referring": _read_classes,
        "instance": _read_instances,
    }
    if instruction.task not in readers:
        raise InstructionError(
            f"the prompt asks for {instruction.task}, not for a vision result: {sample.prompt!r}"
        )
    result, row, details = readers[instruction.task](sample.output, instruction)
    return Reading(sample, instruction, result, {"output": sample.id, **row}, details)


def guess(rgb: np.ndarray) -> Instruction:
    """What a picture without a prompt seems to be: a flat-coloured mask, depth on a walk, or normals.

    Raises:
        InstructionError: None of these.
    """
    if flat_share(rgb) > MOST_FLAT:
        return Instruction("instance", "", classes=("object",), background=estimate_background(rgb))
    if identify_walk(rgb).verdict in ("walk", "bgr"):
        return Instruction("depth", "", colormap="rainbow")
    if NormalCodec().decode(rgb).valid.mean() > 0.6 and identify_normal_convention(rgb).candidates:
        return Instruction("normals", "")
    raise InstructionError(
        "no prompt is given, and the colours are those of no depth walk, mask or normal map: "
        "give the prompt in prompts.csv"
    )


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
            _own(scene, "semantic", semantic, careless(PaletteCodec(colours).encode(scene.info["classes"])))
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


def _read_depth(
    rgb: np.ndarray, instruction: Instruction
) -> tuple[DepthResult, dict[str, Any], dict[str, Any]]:
    found: WalkIdentification = identify_walk(rgb)
    if found.verdict == "bgr":
        rgb = np.ascontiguousarray(rgb[..., ::-1])
    codec = DepthCodec(walk=found.walk or "KRYGCBMW")
    decoded = codec.decode(rgb)
    calibration: Calibration = calibrate(rgb, codec)
    repair = repair_edges(decoded)
    finite = decoded.depth_m[np.isfinite(decoded.depth_m)]
    low, median, high = np.percentile(finite, [5, 50, 95]) if finite.size else (np.nan,) * 3
    corners = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
    drift = np.abs(corners @ (calibration.matrix - np.eye(3)).T * 255 + calibration.offset).max()
    row = {
        "walk": found.walk or found.verdict,
        "residual": float(decoded.residual.mean()),
        "residual_p95": float(np.percentile(decoded.residual, 95)),
        "off_code": float((decoded.residual > NEAR_CODE).mean()),
        "drift": float(drift),
        "residual_calibrated": calibration.residual_after,
        "mixed": float(repair.mixed.mean()),
        "infinite": float(np.isinf(decoded.depth_m).mean()),
        "unknown": float((~decoded.valid).mean()),
        "p5_m": float(low),
        "median_m": float(median),
        "p95_m": float(high),
    }
    return decoded, row, {"walk": found, "calibration": calibration, "repair": repair}


def _read_normals(
    rgb: np.ndarray, instruction: Instruction
) -> tuple[NormalResult, dict[str, Any], dict[str, Any]]:
    convention = identify_normal_convention(rgb)
    decoded = NormalCodec().decode(rgb)
    row = {
        "convention": " or ".join(convention.candidates) or "undecided",
        "facing": convention.facing,
        "handed": convention.handed,
        "length_median": float(np.median(decoded.length)),
        "length_p5": float(np.percentile(decoded.length, 5)),
        "length_p95": float(np.percentile(decoded.length, 95)),
        "off_by_0.05": float((np.abs(decoded.length - 1) > 0.05).mean()),
        "not_normal": float((~decoded.valid).mean()),
    }
    return decoded, row, {"convention": convention}


def _read_classes(
    rgb: np.ndarray, instruction: Instruction
) -> tuple[SemanticResult, dict[str, Any], dict[str, Any]]:
    colours = dict(zip(instruction.classes, instruction.colours, strict=True))
    codec = PaletteCodec(colours, background=instruction.background or "implicit")
    decoded = codec.decode(rgb)
    report = pd.DataFrame(codec.report(rgb))
    forced = PaletteCodec(colours, background=None).decode(rgb).labels
    taken = np.bincount(forced[decoded.labels < 0].ravel(), minlength=len(colours))
    row = {
        "classes": len(colours),
        "background": "named"
        if instruction.background
        else "implicit black"
        if codec.background_colour
        else "none",
        "unnamed": float((decoded.labels < 0).mean()),
        "residual": float(decoded.residual.mean()),
        "off_colour": float((decoded.residual > NEAR_CODE).mean()),
        "drift_worst": float(report.drift[report.share > _LEAST_SHARE].max()),
        "would_swallow": instruction.classes[int(taken.argmax())],
    }
    return decoded, row, {"report": report}


def _read_instances(
    rgb: np.ndarray, instruction: Instruction
) -> tuple[InstanceResult, dict[str, Any], dict[str, Any]]:
    codec = InstanceCodec(background=instruction.background or (0, 0, 0))
    decoded = codec.decode(rgb)
    assert isinstance(decoded, InstanceResult)  # one picture, not a batch
    sensitivity = pd.DataFrame(codec.sensitivity(rgb))
    row = {
        "class": instruction.classes[0] if instruction.classes else "",
        "count": len(decoded),
        "count_low": int(sensitivity.instances.min()),
        "count_high": int(sensitivity.instances.max()),
        "foreground": float((decoded.labels != 0).mean()),
        "rejected": float((decoded.labels < 0).sum() / max((decoded.labels != 0).sum(), 1)),
    }
    return decoded, row, {"sensitivity": sensitivity}
