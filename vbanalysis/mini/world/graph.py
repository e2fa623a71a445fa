"""The scene graph of the embedded generator's world: what there is, where, and who looks at it.

World frame: metres, right-handed, y up, the ground is y = 0, the camera stands on the y axis and looks along
-z (before pitch and roll), x is to its right. So a thing 3 m ahead has z = -3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CLASSES = (
    "ground",
    "floor",
    "wall",
    "ceiling",
    "sky",
    "ball",
    "box",
    "can",
    "cone",
    "chair",
    "table",
    "door",
)
"""Class names by label. The first five are stuff, the others things; a mirror counts as wall."""

STUFF = CLASSES[:5]
THINGS = CLASSES[5:]

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (205, 35, 35),
    "orange": (240, 135, 25),
    "yellow": (240, 215, 45),
    "green": (40, 150, 55),
    "blue": (35, 80, 205),
    "purple": (130, 50, 165),
    "white": (235, 235, 235),
    "black": (35, 35, 38),
}
"""The colour words of things, and the sRGB albedo that each varies around."""

Setting = Literal["room", "open"]


@dataclass(frozen=True)
class Texture:
    """How a surface is painted.

    Attributes:
        pattern: "plain" or the name of a pattern, such as "tiles", "stripes", "bricks", "planks", "speckle".
        colours: Two linear-light RGB albedos in [0, 1]; a plain texture shows the first only.
        scale_m: Size of the pattern's cell in metres.
        seed: Of the pattern's own randomness.
    """

    pattern: str
    colours: tuple[tuple[float, float, float], tuple[float, float, float]]
    scale_m: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Thing:
    """One object, standing on the ground.

    Attributes:
        kind: One of `THINGS`.
        colour: One of `COLOURS`: the word for it.
        texture: Its paint; the first colour varies a little around the word's.
        x: Metres to the right of the camera.
        z: Metres, negative ahead.
        yaw_deg: Turn about the vertical.
        size_m: Width, height and depth in metres.
    """

    kind: str
    colour: str
    texture: Texture
    x: float
    z: float
    yaw_deg: float
    size_m: tuple[float, float, float]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera on the y axis.

    Attributes:
        hfov_deg: Horizontal field of view.
        height_m: Above the ground.
        pitch_deg: Positive looks up.
        roll_deg: Positive turns the camera clockwise as its user sees it.
    """

    hfov_deg: float
    height_m: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True)
class Light:
    """A light: the sun if `position_m` is None, else a lamp.

    Attributes:
        direction: Unit vector towards the sun; ignored for a lamp.
        position_m: Of a lamp, or None.
        intensity: Linear RGB.
    """

    direction: tuple[float, float, float]
    position_m: tuple[float, float, float] | None
    intensity: tuple[float, float, float]


@dataclass(frozen=True)
class Room:
    """Four walls and a ceiling around the camera.

    Attributes:
        left_m: x of the left wall, negative.
        right_m: x of the right wall.
        back_m: z of the wall ahead, negative.
        front_m: z of the wall behind the camera, positive.
        height_m: Of the ceiling.
        walls: Paint of the walls.
        ceiling: Paint of the ceiling.
        mirror: A mirror on the wall ahead as x0, y0, x1, y1 in metres, or None.
    """

    left_m: float
    right_m: float
    back_m: float
    front_m: float
    height_m: float
    walls: Texture
    ceiling: Texture
    mirror: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Scene:
    """Everything that a picture shows.

    Attributes:
        id: `SPLIT/NUMBER`.
        camera: Who looks.
        things: The objects; instance k of a rendered map is `things[k - 1]`.
        ground: Paint of the ground or floor.
        room: The room, or None on open ground under a sky.
        lights: At least one.
        ambient: Linear RGB light from everywhere.
        sky: Linear RGB at the zenith and at the horizon.
        noise: Standard deviation of the sensor's noise, in /255.
        noise_seed: Of the sensor's noise.
    """

    id: str
    camera: Camera
    things: tuple[Thing, ...]
    ground: Texture
    room: Room | None
    lights: tuple[Light, ...]
    ambient: tuple[float, float, float]
    sky: tuple[tuple[float, float, float], tuple[float, float, float]]
    noise: float
    noise_seed: int

    @property
    def setting(self) -> Setting:
        """Where it is: in a room or on open ground."""
        return "open" if self.room is None else "room"
