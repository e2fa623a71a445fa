"""Colours as people write them."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbanalysis.errors import InstructionError
from vbanalysis.instructions import colour_name, parse_colour


@pytest.mark.parametrize(
    ("text", "measured"),
    [
        ("red", (255, 1, 1)),
        ("pink", (255, 192, 203)),
        ("light purple", (212, 196, 227)),
        ("yellow", (255, 254, 0)),
        ("green", (2, 253, 0)),
        ("cyan", (0, 254, 254)),
    ],
)
def test_a_name_means_what_the_published_outputs_paint_for_it(text, measured):
    assert all(abs(a - b) <= 2 for a, b in zip(parse_colour(text), measured, strict=True))


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("white", (255, 255, 255)),
        ("Dark-Gray", (169, 169, 169)),
        ("darkgrey", (169, 169, 169)),
        ("a solid white color", (255, 255, 255)),
        ("the colour orange", (255, 165, 0)),
        ("LIGHT BLUE", (173, 216, 230)),
        ("pure blue", (0, 0, 255)),
        ("a shade of teal", (0, 128, 128)),
        ("cloudy blue", (172, 194, 217)),
        ("robin's egg blue", (152, 239, 249)),
        ("dark sea green", (143, 188, 143)),
        ("#80C000", (128, 192, 0)),
        ("#fa0", (255, 170, 0)),
        ("0x10aa05", (16, 170, 5)),
        ("(255, 165, 0)", (255, 165, 0)),
        ("<125,0,125>", (125, 0, 125)),
        ("[ 1 2 3 ]", (1, 2, 3)),
        ("RGB(88, 50, 82)", (88, 50, 82)),
        ("rgb(100%, 0%, 50%)", (255, 0, 128)),
        ("255, 192, 128", (255, 192, 128)),
    ],
)
def test_every_notation_is_read(text, rgb):
    assert parse_colour(text) == rgb
    assert parse_colour(f"  {text} ") == rgb


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("light thistle", (232, 217, 232)),  # (216, 191, 216), 2/5 of the way to white
        ("pale thistle", (236, 223, 236)),  # 1/2 of the way
        ("dark thistle", (144, 127, 144)),  # 1/3 of the way to black
        ("bright chocolate", (255, 106, 0)),  # (210, 105, 30), its channels stretched to 0 and 255
        ("bright gray", (128, 128, 128)),
        ("light dark thistle", (188, 178, 188)),
    ],
)
def test_a_modifier_works_on_names_that_no_table_holds_as_a_whole(text, rgb):
    assert parse_colour(text) == pytest.approx(rgb, abs=1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("smaragd", "'smaragd' is not a known colour"),
        ("gren", "nearest: .*green"),
        ("", "not a known colour"),
        ("solid color", "not a known colour"),
        ("(256, 0, 0)", r"'256' in '\(256, 0, 0\)' is outside 0 to 255"),
        ("<0, -1, 0>", "'-1' .*outside"),
        ("rgb(101%, 0%, 0%)", "outside 0 to 100"),
        ("(0.5, 0.5, 0.5)", "'0.5' .*whole number"),
        ("(50%, 1, 2)", "mixes percent"),
        ("(1, 2)", "three numbers"),
        ("(1, 2, 3, 4)", "three numbers"),
        ("<1, 2, 3)", "opens with '<' and closes with '\\)'"),
        ("#12345", "3 or 6 digits"),
        ("#ggg", "3 or 6 digits"),
        ("#ff0000 and more", "got 'and more'"),
    ],
)
def test_what_is_no_colour_is_an_error_that_quotes_it(text, said):
    with pytest.raises(InstructionError, match=said):
        parse_colour(text)


def test_a_colour_that_is_not_text_is_an_error():
    with pytest.raises(InstructionError, match="must be a string, got tuple"):
        parse_colour((1, 2, 3))


@settings(deadline=None, derandomize=True, max_examples=300)
@given(
    st.tuples(*[st.integers(0, 255)] * 3), st.sampled_from(["({})", "<{}>", "[{}]", "RGB({})", "rgb ({})"])
)
def test_every_triple_is_read_exactly(rgb, brackets):
    assert parse_colour(brackets.format(", ".join(map(str, rgb)))) == rgb
    assert parse_colour("#{:02x}{:02X}{:02x}".format(*rgb)) == rgb


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(max_size=40) | st.text(alphabet="0123456789,.%-+()<>[] #xrgb", max_size=25))
def test_any_text_is_a_colour_or_a_typed_error(text):
    try:
        rgb = parse_colour(text)
    except InstructionError:
        return
    assert all(isinstance(c, int) and 0 <= c <= 255 for c in rgb)


def test_names_given_back_are_read_as_the_same_colour():
    named = {parse_colour(name) for name in ("red", "green", "light purple", "grey", "teal", "cloudy blue")}
    assert all(parse_colour(colour_name(rgb)) == rgb for rgb in named)
    assert colour_name((255, 0, 255)) == "magenta"
    assert colour_name((1, 2, 3)) is None


def test_matplotlib_is_imported_only_when_a_name_is_looked_up():
    code = (
        "import sys; from vbanalysis.instructions import parse; "
        "parse('Segment: {\"a\": <1, 2, 3>}'); assert 'matplotlib' not in sys.modules; "
        "parse('Segment: {\"a\": \"red\"}'); assert 'matplotlib' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
