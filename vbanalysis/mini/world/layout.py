"""Random scenes: which things stand where, under which light, in front of which camera."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.mini.world import _paints
from vbanalysis.mini.world._places import CROWD, EASY, HARD, Demand, FloorPlan
from vbanalysis.mini.world.graph import COLOURS, THINGS, Camera, Room, Scene, Texture, Thing

SPLITS = {
    "train": "rooms and open grounds with one to eight things, half of them easy",
    "heldout": "as train, other seeds: for the numbers that are reported",
    "validation": "as train, other seeds: for choices",
    "fov-wide": "as train, with a horizontal field of view of 110 to 130 degrees, never seen in training",
    "fov-narrow": "as train, with a horizontal field of view of 18 to 30 degrees, never seen in training",
    "novel-combinations": "as train, and every scene holds a kind in the colour withheld elsewhere",
    "novel-textures": "as train, with patterns and colours of surfaces that no other split has",
    "crowded": "as train, with nine to fourteen things",
    "train-rooms": "a narrow domain to train on: rooms only, fields of view of 55 to 65 degrees",
}
"""The splits, and what each is."""

WITHHELD = {
    "ball": "purple",
    "box": "red",
    "can": "yellow",
    "cone": "blue",
    "chair": "green",
    "table": "white",
    "door": "orange",
}
"""The colour of each kind that only the split `novel-combinations` shows."""

MIN_VISIBLE_SHARE = 0.004
"""A thing is visible if it covers at least this share of the picture."""


@dataclass(frozen=True)
class _Domain:
    """What a split draws from."""

    hfov_deg: tuple[float, float] = (30.0, 110.0)
    rooms: float = 0.5
    counts: tuple[int, int] | None = None  # else 1 to 4 in the easy half, 2 to 8 in the hard one
    withheld: bool = False
    novel: bool = False


_DOMAINS = {
    "fov-wide": _Domain(hfov_deg=(110.0, 130.0)),
    "fov-narrow": _Domain(hfov_deg=(18.0, 30.0)),
    "novel-combinations": _Domain(withheld=True),
    "novel-textures": _Domain(novel=True),
    "crowded": _Domain(counts=(9, 14)),
    "train-rooms": _Domain(hfov_deg=(55.0, 65.0), rooms=1.0),
}


def make_scene(split: str, number: int, seed: int = 0) -> Scene:
    """A scene of a split.

    Args:
        split: One of `SPLITS`.
        number: Which of its scenes, from 0; there is no last one.
        seed: Another seed gives other scenes.

    Returns:
        The scene; always the same one for the same arguments.

    Raises:
        InputError: There is no such split, or a number is negative.

    Example:
        >>> scene = make_scene("heldout", 7)
        >>> scene.id, scene == make_scene("heldout", 7), scene == make_scene("heldout", 7, seed=1)
        ('heldout/7', True, False)
    """
    if split not in SPLITS:
        raise InputError(f"no split {split!r}: there are {', '.join(SPLITS)}")
    if number < 0 or seed < 0:
        raise InputError(f"number and seed must be at least 0, got {number} and {seed}")
    rng = np.random.default_rng([seed, list(SPLITS).index(split), number])
    domain = _DOMAINS.get(split, _Domain())
    # Chosen once, so that neither is rarer for being harder to furnish.
    easy, indoors = rng.random() < 0.5, rng.random() < domain.rooms
    while True:
        scene = _draw(rng, domain, easy, indoors)
        if scene is not None:
            return replace(scene, id=f"{split}/{number}")


def visible_things(scene: Scene, instances: np.ndarray) -> tuple[int, ...]:
    """Places in `scene.things` of those that cover `MIN_VISIBLE_SHARE` of an instance map, (H, W) int32."""
    areas = np.bincount(instances.ravel(), minlength=len(scene.things) + 1)[1:]
    return tuple(int(k) for k in np.flatnonzero(areas >= MIN_VISIBLE_SHARE * instances.size))


def _draw(rng: np.random.Generator, domain: _Domain, easy: bool, indoors: bool) -> Scene | None:
    """A scene, or None if its things found no place."""
    low, high = domain.counts or ((1, 4) if easy else (2, 8))
    count = int(rng.integers(low, high + 1))
    demand = CROWD if domain.counts else EASY if easy else HARD
    camera = _camera(rng, domain)
    room = _room(rng, domain, count) if indoors else None
    things = _things(rng, domain, camera, room, count, demand)
    if len(things) < low or (domain.withheld and not any(WITHHELD[t.kind] == t.colour for t in things)):
        return None
    if room is not None and rng.random() < 0.04:
        room = replace(room, mirror=_mirror(rng, room, things))
    lights, ambient = _paints.lamps(rng, room) if room else _paints.daylight(rng)
    return Scene(
        id="",
        camera=camera,
        things=tuple(things),
        ground=_paints.floor(rng, domain.novel) if room else _paints.ground(rng, domain.novel),
        room=room,
        lights=lights,
        ambient=ambient,
        sky=_paints.sky(rng),
        noise=float(rng.uniform(0.5, 3.0)),
        noise_seed=int(rng.integers(2**31)),
    )


def _camera(rng: np.random.Generator, domain: _Domain) -> Camera:
    low, high = domain.hfov_deg
    if high - low < 30:
        hfov = rng.uniform(low, high)
    else:
        hfov = 0.0
        while not low <= hfov <= high:
            hfov = rng.normal(62, 15)
    return Camera(
        hfov_deg=float(hfov),
        height_m=float(rng.uniform(0.9, 1.9)),
        pitch_deg=float(np.clip(rng.normal(-10, 5), -22, 3)),
        roll_deg=float(np.clip(rng.normal(0, 2.5), -7, 7)),
    )


def _room(rng: np.random.Generator, domain: _Domain, count: int) -> Room:
    roomy = min(count / 8, 1.0)
    deep = rng.uniform(3.0 + 2 * roomy, 7.0)
    left, right = rng.uniform(1.3 + 0.7 * roomy, 3.5, 2)
    return Room(
        left_m=float(-left),
        right_m=float(right),
        back_m=float(-deep),
        front_m=float(rng.uniform(0.5, 2.0)),
        height_m=float(rng.uniform(2.4, 2.9)),
        walls=_paints.walls(rng, domain.novel),
        ceiling=Texture("plain", ((_paints.grey(rng, 0.7, 0.85),) * 2)),
    )


def _things(
    rng: np.random.Generator, domain: _Domain, camera: Camera, room: Room | None, count: int, demand: Demand
) -> list[Thing]:
    """Up to `count` things, each in its place."""
    pairs = _pairs(rng, domain, count)
    floor_plan = FloorPlan(camera, room, demand)
    things: list[Thing] = []
    for kind, colour in pairs:
        # What finds no place in two goes (a table is hard to fit) makes way for something else.
        for other in (False, False, True):
            if other:
                kind = str(rng.choice(THINGS))
                colour = _colour(rng, kind)
            place = floor_plan.find(rng, kind)
            if place is not None:
                things.append(Thing(kind, colour, _paints.coat(rng, kind, colour, domain.novel), *place))
                break
    return things


def _pairs(rng: np.random.Generator, domain: _Domain, count: int) -> list[tuple[str, str]]:
    """Kinds and colours of `count` things, the first of them worth talking about.

    They are the withheld pair, two or three of a kind in different colours, or two of a colour.
    """
    pairs: list[tuple[str, str]] = []
    kinds = list(THINGS)
    if domain.withheld:
        kind = str(rng.choice(kinds))
        pairs.append((kind, WITHHELD[kind]))
    if count >= 2 and rng.random() < 0.4:
        kind = pairs[0][0] if pairs else str(rng.choice(kinds))
        colours = [c for c in COLOURS if c != WITHHELD[kind]]
        several = 3 if count >= 3 and rng.random() < 0.3 else 2
        pairs += [(kind, str(c)) for c in rng.choice(colours, several - len(pairs), replace=False)]
    elif count >= 2 and rng.random() < 0.3:
        colour = pairs[0][1] if pairs else str(rng.choice(list(COLOURS)))
        allowed = [k for k in kinds if WITHHELD[k] != colour]
        pairs += [(str(k), colour) for k in rng.choice(allowed, 2 - len(pairs), replace=False)]
    while len(pairs) < count:
        kind = str(rng.choice(kinds))
        pairs.append((kind, _colour(rng, kind)))
    return pairs


def _colour(rng: np.random.Generator, kind: str) -> str:
    return str(rng.choice([c for c in COLOURS if c != WITHHELD[kind]]))


def _mirror(
    rng: np.random.Generator, room: Room, things: list[Thing]
) -> tuple[float, float, float, float] | None:
    """A mirror on the wall ahead, if no door is in the way."""
    width, height, bottom = rng.uniform(0.6, 1.2), rng.uniform(0.8, 1.3), rng.uniform(0.6, 0.9)
    left = rng.uniform(room.left_m + 0.2, max(room.right_m - 0.2 - width, room.left_m + 0.21))
    doors = [t for t in things if t.kind == "door" and t.yaw_deg == 0]
    if any(abs(door.x - (left + width / 2)) < (door.size_m[0] + width) / 2 + 0.05 for door in doors):
        return None
    return float(left), float(bottom), float(left + width), float(bottom + height)
