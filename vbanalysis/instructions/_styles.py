"""The wordings of the paper and of its project page, by task and style.

Braces stand for a name or a colour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from vbanalysis.types import Rgb, Task


class Sentences(NamedTuple):
    """A style in sentences: the first one, and the statements for the classes, taken in turn."""

    opening: str
    statements: tuple[str, ...]


COLORMAPS = ("rainbow", "viridis", "plasma", "inferno", "gray")
"""The colour maps that the paper trained depth with; "rainbow" is its walk over the colour cube."""

TRIPLES = {
    "rgb": "({}, {}, {})",
    "angle": "<{}, {}, {}>",
    "square": "[{}, {}, {}]",
    "function": "RGB({}, {}, {})",
    "hex": "#{:02X}{:02X}{:02X}",
}
NOTATIONS = (*TRIPLES, "name")
"""How a colour is written: `(r, g, b)`, `<r, g, b>`, `[r, g, b]`, `RGB(r, g, b)`, `#RRGGBB`, a word."""

DEPTH = {
    "generate": "Generate a metric depth map of the input image.",
    "provided": "Generate a metric depth map of the provided image.",
    "predict": "Predict the metric depth of this scene as an image.",
}
NORMALS = {
    "generate": "Generate a surface normal map of the input image.",
    "predict": "Predict the surface normal of this scene.",
}
MAPPED = {
    "json": "Generate a visualization image of semantic segmentation, using this color mapping:",
    "json-short": "Generate a semantic segmentation visualization image, using this color mapping:",
}
SEMANTIC = {
    "list": Sentences(
        "Generate a semantic segmentation visualization of the input.",
        ("The {} is {}.",),
    ),
    "prose": Sentences(
        "This image is a per-pixel class labeling of the input.",
        ("The {} is represented by {}.", "The {} is depicted in {}.", "The {} is shown in {}."),
    ),
    "per-class": Sentences(
        "Conduct per-class semantic segmentation for the given image.",
        ("The {} is represented by {}.", "The {} is depicted in {}.", "The {} is in {}."),
    ),
}
REFERRING = {
    "rendered": Sentences("A segmentation map image.", ("The {} is rendered in {}.",)),
    "area": Sentences(
        "A segmentation map image.",
        ("The area that corresponds to the {} is rendered solid {}.",),
    ),
    "plain": Sentences("A segmentation map of the input image.", ("The {} is rendered {}.",)),
    "masks": Sentences(
        "This image shows segmentation masks from the given image.",
        ("The {} is rendered as {} color.", "The {} is represented by a solid {}."),
    ),
}
INSTANCE = {
    "each": "Generate an instance segmentation visualization of this image. Each {} is colored differently.",
    "derived": "This image is a segmentation task derived from the input. "
    "The {} instances are each represented by a unique, solid color.",
    "masks": "This image shows segmentation masks for the {} from the input image. "
    "Each {} instance is represented by a solid mask, and a different color is used for each mask.",
    "short": "Segment the {}, make sure different colors for different instances.",
    "all": "Generate an instance segmentation visualization of the input image. "
    "Segment all the {}, color them differently.",
}

GENERATION = {
    "caption": "{}",
    "generate": "Generate an image of {}",
    "create": "Create an image of {}",
    "draw": "Draw {}",
    "picture": "A picture of {}",
}

STYLES: Mapping[Task, tuple[str, ...]] = {
    "depth": tuple(DEPTH),
    "normals": tuple(NORMALS),
    "semantic": (*MAPPED, *SEMANTIC),
    "referring": tuple(REFERRING),
    "instance": tuple(INSTANCE),
    "generation": tuple(GENERATION),
}
"""The styles that each builder knows; the first one is its default."""

CITYSCAPES: Mapping[str, Rgb] = {
    "road": (128, 64, 128),
    "sidewalk": (244, 35, 232),
    "building": (70, 70, 70),
    "wall": (102, 102, 156),
    "fence": (190, 153, 153),
    "pole": (153, 153, 153),
    "traffic light": (250, 170, 30),
    "traffic sign": (220, 220, 0),
    "vegetation": (107, 142, 35),
    "terrain": (152, 251, 152),
    "sky": (70, 130, 180),
    "person": (220, 20, 60),
    "rider": (255, 0, 0),
    "car": (0, 0, 142),
    "truck": (0, 0, 70),
    "bus": (0, 60, 100),
    "train": (0, 80, 100),
    "motorcycle": (0, 0, 230),
    "bicycle": (119, 11, 32),
}
"""The 19 evaluated classes of Cityscapes in the order of their train ids, with the official colours."""
