"""The algebra of one wrong factor, held against sampled errors."""

import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.metrics import depth_metrics
from vbanalysis.studies import scale_error
from vbanalysis.studies.scale_error import LogErrors


@pytest.mark.parametrize("ratio", [0.7, 0.95, 1.0, 1.2, 1.6])
@pytest.mark.parametrize("errors", [LogErrors((1.0,), (0.15,)), LogErrors((0.9, 0.1), (0.08, 0.6))])
def test_the_closed_forms_agree_with_the_metrics_of_sampled_depth(ratio, errors):
    rng = np.random.default_rng(3)
    spread = rng.choice(errors.spreads, size=(500, 800), p=errors.shares)
    predicted = 5 * ratio * np.exp(spread * rng.standard_normal(spread.shape))
    measured = depth_metrics(predicted, np.full(predicted.shape, 5.0), cap_m=(1e-3, 1e6))
    assert scale_error.delta1(ratio, errors) == pytest.approx(measured.delta1, abs=0.003)
    assert scale_error.absrel(ratio, errors) == pytest.approx(measured.absrel, abs=0.004)


def test_the_cliff_is_where_the_ratio_leaves_its_window():
    narrow, wide = scale_error.cliff_deg(0.83)
    for hfov, inside in ((narrow + 0.1, 1), (narrow - 0.1, 0), (wide - 0.1, 1), (wide + 0.1, 0)):
        assert scale_error.delta1(0.83 / scale_error.focal_of(hfov)) == inside
    assert (round(narrow, 1), round(wide, 1)) == (51.5, 74.0)


def test_errors_and_ratios_are_found_again():
    assert scale_error.delta1(1, scale_error.one_normal(0.93)) == pytest.approx(0.93)
    errors = scale_error.with_outliers(0.84, 0.189, 1.0)
    assert scale_error.delta1(1, errors) == pytest.approx(0.84)
    assert scale_error.absrel(1, errors) == pytest.approx(0.189)
    # One normal of this delta1 has a larger AbsRel already.
    assert scale_error.with_outliers(0.93, 0.09, 1.0) is None
    low, high = scale_error.ratios_for(0.643, errors)
    assert low < 1 < high
    assert scale_error.delta1(low, errors) == pytest.approx(0.643)
    assert scale_error.delta1(high, errors) == pytest.approx(0.643)
    truth = LogErrors((1.0,), (0.14,))
    pair = scale_error.delta1(1.12, truth), scale_error.absrel(1.12, truth)
    found = [each for each in scale_error.joint(*pair) if each[0] > 1]
    assert np.allclose(found, [(1.12, 0.14)], atol=1e-3)


def test_what_no_ratio_explains_is_nan():
    assert np.isnan(scale_error.ratios_for(0.99, scale_error.one_normal(0.9))).all()


@pytest.mark.parametrize("ratio", [0.0, -1.0, np.nan, np.inf])
def test_a_ratio_is_positive(ratio):
    with pytest.raises(InputError, match="ratio must be a positive number"):
        scale_error.delta1(ratio)


def test_a_field_of_view_is_an_angle():
    with pytest.raises(InputError, match="hfov_deg"):
        scale_error.focal_of(180)
    assert scale_error.hfov_of(scale_error.focal_of(77)) == pytest.approx(77)
