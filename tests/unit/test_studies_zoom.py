"""Crop and zoom: what stays where it is has power 0, what follows the lens has -1."""

import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.studies.zoom import Picture, Reader, cut, exponents, moved, pictures


def ramp(height=96, width=128):
    """A picture whose red channel tells its depth, so that a model can read it exactly."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[..., 0] = np.linspace(40, 240, width)
    rgb[..., 1] = np.linspace(40, 240, height)[:, None]
    return rgb


def exact(shown):
    return [each[..., 0] / 10.0 + each[..., 1] / 20.0 for each in shown]


def hard_coded(shown):
    """As `exact`, read off a canonical camera: a cut of half the width comes out half as far."""
    return [depth * depth.shape[1] / 128 for depth in exact(shown)]


def test_a_cut_is_the_middle():
    part, rows, columns = cut(ramp(), 2.0)
    assert part.shape == (48, 64, 3)
    np.testing.assert_array_equal(part, ramp()[rows, columns])
    assert (rows.start, columns.start) == (24, 32)
    with pytest.raises(InputError, match="zoom must be at least 1"):
        cut(ramp(), 0.5)
    with pytest.raises(InputError, match="must leave 8 pixels"):
        cut(ramp(), 20)


def test_powers_tell_who_follows_the_lens():
    models = {"metres": Reader(exact, 0.0), "hard": Reader(hard_coded, 0.0), "told": Reader(hard_coded, 1.0)}
    shown = [Picture(str(k), "made", ramp()) for k in range(5)]
    table = moved(models, shown, (1.25, 2.0))
    assert len(table) == 3 * 5 * 2
    found = exponents(table).set_index("model")
    assert found.value["metres"] == pytest.approx(0, abs=0.01)
    assert found.value["hard"] == pytest.approx(-1, abs=0.02)
    assert found.value["told"] == pytest.approx(0, abs=0.02)
    assert (found.n == 5).all()


def test_a_model_of_another_size_is_held_against_the_same_place():
    coarse = Reader(lambda shown: [each[::3, ::3] for each in exact(shown)], 0.0)
    factors = moved({"coarse": coarse}, [Picture("a", "made", ramp())], (2.0,)).factor
    assert factors[0] == pytest.approx(1, abs=0.05)


def test_what_is_unknown_nearly_everywhere_has_no_row():
    blind = Reader(lambda shown: [np.full(each.shape[:2], np.inf) for each in shown], 0.0)
    assert moved({"blind": blind}, [Picture("a", "made", ramp())], (2.0,)).empty


def test_pictures_are_of_all_that_is_at_hand():
    found = pictures(2)
    groups = [each.group for each in found]
    assert groups[:2] == ["rendered scenes"] * 2
    assert {"photographs"} <= set(groups) <= {"rendered scenes", "photographs", "gallery"}
    assert all(max(each.rgb.shape[:2]) <= 512 and each.rgb.dtype == np.uint8 for each in found)
    names = [each.name for each in found]
    assert len(set(names)) == len(names)
