"""Figures and tables on disk, the same bytes from run to run, with a manifest of where they come from."""

from __future__ import annotations

import functools
import io
import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vbanalysis import __version__
from vbanalysis.errors import InputError
from vbanalysis.paths import figures_dir, homeless, replacing

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def save(
    fig: Figure, name: str, *, caption: str, parameters: Mapping[str, Any] | None = None, inputs: str = ""
) -> Path:
    """Write a figure as PDF and PNG, and note it in its folder's `manifest.json`.

    Args:
        fig: The figure.
        name: `NOTEBOOK/NAME`, below `vbanalysis.paths.figures_dir()`.
        caption: What it shows, with sample size and protocol; it is the alternative text of the report.
        parameters: What the figure depends on.
        inputs: The data, in words or as a spec string.

    Returns:
        Path of the PNG.

    Raises:
        InputError: `name` is not of that form.
    """
    folder, stem = _place(name)
    for suffix, metadata in (
        ("pdf", {"CreationDate": None, "Creator": None, "Producer": None}),
        ("png", {"Software": None}),
    ):
        drawn = io.BytesIO()
        fig.savefig(drawn, format=suffix, metadata=metadata, bbox_inches="tight", pad_inches=0.03)
        with replacing(folder / f"{stem}.{suffix}") as file:
            file.write(drawn.getvalue())
    _note(folder, stem, caption, parameters, inputs)
    return folder / f"{stem}.png"


def save_table(
    table: pd.DataFrame,
    name: str,
    *,
    caption: str,
    parameters: Mapping[str, Any] | None = None,
    inputs: str = "",
) -> Path:
    """Write a table as CSV and LaTeX (booktabs), and note it like a figure.

    Args:
        table: Its index is left out.
        name: As in `save`.
        caption: As in `save`; it stands in the LaTeX too.
        parameters: As in `save`.
        inputs: As in `save`.

    Returns:
        Path of the CSV.

    Raises:
        InputError: As `save`.
    """
    folder, stem = _place(name)
    latex = table.to_latex(
        index=False, escape=True, na_rep="--", float_format="%.4g", caption=caption, label=f"tab:{stem}"
    )
    with replacing(folder / f"{stem}.csv") as file:
        file.write(table.to_csv(index=False, lineterminator="\n", float_format="%.6g").encode())
    with replacing(folder / f"{stem}.tex") as file:
        file.write(latex.encode())
    _note(folder, f"{stem}.csv", caption, parameters, inputs)
    return folder / f"{stem}.csv"


def save_text(text: str, name: str, *, caption: str) -> Path:
    """Write text, such as LaTeX that sets figures, and note it like a figure.

    Args:
        text: Ends in a line break.
        name: `NOTEBOOK/NAME.tex`, the suffix being letters.
        caption: What it is for.

    Returns:
        Its path.

    Raises:
        InputError: `name` is not of that form.
    """
    stem, dot, suffix = name.rpartition(".")
    if not dot or not suffix.isalpha():
        raise InputError(f"name must be NOTEBOOK/NAME.SUFFIX, got {name!r}")
    folder, stem = _place(stem)
    with replacing(folder / f"{stem}.{suffix}") as file:
        file.write(text.encode())
    _note(folder, f"{stem}.{suffix}", caption, None, "")
    return folder / f"{stem}.{suffix}"


def _place(name: str) -> tuple[Path, str]:
    parts = name.split("/")
    if len(parts) != 2 or not all(
        part and part.replace("_", "").replace("-", "").isalnum() for part in parts
    ):
        raise InputError(f"name must be NOTEBOOK/NAME of letters, digits, _ and -, got {name!r}")
    folder = figures_dir() / parts[0]
    folder.mkdir(parents=True, exist_ok=True)
    return folder, parts[1]


def _note(folder: Path, stem: str, caption: str, parameters: Mapping[str, Any] | None, inputs: str) -> None:
    manifest = folder / "manifest.json"
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        entries = {}
    entries = entries if isinstance(entries, dict) else {}
    entries[stem] = {
        "caption": caption,
        "inputs": inputs,
        "parameters": dict(parameters or {}),
        "versions": _versions(),
    }
    with replacing(manifest) as file:
        file.write(homeless(json.dumps(entries, indent=2, sort_keys=True, default=str) + "\n").encode())


@functools.cache
def _versions() -> dict[str, str]:
    python = ".".join(platform.python_version_tuple()[:2])  # patch releases draw the same
    names = ("numpy", "scipy", "scikit-image", "pillow", "matplotlib", "pandas")
    return {"vbanalysis": __version__, "python": python, **{n: version(n) for n in names}}
