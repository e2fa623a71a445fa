"""`scenes`: the embedded generator's world as a data set, split by split, with everything known exactly."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.listed import Listed
from vbanalysis.mini.language.phrases import own_nouns
from vbanalysis.mini.language.referring import referring
from vbanalysis.mini.world.graph import CLASSES, THINGS, Scene
from vbanalysis.mini.world.layout import SPLITS, make_scene, visible_things
from vbanalysis.mini.world.render import View, render
from vbanalysis.types import Sample

Asked = Literal["instance", "referring", "generation", "edit"]

_SCENES = 10**6
"""No split is asked for so many; where a scene has nothing to ask, the one so far on takes its place."""


class Scenes(Listed):
    """The first `n` scenes of a split, rendered one at a time.

    A sample's id is `scenes/SPLIT/NUMBER`. `classes` are labels of all classes. `info` holds `intrinsics`,
    `instances` (H, W) int32 (k is `scene.things[k - 1]`, 0 is stuff), `scene` (the scene graph) and `visible`
    (places in `scene.things` of the things that cover enough of the picture to be asked for). Sky has
    infinite depth and unknown normals.

    Args:
        split: One of `layout.SPLITS`.
        n: Scenes; scene k is the same whatever `n` is.
        size: Side of the square pictures in pixels; the scenes are the same at any size.
        seed: Another seed gives other scenes.
        ask: Gives each sample a `phrase` and its `masks`: `"instance"`, a kind of thing, one time in eight
            one that is not there; `"referring"`, an expression that fits one thing or several, as one mask,
            with its kind in `info["expression"]`, and a plain one in `info["description"]` where that fits
            nothing else. Or gives it a `prompt`: `"generation"`, a caption to draw from, without an image,
            with `info["claims"]`; `"edit"`, an order, with `info["edit"]` and `info["view"]`. Their
            `info["target"]` is the picture that the prompt was taken from, or leads to.

    Raises:
        InputError: There is no such split, or a number is outside its range.
    """

    name = "scenes"

    def __init__(
        self,
        split: str = "heldout",
        n: int = 400,
        size: int = 64,
        seed: int = 0,
        ask: Asked | None = None,
    ) -> None:
        if split not in SPLITS:
            raise InputError(f"scenes has no split {split!r}: there are {', '.join(SPLITS)}")
        for name, value, least in (("n", n, 1), ("size", size, 8), ("seed", seed, 0)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}")
        if n > _SCENES:
            raise InputError(f"n must be at most {_SCENES}, got {n}: take another seed for more")
        if ask is not None and ask not in get_args(Asked):
            raise InputError(f"ask must be one of {', '.join(get_args(Asked))}, got {ask!r}")
        self.split, self.n, self.size, self.seed, self.ask = split, n, size, seed, ask
        self.ids = [f"scenes/{split}/{number}" for number in range(n)]

    def read(self, place: int) -> Sample:
        """The scene of a number."""
        if self.ask in ("generation", "edit"):
            return self._told(place, self.ask)
        number = place
        while True:
            scene = make_scene(self.split, number, self.seed)
            view = render(scene, self.size)
            asked = _question(scene, view, self.ask, np.random.default_rng([11, self.seed, number]))
            if asked is not None or self.ask is None:
                break
            number += _SCENES
        phrase, masks, told = asked or (None, None, {})
        return Sample(
            id=self.ids[place],
            image=view.rgb,
            depth_m=view.depth_m,
            normals=view.normals,
            classes=view.classes,
            class_names=CLASSES,
            phrase=phrase,
            masks=() if masks is None else (masks,),
            info={
                "intrinsics": view.intrinsics,
                "instances": view.instances,
                "graph": scene,
                "visible": visible_things(scene, view.instances),
                **told,
            },
        )

    def _told(self, place: int, task: Literal["generation", "edit"]) -> Sample:
        """What is to be drawn, or edited."""
        from vbanalysis.mini.training.exercises import EXERCISES

        number, exercise = place, None
        while exercise is None:
            scene = make_scene(self.split, number, self.seed)
            view = render(scene, self.size)
            exercise = EXERCISES[task](scene, view, np.random.default_rng([11, self.seed, number]))
            number += _SCENES
        told = (
            {"claims": exercise.about["claims"]} if task == "generation" else {"edit": exercise.about["edit"]}
        )
        return Sample(
            id=self.ids[place],
            image=exercise.image,
            prompt=exercise.prompt,
            task=task,
            info={"graph": scene, "view": view, "target": exercise.target, **told},
        )

    def describe(self) -> dict[str, Any]:
        """Counts, licence and source."""
        return {
            "name": self.name,
            "about": f"rendered rooms and open grounds, exactly known; {self.split}: {SPLITS[self.split]}",
            "samples": self.n,
            "samples_at_hand": self.n,
            "licence": "Apache-2.0",
            "source": "computed",
        }


def load(
    argument: str | None = None,
    *,
    n: int = 400,
    size: int = 64,
    seed: int = 0,
    ask: Asked | None = None,
) -> Scenes:
    """Factory of the spec strings `scenes`, `scenes:fov-wide`, `scenes:heldout?n=400&ask=referring`."""
    return Scenes("heldout" if argument is None else argument, n, size, seed, ask)


def _question(
    scene: Scene, view: View, ask: Asked | None, rng: np.random.Generator
) -> tuple[str, np.ndarray, dict[str, str]] | None:
    """A phrase, its (n, H, W) masks, and what else is told of it; None if nothing can be asked of a scene."""
    seen = visible_things(scene, view.instances)
    if ask == "referring":
        found = referring(scene, view.instances, rng, None, seen)
        if found is None:
            return None
        told = {"expression": found.kind}
        if plain := own_nouns(scene, found.things[0], seen):
            told["description"] = plain[0]
        return found.text, np.isin(view.instances, [thing + 1 for thing in found.things])[None], told
    kinds = sorted({scene.things[place].kind for place in seen})
    if ask is None or not kinds:
        return None
    absent = sorted(set(THINGS) - {thing.kind for thing in scene.things})
    offered = absent if absent and rng.random() < 0.125 else kinds
    kind = offered[int(rng.integers(len(offered)))]
    masks = [view.instances == place + 1 for place, thing in enumerate(scene.things) if thing.kind == kind]
    there = [mask for mask in masks if mask.any()]
    return kind, np.stack(there) if there else np.zeros((0, *view.instances.shape), bool), {}
