"""The normal inspector in a browser: a pointer in its pictures, and a light that is dragged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vbanalysis.types import Frame
from vbanalysis.widgets.controls import style_box
from vbanalysis.widgets.look import Panel, figures_html, needed, png_of_map, webp
from vbanalysis.widgets.normals import NormalInspector
from vbanalysis.widgets.pointer import pointer_widget

LENGTHS = (0.5, 1.5)
"""Lengths from the first colour of their map to the last: 1 is in the middle."""

ERROR_LIMIT_DEG = 45.0

LIGHT = (-0.4, 0.5)
"""Where the light begins: x right and y up of its direction."""

AXES_TOLD = {
    "paper": "x right, y up, z towards the viewer, x painted mirrored",
    "opengl": "x right, y up, z towards the viewer",
    "opencv": "x right, y down, z into the scene",
    "dsine": "x left, y up, z towards the viewer",
    "diode": "x right, y up, z towards the viewer",
}
"""Frames in words."""

_COARSE = 200


class NormalView:
    """Pictures under a pointer, and the surface in a light.

    Attributes:
        inspector: The model.
        pointer: The pictures; its `pixel` says what is pointed at.
        light: The surface; its `light` is x right and y up of the direction, its `ambient` a share.
        widget: All of it.
    """

    def __init__(self, inspector: NormalInspector) -> None:
        w = needed("ipywidgets")
        self.inspector = inspector
        self.pointer = pointer_widget(normal_panels(inspector), inspector.readouts, step=inspector.step)
        self.light = _light_widget(inspector)
        height, width = inspector.shape
        thinned = "" if inspector.step == 1 else f", one in {inspector.step} × {inspector.step} shown"
        assumed = ", assumed" if inspector.assumed else ""
        told = {
            "frame": f"{inspector.frame}{assumed}: {AXES_TOLD[inspector.frame]}",
            "pixels": f"{width} × {height}{thinned}",
            "unread": f"{100 * inspector.unread:.2f} %",
        }
        self.widget = style_box(w.HTML(figures_html(told)), self.pointer, self.light)
        self.widget.add_class("vba-normals")

    @property
    def pixel(self) -> tuple[int, int] | None:
        """(row, column) that is pointed at, of the source; None for none."""
        return tuple(self.pointer.pixel) or None


def normal_panels(inspector: NormalInspector) -> tuple[Panel, ...]:
    """The input where there is one, the picture, the length, and the error where truth is known.

    Args:
        inspector: It.
    """
    coarse = max(inspector.rgb.shape[:2]) < _COARSE
    panels = [] if inspector.photo is None else [Panel("Input", webp(inspector.photo), "webp", coarse)]
    low, high = LENGTHS
    panels += [
        Panel("Painted picture", webp(inspector.rgb), "webp", coarse),
        Panel(
            f"Length as painted, {low:g} dark to {high:g} bright: 1 is on the code",
            png_of_map(inspector.length, low, high, "viridis"),
            coarse=coarse,
        ),
    ]
    if inspector.error_deg is not None:
        panels.append(
            Panel(
                f"Angle to the truth, 0° dark to {ERROR_LIMIT_DEG:g}° bright; unknown white",
                png_of_map(inspector.error_deg, 0, ERROR_LIMIT_DEG, "magma"),
                coarse=coarse,
            )
        )
    return tuple(panels)


def inspect_normals(source: Any = "scenes:heldout", *, photo: Any = None, frame: Frame | None = None) -> Any:
    """A picture of normals under the pointer, and its surface in a light that is dragged.

    Args:
        source: A spec string of a data set, whose first sample is taken; a `Sample`; or the (H, W, 3) uint8
            picture of normals that somebody painted, or the path of its file.
        photo: (h, w, 3) uint8, the input shown beside it, where the source has none; or the path of its file.
        frame: The convention it is painted in; found from the colours unless given.

    Returns:
        A widget: the last line of a cell shows it. Its `view` is the `NormalView` behind it, whose `pixel`
        says what is pointed at.

    Raises:
        ImageError: A path names no picture that can be read.
        InputError: There are no painted normals in the source, or their convention cannot be told.
        MissingDependencyError: A package for widgets is not installed.
    """
    view = NormalView(NormalInspector.of(source, photo=photo, frame=frame))
    view.widget.view = view
    return view.widget


def _light_widget(inspector: NormalInspector) -> Any:
    anywidget, traitlets = needed("anywidget"), needed("traitlets")

    class LightWidget(anywidget.AnyWidget):  # type: ignore[name-defined]
        _esm = Path(__file__).with_name("light.js")
        surface = traitlets.Dict().tag(sync=True)
        light = traitlets.List().tag(sync=True)
        ambient = traitlets.Float().tag(sync=True)

    rows, columns = inspector.rgb.shape[:2]
    surface = {
        "rows": rows,
        "columns": columns,
        "normals": inspector.facing.astype("<f4").tobytes(),
        "coarse": max(rows, columns) < _COARSE,
    }
    return LightWidget(surface=surface, light=list(LIGHT), ambient=0.2)
