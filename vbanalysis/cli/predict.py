"""`vbanalysis predict`: the numbers that any model gives for one photograph."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vbanalysis.errors import InputError
from vbanalysis.paths import shown

if TYPE_CHECKING:
    import numpy as np

    from vbanalysis.tasks import VisionTask
    from vbanalysis.types import Sample

_OPEN = {
    "none": "",
    "scale": ", known up to a factor",
    "affine": ", known up to a factor and an offset",
    "disparity": ", whose reciprocal is known up to a factor and an offset",
}


def predict(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="Spec string of a model, such as mini, u2netp or onnx:my.onnx."),
    ],
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A photograph.")],
    task: Annotated[str, typer.Option(help="depth, normals, semantic, instance or referring.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT.npy", help="File for the numbers.")],
    phrase: Annotated[
        str | None, typer.Option(help="What to mark, such as 'a red ball'; for instance and referring.")
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="A class to find, repeatable; for semantic, whose classes are else Cityscapes' 19.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of a generator's noise.")] = 0,
    native: Annotated[
        bool, typer.Option("--native", help="Keep the model's own resolution, not the image's.")
    ] = False,
) -> None:
    """Write what a model says of a photograph, as numbers.

    These are metres, unit normals or labels.
    """
    import numpy as np

    from vbanalysis import plugins
    from vbanalysis.evaluation import predict as answer_of
    from vbanalysis.images import read_photo
    from vbanalysis.models import Model, Specialist
    from vbanalysis.paths import replacing
    from vbanalysis.tasks import VisionTask, resized

    if out.suffix.lower() != ".npy":
        raise InputError(f"-o {shown(out)}: numbers are written as .npy, which keeps every one")
    asked = plugins.load("tasks", task, VisionTask)  # type: ignore[call-overload]
    photo = read_photo(image)
    sample = _sample(asked, photo, image.stem, phrase, tuple(classes or ()))
    loaded = plugins.load("models", model, Model)  # type: ignore[call-overload]
    began = time.perf_counter()
    answer = answer_of(loaded, asked, sample, seed=seed)
    seconds = time.perf_counter() - began
    if not native:
        answer = resized(answer, photo.shape[:2])
    with replacing(out) as file:
        np.save(file, answer)
    size = f"{answer.shape[1]} x {answer.shape[0]}"
    told = _told(asked.name, answer, asked.instruction(sample).classes)
    if isinstance(loaded, Specialist) and asked.name == "depth":
        told += _OPEN[loaded.invariance]
    typer.echo(f"wrote {shown(out)}: {size} {answer.dtype}, {told}, by {loaded.name} in {seconds:.2f} s")


def _sample(
    task: VisionTask, photo: np.ndarray, name: str, phrase: str | None, classes: tuple[str, ...]
) -> Sample:
    """The photograph as a sample whose truth is not known."""
    import numpy as np

    from vbanalysis.instructions import CITYSCAPES
    from vbanalysis.types import Sample

    phrased = task.name in ("instance", "referring")
    if phrased and not phrase:
        raise InputError(f"{task.name} needs --phrase: say what is to be marked")
    if phrase is not None and not phrased:
        raise InputError(f"--phrase is for instance and referring, not for {task.name}")
    if classes and task.name != "semantic":
        raise InputError(f"--class is for semantic, not for {task.name}")
    unknown: dict[str, Any] = {}
    if task.name == "semantic":
        nowhere = np.full(photo.shape[:2], -1, np.int32)
        unknown = {"classes": nowhere, "class_names": classes or tuple(CITYSCAPES)}
    return Sample(id=name, image=photo, phrase=phrase, **unknown)


def _told(task: str, answer: np.ndarray, classes: tuple[str, ...]) -> str:
    import numpy as np

    if task == "depth":
        known = answer[np.isfinite(answer)]
        return f"depth from {known.min():.3g} to {known.max():.3g}" if known.size else "no depth is known"
    if task == "normals":
        return f"normals at {100 * np.isfinite(answer).all(axis=2).mean():.0f} % of the pixels"
    if task == "instance":
        return f"{max(int(answer.max()), 0)} instances"
    if task == "referring":
        return f"{100 * (answer == 0).mean():.0f} % of the pixels marked"
    found = [classes[k] for k in np.unique(answer) if k >= 0]
    return f"classes {', '.join(found[:6]) or 'none'}{' ...' if len(found) > 6 else ''}"
