"""One line of text names a plugin with its argument and options, and reads back to the same."""

import pickle

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.specs import Spec, parse_spec

values = st.booleans() | st.integers() | st.floats() | st.text()
specs = st.builds(
    Spec,
    name=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", fullmatch=True),
    argument=st.none() | st.text(min_size=1),
    options=st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]*", fullmatch=True), values, max_size=4),
)


@settings(deadline=None, derandomize=True)
@given(specs)
@example(Spec("a", "?&=%#:/\\ +", {"k": "?&=%#:/\\ +"}))
@example(Spec("a", None, {"i": "10", "f": "1e3", "t": "True", "n": "nan", "e": ""}))
def test_a_spec_reads_back_from_its_text(spec):
    again = parse_spec(str(spec))
    assert again == spec
    assert again.argument == spec.argument
    assert repr(again.options) == repr(spec.options)


@settings(deadline=None, derandomize=True)
@given(st.text(alphabet="ab1:?&=%F.-+", max_size=16) | st.text())
def test_any_text_is_a_spec_or_a_clear_error(text):
    try:
        spec = parse_spec(text)
    except InputError:
        return
    assert parse_spec(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ("recorded:runs/x", "runs/x"),
        ("recorded:C:\\runs\\x", "C:\\runs\\x"),
        ("recorded:s3://bucket/x?limit=3", "s3://bucket/x"),
        ("recorded:what%3F", "what?"),
        ("recorded:50% off", "50% off"),
        ("recorded", None),
    ],
)
def test_the_argument_is_what_lies_between_the_first_colon_and_the_question_mark(text, argument):
    assert parse_spec(text).argument == argument


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("-7", -7),
        ("007", 7),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("-inf", float("-inf")),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("eigen", "eigen"),
        ("a=b", "a=b"),
        ("", ""),
        ("%310", "10"),
        ("%74rue", "true"),
    ],
)
def test_an_option_is_read_as_the_type_it_is_written_in(text, value):
    read = parse_spec(f"x?key={text}").options["key"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "name must be"),
        (":x", "name must be"),
        ("two words", "name must be"),
        ("x:", "argument of 'x' is empty"),
        ("x?", "'' is not of the form key=value"),
        ("x?flag", "'flag' is not of the form key=value"),
        ("x?a=1&&b=2", "'' is not of the form key=value"),
        ("x?a=1&a=2", "'a=2' is given twice"),
        ("x?2a=1", "must be named like a Python argument, got '2a'"),
        ("x?a=" + "9" * 5000, "Exceeds the limit"),
    ],
)
def test_what_cannot_be_read_is_named(text, complaint):
    with pytest.raises(InputError) as caught:
        parse_spec(text)
    assert str(caught.value).startswith(f"spec {text!r}: ")
    assert complaint in str(caught.value)


def test_an_option_of_another_type_is_refused():
    with pytest.raises(InputError, match="'palette' of 'x' must be bool, int, float or str, got list"):
        Spec("x", options={"palette": [1, 2]})


def test_the_order_of_the_options_does_not_matter_but_their_type_does():
    assert parse_spec("x?a=1&b=2") == parse_spec("x?b=2&a=1")
    assert len({parse_spec(text) for text in ("x?a=1", "x?a=1.0", "x?a=true", "x?a=%31")}) == 4


def test_a_spec_cannot_be_changed_and_can_be_sent_to_another_process():
    given_options = {"a": 1}
    spec = Spec("x", "y", given_options)
    given_options["a"] = 2
    with pytest.raises(TypeError):
        spec.options["a"] = 3
    assert pickle.loads(pickle.dumps(spec)) == spec == parse_spec("x:y?a=1")
