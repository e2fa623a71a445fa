"""Exercises: from a scene, an instruction and the picture that answers it.

One function a task. Each draws the wording, the colours and what is asked from a generator of random
numbers, so that training sees them all, and tests can ask for one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.codecs import ColormapCodec, DepthCodec, NormalCodec
from vbanalysis.instructions import (
    COLORMAPS,
    NOTATIONS,
    STYLES,
    colour_name,
    depth_prompt,
    generation_prompt,
    instance_prompt,
    normals_prompt,
    referring_prompt,
    semantic_prompt,
    words_and_colours,
)
from vbanalysis.mini.language.captions import caption
from vbanalysis.mini.language.edits import edit
from vbanalysis.mini.language.phrases import plural
from vbanalysis.mini.language.referring import referring, referring_pair
from vbanalysis.mini.network import OWN_COLOURS
from vbanalysis.mini.tokens import tokenize
from vbanalysis.mini.world.graph import CLASSES, STUFF, Scene
from vbanalysis.mini.world.layout import WITHHELD, visible_things
from vbanalysis.mini.world.render import View, render
from vbanalysis.types import Rgb, Task

FREE = 0
"""Source of a pixel that is painted freely."""

BLACK = 1
"""Source of a pixel behind the masks where the prompt names no background: the first of the own colours."""

_SPELLED = 1 + len(OWN_COLOURS)

MOST_DRAWN = 4
"""Scenes with more visible things are not drawn from a caption, for it could not name them all."""


class Exercise(NamedTuple):
    """One instruction with its answer.

    Attributes:
        task: What is asked.
        prompt: The instruction.
        image: (H, W, 3) uint8, the input, or None where there is none.
        target: (H, W, 3) uint8, the answer.
        source: (H, W) int16, where each pixel's colour comes from, as `Painting.pointing` counts: 0 free
            paint, then the own colours, then the colours of the prompt.
        weight: (H, W) float32 of mean 1: how much each pixel counts.
        about: What a judge needs, by name: the truth in numbers.
    """

    task: Task
    prompt: str
    image: np.ndarray | None
    target: np.ndarray
    source: np.ndarray
    weight: np.ndarray
    about: Mapping[str, Any]


def depth(scene: Scene, view: View, rng: np.random.Generator, colormap: str | None = "") -> Exercise:
    """Metric depth, in the rainbow walk more often than in another colour map.

    Args:
        scene: The scene.
        view: What is seen of it.
        rng: Chooses the words, and the colour map if that is "".
        colormap: One of `COLORMAPS`, or None to name none, which means the walk.
    """
    if colormap == "":
        colormap = _choose(rng, COLORMAPS) if rng.random() < 0.4 else None
    prompt = depth_prompt(_choose(rng, STYLES["depth"]), colormap)
    rgb = _depth_codec(colormap).encode(view.depth_m)
    return _painted("depth", prompt.text, view, rgb, {"view": view, "colormap": colormap})


def normals(scene: Scene, view: View, rng: np.random.Generator) -> Exercise:
    """Surface normals in the paper's convention."""
    prompt = normals_prompt(_choose(rng, STYLES["normals"]))
    return _painted("normals", prompt.text, view, NormalCodec().encode(view.normals), {"view": view})


def semantic(
    scene: Scene, view: View, rng: np.random.Generator, named: Sequence[str] | None = None
) -> Exercise:
    """Any classes in any colours; all else in black, or in the background's colour where one is named.

    Args:
        scene: The scene.
        view: What is seen of it.
        rng: Chooses the words, the colours, and the classes if `named` is None.
        named: The classes to ask for.
    """
    if named is None:
        count = len(CLASSES) if rng.random() < 0.5 else int(rng.integers(1, 7))
        named = [CLASSES[k] for k in rng.permutation(len(CLASSES))[:count]]
    style = _choose(rng, STYLES["semantic"])
    notation = _choose(rng, NOTATIONS)
    colours = _colours(rng, len(named) + 1, by_name=notation == "name")
    behind = colours[-1] if rng.random() < 0.25 else None
    classes = dict(zip(named, colours[:-1], strict=True))
    prompt = semantic_prompt(classes, style, notation, behind)
    asked = np.full(len(CLASSES), -1, np.int32)
    asked[[CLASSES.index(name) for name in named]] = np.arange(len(named))
    labels = asked[view.classes]
    about = {"view": view, "classes": classes, "background": behind, "labels": labels}
    return _masks(
        "semantic", prompt.text, view, labels, list(classes.values()), behind, view.classes, 0.6, about
    )


def instance(scene: Scene, view: View, rng: np.random.Generator) -> Exercise | None:
    """Every instance of one kind, from left to right in the own colours; None if no kind can be seen.

    One time in eight the kind is not there, and the answer is black.
    """
    seen = visible_things(scene, view.instances)
    kinds = sorted({scene.things[k].kind for k in seen})
    if not kinds:
        return None
    absent = [kind for kind in CLASSES[len(STUFF) :] if kind not in {thing.kind for thing in scene.things}]
    kind = _choose(rng, absent) if absent and rng.random() < 0.125 else _choose(rng, kinds)
    style = _choose(rng, STYLES["instance"])
    noun = kind if style == "each" else plural(kind)
    prompt = instance_prompt(noun, style)
    columns = np.arange(view.instances.shape[1])
    middles = {}
    for k, thing in enumerate(scene.things):
        mask = view.instances == k + 1
        if thing.kind == kind and mask.any():
            middles[k] = float((mask.sum(axis=0) * columns).sum() / mask.sum())
    ranks = {k: rank for rank, k in enumerate(sorted(middles, key=lambda k: middles[k]))}
    labels = np.zeros(view.instances.shape, np.int32)
    for k, rank in ranks.items():
        labels[view.instances == k + 1] = rank + 1
    source = np.where(labels, BLACK + 1 + (labels - 1) % (len(OWN_COLOURS) - 1), BLACK).astype(np.int16)
    target = np.array(OWN_COLOURS, np.uint8)[source - 1]
    weight = balanced(np.where(labels, labels, -(view.instances > 0).astype(np.int32)), 0.75)
    about = {"kind": kind, "labels": labels}
    return Exercise("instance", prompt.text, view.rgb, target, source, weight, about)


def refer(
    scene: Scene,
    view: View,
    rng: np.random.Generator,
    kinds: Collection[str] | None = None,
    two: bool | None = None,
    swap: bool = False,
) -> Exercise | None:
    """One or two referring expressions, a colour each; None if nothing can be told apart.

    Args:
        scene: The scene.
        view: What is seen of it.
        rng: Chooses the words.
        kinds: Of expressions, as in `referring`.
        two: Whether two expressions are asked for; drawn if None.
        swap: Whether the colours of the expressions change places; all else stays as it was drawn.
    """
    seen = visible_things(scene, view.instances)
    if two is None:
        two = rng.random() < 0.5
    if two:
        found: Any = referring_pair(scene, view.instances, rng, kinds, seen)
    else:
        single = referring(scene, view.instances, rng, kinds, seen)
        found = None if single is None else (single,)
    if found is None:
        return None
    notation = _choose(rng, ("name", *NOTATIONS))
    # "The blue door is red. The red door is blue." is no exercise: which of its colours is a mask's?
    spoken = [rgb for each in found for _, rgb in words_and_colours(each.text) if rgb is not None]
    colours = _colours(rng, len(found) + 1, by_name=notation == "name", avoid=spoken)
    behind = colours[-1] if rng.random() < 0.25 else None
    given = colours[: len(found)][:: -1 if swap else 1]
    descriptions = {each.text: colour for each, colour in zip(found, given, strict=True)}
    prompt = referring_prompt(descriptions, _choose(rng, STYLES["referring"]), notation, behind)
    labels = np.full(view.instances.shape, -1, np.int32)
    for k, each in enumerate(found):
        labels[np.isin(view.instances, [thing + 1 for thing in each.things])] = k
    regions = np.where(labels >= 0, labels + 2, view.instances > 0)
    about = {
        "classes": descriptions,
        "background": behind,
        "labels": labels,
        "kinds": tuple(each.kind for each in found),
        "things": tuple(each.things for each in found),
    }
    return _masks(
        "referring", prompt.text, view, labels, list(descriptions.values()), behind, regions, 0.75, about
    )


def draw(scene: Scene, view: View, rng: np.random.Generator) -> Exercise | None:
    """Text to image; None for a scene with more things than a caption names."""
    seen = visible_things(scene, view.instances)
    if not 0 < len(seen) <= MOST_DRAWN or len(scene.things) > MOST_DRAWN:
        return None
    told = caption(scene, seen, rng)
    prompt = generation_prompt(told.text, _choose(rng, STYLES["generation"]))
    source = np.full(view.classes.shape, FREE, np.int16)
    weight = balanced(view.instances, 0.35)
    about = {"claims": told.claims, "scene": scene, "view": view}
    return Exercise("generation", prompt.text, None, view.rgb, source, weight, about)


def change(
    scene: Scene, view: View, rng: np.random.Generator, kinds: Collection[str] = ("recolour", "remove")
) -> Exercise | None:
    """One thing repainted or taken away, all else kept; None if no thing can be named."""
    order = edit(scene, visible_things(scene, view.instances), rng, kinds, avoid=WITHHELD)
    if order is None:
        return None
    after = render(order.result, view.classes.shape)
    changed = np.abs(after.rgb.astype(np.int16) - view.rgb).max(axis=-1) > 8
    source = np.full(view.classes.shape, FREE, np.int16)
    about = {"edit": order, "after": after, "changed": changed, "mask": view.instances == order.thing + 1}
    return Exercise("edit", order.text, view.rgb, after.rgb, source, balanced(changed, 0.6), about)


EXERCISES: Mapping[Task, Callable[..., Exercise | None]] = {
    "depth": depth,
    "normals": normals,
    "semantic": semantic,
    "instance": instance,
    "referring": refer,
    "generation": draw,
    "edit": change,
}
"""The function of each task."""


@cache
def _depth_codec(colormap: str | None) -> DepthCodec | ColormapCodec:
    return DepthCodec() if colormap in (None, "rainbow") else ColormapCodec(colormap)


def _painted(task: Task, prompt: str, view: View, rgb: np.ndarray, about: Mapping[str, Any]) -> Exercise:
    shape = view.classes.shape
    return Exercise(
        task, prompt, view.rgb, rgb, np.full(shape, FREE, np.int16), balanced(view.classes, 0.25), about
    )


def _masks(
    task: Task,
    prompt: str,
    view: View,
    labels: np.ndarray,
    colours: list[Rgb],
    behind: Rgb | None,
    regions: np.ndarray,
    power: float,
    about: Mapping[str, Any],
) -> Exercise:
    spelled = [token.rgb for token in tokenize(prompt) if token.rgb is not None]
    sources = [_SPELLED + spelled.index(rgb) for rgb in colours]
    back = BLACK if behind is None else _SPELLED + spelled.index(behind)
    source = np.array([*sources, back], np.int16)[labels]
    target = np.array([*colours, behind or OWN_COLOURS[0]], np.uint8)[labels]
    return Exercise(task, prompt, view.rgb, target, source, balanced(regions, power), about)


def balanced(regions: np.ndarray, power: float) -> np.ndarray:
    """Weights of mean 1 that fall with a region's area to `power`, so that small ones are heard.

    Args:
        regions: (H, W) of any labels.
        power: From 0, all pixels count alike, to 1, all regions do.

    Returns:
        (H, W) float32.
    """
    _, places, areas = np.unique(regions, return_inverse=True, return_counts=True)
    weight = (areas.astype(np.float32) ** -power)[places].reshape(regions.shape)
    return weight / weight.mean()


def _choose(rng: np.random.Generator, options: Sequence[Any]) -> Any:
    return options[int(rng.integers(len(options)))]


def _colours(rng: np.random.Generator, count: int, by_name: bool, avoid: Sequence[Rgb] = ()) -> list[Rgb]:
    """Colours at least 64/255 from black, from those to avoid and, while there is room, from each other."""
    chosen: list[Rgb] = []
    taken = np.array([OWN_COLOURS[0], *avoid], float)
    least = 64.0
    named = _named_colours()
    while len(chosen) < count:
        candidates = named[rng.permutation(len(named))] if by_name else rng.integers(0, 256, (48, 3))
        for rgb in candidates:
            if np.linalg.norm(taken - rgb, axis=1).min() >= least:
                chosen.append((int(rgb[0]), int(rgb[1]), int(rgb[2])))
                taken = np.vstack([taken, rgb])
                if len(chosen) == count:
                    break
        least *= 0.8
    return chosen


@cache
def _named_colours() -> np.ndarray:
    """The named CSS colours that read back as themselves and lie clear of black."""
    from matplotlib.colors import CSS4_COLORS, to_rgb

    values: set[Any] = {tuple(round(255 * part) for part in to_rgb(code)) for code in CSS4_COLORS.values()}
    return np.array(
        sorted(rgb for rgb in values if colour_name(rgb) is not None and np.linalg.norm(rgb) >= 64)
    )
