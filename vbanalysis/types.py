"""The vocabulary of the package: samples, instructions and decoded results.

Units and frames are in the names. Arrays are NumPy arrays, or torch tensors
where a codec was given tensors. Results are frozen: a step never edits what an
earlier step returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Rgb = tuple[int, int, int]
"""A colour in 8 bits a channel, 0 to 255."""

Array = Any
"""A `numpy.ndarray` or a `torch.Tensor`; a function returns the kind it was given."""

Task = Literal["depth", "normals", "semantic", "referring", "instance", "generation", "edit"]

Frame = Literal["paper", "opengl", "opencv", "dsine", "diode"]


@dataclass(frozen=True, eq=False)
class Sample:
    """One item of a data set: an image and what is known of it.

    Attributes:
        id: Stable name within the data set.
        image: (H, W, 3) uint8 RGB, the input; or None where only an output is known.
        output: (h, w, 3) uint8 RGB that a generator made for `prompt`, or None.
        prompt: The instruction given to the generator, or None.
        task: What `prompt` asks for, or None.
        depth_m: (H, W) float32 z in metres; inf is unbounded, NaN unknown; or None.
        normals: (H, W, 3) float32 unit vectors in the paper's frame, NaN unknown; or None.
        classes: (H, W) int32, k is class k of `class_names` from 0, -1 is not to be scored; or None.
        class_names: The classes of `classes`.
        phrase: The noun phrase or expression that `masks` answer, or None.
        masks: One stack an annotator, each (n, H, W) bool with a mask an instance; an expression has one
            stack of one mask, and of none where nothing fits. Empty where `phrase` is None.
        valid: (H, W) bool, where the benchmark compares at all (its crop and mask); None for everywhere.
        info: Anything else, by name (intrinsics, licence, source address).
    """

    id: str
    image: Array | None
    output: Array | None = None
    prompt: str | None = None
    task: Task | None = None
    depth_m: Array | None = None
    normals: Array | None = None
    classes: Array | None = None
    class_names: tuple[str, ...] = ()
    phrase: str | None = None
    masks: tuple[Array, ...] = ()
    valid: Array | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Instruction:
    """What a prompt asks for, in words and as codec settings.

    Attributes:
        task: The kind of answer.
        text: The prompt itself.
        classes: What is to be marked, in the order of the prompt.
        colours: One colour a class; empty where the generator chooses (instances).
        background: Colour of everything else, or None where the prompt names none.
        colormap: Colour map named for depth (`"rainbow"` is the paper's walk), or None.
        convention: Convention named for normals, or None.
    """

    task: Task
    text: str
    classes: tuple[str, ...] = ()
    colours: tuple[Rgb, ...] = ()
    background: Rgb | None = None
    colormap: str | None = None
    convention: Frame | None = None


@dataclass(frozen=True, eq=False)
class DepthResult:
    """Depth read from colours.

    Attributes:
        depth_m: (..., H, W) float, z in metres; inf is unbounded, NaN unknown.
        residual: Same shape, distance of the colour to the code, in /255.
        margin: Same shape, how much farther the best non-adjacent edge lies, in /255.
        valid: Same shape, bool: the depth is known (finite or inf).
        rgb: (..., H, W, 3) the colours themselves, as given: a reference, not a copy.
    """

    depth_m: Array
    residual: Array
    margin: Array
    valid: Array
    rgb: Array


@dataclass(frozen=True, eq=False)
class NormalResult:
    """Surface normals read from colours.

    Attributes:
        normals: (..., H, W, 3) float unit vectors in `frame`, NaN where not valid.
        length: (..., H, W) length of the raw decoded vector; 1 on the code.
        valid: (..., H, W) bool: the length is that of a normal.
        frame: The camera frame of `normals`.
    """

    normals: Array
    length: Array
    valid: Array
    frame: Frame


@dataclass(frozen=True, eq=False)
class SemanticResult:
    """Classes read from prompted colours.

    Attributes:
        labels: (..., H, W) int32, k is class k of `names` from 0; -1 is background or rejected.
        names: The classes.
        residual: (..., H, W) distance to the colour chosen, in /255 (ΔE*ab in CIELAB).
        margin: (..., H, W) how much farther the runner-up colour lies, same unit.
        valid: (..., H, W) bool, False where the colour was too far from all and was rejected.
            So `valid & (labels == -1)` is the background.
    """

    labels: Array
    names: tuple[str, ...]
    residual: Array
    margin: Array
    valid: Array


@dataclass(frozen=True, eq=False)
class InstanceResult:
    """Instances read from colours that the generator chose.

    Attributes:
        labels: (H, W) int32: instance k is k from 1, 0 background, -1 rejected foreground.
        colours: (n, 3) uint8, mean colour of each instance.
        areas: (n,) int64, pixels of each instance.
        boxes: (n, 4) int64, each `x0, y0, x1, y1`, half-open.
    """

    labels: Array
    colours: Array
    areas: Array
    boxes: Array

    def __len__(self) -> int:
        return len(self.areas)
