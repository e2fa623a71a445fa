"""The codec explorer in a browser: sliders around `CodecExplorer`."""

from __future__ import annotations

from typing import Any

from vbanalysis.codecs import WALKS
from vbanalysis.errors import VbanalysisError
from vbanalysis.widgets.codec import CodecExplorer, CodecSettings
from vbanalysis.widgets.codec_screen import codec_screen
from vbanalysis.widgets.controls import (
    labelled,
    message_html,
    pictures_widget,
    row,
    show_panels,
    style_box,
)
from vbanalysis.widgets.look import needed

_WITHOUT = "none"


class CodecView:
    """Sliders, and what comes of them at once.

    Attributes:
        explorer: The model.
        controls: The widgets by setting; `quality` is a slider beside the `stored` menu.
        pictures: The colours, the decoded depth and the error.
        figures: Their figures, or what is wrong with a setting.
        charts: The error by depth, and the residuals.
        widget: All of it.
    """

    def __init__(self, explorer: CodecExplorer) -> None:
        w = needed("ipywidgets")
        self.explorer = explorer
        self.controls = {
            "lam": labelled(w.FloatSlider, "λ", CodecSettings.lam, min=-8, max=-1.1, step=0.1),
            # In steps of a third, as a browser moves the paper's 10/3 to the nearest step.
            "c": labelled(w.FloatSlider, "c, m", CodecSettings.c, min=1 / 3, max=50, step=1 / 3),
            "walk": labelled(w.Dropdown, "walk", explorer.begin.walk, options=tuple(WALKS)),
            "noise": labelled(w.FloatSlider, "noise, /255", 0.0, min=0, max=40, step=0.5),
            "gain": labelled(w.FloatSlider, "gain", 1.0, min=0.5, max=1.5, step=0.01),
            "offset": labelled(w.FloatSlider, "offset, /255", 0.0, min=-40, max=40, step=1),
            "gamma": labelled(w.FloatSlider, "gamma", 1.0, min=0.5, max=2, step=0.01),
            "saturation": labelled(w.FloatSlider, "saturation", 1.0, min=0, max=2, step=0.01),
            "scale": labelled(w.FloatSlider, "resize by", 1.0, min=0.1, max=1, step=0.05),
            "stored": labelled(w.Dropdown, "stored as", "JPEG", options=("JPEG", _WITHOUT)),
            "quality": labelled(w.IntSlider, "quality", CodecSettings.quality, min=1, max=100),
            "chroma": labelled(
                w.Dropdown, "chroma", CodecSettings.chroma, options=("4:4:4", "4:2:2", "4:2:0")
            ),
        }
        self._reset = w.Button(description="Reset", tooltip="All settings as at the beginning")
        self._reset.on_click(lambda _: self.set(explorer.begin))
        self.pictures, self.figures, self.charts = pictures_widget(), w.HTML(), w.HTML()
        self._held = False
        for control in self.controls.values():
            control.observe(lambda _: self.update(), "value")
        self.widget = style_box(
            *([w.HTML(message_html(explorer.doubt))] if explorer.doubt else []),
            row([*self.controls.values(), self._reset]),
            self.figures,
            self.pictures,
            self.charts,
        )
        self.update()

    @property
    def settings(self) -> CodecSettings:
        """What the controls say."""
        said = {name: control.value for name, control in self.controls.items()}
        stored = said.pop("stored") == "JPEG"
        return CodecSettings(**{**said, "quality": said["quality"] if stored else None})

    def set(self, settings: CodecSettings) -> None:
        """Move all controls, and update once."""
        self._held = True
        try:
            for name, control in self.controls.items():
                if name == "stored":
                    control.value = _WITHOUT if settings.quality is None else "JPEG"
                elif (value := getattr(settings, name)) is not None:
                    control.value = value
        finally:
            self._held = False
        self.update()

    def update(self) -> None:
        """Read anew, and show it; a setting that cannot be is told in place of the figures."""
        if self._held:
            return
        for name in ("quality", "chroma"):
            self.controls[name].disabled = self.controls["stored"].value == _WITHOUT
        try:
            shown = codec_screen(self.explorer, self.explorer.read(self.settings))
        except VbanalysisError as error:
            self.figures.value = message_html(str(error))
            return
        self.figures.value = shown.figures
        self.charts.value = f'<div class="vba-panels vba-charts">{shown.charts}</div>'
        show_panels(self.pictures, shown.panels)


def explore_codec(source: Any = "motorcycle") -> Any:
    """Sliders for what happens to depth between the code and the decoder.

    Args:
        source: A spec string of a data set, whose first sample is taken; a `Sample`; (H, W) metres; or the
            (H, W, 3) uint8 picture of depth that somebody painted, or the path of its file.

    Returns:
        A widget: the last line of a cell shows it.

    Raises:
        ImageError: A path names no picture that can be read.
        InputError: There is nothing in the source that could be decoded.
        MissingDependencyError: A package for widgets is not installed.
    """
    return CodecView(CodecExplorer.of(source)).widget
