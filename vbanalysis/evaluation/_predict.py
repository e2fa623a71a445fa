"""One answer of any model, without a truth to score it by."""

from __future__ import annotations

import numpy as np

from vbanalysis.errors import DataError, InputError
from vbanalysis.models import Generator, Model, Specialist
from vbanalysis.tasks import Answer, VisionTask
from vbanalysis.types import Sample


def predict(model: Model, task: VisionTask, sample: Sample, *, seed: int = 0) -> Answer:
    """What a model says of an image, as numbers at its own resolution.

    Args:
        model: A generator, whose picture is decoded, or a specialist.
        task: What is asked; its instruction is made of the sample.
        sample: With an image; classes or a phrase where the task asks for them.
        seed: Of a generator's noise.

    Returns:
        As `VisionTask.decode` describes it.

    Raises:
        InputError: The model does not answer this task, or only samples of a data set.
        DataError: The sample has no image, or the answer is of another form.

    Examples:
        >>> from vbanalysis.plugins import load
        >>> sample = load("datasets", "scenes:heldout?n=1")[0]
        >>> depth_m = predict(load("models", "mini-regression"), load("tasks", "depth"), sample)
        >>> depth_m.shape, str(depth_m.dtype)
        ((64, 64), 'float32')
    """
    if sample.image is None:
        raise DataError(f"sample {sample.id} has no image")
    instruction = task.instruction(sample)
    if isinstance(model, Generator):
        return task.decode(np.asarray(model.sample(sample.image, instruction, seed=seed)), instruction)
    if not isinstance(model, Specialist):
        raise InputError(
            f"{model.name} knows only the samples of a data set, not a photograph: give it to  "
            "vbanalysis evaluate"
        )
    if task.name not in model.tasks:
        raise InputError(f"{model.name} answers {', '.join(model.tasks)}, not {task.name}")
    return task.checked(model.predict(sample, instruction))
