"""Pictures side by side with one pointer in all of them: hover, arrow keys, and a line that is dragged.

What is read at a pixel comes from `Readout` tables that are sent once, so that pointing needs no word from
the kernel. The kernel learns pixel and line a moment after they rest: `widget.pixel` is (row, column) or
empty, `widget.line` both ends or empty, in pixels of the source; observe them as any trait.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vbanalysis.errors import InputError
from vbanalysis.widgets.look import Panel, needed
from vbanalysis.widgets.readouts import Readout


def pointer_widget(
    panels: Sequence[Panel], readouts: Sequence[Readout], *, step: int = 1, lines: bool = False
) -> Any:
    """Pictures of one grid of pixels that are pointed at together.

    Args:
        panels: Pictures, all of what the readouts have the shape of.
        readouts: What is read at a pixel, in this order.
        step: Pixels of the source from one that is shown to the next.
        lines: Whether a line can be drawn.

    Returns:
        The widget, with `pixel` and `line`; `show_pointed` changes what it shows.

    Raises:
        InputError: The readouts are none, or of several shapes.
        MissingDependencyError: A package for widgets is not installed.
    """
    anywidget, traitlets = needed("anywidget"), needed("traitlets")

    class Pointer(anywidget.AnyWidget):  # type: ignore[name-defined]
        _esm = Path(__file__).with_name("pointer.js")
        shown = traitlets.Dict().tag(sync=True)
        lines = traitlets.Bool().tag(sync=True)
        pixel = traitlets.List().tag(sync=True)
        line = traitlets.List().tag(sync=True)

    return Pointer(shown=_shown(panels, readouts, step), lines=lines)


def show_pointed(widget: Any, panels: Sequence[Panel], readouts: Sequence[Readout], *, step: int = 1) -> None:
    """Show other pictures under the same pointer.

    Args:
        widget: From `pointer_widget`.
        panels: As there.
        readouts: As there.
        step: As there.

    Raises:
        InputError: The readouts are none, or of several shapes.
    """
    widget.shown = _shown(panels, readouts, step)


def _shown(panels: Sequence[Panel], readouts: Sequence[Readout], step: int) -> dict[str, Any]:
    shapes = {readout.codes.shape for readout in readouts}
    if len(shapes) != 1:
        raise InputError(f"readouts must be of one shape, got {sorted(shapes)}: give one (H, W) for all")
    rows, columns = shapes.pop()
    return {
        "panels": [panel._asdict() for panel in panels],
        "rows": rows,
        "columns": columns,
        "step": step,
        "readouts": [
            {
                "name": each.name,
                "texts": list(each.texts),
                "codes": each.codes.astype(each.codes.dtype.newbyteorder("<")).tobytes(),
                "bytes": each.codes.dtype.itemsize,
            }
            for each in readouts
        ],
    }
