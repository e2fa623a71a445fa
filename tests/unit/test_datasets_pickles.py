import collections
import os
import pickle
import struct

import numpy as np
import pytest

from vbanalysis.datasets import _pickles
from vbanalysis.datasets._pickles import read_pickle
from vbanalysis.errors import DataError
from vbanalysis.paths import samples_dir


@pytest.fixture
def pickled(tmp_path):
    """Write bytes, or the pickle of a value, and give the path."""

    def write(value, protocol=2):
        path = tmp_path / "infos.pkl"
        path.write_bytes(value if isinstance(value, bytes) else pickle.dumps(value, protocol))
        return path

    return write


PLAIN = {
    "none": None,
    "truth": [True, False],
    "numbers": (1, -7, 2**80, 1.5, float("inf")),
    "text": "Zürich",
    "bytes": b"\x00\xff",
    "set": {1, 2},
    "frozen": frozenset({"a"}),
    "ordered": collections.OrderedDict(b=1, a=2),
    "nested": {"a": [{"b": ((), [])}]},
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_come_back_equal_from_every_protocol(pickled, protocol):
    found = read_pickle(pickled(PLAIN, protocol))
    assert found == PLAIN
    assert list(found["ordered"]) == ["b", "a"]


ARRAYS = {
    "floats": np.arange(6.0).reshape(2, 3),
    "columns first": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
    "big-endian": np.array([1.5, -2.0], ">f4"),
    "truth": np.array([[True], [False]]),
    "names": np.array(["car", "traffic_cone"]),
    "bytes": np.array([b"a", b"bc"]),
    "complex": np.array([1 + 2j]),
    "empty": np.zeros((0, 3), np.float32),
    "no axes": np.array(3.0),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_with_type_shape_and_values(pickled, name, protocol):
    array = ARRAYS[name]
    found = read_pickle(pickled([array], protocol))[0]
    assert isinstance(found, np.ndarray)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == pickle.loads(pickle.dumps(array, protocol)).dtype


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value", [np.float64(0.1), np.int64(-3), np.bool_(True), np.str_("car"), np.uint8(7)]
)
def test_scalars_come_back_with_type_and_value(pickled, value, protocol):
    found = read_pickle(pickled(value, protocol))
    assert (found, type(found)) == (value, type(value))


def test_pickles_of_numpy_1_and_2_name_its_modules_differently_and_both_are_read(pickled):
    new = pickle.dumps(np.arange(3), 2)
    assert b"numpy._core.multiarray" in new
    for data in (new, new.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")):
        assert read_pickle(pickled(data)).tolist() == [0, 1, 2]


class Calls:
    """Pickles as a call of anything."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def test_a_pickle_that_runs_a_command_is_refused_and_runs_nothing(pickled, tmp_path):
    proof = tmp_path / "ran"
    with pytest.raises(DataError, match=r"infos.pkl names posix.system, which is no plain value"):
        read_pickle(pickled(Calls(os.system, f"touch {proof}")))
    assert not proof.exists()


@pytest.mark.parametrize(
    "function", [eval, getattr, __import__, print, bytearray, bytes.fromhex, np.load, np.fromfile]
)
def test_no_other_name_is_looked_up(pickled, function):
    with pytest.raises(DataError, match="which is no plain value"):
        read_pickle(pickled(Calls(function, "1")))


class Thing:
    pass


def test_objects_of_classes_and_outside_references_are_refused(pickled):
    with pytest.raises(DataError, match=r"infos\.pkl"):
        read_pickle(pickled(Thing()))
    with pytest.raises(DataError, match="makes objects of classes"):
        read_pickle(pickled(b"Pelsewhere\n."))


def test_an_array_of_objects_or_of_fields_is_refused(pickled):
    with pytest.raises(DataError, match="expected numbers or text"):
        read_pickle(pickled(np.array([{}, None], object)))
    with pytest.raises(DataError, match="expected numbers or text"):
        read_pickle(pickled(np.zeros(2, [("x", "f4")])))


def test_an_array_may_not_claim_more_than_its_bytes(pickled):
    honest = pickle.dumps(np.arange(300, dtype=np.int64), 2)
    shape = struct.pack("<cH", b"M", 300)
    assert honest.count(shape) == 1
    claims = honest.replace(shape, b"J" + struct.pack("<i", 2_000_000_000))
    with pytest.raises(DataError, match="array of shape"):
        read_pickle(pickled(claims))


def test_a_pickle_may_not_set_what_it_was_given(pickled):
    patched = b"\x80\x02cnumpy\ndtype\n(NX\x0c\x00\x00\x00__setstate__Nub."
    with pytest.raises(DataError):
        read_pickle(pickled(patched))
    assert read_pickle(pickled(np.arange(2.0))).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    "hostile",
    [
        b"\x80\x02]r\xff\xff\xff\x7f.",  # a list, numbered 2,147,483,647
        b"]p99999999999\n.",
        b"]p9999999999999999999999999999\n.",
    ],
)
def test_numbers_of_values_that_would_fill_the_memory_are_refused_before_it_is_taken(pickled, hostile):
    with pytest.raises(DataError, match="numbers more values than it can hold"):
        read_pickle(pickled(hostile))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_truncation_is_an_error_that_names_the_file(pickled, protocol):
    whole = pickle.dumps({"a": [1, "b", 2.5, b"c", np.arange(3)]}, protocol)
    for length in range(len(whole)):
        with pytest.raises(DataError, match=r"infos.pkl"):
            read_pickle(pickled(whole[:length]))


def test_every_flipped_byte_gives_plain_values_or_an_error(pickled):
    whole = pickle.dumps({"a": [1, "b", 2.5, b"c", np.arange(3)]}, 2)
    errors = 0
    for place in range(len(whole)):
        for bit in (1, 8, 128):
            damaged = bytearray(whole)
            damaged[place] ^= bit
            try:
                read_pickle(pickled(bytes(damaged)))
            except DataError:
                errors += 1
    assert errors > len(whole)


def test_what_is_no_pickle_says_so(pickled, tmp_path):
    with pytest.raises(DataError, match="is no pickle"):
        read_pickle(pickled(b"\xff\xd8\xff\xe0"))
    with pytest.raises(DataError, match="has bytes after its end"):
        read_pickle(pickled(pickle.dumps(1) + b"x"))
    with pytest.raises(DataError, match="does not exist"):
        read_pickle(tmp_path / "absent.pkl")
    with pytest.raises(DataError, match=r"over the limit of 5 "):
        read_pickle(pickled([1, 2, 3]), largest=5)


def test_the_walk_gives_the_same_answer_compiled(pickled, monkeypatch):
    monkeypatch.setattr(_pickles, "_COMPILED_FROM", 0)
    assert read_pickle(pickled([*PLAIN.values(), 1.0])) == [*PLAIN.values(), 1.0]
    with pytest.raises(DataError, match="numbers more values"):
        read_pickle(pickled(b"]p9999999999999999999999999999\n."))
    with pytest.raises(DataError, match="truncated"):
        read_pickle(pickled(pickle.dumps("x" * 300)[:-40]))


def test_a_real_file_of_mmdet3d_is_read():
    folder = samples_dir()
    if folder is None or not (folder / "nuscenes").is_dir():
        pytest.skip("VBANALYSIS_SAMPLES names no folder with nuscenes/")
    (path,) = (folder / "nuscenes").glob("*.pkl")
    infos = read_pickle(path)
    assert infos["metainfo"]["version"] == "v1.0-mini"
    (frame,) = infos["data_list"]
    assert len(frame["instances"]) == 69
    assert frame["instances"][0]["num_lidar_pts"] == 1
    assert isinstance(frame["instances"][0]["num_lidar_pts"], np.int64)
