"""Focal lengths of real depth, and what is said of them: no interval is praised that does not hold."""

import numpy as np
import pandas as pd
import pytest

from vbanalysis.studies import focal_real
from vbanalysis.studies.focal_real import Depth, checked, measured_depths, published_depths, recovered


def rooms(errors, width):
    true = np.full(len(errors), 0.8)
    focal = true * np.exp(errors)
    return pd.DataFrame(
        {
            "true": true,
            "focal": focal,
            "low": focal * np.exp(-width),
            "high": focal * np.exp(width),
            "refused": "",
        }
    )


def test_the_motorcycles_focal_length_is_within_its_interval():
    motorcycle = next(iter(measured_depths()))
    row = recovered(motorcycle)
    assert motorcycle.name == "Motorcycle"
    assert row["true"] == pytest.approx(994.978 / 741)
    assert row["low"] < row["true"] < row["high"]


def test_a_flat_scene_is_refused_with_its_reason():
    flat = Depth("wall", "measured", np.zeros((64, 64, 3), np.uint8), np.full((64, 64), 2.0), float("nan"))
    row = recovered(flat)
    assert np.isnan(row["focal"])
    assert "two are needed" in row["refused"]


def test_colours_are_those_of_the_same_place():
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[:, 30:] = 200
    depth = Depth("half", "measured", rgb, np.ones((10, 20)), 1.0)
    assert depth.colours.shape == (10, 20, 3)
    assert (depth.colours[:, :10] == 0).all()
    assert (depth.colours[:, 10:] == 200).all()


def test_published_depths_are_those_at_hand():
    for depth in published_depths():
        assert depth.source == "published"
        assert depth.depth_m.ndim == 2


def test_intervals_that_do_not_hold_are_called_too_short():
    errors = np.linspace(-0.2, 0.2, 20)
    table = checked({"good": rooms(errors, 0.3), "bad": rooms(errors, 0.02)})
    assert list(table.holds) == [True, False]
    assert list(table.told) == [20, 20]
    said = focal_real.answer(table, pd.DataFrame())
    assert "too short for: bad." in said
    assert "too short for: good" not in said


def test_rooms_that_tell_nothing_have_no_figure():
    refused = rooms([0.0], 0.1).assign(refused="no planes")
    row = checked({"flat": refused}).iloc[0]
    assert (row.rooms, row.told) == (1, 0)
    assert pd.isna(row.error)
    assert focal_real.answer(checked({"flat": refused}), pd.DataFrame()) == ""


def test_what_a_generator_paints_is_read_like_any_depth():
    from vbanalysis.codecs import DepthCodec

    class Truthful:
        """Paints a flat wall, whatever it is shown."""

        def sample_many(self, images, instructions):
            return [DepthCodec().encode(np.full((64, 64), 3.0)) for _ in images]

    table = focal_real.painted_rooms(Truthful(), 2)
    assert (table.refused != "").all()
    assert list(table.true.between(0.2, 2)) == [True, True]
