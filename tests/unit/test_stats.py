import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.stats import mean_estimate


def test_the_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for k in range(200):
        found = mean_estimate(rng.normal(3.0, 1.0, 25), seed=k)
        inside += found.low <= 3.0 <= found.high
    assert 0.88 <= inside / 200 <= 0.99


def test_few_units_give_their_range_and_say_so():
    found = mean_estimate(np.array([1.0, 4.0, 2.5]))
    assert (found.low, found.high, found.n) == (1.0, 4.0, 3)
    assert f"{found:.1f}" == "2.5 (from 1.0 to 4.0) n=3"


def test_equal_values_have_an_interval_of_no_width():
    found = mean_estimate(np.full(9, 0.2))
    assert found.low == found.high == pytest.approx(0.2)


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [[1.0, 2.0]], [np.inf, 1.0]])
def test_what_has_no_mean_is_an_error(values):
    with pytest.raises(InputError, match="values"):
        mean_estimate(np.array(values))
