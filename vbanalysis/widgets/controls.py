"""What views made of ipywidgets share: labelled controls, rows that wrap, pictures with words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from vbanalysis.widgets.look import Panel, needed, stylesheet


def labelled(kind: Any, label: str, value: Any, **options: Any) -> Any:
    """A control of one width with its words before it."""
    return kind(
        value=value,
        description=label,
        tooltip=label,  # without one ipywidgets shows "null" under a pointer
        style={"description_width": "6rem"},
        layout={"width": "17rem", "max_width": "100%"},
        **options,
    )


def row(children: Sequence[Any]) -> Any:
    """Widgets side by side, under each other where there is no room."""
    layout = {"flex_flow": "row wrap", "align_items": "flex-start", "grid_gap": "0.3rem"}
    return needed("ipywidgets").Box(children, layout=layout)


def style_box(*children: Any) -> Any:
    """All of a view, in the look of the explorers, with its keys for itself and names for its sliders."""
    w, anywidget = needed("ipywidgets"), needed("anywidget")

    class Keys(anywidget.AnyWidget):  # type: ignore[name-defined]
        _esm = Path(__file__).with_name("keys.js")

    class Names(anywidget.AnyWidget):  # type: ignore[name-defined]
        _esm = Path(__file__).with_name("names.js")

    style = w.HTML(f"<style>{stylesheet()}</style>", layout={"display": "none"})
    hidden = [script(layout={"display": "none"}) for script in (Keys, Names)]
    box = w.VBox([style, *children, *hidden])
    box.add_class("vba")
    return box


def message_html(text: str) -> str:
    """A message that a screen reader announces."""
    return f'<p class="vba-status" role="status">{escape(text)}</p>'


def pictures_widget(panels: Sequence[Panel] = ()) -> Any:
    """Pictures with their words, which `show_panels` changes.

    The Image of ipywidgets 8.1 has no alternative text, and its view breaks when it is given a tooltip.
    """
    anywidget, traitlets = needed("anywidget"), needed("traitlets")

    class Pictures(anywidget.AnyWidget):  # type: ignore[name-defined]
        _esm = Path(__file__).with_name("pictures.js")
        panels = traitlets.List().tag(sync=True)

    return Pictures(panels=[panel._asdict() for panel in panels])


def show_panels(widget: Any, panels: Sequence[Panel]) -> None:
    """Show other pictures."""
    widget.panels = [panel._asdict() for panel in panels]
