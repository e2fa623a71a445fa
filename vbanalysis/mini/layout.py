"""Random scenes: which things stand where, under which light, in front of which camera."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from vbanalysis.errors import InputError
from vbanalysis.mini.render import axes
from vbanalysis.mini.world import COLOURS, THINGS, Camera, Light, Room, Scene, Texture, Thing

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

Colour = tuple[float, float, float]


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


@dataclass(frozen=True)
class _Demand:
    """What a thing's place must fulfil, in shares of the picture."""

    height: float
    width: float
    hidden: float
    farthest_m: float


_EASY = _Demand(height=11 / 64, width=8 / 64, hidden=0.25, farthest_m=6.0)
_HARD = _Demand(height=8 / 64, width=6 / 64, hidden=0.45, farthest_m=9.0)
_CROWD = _Demand(height=6.5 / 64, width=5 / 64, hidden=0.55, farthest_m=9.0)

_EDGE = 0.49  # of the picture's half side: things end inside it
_GAP_M = 0.06  # between footprints, and between things and walls
_TRIES = 40  # places tried for a thing


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
    while True:
        scene = _draw(rng, domain)
        if scene is not None:
            return replace(scene, id=f"{split}/{number}")


def visible_things(scene: Scene, instances: np.ndarray) -> tuple[int, ...]:
    """Places in `scene.things` of those that cover `MIN_VISIBLE_SHARE` of an instance map, (H, W) int32."""
    areas = np.bincount(instances.ravel(), minlength=len(scene.things) + 1)[1:]
    return tuple(int(k) for k in np.flatnonzero(areas >= MIN_VISIBLE_SHARE * instances.size))


def _draw(rng: np.random.Generator, domain: _Domain) -> Scene | None:
    """A scene, or None if its things found no place."""
    easy = domain.counts is None and rng.random() < 0.5
    low, high = domain.counts or ((1, 4) if easy else (2, 8))
    count = int(rng.integers(low, high + 1))
    demand = _EASY if easy else _CROWD if domain.counts else _HARD
    camera = _camera(rng, domain)
    room = _room(rng, domain, count) if rng.random() < domain.rooms else None
    things = _things(rng, domain, camera, room, count, demand)
    if len(things) < low or (domain.withheld and not any(WITHHELD[t.kind] == t.colour for t in things)):
        return None
    if room is not None and rng.random() < 0.04:
        room = replace(room, mirror=_mirror(rng, room, things))
    lights, ambient = _lamps(rng, room) if room else _daylight(rng)
    return Scene(
        id="",
        camera=camera,
        things=tuple(things),
        ground=_floor(rng, domain.novel) if room else _ground(rng, domain.novel),
        room=room,
        lights=lights,
        ambient=ambient,
        sky=_sky(rng),
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
        walls=_walls(rng, domain.novel),
        ceiling=Texture("plain", ((_grey(rng, 0.7, 0.85),) * 2)),
    )


def _things(
    rng: np.random.Generator, domain: _Domain, camera: Camera, room: Room | None, count: int, demand: _Demand
) -> list[Thing]:
    """Up to `count` things, each in its place."""
    pairs = _pairs(rng, domain, count)
    placed: list[Thing] = []
    boxes: list[_Frame] = []
    pose = axes(camera).tolist()
    for k in range(count):
        for attempt in range(3):
            if attempt or k >= len(pairs):
                kind = str(rng.choice(THINGS))
                colour = _colour(rng, kind)
            else:
                kind, colour = pairs[k]
            found = _place(rng, kind, camera, pose, room, placed, boxes, demand)
            if found is not None:
                (x, z, yaw, size), box = found
                placed.append(Thing(kind, colour, _coat(rng, kind, colour, domain.novel), x, z, yaw, size))
                boxes.append(box)
                break
    return placed


def _pairs(rng: np.random.Generator, domain: _Domain, count: int) -> list[tuple[str, str]]:
    """Kinds and colours worth talking about: the withheld pair, two of a kind, two of a colour."""
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
    return pairs


def _colour(rng: np.random.Generator, kind: str) -> str:
    return str(rng.choice([c for c in COLOURS if c != WITHHELD[kind]]))


_Frame = tuple[float, float, float, float, float]
"""Left, right, bottom and top in shares of the picture from its centre, and the distance."""


def _place(
    rng: np.random.Generator,
    kind: str,
    camera: Camera,
    pose: list[list[float]],
    room: Room | None,
    placed: list[Thing],
    boxes: list[_Frame],
    demand: _Demand,
) -> tuple[tuple[float, float, float, tuple[float, float, float]], _Frame] | None:
    """A place, turn and size for a thing of this kind, and where it is seen; or None."""
    focal = 0.5 / math.tan(math.radians(camera.hfov_deg) / 2)
    for _ in range(_TRIES):
        size = _size(rng, kind)
        in_wall = kind == "door" and room is not None
        farthest = min(demand.farthest_m, focal * size[1] / demand.height, focal * size[0] / demand.width)
        nearest = 1.3 if camera.hfov_deg < 90 else 0.9
        if farthest <= nearest:
            continue
        if in_wall and room is not None:
            x, z, yaw = _wall_place(rng, room, size)
        else:
            z = -math.exp(rng.uniform(math.log(nearest), math.log(farthest)))
            x = float(rng.uniform(-0.46, 0.46)) * -z / focal
            yaw = float(rng.uniform(-180, 180)) if kind == "chair" else float(rng.uniform(-40, 40))
        reach = _footprint(kind, size)
        if room is not None and not in_wall:
            clear = reach + _GAP_M
            if not (
                room.left_m + clear < x < room.right_m - clear
                and room.back_m + clear < z < room.front_m - clear
            ):
                continue
        if any(
            math.hypot(x - other.x, z - other.z) < reach + _footprint(other.kind, other.size_m) + _GAP_M
            for other in placed
        ):
            continue
        box = _seen(x, z, yaw, size, pose, focal)
        if box is None or max(abs(v) for v in box[:4]) > _EDGE:
            continue
        if box[1] - box[0] < demand.width or box[3] - box[2] < demand.height or box[4] > demand.farthest_m:
            continue
        if any(
            _hidden(frame, [box, *boxes[:k], *boxes[k + 1 :]]) > demand.hidden
            for k, frame in enumerate(boxes)
        ):
            continue
        if _hidden(box, boxes) > demand.hidden:
            continue
        return (x, z, yaw, size), box
    return None


def _wall_place(
    rng: np.random.Generator, room: Room, size: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Where a door stands: in the wall ahead or in one of those at the sides, its face towards the room."""
    half, inset = size[0] / 2 + 0.15, size[2] / 2
    side = rng.random()
    if side < 0.6:
        return float(rng.uniform(room.left_m + half, room.right_m - half)), room.back_m + inset, 0.0
    z = float(rng.uniform(room.back_m + half, -1.3))
    if side < 0.8:
        return room.left_m + inset, z, 90.0
    return room.right_m - inset, z, -90.0


def _size(rng: np.random.Generator, kind: str) -> tuple[float, float, float]:
    """Width, height and depth in metres: everyday sizes, which give scale away."""

    def about(mean: float, low: float, high: float, spread: float = 0.09) -> float:
        return float(np.clip(rng.normal(mean, spread * mean), low, high))

    if kind == "ball":
        d = about(0.65, 0.55, 0.75)
        return d, d, d
    if kind == "box":
        return about(0.6, 0.45, 0.75), about(0.55, 0.45, 0.75), about(0.55, 0.45, 0.75)
    if kind == "can":
        d = about(0.44, 0.38, 0.5)
        return d, about(0.77, 0.65, 0.9), d
    if kind == "cone":
        d = about(0.48, 0.42, 0.55)
        return d, about(0.82, 0.7, 0.95), d
    if kind == "chair":
        return about(0.45, 0.4, 0.5, 0.07), about(0.9, 0.8, 1.0, 0.07), about(0.45, 0.4, 0.5, 0.07)
    if kind == "table":
        return float(rng.uniform(0.8, 1.5)), about(0.74, 0.68, 0.8, 0.05), about(0.75, 0.6, 0.9)
    return about(0.87, 0.8, 0.95, 0.05), about(2.05, 2.0, 2.1, 0.02), 0.1


def _footprint(kind: str, size: tuple[float, float, float]) -> float:
    """Radius in metres of a circle that holds the thing's footprint."""
    return size[0] / 2 if kind in ("ball", "can") else math.hypot(size[0], size[2]) / 2


def _seen(
    x: float,
    z: float,
    yaw_deg: float,
    size: tuple[float, float, float],
    pose: list[list[float]],
    focal: float,
) -> _Frame | None:
    """The box around a thing in the picture, or None if it reaches behind the camera."""
    cosine, sine = math.cos(math.radians(yaw_deg)), math.sin(math.radians(yaw_deg))
    eye, right, up, back = pose
    us, vs, depths = [], [], []
    for a in (-size[0] / 2, size[0] / 2):
        for b in (-size[2] / 2, size[2] / 2):
            dx, dz = x + cosine * a + sine * b - eye[0], z - sine * a + cosine * b - eye[2]
            for dy in (-eye[1], size[1] - eye[1]):
                depth = -(dx * back[0] + dy * back[1] + dz * back[2])
                if depth < 0.4:
                    return None
                us.append(focal * (dx * right[0] + dy * right[1] + dz * right[2]) / depth)
                vs.append(focal * (dx * up[0] + dy * up[1] + dz * up[2]) / depth)
                depths.append(depth)
    return min(us), max(us), min(vs), max(vs), sum(depths) / 8


def _hidden(box: _Frame, others: list[_Frame]) -> float:
    """Share of a box that nearer ones may cover, at worst."""
    area = (box[1] - box[0]) * (box[3] - box[2])
    covered = 0.0
    for other in others:
        if other[4] < box[4]:
            wide = min(box[1], other[1]) - max(box[0], other[0])
            high = min(box[3], other[3]) - max(box[2], other[2])
            covered += max(wide, 0.0) * max(high, 0.0)
    return covered / area


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


def _coat(rng: np.random.Generator, kind: str, colour: str, novel: bool) -> Texture:
    """The paint of a thing: near the word's colour, sometimes with a pattern that leaves the word true."""
    srgb = np.array(COLOURS[colour]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    tint = 0.012 if colour in ("white", "black") else 0.04  # a tinted white is another colour
    linear = np.clip(linear * rng.normal(1, 0.06) * rng.normal(1, tint, 3), 0.01, 0.92)
    # A dark paint's pattern is lighter, so that it can be seen.
    second = np.minimum(linear * (2.2 if colour == "black" else 0.72), 0.95)
    first = _rgb(linear)
    if novel and rng.random() < 0.7:
        pattern, scale = str(rng.choice(("dots", "zigzag", "plaid"))), rng.uniform(0.14, 0.22)
    elif rng.random() < 0.7:
        return Texture("plain", (first, first))
    elif kind == "box":
        pattern, scale = "tape", 0.5
    else:
        pattern, scale = str(rng.choice(("stripes", "speckle"))), rng.uniform(0.1, 0.2)
    return Texture(pattern, (first, _rgb(second)), float(scale), int(rng.integers(2**16)))


def _surface(
    rng: np.random.Generator, pattern: str, colour: Colour, contrast: float, scale: float, spread: float = 0.1
) -> Texture:
    """A muted texture around a colour, the second colour `contrast` times the first."""
    first = np.clip(np.array(colour) * rng.normal(1, spread) * rng.normal(1, 0.03, 3), 0.03, 0.9)
    second = np.clip(first * contrast, 0.02, 0.92)
    return Texture(pattern, (_rgb(first), _rgb(second)), float(scale), int(rng.integers(2**16)))


def _floor(rng: np.random.Generator, novel: bool) -> Texture:
    if novel:
        return _novel(rng, 0.3, 0.6)
    pattern = rng.choice(("tiles", "planks", "checker", "speckle"), p=(0.35, 0.35, 0.15, 0.15))
    if pattern == "tiles":
        return _surface(rng, "tiles", _pick(rng, _STONES), rng.choice((0.6, 1.4)), rng.uniform(0.3, 0.6))
    if pattern == "planks":
        return _surface(rng, "planks", _pick(rng, _WOODS), 0.55, rng.uniform(0.12, 0.22))
    if pattern == "checker":
        return _surface(rng, "checker", _pick(rng, _STONES), rng.uniform(0.5, 0.75), rng.uniform(0.3, 0.6))
    return _surface(rng, "speckle", _pick(rng, _STONES), 0.8, rng.uniform(0.08, 0.2))


def _walls(rng: np.random.Generator, novel: bool) -> Texture:
    if novel:
        return _novel(rng, 0.25, 0.5)
    pattern = rng.choice(("plain", "bricks", "stripes"), p=(0.65, 0.15, 0.2))
    if pattern == "bricks":
        return _surface(rng, "bricks", _pick(rng, _BRICKS), rng.uniform(1.15, 1.4), rng.uniform(0.07, 0.1))
    if pattern == "stripes":
        return _surface(rng, "stripes", _pick(rng, _PAINTS), rng.uniform(0.82, 0.92), rng.uniform(0.15, 0.4))
    return _surface(rng, "plain", _pick(rng, _PAINTS), 1.0, 1.0)


def _ground(rng: np.random.Generator, novel: bool) -> Texture:
    if novel:
        return _novel(rng, 0.3, 0.6)
    if rng.random() < 0.2:
        return _surface(rng, "tiles", _pick(rng, _STONES), 0.65, rng.uniform(0.3, 0.6))
    return _surface(rng, "speckle", _pick(rng, _SOILS), rng.uniform(0.6, 0.75), rng.uniform(0.1, 0.3))


def _novel(rng: np.random.Generator, low: float, high: float) -> Texture:
    """A pattern that no other split has, in a colour that no other split has on its surfaces."""
    pattern = str(rng.choice(("dots", "zigzag", "plaid")))
    return _surface(rng, pattern, _pick(rng, _NOVEL), rng.uniform(0.45, 0.7), rng.uniform(low, high))


_STONES = ((0.42, 0.41, 0.39), (0.5, 0.46, 0.4), (0.3, 0.3, 0.31), (0.58, 0.56, 0.52))
_WOODS = ((0.36, 0.22, 0.12), (0.45, 0.31, 0.18), (0.24, 0.15, 0.09), (0.5, 0.4, 0.28))
_PAINTS = ((0.66, 0.64, 0.6), (0.6, 0.62, 0.64), (0.62, 0.57, 0.47), (0.48, 0.55, 0.5), (0.5, 0.53, 0.6))
_BRICKS = ((0.33, 0.19, 0.14), (0.42, 0.33, 0.26), (0.45, 0.43, 0.41))
_SOILS = ((0.17, 0.24, 0.09), (0.22, 0.22, 0.23), (0.48, 0.4, 0.28), (0.28, 0.23, 0.16))
_NOVEL = ((0.25, 0.5, 0.5), (0.55, 0.35, 0.45), (0.5, 0.5, 0.25), (0.35, 0.3, 0.5))


def _pick(rng: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return colours[int(rng.integers(len(colours)))]


def _rgb(colour: np.ndarray) -> Colour:
    return float(colour[0]), float(colour[1]), float(colour[2])


def _grey(rng: np.random.Generator, low: float, high: float) -> Colour:
    return _rgb(rng.uniform(low, high) * np.ones(3))


def _tinted(rng: np.random.Generator, strength: float, tint: float = 0.02) -> Colour:
    """Light that is white within a few percent, so that colour words stay true."""
    return _rgb(strength * rng.normal(1, tint, 3))


def _lamps(rng: np.random.Generator, room: Room) -> tuple[tuple[Light, ...], Colour]:
    count = 2 if rng.random() < 0.5 else 1
    power = rng.uniform(0.65, 0.85) * (0.62 if count == 2 else 1.0)
    lights = []
    for k in range(count):
        x = rng.uniform(0.6 * room.left_m, 0.6 * room.right_m)
        share = rng.uniform(0.1, 0.6) if count == 1 else rng.uniform(0.05, 0.3) + 0.4 * k
        position = (float(x), room.height_m - 0.35, float(share * room.back_m))
        lights.append(Light((0.0, 1.0, 0.0), position, _tinted(rng, power)))
    return tuple(lights), _tinted(rng, rng.uniform(0.36, 0.48), 0.01)


def _daylight(rng: np.random.Generator) -> tuple[tuple[Light, ...], Colour]:
    elevation = math.radians(rng.uniform(28, 65))
    # From behind the camera or from a side, seldom from ahead.
    azimuth = math.radians(rng.uniform(-110, 110) if rng.random() < 0.8 else rng.uniform(0, 360))
    direction = (
        math.cos(elevation) * math.sin(azimuth),
        math.sin(elevation),
        math.cos(elevation) * math.cos(azimuth),
    )
    clouds = rng.random() ** 2
    sun = 0.85 - 0.55 * clouds
    return (Light(direction, None, _tinted(rng, sun)),), _tinted(rng, 0.34 + 0.3 * clouds, 0.01)


def _sky(rng: np.random.Generator) -> tuple[Colour, Colour]:
    grey = rng.uniform(0, 0.7)
    zenith = (1 - grey) * np.array([0.16, 0.34, 0.72]) + grey * 0.62
    horizon = (1 - grey) * np.array([0.62, 0.75, 0.88]) + grey * 0.8
    return _rgb(zenith), _rgb(horizon)
