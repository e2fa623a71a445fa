"""Pictures with a pointer: the words of each pixel, made here, looked up in the browser."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.widgets import pointer
from vbanalysis.widgets.look import Panel, png
from vbanalysis.widgets.pointer import pointer_widget, show_pointed
from vbanalysis.widgets.readouts import Readout, decimal, pixel_of, significant


def told(readout: Readout) -> list[str]:
    return [readout.texts[code] for code in readout.codes.ravel().tolist()]


def test_words_are_those_of_python_with_three_digits():
    values = np.array([[3.14159, 0.001234, 99.96], [999.4, 1e-5, 12345.0]], np.float32)
    assert told(significant("depth", values, "m")) == [
        "3.14 m", "0.00123 m", "100 m", "999 m", "1.00e-05 m", "1.23e+04 m",
    ]  # fmt: skip


def test_what_is_no_number_has_a_word():
    values = np.array([[np.nan, np.inf, 0.0, 2.0]])
    assert told(significant("depth", values, "m")) == ["unread", "infinite", "0 m", "2.00 m"]
    assert told(decimal("residual", values, "/255")) == ["unread", "infinite", "0.0/255", "2.0/255"]


def test_decimals_keep_their_sign_where_asked():
    values = np.array([[-0.504, 0.25, 0.0]])
    assert told(decimal("x", values, "", decimals=2, signed=True)) == ["-0.50", "+0.25", "+0.00"]
    assert told(decimal("angle", values + 1, "°")) == ["0.5°", "1.2°", "1.0°"]


@given(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=30))
def test_words_lie_within_half_a_digit_of_the_number(values):
    words = told(significant("depth", np.array([values]), ""))
    for value, word in zip(values, words, strict=True):
        assert float(word) == pytest.approx(value, rel=0.00501)


def test_many_words_take_wider_codes():
    readout = decimal("n", np.arange(70_000.0).reshape(7, -1), "", decimals=0)
    assert readout.codes.dtype == np.uint32
    assert readout.at(6, 9999) == "69999"


def test_a_pixel_outside_the_picture_is_refused():
    assert pixel_of(2, 3, (3, 4)) == (2, 3)
    with pytest.raises(InputError, match=r"from 0 to 2 and 3, got 3 and 0"):
        pixel_of(3, 0, (3, 4))


@pytest.fixture
def readouts():
    rng = np.random.default_rng(0)
    depth = rng.uniform(0.1, 50, (5, 7))
    depth[0, 0], depth[1, 2] = np.nan, np.inf
    return significant("depth", depth, "m"), decimal("n", np.arange(35.0).reshape(5, 7), "")


def test_a_widget_shows_pictures_and_learns_what_is_pointed_at(readouts):
    panel = Panel("A picture", png(np.zeros((5, 7, 3), np.uint8)))
    widget = pointer_widget([panel], readouts, step=3, lines=True)
    assert (widget.shown["rows"], widget.shown["columns"], widget.shown["step"]) == (5, 7, 3)
    assert (widget.pixel, widget.line, widget.lines) == ([], [], True)
    show_pointed(widget, [panel, panel], readouts[:1])
    assert len(widget.shown["panels"]) == 2
    with pytest.raises(InputError, match="of one shape"):
        pointer_widget([panel], [readouts[0], decimal("other", np.zeros((2, 2)), "")])


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the script of the widget")
def test_the_browser_tells_the_words_of_the_tables(readouts, tmp_path):
    wide = Readout("wide", readouts[0].codes.astype(np.uint32), readouts[0].texts)
    shown = pointer_widget([], [*readouts, wide]).shown
    for each in shown["readouts"]:
        each["codes"] = list(each["codes"])
    script = Path(pointer.__file__).with_name("pointer.js").read_text(encoding="utf-8")
    (tmp_path / "pointer.mjs").write_text(script)
    (tmp_path / "ask.mjs").write_text(
        'import { readingAt } from "./pointer.mjs";\n'
        f"const shown = {json.dumps(shown)};\n"
        "for (const each of shown.readouts) each.codes = new DataView(Uint8Array.from(each.codes).buffer);\n"
        "const all = [];\n"
        "for (let r = 0; r < 5; r++) for (let c = 0; c < 7; c++) all.push(readingAt(shown, r, c));\n"
        "console.log(JSON.stringify(all));\n"
    )
    run = subprocess.run(["node", tmp_path / "ask.mjs"], capture_output=True, text=True, check=True)
    expected = [
        [[each.name, each.at(row, column)] for each in (*readouts, wide)]
        for row in range(5)
        for column in range(7)
    ]
    assert json.loads(run.stdout) == expected
