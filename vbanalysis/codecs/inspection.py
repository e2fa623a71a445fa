"""What code a picture is in, and how well it is kept, told from its colours alone.

The kinds are tried in this order, each by shares of pixels that are returned as evidence:

1. Mask: at least `LEAST_FLAT` of the picture is in flat colours, and it follows no walk.
2. Depth: `identify_walk` names a walk.
3. Colour map: `LEAST_ON_MAP` of the picture lies on viridis, plasma or inferno, and as many of its
   coloured pixels, of which there are at least `LEAST_COLOURED`.
4. Grey: `LEAST_GREY` of the picture has equal channels. Whether that is depth in grey or a grey
   photograph, colours cannot tell.
5. Depth on a part of the walk that several share: `LEAST_ON_WALK` of the picture lies on one of
   them, coloured as much as a map must be.
6. Normals: unit vectors that face the viewer and belong to a surface.
7. Photograph: whatever is left.

The thresholds stand midway between what was measured on published outputs and on photographs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vbanalysis.codecs._arrays import check_rgb, to_numpy
from vbanalysis.codecs._evidence import Evidence
from vbanalysis.codecs._evidence import gather as gather_evidence
from vbanalysis.codecs._quality import Codec, Quality, measure
from vbanalysis.codecs.colormaps import ColormapCodec
from vbanalysis.codecs.depth import DepthCodec
from vbanalysis.codecs.flat_colours import LEAST_FLAT, FlatColours
from vbanalysis.codecs.identify import PAPER_WALK, PAPER_WALK_IN_BGR, WalkIdentification
from vbanalysis.codecs.identify_normals import LEAST_EVIDENCE, NormalConvention
from vbanalysis.codecs.instances import InstanceCodec
from vbanalysis.codecs.normals import NormalCodec
from vbanalysis.codecs.palette import PaletteCodec
from vbanalysis.errors import InputError
from vbanalysis.types import Array, Instruction

Kind = Literal["depth", "colormap", "grey", "normals", "mask", "photograph"]

LEAST_FLAT_TINTED = 0.6
"""The same off black and white, for what follows a walk: masks have 0.70 and more, depth at most 0.49."""

LEAST_ON_MAP = 0.9
"""Share within 24/255 of a colour map: photographs have at most 0.33, a retina on black 0.67."""

LEAST_ON_WALK = 0.9
"""Share within 24/255 of a walk, where no walk can be named: photographs have at most 0.74 (stars)."""

LEAST_COLOURED = 0.2
"""Share of coloured pixels: near black and white, where codes meet grey, every picture is on a code."""

LEAST_GREY = 0.98
"""Share with equal channels: colour photographs have at most 0.92 (a field of stars)."""

LEAST_UNIT = 0.5
"""Share of unit vectors: normal maps have 0.8 and more, photographs up to 0.49."""

CLEARLY_UNIT = 0.8
"""Share of unit vectors of a map too plain to tell its convention."""

LEAST_FACING = 0.8
"""Majority, from 0 to 1, of vectors on the viewer's side: published maps have 0.94 and more."""

_NEARLY_BEST = 1.0  # mean distance, /255, by which the paper's walk may be worse where several fit


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a picture is, on what evidence, and how well its code is kept.

    Attributes:
        kind: `"depth"` along a walk, a `"colormap"`, `"grey"`, `"normals"`, a `"mask"` in flat
            colours, or a `"photograph"`, which is no code at all.
        message: The kind in a sentence, with what speaks for it.
        fits: Whether this is what the instruction asks for; None without an instruction.
        codec: What reads it: by the instruction, else by its colours; None for a photograph.
        quality: How well the code of `codec` is kept; None without one.
        evidence: The numbers that `kind` rests on.
    """

    kind: Kind
    message: str
    fits: bool | None
    codec: Codec | None
    quality: Quality | None
    evidence: Evidence


def inspect_picture(rgb: Array, instruction: Instruction | None = None) -> Inspection:
    """Tell what code a picture is in and how well it is kept, without ground truth.

    Args:
        rgb: (H, W, 3) uint8, uint16 or float in [0, 1], at least 16 x 16, at its own resolution.
        instruction: What the picture was made to. The quality is then that of the code it asks for,
            so a picture of another kind shows as far off.

    Raises:
        InputError: `rgb` is no such picture.

    Examples:
        >>> import numpy as np
        >>> ramp = np.geomspace(0.3, 60, 4096).reshape(64, 64)
        >>> found = inspect_picture(DepthCodec().encode(ramp))
        >>> found.kind, found.codec.walk, found.quality.off_code
        ('depth', 'KRYGCBMW', 0.0)
    """
    check_rgb(rgb)
    if rgb.ndim != 3 or min(rgb.shape[:2]) < 16:
        raise InputError(f"rgb must be one picture of at least 16 x 16 pixels, got shape {tuple(rgb.shape)}")
    pixels = to_numpy(rgb)
    evidence = gather_evidence(pixels)
    kind, message = _kind(evidence)
    codec = _codec_of(kind, evidence)
    fits: bool | None = None
    flat: FlatColours | None = evidence.flat
    if instruction is not None and (asked := _codec_asked_for(instruction)) is not None:
        fits = kind in _kinds_asked_for(instruction)
        # Which walk or convention it is, the colours know better than a prompt that leaves it open.
        left_open = isinstance(asked, DepthCodec | NormalCodec) and instruction.convention is None
        if not (fits and left_open and type(codec) is type(asked)):
            codec, flat = asked, None
        if not fits:
            message += f", where the prompt asks for {instruction.task}"
    quality = None if codec is None else measure(pixels, codec, flat)
    return Inspection(kind, message, fits, codec, quality, evidence)


def walk_to_decode(found: WalkIdentification) -> str | None:
    """The walk to decode a picture with as it is, or None where it follows no walk.

    A picture in BGR order is read along the paper's walk in that order, with the same result.
    Where several walks fit, the paper's is taken if it is one of them.
    """
    match found.verdict:
        case "walk":
            return found.ranking[0].name
        case "bgr":
            return PAPER_WALK_IN_BGR
        case "ambiguous":
            return _one_of_several(found)
        case _:
            return None


def _one_of_several(found: WalkIdentification) -> str:
    best = found.ranking[0]
    paper = next(walk for walk in found.ranking if walk.name == PAPER_WALK)
    return PAPER_WALK if paper.score <= best.score + _NEARLY_BEST else best.name


def _kind(evidence: Evidence) -> tuple[Kind, str]:
    walk, flat, best = evidence.walk, evidence.flat, evidence.maps[0]
    follows = walk.verdict in ("walk", "bgr")
    if flat.share >= LEAST_FLAT and not (follows and flat.tinted_share < LEAST_FLAT_TINTED):
        number = len(flat.colours)
        colours = "one flat colour" if number == 1 else f"{number} flat colours"
        return "mask", f"a mask: {flat.share:.1%} of the pixels are in {colours}"
    if follows:
        return "depth", f"depth: {walk.message}"
    on_map = (
        best.share >= LEAST_ON_MAP
        and best.coloured_share >= LEAST_ON_MAP
        and evidence.coloured >= LEAST_COLOURED
    )
    if on_map:
        return "colormap", f"a colour map: {best.share:.1%} of the pixels lie on {best.name}"
    if evidence.grey >= LEAST_GREY:
        return "grey", "grey: depth in grey or a grey photograph, which colours cannot tell"
    on_walk = walk.ranking[0].pixels / walk.n_pixels if walk.n_pixels else 0.0
    if on_walk >= LEAST_ON_WALK and evidence.coloured >= LEAST_COLOURED:
        name = walk.ranking[0].name
        return (
            "depth",
            f"depth: {on_walk:.1%} of the pixels lie on {name}, on a part that several walks share",
        )
    facing, handed = abs(evidence.convention.facing), abs(evidence.convention.handed)
    if facing >= LEAST_FACING and (
        evidence.unit_share >= CLEARLY_UNIT
        or (evidence.unit_share >= LEAST_UNIT and handed >= LEAST_EVIDENCE)
    ):
        return "normals", (
            f"normals: {evidence.unit_share:.1%} of the vectors have length 1; {evidence.convention.message}"
        )
    off = walk.message
    if walk.verdict == "ambiguous":  # too dark or too bright to be anything else
        off = f"no code: only {evidence.coloured:.0%} of the pixels are coloured"
    return "photograph", (
        f"a photograph or the like: {off}; {evidence.unit_share:.0%} unit vectors, "
        f"{flat.share:.0%} in flat colours, {best.share:.0%} on {best.name}"
    )


def _codec_of(kind: Kind, evidence: Evidence) -> Codec | None:
    """What reads a picture, by its colours."""
    match kind:
        case "depth":
            return DepthCodec(walk=walk_to_decode(evidence.walk) or _one_of_several(evidence.walk))
        case "colormap":
            return ColormapCodec(evidence.maps[0].name)
        case "grey":
            return ColormapCodec("gray")
        case "normals":
            return NormalCodec(_convention(evidence.convention))
        case "mask":
            return InstanceCodec(background=None)
        case _:
            return None


def _convention(found: NormalConvention) -> Literal["paper", "opengl", "opencv", "dsine", "diode"]:
    return found.candidates[0] if found.candidates else "paper"


def _codec_asked_for(instruction: Instruction) -> Codec | None:
    match instruction.task:
        case "depth" if instruction.colormap in (None, "rainbow"):
            return DepthCodec()
        case "depth":
            return ColormapCodec(str(instruction.colormap))
        case "normals":
            return NormalCodec(instruction.convention or "paper")
        case "semantic" | "referring":
            classes = dict(zip(instruction.classes, instruction.colours, strict=True))
            return PaletteCodec(classes, instruction.background or "implicit")
        case "instance":
            return InstanceCodec(instruction.background or (0, 0, 0))
        case _:
            return None


def _kinds_asked_for(instruction: Instruction) -> tuple[Kind, ...]:
    match instruction.task:
        case "depth" if instruction.colormap in (None, "rainbow"):
            return ("depth",)
        case "depth":
            return ("grey",) if instruction.colormap == "gray" else ("colormap",)
        case "normals":
            return ("normals",)
        case _:
            return ("mask",)
