"""A prompt read back: its task, classes, colours, background, colour map or convention."""

from __future__ import annotations

from typing import get_args

from vbanalysis.errors import InstructionError
from vbanalysis.instructions._colormap import find_colormap
from vbanalysis.instructions._concept import find_concept
from vbanalysis.instructions._convention import find_convention
from vbanalysis.instructions._mapping import Assignment, find_mappings
from vbanalysis.instructions._names import flatten, is_background
from vbanalysis.instructions._place import quote
from vbanalysis.instructions._prose import read_background, read_statements
from vbanalysis.instructions._task import perceives, perception_task
from vbanalysis.instructions._unnamed import unnamed_task
from vbanalysis.types import Instruction, Rgb, Task

TASKS: tuple[Task, ...] = get_args(Task)


def parse(prompt: str, task: Task | None = None) -> Instruction:
    """Read a prompt back into what it asks for.

    Names in sentences lose a leading "the", "a" or "an" and their quotes; a name wholly in double
    quotes, or a key of a mapping, is taken as it stands. "background", "the rest" and the like are
    the background, never a class. An instance prompt has one class, as it words it, and no colours.
    A prompt that names no task is "instance" or "semantic" where it separates or states colours, unless
    it asks for a change or a picture.

    Args:
        prompt: The instruction as given to a generator.
        task: What it asks for, where the wording leaves that open; found by itself by default.

    Returns:
        The instruction; its `text` is `prompt`, unchanged.

    Raises:
        InstructionError: The prompt is empty, a colour is unknown, a class or a colour comes twice,
            a segmentation prompt names no class, a sentence about colours cannot be read, or a colour map
            or a convention of normals is unknown.

    >>> i = parse("A segmentation map image. The man in pink is rendered solid white; his dog is in green.")
    >>> i.task, i.classes, i.colours
    ('referring', ('man in pink', 'his dog'), ((255, 255, 255), (0, 255, 0)))
    """
    if not isinstance(prompt, str):
        raise InstructionError(f"prompt must be a string, got {type(prompt).__name__}")
    if task is not None and task not in TASKS:
        raise InstructionError(f"task {task!r} is unknown: use one of {', '.join(TASKS)}")
    if not prompt.strip():
        raise InstructionError(f"the prompt {quote(prompt)} is empty: expected an instruction in words")
    if task is None and not perceives(flatten(prompt)):
        task = unnamed_task(flatten(prompt))
        try:
            return _read(prompt, task)
        except InstructionError as error:
            raise InstructionError(f"{error} (taken as {task} for its colours; else give task=...)") from None
    return _read(prompt, task)


def _read(prompt: str, task: Task | None) -> Instruction:
    if task in ("edit", "generation"):
        return Instruction(task, prompt)
    if task == "normals":
        return Instruction(task, prompt, convention=find_convention(flatten(prompt)))
    entries, remainder = find_mappings(prompt)
    text = flatten(remainder)
    if task is None:
        task = perception_task(text, mapped=any(not is_background(entry.name) for entry in entries))
    if task == "normals":
        return Instruction(task, prompt, convention=find_convention(text))
    if task == "depth":
        return Instruction(task, prompt, colormap=find_colormap(text))
    if task == "instance":
        backgrounds = [entry for entry in entries if is_background(entry.name)] + read_background(text)
        return Instruction(task, prompt, (find_concept(text),), background=_one_background(backgrounds))
    return _with_colours(task, prompt, entries, read_statements(text))


def _with_colours(
    task: Task, prompt: str, entries: list[Assignment], stated: list[Assignment]
) -> Instruction:
    given = [(" ".join(entry.name.split()), entry.rgb) for entry in [*entries, *stated]]
    background = _one_background([Assignment(name, rgb, 0) for name, rgb in given if is_background(name)])
    classes = [(name, rgb) for name, rgb in given if not is_background(name)]
    if not classes:
        raise InstructionError(
            f"the {task} prompt {quote(prompt)} names no class with a colour: "
            'write e.g. \'The cat is rendered in green.\' or {"cat": "green"}'
        )
    seen: set[str] = set()
    owners: dict[Rgb, str] = {} if background is None else {background: "background"}
    for name, rgb in classes:
        if name.casefold() in seen:
            raise InstructionError(f"the class {quote(name)} comes twice: give each class one colour")
        if rgb in owners:
            raise InstructionError(
                f"{quote(owners[rgb])} and {quote(name)} both have the colour {rgb}: give each its own"
            )
        seen.add(name.casefold())
        owners[rgb] = name
    names, colours = zip(*classes, strict=True)
    return Instruction(task, prompt, names, colours, background)


def _one_background(found: list[Assignment]) -> Rgb | None:
    colours = list(dict.fromkeys(entry.rgb for entry in found))
    if len(colours) > 1:
        raise InstructionError(
            f"the background is given two colours, {colours[0]} and {colours[1]}: keep one"
        )
    return colours[0] if colours else None
