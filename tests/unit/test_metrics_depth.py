import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbanalysis.errors import InputError
from vbanalysis.metrics import depth_metrics, depth_metrics_by_region, pool_depth

CAP = (1e-3, 10.0)


def row(*depths):
    return np.array([depths], np.float32)


def test_a_perfect_answer_is_perfect():
    true = row(0.5, 3.0, 10.0)
    found = depth_metrics(true, true, cap_m=CAP)
    assert (found.delta1, found.delta2, found.delta3, found.n) == (1.0, 1.0, 1.0, 3)
    assert (found.absrel, found.rmse, found.rmse_log, found.silog) == (0.0, 0.0, 0.0, 0.0)


def test_a_factor_of_just_one_and_a_quarter_is_no_hit():
    true = np.array([[4.0, 5.0, 4.0]])
    assert depth_metrics(np.array([[5.0, 4.0, 4.9999]]), true, cap_m=CAP).delta1 == pytest.approx(1 / 3)


def test_truth_that_is_unknown_or_outside_the_cap_drops_out():
    true = row(np.nan, np.inf, -np.inf, 0.0, -1.0, 1e-3, 10.0, 10.1)
    found = depth_metrics(np.full_like(true, 10.0), true, cap_m=(float(np.float32(1e-3)), 10.0))
    assert (found.n, found.delta1) == (1, 1.0)


def test_predictions_beyond_the_cap_are_clipped_to_it():
    found = depth_metrics(row(25.0, 1e-6), row(10.0, 1.0), cap_m=(0.8, 10.0))
    assert found.delta2 == 1.0
    assert found.absrel == pytest.approx(0.1)


def test_an_infinite_prediction_is_the_far_end_of_the_cap_and_is_counted():
    found = depth_metrics(row(np.inf, 4.0), row(10.0, 4.0), cap_m=CAP)
    assert (found.delta1, found.n, found.n_unbounded) == (1.0, 2, 1)
    dropped = depth_metrics(row(np.inf, 4.0), row(5.0, 4.0), cap_m=CAP, unbounded="drop")
    assert (dropped.delta1, dropped.n, dropped.n_unbounded) == (1.0, 1, 1)


def test_no_infinity_can_be_clipped_to_an_infinite_cap():
    everything = (1e-3, np.inf)
    with pytest.raises(InputError, match="finite end"):
        depth_metrics(row(np.inf), row(5.0), cap_m=everything)
    assert depth_metrics(row(np.inf), row(5.0), cap_m=everything, unbounded="drop").n == 0
    assert depth_metrics(row(500.0, 1.0), row(500.0, np.inf), cap_m=everything).n == 1


@pytest.mark.parametrize("nothing", [np.nan, 0.0, -3.0, -np.inf])
def test_silence_is_a_miss_unless_told_otherwise(nothing):
    predicted, true = row(nothing, 4.0), row(4.0, 4.0)
    found = depth_metrics(predicted, true, cap_m=CAP)
    assert (found.delta3, found.n, found.n_unknown) == (0.5, 2, 1)
    dropped = depth_metrics(predicted, true, cap_m=CAP, unknown="drop")
    assert (dropped.delta3, dropped.n, dropped.n_unknown) == (1.0, 1, 1)


def test_with_nothing_to_compare_there_are_no_figures():
    for predicted, true, settings in (
        (row(1.0), row(np.nan), {}),
        (row(np.nan), row(1.0), {"unknown": "drop"}),
        (row(1.0), row(1.0), {"valid": np.array([[False]])}),
    ):
        found = depth_metrics(predicted, true, cap_m=CAP, alignment="median", **settings)
        assert np.isnan(found[:11]).all()
        assert found.n == 0


def test_only_the_crop_is_compared():
    valid = np.array([[True, False]])
    found = depth_metrics(row(1.0, np.nan), row(1.0, 5.0), cap_m=CAP, valid=valid)
    assert (found.absrel, found.n, found.n_unknown) == (0.0, 1, 0)


@given(
    seed=st.integers(0, 10_000),
    factor=st.floats(0.01, 100.0),
)
def test_median_alignment_does_not_see_a_factor_common_to_all(seed, factor):
    rng = np.random.default_rng(seed)
    true, noise = rng.uniform(1.0, 9.0, (6, 7)), rng.uniform(0.9, 1.1, (6, 7))
    cap = (1e-6, 1e6)
    plain = depth_metrics(true * noise, true, cap_m=cap, alignment="median")
    scaled = depth_metrics(true * noise * factor, true, cap_m=cap, alignment="median")
    assert scaled.scale * factor == pytest.approx(plain.scale)
    assert scaled[:11] == pytest.approx(plain[:11], abs=1e-12)
    unaligned = depth_metrics(true * noise * factor, true, cap_m=cap)
    assert unaligned.silog == pytest.approx(plain.silog)


def test_alignment_leaves_out_what_is_no_depth():
    predicted = row(1.0, 2.0, 3.0, np.inf, np.inf, np.nan)
    found = depth_metrics(predicted, row(2.0, 4.0, 6.0, 9.0, 9.0, 9.0), cap_m=CAP, alignment="median")
    assert found.scale == 2.0
    assert found.delta1 == pytest.approx(5 / 6)


def test_whole_numbers_are_depths_too():
    assert depth_metrics(np.array([[2, 4]]), np.array([[2, 4]], np.uint16), cap_m=CAP).delta1 == 1.0


def test_the_two_definitions_of_silog_differ_in_what_they_forgive():
    true = row(1.0, 2.0, 4.0)
    scaled = depth_metrics(true * 2, true, cap_m=(1e-3, 100.0))
    assert scaled.silog == pytest.approx(0.0, abs=1e-12)
    assert scaled.silog_eigen == pytest.approx(0.5 * np.log(2) ** 2)
    assert scaled.log_bias == pytest.approx(np.log(2))
    mixed = depth_metrics(true * [2.0, 1.0, 0.5], true, cap_m=(1e-3, 100.0))
    assert mixed.silog_eigen == pytest.approx((mixed.silog / 100) ** 2)


def test_a_tiny_spread_around_a_large_bias_keeps_its_digits():
    true = np.full((1, 4000), 3.0)
    spread = np.resize([1e-7, -1e-7], true.shape)
    found = depth_metrics(true * 20 * np.exp(spread), true, cap_m=(1e-3, 1e3))
    assert found.silog == pytest.approx(1e-5, rel=1e-6)


def test_a_large_map_is_the_sum_of_its_blocks():
    rng = np.random.default_rng(0)
    true = rng.uniform(0.5, 9.0, (480, 640)).astype(np.float32)
    predicted = (true * rng.uniform(0.7, 1.3, true.shape)).astype(np.float32)
    whole = depth_metrics(predicted, true, cap_m=CAP)
    parts = [depth_metrics(predicted[k : k + 96], true[k : k + 96], cap_m=CAP) for k in range(0, 480, 96)]
    assert whole == pytest.approx(pool_depth(parts, "pixels"), rel=1e-9)
    # Neither the order in memory nor the type makes a difference.
    assert whole == depth_metrics(predicted[:, ::-1].copy()[:, ::-1], np.asfortranarray(true), cap_m=CAP)
    assert whole[:11] == pytest.approx(depth_metrics(predicted.astype(">f8"), true, cap_m=CAP)[:11])


def test_images_without_pixels_have_no_part_in_a_data_set():
    true = row(1.0, 2.0, 4.0)
    images = [depth_metrics(true * factor, true, cap_m=CAP) for factor in (1.0, 1.5)]
    nothing = depth_metrics(row(np.inf), row(np.nan), cap_m=CAP)
    for pool in ("images", "pixels"):
        found = pool_depth([*images, nothing], pool)
        assert (found.absrel, found.n) == (pytest.approx(0.25), 6)
        assert np.isnan(pool_depth([nothing], pool)[:11]).all()
        assert pool_depth([], pool).n == 0


def test_counts_of_what_could_not_be_used_add_up():
    images = [
        depth_metrics(row(np.inf, np.nan, 1.0), row(5.0, 5.0, 1.0), cap_m=CAP),
        depth_metrics(row(np.inf), row(5.0), cap_m=CAP, unbounded="drop"),
    ]
    found = pool_depth(images, "images")
    assert (found.n, found.n_unbounded, found.n_unknown) == (3, 2, 1)


def test_a_region_is_scored_after_the_alignment_of_the_whole():
    true = row(1.0, 2.0, 4.0, 8.0, 8.0)
    near = true < 3
    predicted = np.where(near, true, true * 2)
    found = depth_metrics_by_region(
        predicted, true, {"near": near, "far": ~near, "all": None}, cap_m=CAP, alignment="median"
    )
    assert {name: each.scale for name, each in found.items()} == dict.fromkeys(("near", "far", "all"), 0.5)
    assert (found["far"].absrel, found["near"].absrel) == (0.0, 0.5)
    assert found["all"] == depth_metrics(predicted, true, cap_m=CAP, alignment="median")
    assert found["all"].n == found["near"].n + found["far"].n


def test_an_empty_region_has_no_figures():
    found = depth_metrics_by_region(row(1.0), row(1.0), {"none": np.array([[False]])}, cap_m=CAP)
    assert np.isnan(found["none"].delta1)
    assert found["none"].n == 0


def test_what_is_no_region_or_no_figures_is_an_error():
    with pytest.raises(InputError, match="the region 'far' must be booleans"):
        depth_metrics_by_region(row(1.0), row(1.0), {"far": np.ones((1, 1))}, cap_m=CAP)
    with pytest.raises(InputError, match="pool must be one of pixels, images"):
        pool_depth([], "median")
    with pytest.raises(InputError, match="images must hold DepthMetrics alone, got float"):
        pool_depth([1.0], "images")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"predicted_m": np.ones((2, 3))}, "resize the decoded result"),
        ({"predicted_m": np.ones((2, 2), bool)}, "predicted_m must hold numbers, got bool"),
        ({"true_m": np.ones((2, 2), complex)}, "true_m must hold numbers, got complex128"),
        ({"true_m": np.ones((0, 2))}, r"true_m .* shape \(0, 2\)"),
        ({"cap_m": (0.0, 10.0)}, "0 < low < high"),
        ({"cap_m": (10.0, 1.0)}, "0 < low < high"),
        ({"cap_m": (np.nan, 1.0)}, "0 < low < high"),
        ({"cap_m": 10.0}, "0 < low < high"),
        ({"cap_m": (1e-320, 1.0)}, "0 < low < high"),
        ({"alignment": "mean"}, "alignment must be one of none, median, scale, scale_and_shift; got 'mean'"),
        ({"space": "log"}, "space must be one of depth, disparity; got 'log'"),
        ({"unbounded": "keep"}, "unbounded must be one of clip, drop"),
        ({"unknown": "clip"}, "unknown must be one of miss, drop"),
        ({"valid": np.ones((2, 2), np.uint8)}, "valid must be booleans"),
        ({"valid": np.ones((2, 3), bool)}, r"valid must be booleans of shape \(2, 2\)"),
    ],
)
def test_what_cannot_be_scored_is_an_error(change, message):
    arguments = {"predicted_m": np.ones((2, 2)), "true_m": np.ones((2, 2)), "cap_m": CAP}
    with pytest.raises(InputError, match=message):
        depth_metrics(**{**arguments, **change})


def test_the_last_bits_do_not_depend_on_who_compiled_the_sums(tmp_path):
    # One process compiles, the next one finds the code in the cache.
    program = (
        "import numpy as np; from vbanalysis.metrics._depth_sums import depth_sums\n"
        "true = np.random.default_rng(0).uniform(0.5, 20, (40, 64, 97)).astype(np.float32)\n"
        "every, cap = np.ones(true.shape[1:], bool), (1e-3, 80.0)\n"
        "print([depth_sums(t * np.float32(1.001), t, every, cap, False, False) for t in true])"
    )
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, check=True).stdout
        for _ in range(2)
    )
    assert first == second
    assert list(tmp_path.rglob("*.nbc"))
