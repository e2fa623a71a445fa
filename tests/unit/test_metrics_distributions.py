import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.metrics.distributions import frechet_distance, kernel_distance

RNG = np.random.default_rng(0)
SOME = RNG.normal(size=(50, 4))


@pytest.mark.parametrize("distance", [kernel_distance, frechet_distance])
@pytest.mark.parametrize(
    ("generated", "reference", "word"),
    [
        (SOME[0], SOME, "generated must be"),
        (SOME[:1], SOME, "at least"),
        (SOME, SOME[:, :3], "one extractor, got 4 and 3"),
        (SOME, np.where(SOME > 2, np.nan, SOME), "reference must hold finite"),
        (SOME.astype(str), SOME, "generated must be"),
    ],
)
def test_what_are_no_features_is_refused(distance, generated, reference, word):
    with pytest.raises(InputError, match=word):
        distance(generated, reference)


def test_pairs_and_degrees_are_checked():
    with pytest.raises(InputError, match="as many, got 50 and 40"):
        kernel_distance(SOME, SOME[:40], paired=True)
    with pytest.raises(InputError, match="degree"):
        kernel_distance(SOME, SOME, degree=0)


def test_alike_pictures_are_near_zero_on_both_sides_and_others_are_not():
    rng = np.random.default_rng(1)
    alike = [kernel_distance(rng.normal(size=(40, 4)), rng.normal(size=(40, 4))).value for _ in range(40)]
    assert min(alike) < 0 < max(alike)
    assert kernel_distance(SOME + 2, SOME).value > 10 * max(alike)


def test_a_frechet_distance_says_that_there_were_too_few_pictures():
    few, many = frechet_distance(SOME[:4], SOME), frechet_distance(SOME, SOME[::-1])
    assert (few.singular, many.singular) == (True, False)
    assert many.value == pytest.approx(0, abs=1e-9)
    assert np.isnan(frechet_distance(SOME[:6], SOME, rng=np.random.default_rng(2)).unlimited)
