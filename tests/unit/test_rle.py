import numpy as np
import pytest

from vbanalysis.codecs import _runs_numpy, rle, to_rle
from vbanalysis.codecs._numba import kernels
from vbanalysis.errors import InputError
from vbanalysis.types import InstanceResult


def label_maps(count, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        labels = rng.integers(0, 5, rng.integers(1, 20, 2)).astype(np.int32)
        labels[rng.random(labels.shape) < rng.random()] = 0
        if rng.random() < 0.2:
            labels[:] = 1
        yield labels


def coded(labels):
    areas = np.array([np.sum(labels == k) for k in range(1, 5)])
    return to_rle(InstanceResult(labels, None, areas, None))


def test_what_was_written_is_read_back_pixel_for_pixel():
    for labels in label_maps(60):
        found = rle.masks_from_rle(coded(labels), labels.shape)
        assert found.dtype == bool
        np.testing.assert_array_equal(found, labels == np.arange(1, 5)[:, None, None])


def test_no_code_is_no_mask():
    assert rle.masks_from_rle([], (3, 4)).shape == (0, 3, 4)


def test_uncompressed_counts_mean_the_same():
    text, numbers = {"size": [2, 3], "counts": "123"}, {"size": [2, 3], "counts": [1, 2, 3]}
    np.testing.assert_array_equal(rle.masks_from_rle([text], (2, 3)), rle.masks_from_rle([numbers], (2, 3)))


def test_areas_and_overlaps_are_those_of_the_pixels():
    for labels in label_maps(60, seed=1):
        other = np.roll(labels, 1, axis=0)
        codes = coded(labels) + coded(other)
        masks = rle.masks_from_rle(codes, labels.shape)
        runs = rle.read_runs([code["counts"] for code in codes], [labels.size] * len(codes))
        np.testing.assert_array_equal(runs.areas, masks.sum(axis=(1, 2)))
        left, right = (places.ravel() for places in np.indices((len(codes), len(codes))))
        shared = np.sum(masks[left] & masks[right], axis=(1, 2))
        np.testing.assert_array_equal(rle.overlaps(runs, left, right), shared)


FAULTS = {
    "a~": "a character that is none",
    "aé": "a character that is none",
    "a b": "a character that is none",
    "4P": "ends within a number",
    "4oooooooo4": "a number too large",
    "2O3": "a run of negative length",
    "3": "another number of pixels",
    "31": "another number of pixels",
    "": "another number of pixels",
}


@pytest.mark.parametrize(("text", "reason"), FAULTS.items())
def test_a_damaged_code_is_named_with_its_fault(text, reason):
    with pytest.raises(InputError, match=rf"counts\[1\] .*{reason}"):
        rle.read_runs(["6", text], [6, 6])


def both_ways(counts, pixels):
    text = np.frombuffer("".join(counts).encode("ascii", "replace"), np.uint8)
    bounds = np.cumsum([0, *map(len, counts)])
    compiled = kernels("_runs_numba")
    if compiled is None:
        pytest.skip("numba cannot be used here")
    return [module.read_runs(text, bounds, np.array(pixels)) for module in (_runs_numpy, compiled)], compiled


def test_compiled_and_plain_code_say_the_same():
    for labels in label_maps(60, seed=2):
        codes = coded(labels) + coded(np.fliplr(labels))
        (plain, fast), compiled = both_ways([code["counts"] for code in codes], [labels.size] * len(codes))
        for a, b in zip(plain, fast, strict=True):
            np.testing.assert_array_equal(a, b)
        left, right = (places.ravel() for places in np.indices((len(codes), len(codes))))
        np.testing.assert_array_equal(
            _runs_numpy.overlaps(*plain[:2], left, right), compiled.overlaps(*plain[:2], left, right)
        )


@pytest.mark.parametrize("text", FAULTS)
def test_compiled_and_plain_code_find_the_same_fault(text):
    (plain, fast), _ = both_ways(["6", text], [6, 6])
    assert plain[3:] == fast[3:]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("4", "no run-length code: .* got str"),
        ({"counts": "4"}, "no run-length code: .* got the keys"),
        ({"size": [2, 2.0], "counts": "4"}, "has the size"),
        ({"size": [2, 2, 1], "counts": "4"}, "has the size"),
        ({"size": [-2, -2], "counts": "4"}, "has the size"),
        ({"size": [1, 4], "counts": "4"}, r"has the size \[1, 4\], expected \[2, 2\]"),
        ({"size": [2, 2], "counts": [5, -1]}, "lengths of runs that fill 2 x 2"),
        ({"size": [2, 2], "counts": [2, True, 1]}, "lengths of runs that fill 2 x 2"),
        ({"size": [2, 2], "counts": [3]}, "lengths of runs that fill 2 x 2"),
        ({"size": [2, 2], "counts": None}, "lengths of runs that fill 2 x 2"),
    ],
)
def test_what_is_no_code_is_refused(code, reason):
    with pytest.raises(InputError, match=rf"codes\[0\].*{reason}"):
        rle.masks_from_rle([code], (2, 2))


def test_a_hostile_size_is_refused_before_memory_is_taken():
    with pytest.raises(InputError, match="at most"):
        rle.masks_from_rle([], (10**6, 10**6))
