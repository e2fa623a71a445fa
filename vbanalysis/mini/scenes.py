"""`scenes`: the embedded generator's world as a data set, split by split, with everything known exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vbanalysis.errors import InputError
from vbanalysis.mini.world.graph import CLASSES
from vbanalysis.mini.world.layout import SPLITS, make_scene, visible_things
from vbanalysis.mini.world.render import render
from vbanalysis.types import Sample


class Scenes:
    """The first `n` scenes of a split, rendered one at a time.

    A sample's id is `scenes/SPLIT/NUMBER`. Its `info` holds `intrinsics`, `classes` (H, W) int32 labels of
    `class_names`, `instances` (H, W) int32 (k is `scene.things[k - 1]`, 0 is stuff), `scene` (the scene
    graph) and `visible` (places in `scene.things` of the things that cover enough of the picture to be asked
    for). Sky has infinite depth and unknown normals.

    Args:
        split: One of `layout.SPLITS`.
        n: Scenes; scene k is the same whatever `n` is.
        size: Side of the square pictures in pixels; the scenes are the same at any size.
        seed: Another seed gives other scenes.

    Raises:
        InputError: There is no such split, or a number is outside its range.
    """

    name = "scenes"

    def __init__(self, split: str = "heldout", n: int = 400, size: int = 64, seed: int = 0) -> None:
        if split not in SPLITS:
            raise InputError(f"scenes has no split {split!r}: there are {', '.join(SPLITS)}")
        for name, value, least in (("n", n, 1), ("size", size, 8), ("seed", seed, 0)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}")
        self.split, self.n, self.size, self.seed = split, n, size, seed

    def __len__(self) -> int:
        """`n`."""
        return self.n

    def __iter__(self) -> Iterator[Sample]:
        """The scenes, rendered one at a time."""
        return (self[k] for k in range(self.n))

    def __getitem__(self, key: int | str) -> Sample:
        """A scene by its place or its id, `scenes/SPLIT/NUMBER`.

        Raises:
            IndexError: There are fewer scenes.
            InputError: No such id.
        """
        if isinstance(key, str):
            number = key.removeprefix(f"scenes/{self.split}/")
            if not (number.isdecimal() and number == str(int(number)) and int(number) < self.n):
                raise InputError(
                    f"no sample {key!r} in this data set: there are scenes/{self.split}/0 to "
                    f"scenes/{self.split}/{self.n - 1}"
                )
            key = int(number)
        if not -self.n <= key < self.n:
            raise IndexError(f"the data set holds {self.n} samples")
        scene = make_scene(self.split, key % self.n, self.seed)
        view = render(scene, self.size)
        return Sample(
            id=f"scenes/{scene.id}",
            image=view.rgb,
            depth_m=view.depth_m,
            normals=view.normals,
            info={
                "intrinsics": view.intrinsics,
                "classes": view.classes,
                "class_names": CLASSES,
                "instances": view.instances,
                "scene": scene,
                "visible": visible_things(scene, view.instances),
            },
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


def load(argument: str | None = None, *, n: int = 400, size: int = 64, seed: int = 0) -> Scenes:
    """Factory of the spec strings `scenes`, `scenes:fov-wide` and `scenes:heldout?n=400&size=64&seed=0`."""
    return Scenes("heldout" if argument is None else argument, n, size, seed)
