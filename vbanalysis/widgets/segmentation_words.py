"""A prompt and its legend in HTML: what was understood, and how the picture kept to it."""

from __future__ import annotations

import math
from html import escape

from vbanalysis.types import Rgb
from vbanalysis.widgets.controls import message_html
from vbanalysis.widgets.segmentation import BACKGROUND, SegmentationInspector, SegmentationReading
from vbanalysis.widgets.segmentation_legend import LegendRow
from vbanalysis.widgets.segmentation_prompt import PromptReading

_MOST_UNASKED = 12


def prompt_html(found: PromptReading) -> str:
    """The prompt with what was read of it marked; or why it could not be read."""
    if found.instruction is None:
        return message_html(f"Not read: {found.reason}. What is shown is still by the last prompt.")
    words = "".join(
        escape(word.text)
        if not word.kind
        else f'<mark class="vba-word" title="{word.kind}">{swatch(word.rgb)}{escape(word.text)}</mark>'
        for word in found.words
    )
    asked = found.instruction
    names = ", ".join(f"{swatch(rgb)}{escape(name)}" for name, rgb in _asked(found))
    behind = "not named" if asked.background is None else f"{swatch(asked.background)}{asked.background}"
    return (
        f'<p class="vba-words" role="status">{words}</p>'
        f'<p class="vba-understood">Read as <b>{asked.task}</b>: {names}; background {behind}.</p>'
    )


def _asked(found: PromptReading) -> list[tuple[str, Rgb | None]]:
    assert found.instruction is not None
    names, colours = found.instruction.classes, found.instruction.colours
    return [(name, colours[k] if colours else None) for k, name in enumerate(names)]


def legend_html(inspector: SegmentationInspector, reading: SegmentationReading) -> str:
    """The legend with drift, as a table, and flat colours that nobody asked for."""
    known = {} if reading.compared is None else reading.compared.iou
    of_name = {name.casefold(): iou for name, iou in known.items()}
    head = ["colour", "asked", "painted", "drift, /255", "direction", "pixels", "rejected"]
    head += ["IoU"] if known else []
    rows = [
        "".join(f'<th scope="col">{cell}</th>' for cell in head),
        *(_row(row, of_name if known else None) for row in reading.legend.rows),
    ]
    table = (
        '<div class="vba-scroll"><table class="vba-legend"><caption>Legend: the colour asked for, and the '
        "median of the pixels that are nearest to it</caption>"
        + "".join(f"<tr>{row}</tr>" for row in rows)
        + "</table></div>"
    )
    if inspector.counts_instances:
        return table + (
            f'<p class="vba-unasked">{len(reading.instances)} instances of '
            f"{escape(reading.instruction.classes[0])}, in colours that the generator chose.</p>"
        )
    unasked = reading.legend.unasked
    if not unasked:
        return table + '<p class="vba-unasked">No flat colour that nobody asked for.</p>'
    told = ", ".join(
        f"{swatch(each.rgb)}{each.rgb} {100 * each.share:.2f} %" for each in unasked[:_MOST_UNASKED]
    )
    more = f", and {len(unasked) - _MOST_UNASKED} more" if len(unasked) > _MOST_UNASKED else ""
    return table + f'<p class="vba-unasked">Nobody asked for: {told}{more}.</p>'


def swatch(rgb: Rgb | None) -> str:
    """A little square of a colour; nothing for none."""
    return (
        ""
        if rgb is None
        else f'<span class="vba-swatch" style="background: rgb{rgb}" aria-hidden="true"></span>'
    )


def _row(row: LegendRow, iou: dict[str, float] | None) -> str:
    name = "background" if row.name == BACKGROUND else row.name
    painted = "none" if row.painted is None else f"{swatch(row.painted)}{_triple(row.painted)}"
    drift = "" if math.isnan(row.drift) else f"{row.drift:.1f}"
    pixels = f"{100 * row.share:.2f} %" + (" (absent)" if row.absent else "")
    cells = [
        f"{swatch(row.asked)}{_triple(row.asked)}",
        painted,
        drift,
        direction(row.direction),
        pixels,
        f"{row.rejected}",
    ]
    if iou is not None:
        value = iou.get(row.name.casefold(), math.nan)
        cells.append("" if math.isnan(value) else f"{value:.4f}")
    absent = ' class="vba-absent"' if row.absent else ""
    return f'<th scope="row"{absent}>{escape(name)}</th>' + "".join(f"<td>{cell}</td>" for cell in cells)


def direction(away: Rgb | None) -> str:
    """Where a colour went, in words.

    >>> direction((0, -3, 12)), direction((0, 0, 0))
    ('G -3, B +12', 'none')
    """
    if away is None:
        return ""
    parts = [f"{channel} {by:+d}" for channel, by in zip("RGB", away, strict=True) if by]
    return ", ".join(parts) or "none"


def _triple(rgb: Rgb) -> str:
    return f"{rgb[0]}, {rgb[1]}, {rgb[2]}"
