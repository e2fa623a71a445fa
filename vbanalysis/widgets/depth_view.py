"""The depth inspector in a browser: a pointer in its pictures, the chart of a line, points in space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vbanalysis.codecs import DepthCodec
from vbanalysis.errors import VbanalysisError
from vbanalysis.widgets.cloud import focal_steps, point_cloud
from vbanalysis.widgets.controls import message_html, style_box
from vbanalysis.widgets.depth import DepthInspector
from vbanalysis.widgets.depth_screen import depth_panels, profile_charts
from vbanalysis.widgets.look import figures_html, needed
from vbanalysis.widgets.pointer import pointer_widget

_NO_LINE = '<p class="vba-key">Draw a line in a picture: its profile of depth is shown here.</p>'


class DepthView:
    """Pictures, a line's profile, and the cloud.

    Attributes:
        inspector: The model.
        pointer: The pictures; its `pixel` and `line` say what is pointed at.
        charts: The profile of the line.
        cloud: The points; its `step` is the place of the focal slider.
        widget: All of it.
    """

    def __init__(self, inspector: DepthInspector) -> None:
        w = needed("ipywidgets")
        self.inspector = inspector
        self.pointer = pointer_widget(
            depth_panels(inspector), inspector.readouts, step=inspector.step, lines=True
        )
        self.charts = w.HTML(_NO_LINE)
        self.charts.add_class("vba-profile")
        self.cloud = _cloud_widget(inspector)
        self.pointer.observe(lambda _: self.update(), "line")
        codec = inspector.codec
        told = {
            "walk": codec.walk,
            "λ": f"{codec.lam:g}",
            "c": f"{codec.c:.4g} m",
            "pixels": _size(inspector),
            "unread": f"{100 * inspector.unread:.2f} %",
        }
        self.widget = style_box(w.HTML(figures_html(told)), self.pointer, self.charts, self.cloud)
        self.widget.add_class("vba-depth")

    @property
    def pixel(self) -> tuple[int, int] | None:
        """(row, column) that is pointed at, of the source; None for none."""
        return tuple(self.pointer.pixel) or None

    @property
    def line(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Both ends of the line; None for none."""
        if not self.pointer.line:
            return None
        first, last = self.pointer.line
        return tuple(first), tuple(last)

    def update(self) -> None:
        """Draw the profile of the line."""
        if self.line is None:
            self.charts.value = _NO_LINE
            return
        try:
            charts = profile_charts(self.inspector.profile(*self.line))
        except VbanalysisError as error:
            self.charts.value = message_html(str(error))
            return
        self.charts.value = f'<div class="vba-panels vba-charts">{charts}</div>'


def inspect_depth(
    source: Any = "motorcycle",
    *,
    photo: Any = None,
    lam: float = DepthCodec.lam,
    c: float = DepthCodec.c,
    walk: str | None = None,
) -> Any:
    """A picture of depth under the pointer, along a line, and as points in space.

    Args:
        source: A spec string of a data set, whose first sample is taken; a `Sample`; or the (H, W, 3) uint8
            picture of depth that somebody painted, or the path of its file.
        photo: (h, w, 3) uint8, the input shown beside it, where the source has none; or the path of its file.
        lam: Of the power curve; the paper's unless given.
        c: Of the power curve, metres; the paper's unless given.
        walk: One of `vbanalysis.codecs.WALKS`; found from the colours unless given.

    Returns:
        A widget: the last line of a cell shows it. Its `view` is the `DepthView` behind it, whose `pixel` and
        `line` say what is pointed at.

    Raises:
        ImageError: A path names no picture that can be read.
        InputError: There is no painted depth in the source, or it follows no walk.
        MissingDependencyError: A package for widgets is not installed.
    """
    view = DepthView(DepthInspector.of(source, photo=photo, lam=lam, c=c, walk=walk))
    view.widget.view = view
    return view.widget


def _cloud_widget(inspector: DepthInspector) -> Any:
    anywidget, traitlets = needed("anywidget"), needed("traitlets")

    class CloudWidget(anywidget.AnyWidget):  # type: ignore[name-defined]
        _esm = Path(__file__).with_name("cloud.js")
        points = traitlets.Dict().tag(sync=True)
        steps = traitlets.List().tag(sync=True)
        step = traitlets.Int().tag(sync=True)

    cloud = point_cloud(inspector)
    steps, start = focal_steps(inspector, cloud)
    colours = {"picture": cloud.picture} if cloud.photo is None else {
        "input": cloud.photo, "picture": cloud.picture,
    }  # fmt: skip
    told = f"{len(cloud.rays)} points up to {cloud.farthest_m:.3g} m, the 99th percentile of depth"
    return CloudWidget(
        points={
            "rays": cloud.rays.astype("<f4").tobytes(),
            "colours": [{"name": name, "rgb": rgb.tobytes()} for name, rgb in colours.items()],
            "told": told,
        },
        steps=[step._asdict() for step in steps],
        step=start,
    )


def _size(inspector: DepthInspector) -> str:
    height, width = inspector.shape
    thinned = "" if inspector.step == 1 else f", one in {inspector.step} × {inspector.step} shown"
    return f"{width} × {height}{thinned}"
