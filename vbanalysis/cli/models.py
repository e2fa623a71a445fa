"""`vbanalysis models`: what can answer, on which terms, and what has to be done first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vbanalysis.models import Card


_WIDEST = 60


def models(
    spec: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL", help="Tell what is known of this one: a name, or a spec string to load."
        ),
    ] = None,
) -> None:
    """List all models, or tell what is known of one."""
    from vbanalysis import plugins
    from vbanalysis.errors import PluginError
    from vbanalysis.models import card

    if spec is not None:
        _tell(spec)
        return
    rows = [("NAME", "ROLE", "TASKS", "LICENCE", "OFFLINE", "READY")]
    for info in plugins.available("models"):
        try:
            told = card(info.name)
        except PluginError as error:
            rows.append((info.name, "?", "", "", "", f"broken: {error}"))
            continue
        if told is None:
            rows.append((info.name, "?", "", "", "", f"no card: {info.distribution} tells nothing of it"))
            continue
        answers = " ".join((*told.tasks, *told.steps))
        rows.append(
            (
                info.name,
                told.role,
                answers,
                told.licence,
                "yes" if told.offline else "no",
                told.wanting() or "yes",
            )
        )
    widths = [min(max(map(len, column)), _WIDEST) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [_cut(cell, _WIDEST).ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        typer.echo("  ".join([*cells, row[-1]]).rstrip())


def _tell(spec: str) -> None:
    from vbanalysis import plugins
    from vbanalysis.models import Model, card
    from vbanalysis.specs import parse_spec

    parsed = parse_spec(spec)
    told = card(parsed.name)
    general = told is not None and (told.wanting() or (parsed.argument is None and not parsed.options))
    itself = {} if general else plugins.load("models", spec, Model).describe()  # type: ignore[call-overload]
    if told is not None:
        _print_card(parsed.name, told)
    for key, value in itself.items():
        if isinstance(value, str | int | float | bool):
            typer.echo(f"{key:12}  {value}")


def _print_card(name: str, told: Card) -> None:
    from vbanalysis.plugins import provenance

    typer.echo(f"{name}: {told.about}")
    memory = f"about {told.memory_mb} MB" if told.memory_mb else "depends on the weights"
    lines = {
        "role": told.role,
        "tasks": ", ".join(told.tasks),
        "steps": ", ".join(told.steps),
        "licence": told.licence,
        "weights": told.weights,
        "on disk": "" if told.at_hand is None else "yes" if told.at_hand() else "no",
        "memory": memory,
        "offline": "yes, once it has its weights" if told.offline else "no",
        "ready": told.wanting() or "yes",
        "example": told.example,
        "from": " ".join(provenance("models", name)),
    }
    for key, value in lines.items():
        if value:
            typer.echo(f"{key:12}  {value}")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
