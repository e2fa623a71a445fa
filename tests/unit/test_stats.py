import json
import subprocess
import sys

import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.stats import (
    FEWEST_FOR_INTERVAL,
    Estimate,
    clopper_pearson,
    mean_estimate,
    resampled_estimate,
    share_estimate,
)


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
    assert found.is_range
    assert f"{found:.1f}" == "2.5 (from 1.0 to 4.0) n=3"
    assert f"{mean_estimate(np.array([2.0])):.1f}" == "2.0 n=1"


def test_many_images_of_few_scenes_give_the_range_of_the_scenes():
    values, scenes = np.array([1.0, 2.0, 3.0, 5.0, 5.0, 5.0]), ["a", "a", "a", "b", "b", "c"]
    found = mean_estimate(values, clusters=scenes)
    assert f"{found:.1f}" == "3.5 (from 2.0 to 5.0) n=6 in 3 clusters"
    same = resampled_estimate(values.tolist(), lambda units: sum(units) / len(units), clusters=scenes)
    assert same == found


def test_equal_values_have_an_interval_of_no_width():
    found = mean_estimate(np.full(9, 0.2))
    assert found.low == found.high == pytest.approx(0.2)
    assert not found.is_range


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [[1.0, 2.0]], [np.inf, 1.0], ["a", "b"], 3.0])
def test_what_has_no_mean_is_an_error(values):
    with pytest.raises(InputError, match="values"):
        mean_estimate(values)


def test_shares_that_all_end_alike_are_not_certain():
    assert share_estimate(np.ones(8))[:3] == clopper_pearson(8, 8)[:3]
    assert share_estimate(np.zeros(3))[:3] == clopper_pearson(0, 3)[:3]
    scenes = ["a", "a", "a", "b", "b", "c"]
    found = share_estimate(np.ones(6), clusters=scenes)
    assert (found.low, found.n, found.clusters) == (clopper_pearson(3, 3).low, 6, 3)
    mixed = np.array([0.0, 1.0, 1.0, 0.5, 1.0, 1.0])
    assert share_estimate(mixed) == mean_estimate(mixed)
    with pytest.raises(InputError, match=r"shares from 0 to 1, got 0\.5 to 3"):
        share_estimate(np.array([0.5, 3.0]))


def test_images_that_share_a_scene_make_the_interval_wider():
    rng = np.random.default_rng(1)
    values = np.repeat(rng.normal(size=12), 10) + rng.normal(0, 0.1, 120)
    alone = mean_estimate(values)
    together = mean_estimate(values, clusters=np.repeat(np.arange(12), 10))
    assert together.value == alone.value
    assert together.high - together.low > 2 * (alone.high - alone.low)
    assert (together.n, together.clusters) == (120, 12)


@pytest.mark.parametrize(
    ("clusters", "message"),
    [
        ([1, 2], "one label a unit, got 2 for 6"),
        ([1, 2, None, 4, 5, 6], "None at place 2"),
        (np.array([1, 2, np.nan, 4, 5, 6]), "nan at place 2"),
    ],
)
def test_a_unit_without_a_cluster_is_an_error(clusters, message):
    with pytest.raises(InputError, match=message):
        mean_estimate(np.arange(6.0), clusters=clusters)
    with pytest.raises(InputError, match=message):
        resampled_estimate(list(range(6)), np.mean, clusters=clusters)


def test_a_figure_that_is_no_mean_has_its_own_interval_by_either_method():
    counts = [(k, 10 + k % 3) for k in range(30)]

    def share(units):
        return sum(a for a, _ in units) / sum(b for _, b in units)

    percentile, bca = (resampled_estimate(counts, share, method=method) for method in ("percentile", "bca"))
    assert percentile.value == bca.value == share(counts)
    assert (percentile.method, bca.method) == ("percentile bootstrap", "BCa bootstrap")
    assert percentile[1:3] == pytest.approx(bca[1:3], rel=0.15)
    with pytest.raises(InputError, match="method must be one of percentile, bca, got 'basic'"):
        resampled_estimate(counts, share, method="basic")
    with pytest.raises(InputError, match="at least one unit"):
        resampled_estimate([], share)
    with pytest.raises(InputError, match="resamples"):
        resampled_estimate(counts, share, resamples=0)


def test_where_bca_is_not_defined_the_percentiles_stand_and_the_result_says_so():
    found = resampled_estimate([0.0] * 20, lambda units: max(units), 200, method="bca")
    assert (found.low, found.high) == (0.0, 0.0)
    assert found.method == "percentile bootstrap (BCa is not defined)"
    # A class that a resample may lack has no IoU there.
    sometimes = resampled_estimate(
        [1.0, np.nan, np.nan, np.nan, np.nan, np.nan],
        lambda units: float(np.nanmean(units)) if np.isfinite(units).any() else np.nan,
        200,
    )
    assert sometimes[:3] == (1.0, 1.0, 1.0)


def test_memory_of_the_bootstrap_does_not_grow_with_the_images():
    program = (
        "import resource, numpy as np; from vbanalysis.stats import mean_estimate\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "v = np.random.default_rng(0).gamma(1, 1, 20000); mean_estimate(v[:400]); small = peak()\n"
        "mean_estimate(v); print(peak() - small)"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(outcome.stdout) < 100  # MB; all resamples at once are over 3,000


def test_an_estimate_says_how_it_was_found_and_reads_back_from_a_table_without_that():
    found = mean_estimate(np.arange(8.0))
    assert found.method == "BCa bootstrap"
    assert json.loads(json.dumps(found._asdict()))["method"] == "BCa bootstrap"
    plain = Estimate(*found[:4])
    assert f"{plain:.2f}" == f"{found:.2f}"
    assert Estimate(1.0, 0.5, 2.0, FEWEST_FOR_INTERVAL - 1).is_range
    assert not Estimate(1.0, 0.5, 2.0, FEWEST_FOR_INTERVAL).is_range
