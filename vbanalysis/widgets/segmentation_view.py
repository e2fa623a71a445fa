"""The segmentation inspector in a browser: a prompt to be edited, and sliders over its model."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from vbanalysis.errors import VbanalysisError
from vbanalysis.widgets.controls import (
    labelled,
    message_html,
    row,
    style_box,
)
from vbanalysis.widgets.look import needed
from vbanalysis.widgets.pointer import pointer_widget, show_pointed
from vbanalysis.widgets.segmentation import SegmentationInspector, SegmentationReading, SegmentationSettings
from vbanalysis.widgets.segmentation_screen import segmentation_screen, stability_chart
from vbanalysis.widgets.segmentation_words import legend_html, prompt_html

RESTING_S = 0.15
"""The count over tau follows once a slider has rested so long: it decodes the picture many times over."""

_HELP = """<details class="vba-help"><summary>What the settings do</summary><dl>
<dt>reject</dt><dd>Classes: a pixel farther than this from every colour of the prompt is no class.</dd>
<dt>tau</dt><dd>Instances and regions: a pixel joins its neighbours while its colour is this near to the
first one's; what is this near to the background is background.</dd>
<dt>erosion</dt><dd>What keeps less than this share when a pixel is taken off all round is a thin
edge, and rejected.</dd>
<dt>gamma</dt><dd>Parts of one colour are one thing where their joint box is at most so many times as large as
both; 0 joins none.</dd>
<dt>min_area</dt><dd>What covers less of the picture is rejected.</dd></dl></details>"""

_NEAREST, _REJECTED = "to the nearest", "rejected"
_REJECT = 64.0


class SegmentationView:
    """A prompt, sliders, and what comes of them at once.

    Attributes:
        inspector: The model.
        prompt: The text field.
        controls: The widgets by setting; `reject` is a slider beside the `far` menu.
        understood: What was read of the prompt, or why nothing was.
        legend: The colours asked for beside those painted.
        pictures: The picture, what was decoded, the residual, the photograph; a pointer reads in all of them.
        figures: Their figures, or what is wrong with a setting.
        charts: The count over tau, sizes, and what a rejection threshold leaves out.
        widget: All of it.
    """

    def __init__(self, inspector: SegmentationInspector) -> None:
        w = needed("ipywidgets")
        self.inspector = inspector
        begin = inspector.defaults
        self.prompt = w.Textarea(
            value=inspector.prompt.text,
            description="Prompt",
            rows=min(8, 2 + len(inspector.prompt.text) // 100),
            style={"description_width": "4rem"},
            layout={"width": "auto", "max_width": "62rem"},
        )
        self.prompt.add_class("vba-prompt-field")
        self.controls = {
            "far": labelled(w.Dropdown, "far colours", _NEAREST, options=(_NEAREST, _REJECTED)),
            "reject": labelled(w.FloatSlider, "reject, /255", _REJECT, min=1, max=128, step=1),
            "tau": labelled(w.FloatSlider, "tau, /255", begin.tau, min=1, max=64, step=0.5),
            "erosion": labelled(w.FloatSlider, "erosion", begin.erosion, min=0, max=1, step=0.02),
            "gamma": labelled(w.FloatSlider, "gamma", begin.gamma, min=0, max=12, step=0.25),
            "min_area": labelled(
                w.SelectionSlider, "min_area", begin.min_area, options=_shares(begin.min_area)
            ),
        }
        self._reset = w.Button(description="Reset", tooltip="All settings as at the beginning")
        self._reset.on_click(lambda _: self.set(self.inspector.defaults))
        first = segmentation_screen(inspector, inspector.read(begin))
        self.pictures = pointer_widget(first.panels, first.readouts, step=first.step)
        self.understood, self.legend, self.figures = w.HTML(), w.HTML(), w.HTML()
        self.charts, self._stability = w.HTML(), ""
        self._held = False
        self._before: SegmentationReading | None = None
        self._waiting: asyncio.TimerHandle | None = None
        for control in self.controls.values():
            control.observe(lambda _: self.update(), "value")
        self.prompt.observe(lambda change: self._ask(change["new"]), "value")
        self.widget = style_box(
            self.prompt,
            self.understood,
            row([*self.controls.values(), self._reset]),
            self.figures,
            self.pictures,
            self.legend,
            self.charts,
            w.HTML(_HELP),
        )
        self.widget.add_class("vba-segmentation")
        self._ask(inspector.prompt.text)

    @property
    def settings(self) -> SegmentationSettings:
        """What the controls say."""
        said = {name: control.value for name, control in self.controls.items()}
        far = said.pop("far") == _REJECTED
        return SegmentationSettings(**{**said, "reject": said["reject"] if far else None})

    def set(self, settings: SegmentationSettings) -> None:
        """Move all controls, and update once."""
        self._held = True
        try:
            self.controls["far"].value = _NEAREST if settings.reject is None else _REJECTED
            self.controls["min_area"].options = _shares(settings.min_area)
            for name in ("tau", "erosion", "gamma", "min_area"):
                self.controls[name].value = getattr(settings, name)
            self.controls["reject"].value = _REJECT if settings.reject is None else settings.reject
        finally:
            self._held = False
        self.update()

    def _ask(self, prompt: str) -> None:
        found = self.inspector.ask(prompt)
        self.understood.value = prompt_html(found)
        if found.instruction is not None:
            self._before = None
            self.update()

    def update(self) -> None:
        """Read anew, and show it; a setting that cannot be is told in place of the figures."""
        if self._held:
            return
        instances = self.inspector.counts_instances
        self.controls["far"].disabled = instances
        self.controls["reject"].disabled = instances or self.controls["far"].value == _NEAREST
        try:
            reading = self.inspector.read(self.settings)
            shown = segmentation_screen(self.inspector, reading, self._before)
        except VbanalysisError as error:
            self.figures.value = message_html(str(error))
            return
        self._before = reading
        self.figures.value = shown.figures
        self.legend.value = legend_html(self.inspector, reading)
        show_pointed(self.pictures, shown.panels, shown.readouts, step=shown.step)
        self._show_charts(reading, shown.charts)

    def _show_charts(self, reading: SegmentationReading, others: str) -> None:
        """Show the charts: that over tau at once where it is known, else when the slider has come to rest."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

        def draw(waits: str = "") -> None:
            over_tau = f'<div class="vba-over-tau{waits}">{self._stability}</div>'
            self.charts.value = f'<div class="vba-panels vba-charts">{over_tau}{others}</div>'

        def show() -> None:
            found = self.inspector.stability(reading.settings)
            self._stability = stability_chart(self.inspector, reading, found)
            draw()

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no browser is there to wait for
            show()
            return
        if self.inspector.knows_stability(reading.settings):
            show()
        else:
            draw(" vba-waits")
            self._waiting = loop.call_later(RESTING_S, show)


def _shares(own: float) -> list[tuple[str, float]]:
    """Shares of a picture, round ones and one more, as a slider shows them."""
    round_ones = [m * 10.0**power for power in (-5, -4, -3, -2) for m in (1, 2, 5)]
    near = [value for value in round_ones if not math.isclose(value, own)]
    return [(f"{100 * value:.3g} %", value) for value in sorted([*near, own])]


def inspect_segmentation(source: Any = "scenes:heldout", prompt: str | None = None) -> Any:
    """A painted mask under its prompt: legend with drift, classes or instances, and what settings do to them.

    Args:
        source: A spec string of a data set such as `"gallery"` or `"outputs:FOLDER"`, whose first sample
            with a mask is taken; such a string and a sample's id as a pair; a `Sample`; or a painted picture
            (H, W, 3) uint8 or the path of its file. What has no output yet is painted by the embedded
            generator.
        prompt: That the picture was painted to; by default the sample's own.

    Returns:
        A widget: the last line of a cell shows it.

    Raises:
        InputError: There is no picture, or no prompt that says what its colours mean.
        MissingDependencyError: A package for widgets is not installed.
    """
    return SegmentationView(SegmentationInspector.of(source, prompt)).widget
