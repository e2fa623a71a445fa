"""Builders for the prompt styles of the paper and of its project page.

Each returns an `Instruction` that `parse` reads back from its own text. A name that a style
cannot carry as it stands is put in double quotes; one that it cannot carry at all is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from vbanalysis.errors import InstructionError
from vbanalysis.instructions._colormap import RAINBOW
from vbanalysis.instructions._colours import colour_name, parse_colour
from vbanalysis.instructions._convention import SPELLINGS
from vbanalysis.instructions._names import is_background
from vbanalysis.instructions._parse import parse
from vbanalysis.instructions._place import quote
from vbanalysis.instructions._styles import (
    CITYSCAPES,
    DEPTH,
    GENERATION,
    INSTANCE,
    MAPPED,
    NORMALS,
    NOTATIONS,
    REFERRING,
    SEMANTIC,
    STYLES,
    TRIPLES,
    Sentences,
)
from vbanalysis.types import Frame, Instruction, Rgb, Task

_T = TypeVar("_T")
_DETERMINER = re.compile(r"(?:An?|The|One|Two|Three|Four|Five|Six|Some|Several|Many)\b")


def depth_prompt(
    style: str = "generate", colormap: str | None = None, *, spelled: bool = False
) -> Instruction:
    """A prompt for metric depth.

    Args:
        style: One of `STYLES["depth"]`.
        colormap: One of `COLORMAPS` or another matplotlib name; None names none.
        spelled: Whether "rainbow" is followed by its corners in order, black to white.

    Raises:
        InstructionError: An unknown style or colour map, or `spelled` without the rainbow.

    >>> depth_prompt("predict", "viridis").text
    'Predict the metric depth of this scene as an image. Visualized in the viridis colormap.'
    """
    text = _choose(DEPTH, style, "depth")
    if spelled:
        if colormap != "rainbow":
            raise InstructionError(f"spelled needs colormap='rainbow', got {colormap!r}")
        text += f" Visualized in the rainbow ({RAINBOW}) color palette."
    elif colormap is not None:
        text += f" Visualized in the {'grayscale' if colormap == 'gray' else colormap} colormap."
    return _checked(Instruction("depth", text, colormap=colormap))


def normals_prompt(style: str = "generate", convention: Frame | None = None) -> Instruction:
    """A prompt for surface normals.

    Args:
        style: One of `STYLES["normals"]`.
        convention: How normals are to be painted; None leaves it unsaid.

    Raises:
        InstructionError: An unknown style or convention.

    >>> normals_prompt("predict", "opengl").text
    'Predict the surface normal of this scene. Use the OpenGL convention.'
    """
    text = _choose(NORMALS, style, "normals")
    if convention is not None:
        if convention not in SPELLINGS:
            raise InstructionError(f"convention {convention!r} is unknown: use one of {', '.join(SPELLINGS)}")
        text += f" Use the {SPELLINGS[convention]} convention."
    return _checked(Instruction("normals", text, convention=convention))


def semantic_prompt(
    classes: Mapping[str, Rgb | str],
    style: str = "json",
    notation: str = "rgb",
    background: Rgb | str | None = None,
) -> Instruction:
    """A prompt that gives each class a colour.

    Args:
        classes: Colour of each class, in order; a string is read by `parse_colour`.
        style: One of `STYLES["semantic"]`.
        notation: One of `NOTATIONS`.
        background: Colour of all that is no class; None leaves it unsaid.

    Raises:
        InstructionError: An unknown style or notation, a colour without a name where `notation` is
            "name", two equal colours, no class, or a name that `style` cannot carry.

    >>> print(semantic_prompt({"cat": "red", "exit sign": (0, 0, 255)}, "list", "hex").text)
    Generate a semantic segmentation visualization of the input. The cat is #FF0000. The exit sign is #0000FF.
    """
    if style not in MAPPED:
        return _stated("semantic", _choose(SEMANTIC, style, "semantic"), classes, notation, background)
    colours = _colours(classes)
    entries = dict(colours)
    behind = None if background is None else _colour(background)
    if behind is not None:
        entries["background"] = behind
    pairs = [
        f"{json.dumps(name, ensure_ascii=False)}: {_value(rgb, notation)}" for name, rgb in entries.items()
    ]
    text = f"{MAPPED[style]} {{{', '.join(pairs)}}}"
    return _checked(Instruction("semantic", text, tuple(colours), tuple(colours.values()), behind))


def referring_prompt(
    descriptions: Mapping[str, Rgb | str],
    style: str = "rendered",
    notation: str = "name",
    background: Rgb | str | None = None,
) -> Instruction:
    """A prompt that gives one or a few free descriptions a colour each.

    Args:
        descriptions: Colour of each description, e.g. `{"cat that is cleaning itself": "cyan"}`.
        style: One of `STYLES["referring"]`.
        notation: One of `NOTATIONS`.
        background: Colour of all else; None leaves it unsaid.

    Raises:
        InstructionError: As for `semantic_prompt`.

    >>> print(referring_prompt({"pig in the glass": "yellow"}, background="black").text)
    A segmentation map image. The pig in the glass is rendered in yellow. The background is set to black.
    """
    return _stated("referring", _choose(REFERRING, style, "referring"), descriptions, notation, background)


def instance_prompt(
    noun: str, style: str = "each", background: Rgb | str | None = None, notation: str = "name"
) -> Instruction:
    """A prompt that asks for every instance of one concept in a colour of its own.

    Args:
        noun: The concept, worded for the style: singular for "each", plural for "short".
        style: One of `STYLES["instance"]`.
        background: Colour of all else; None leaves it unsaid (then it is black).
        notation: One of `NOTATIONS`, for the background.

    Raises:
        InstructionError: An unknown style or notation, or a noun that `style` cannot carry.

    >>> print(instance_prompt("cups", "short", background="black").text)
    Segment the cups, make sure different colors for different instances. The background is set to black.
    """
    template = _choose(INSTANCE, style, "instance")
    noun = _clean(noun)
    behind = None if background is None else _colour(background)
    tail = "" if behind is None else f" The background is set to {_write(behind, notation)}."
    return _first_read(
        Instruction("instance", template.replace("{}", written) + tail, (noun,), background=behind)
        for written in (noun, json.dumps(noun, ensure_ascii=False))
    )


def cityscapes_prompt() -> Instruction:
    """The one prompt for all of Cityscapes: its 19 classes in their official colours.

    >>> len(cityscapes_prompt().classes), cityscapes_prompt().colours[0]
    (19, (128, 64, 128))
    """
    return semantic_prompt(CITYSCAPES)


def generation_prompt(caption: str, style: str = "generate") -> Instruction:
    """A prompt for a picture of what a caption describes: the first trade of a generator.

    Args:
        caption: A noun phrase, with more sentences behind it or not. Its first letter becomes small inside of
            a sentence where the word is an article or a number.
        style: One of `STYLES["generation"]`; "caption" takes the caption as it stands.

    Raises:
        InstructionError: An unknown style, or a caption that would be read as another task.

    >>> generation_prompt("A red ball in a room.", "draw").text
    'Draw a red ball in a room.'
    """
    template = _choose(GENERATION, style, "generation")
    inside = template != "{}" and _DETERMINER.match(caption)
    words = caption[0].lower() + caption[1:] if inside else caption
    return _checked(Instruction("generation", template.replace("{}", words)))


def edit_prompt(text: str) -> Instruction:
    """An order to change the given image, in any words that are read as one.

    Args:
        text: The order, such as "Remove the red ball."

    Raises:
        InstructionError: The text would be read as another task.

    >>> edit_prompt("Make the red ball blue.").task
    'edit'
    """
    return _checked(Instruction("edit", text))


def _stated(
    task: Task,
    style: Sentences,
    classes: Mapping[str, Rgb | str],
    notation: str,
    background: Rgb | str | None,
) -> Instruction:
    colours = _colours(classes)
    behind = None if background is None else _colour(background)
    tail = [] if behind is None else [f"The background is set to {_write(behind, notation)}."]

    def text(names: Iterable[str]) -> str:
        statements = [
            style.statements[k % len(style.statements)].format(name, _write(rgb, notation))
            for k, (name, rgb) in enumerate(zip(names, colours.values(), strict=True))
        ]
        return " ".join([style.opening, *statements, *tail])

    return _first_read(
        Instruction(task, text(names), tuple(colours), tuple(colours.values()), behind)
        for names in (list(colours), [json.dumps(name, ensure_ascii=False) for name in colours])
    )


def _first_read(candidates: Iterable[Instruction]) -> Instruction:
    """The first wording that reads back as itself: plain where that works, else with names in quotes."""
    *plain, last = candidates
    for candidate in plain:
        try:
            return _checked(candidate)
        except InstructionError:
            continue
    return _checked(last)


def _checked(instruction: Instruction) -> Instruction:
    read = parse(instruction.text)
    if read != instruction:
        raise InstructionError(
            f"the prompt {quote(instruction.text)} would be read as {read.task} with the classes "
            f"{quote(', '.join(read.classes))}: choose other class names or another style"
        )
    return instruction


def _choose(styles: Mapping[str, _T], style: str, task: Task) -> _T:
    if style not in styles:
        raise InstructionError(f"style {style!r} is unknown for {task}: use one of {', '.join(STYLES[task])}")
    return styles[style]


def _colours(classes: Mapping[str, Rgb | str]) -> dict[str, Rgb]:
    if not classes:
        raise InstructionError("classes is empty: give at least one class with its colour")
    colours = {_clean(name): _colour(colour) for name, colour in classes.items()}
    if len(colours) < len(classes):
        raise InstructionError(
            f"two classes of {quote(', '.join(classes))} differ only in blanks: rename one"
        )
    for name in colours:
        if is_background(name):
            raise InstructionError(f"the class {quote(name)} is what is no class: give it as background=...")
    return colours


def _colour(colour: Rgb | str) -> Rgb:
    return parse_colour(colour if isinstance(colour, str) else str(tuple(int(part) for part in colour)))


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise InstructionError("a class name is empty: give it words")
    return name


def _write(rgb: Rgb, notation: str) -> str:
    if notation in TRIPLES:
        return TRIPLES[notation].format(*rgb)
    if notation != "name":
        raise InstructionError(f"notation {notation!r} is unknown: use one of {', '.join(NOTATIONS)}")
    name = colour_name(rgb)
    if name is None:
        raise InstructionError(f"the colour {rgb} has no CSS or XKCD name: use another notation, e.g. 'hex'")
    return name


def _value(rgb: Rgb, notation: str) -> str:
    """A colour inside a mapping: words and hex are strings there, as JSON would have it."""
    written = _write(rgb, notation)
    return f'"{written}"' if notation in ("name", "hex", "function") else written
