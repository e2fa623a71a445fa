from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from vbanalysis.codecs import DepthCodec
from vbanalysis.errors import InputError
from vbanalysis.mini.model import Mini
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import axes, render
from vbanalysis.studies.heads import ambiguity, ideal, measure, reading
from vbanalysis.studies.heads.answers import DEPTH_WORDS, Draws, head
from vbanalysis.studies.heads.edges import edge_shares, level_edges, side_shares
from vbanalysis.studies.heads.intervals import KEYS, figures
from vbanalysis.studies.heads.mixing_map import mixing_map
from vbanalysis.studies.heads.profile import clearest, profile, steepest
from vbanalysis.studies.heads.published import depth_outputs, edge_table
from vbanalysis.studies.heads.seeds import POOLS, pooled, spread


@pytest.fixture(scope="module")
def painting():
    return head("pictures")


@pytest.fixture(scope="module")
def numbers():
    return head("numbers")


def test_an_ideal_head_gives_what_its_loss_asks_for():
    said = ideal.ideal_answers(ideal.two_depths(0.8, 8.7, 0.4))
    assert said["median log"].depth_m == said["median colour"].depth_m == pytest.approx(0.8)
    assert said["mean log"].depth_m == pytest.approx(0.8**0.6 * 8.7**0.4)
    mean = np.array([0.6, 0.4]) @ DepthCodec().encode(np.array([0.8, 8.7]), dtype="float64")
    np.testing.assert_allclose(said["mean colour"].rgb, mean)
    assert said["mean colour"].depth_m < 0.6  # in front of both
    assert said["mean colour"].residual > 60


def test_the_median_of_each_channel_is_the_median_depth_until_a_channel_turns():
    narrow = ideal.ideal_answers(ideal.any_scale(1.5, 3.0))
    assert narrow["median colour"].depth_m == pytest.approx(narrow["median log"].depth_m)
    assert narrow["median colour"].residual < 1e-6
    wide = ideal.ideal_answers(ideal.any_scale(1.0, 15.0))
    assert wide["median colour"].residual > 60


def test_an_ideal_flow_gives_the_mean_in_one_step_and_draws_in_many():
    belief = ideal.two_depths(1.2, 9.0, 0.3)
    once = ideal.ideal_flow(belief, 1, 20, np.random.default_rng(0))
    np.testing.assert_allclose(once, ideal.ideal_answers(belief)["mean colour"].depth_m)
    many = ideal.ideal_flow(belief, 64, 2000, np.random.default_rng(0))
    near, far = np.isclose(many, 1.2, rtol=0.02), np.isclose(many, 9.0, rtol=0.02)
    assert (near | far).mean() > 0.999
    assert far.mean() == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize("arguments", [(0.0, 1.0, 0.5), (1.0, np.inf, 0.5), (1.0, 2.0, 1.5)])
def test_a_belief_that_is_none_is_refused(arguments):
    with pytest.raises(InputError):
        ideal.two_depths(*arguments)


def test_every_third_depth_of_the_map_lies_clearly_off_the_walk():
    shares = mixing_map(n=80).shares()
    assert 0.2 < shares["third"] < 0.3
    assert shares["third off the code"] == 1
    assert shares["third and refused"] < min(shares["third"], shares["refused"])


def test_a_ground_at_another_scale_is_the_same_picture_at_other_depths():
    plane = ambiguity.planes(1)[0]
    split, number = plane.id.split("/")
    scene = replace(make_scene(split, int(number)), things=(), noise=0.0)
    one, other = render(scene, 64), render(ambiguity.rescaled(scene, 1.4), 64)
    apart = np.abs(one.rgb.astype(int) - other.rgb)
    assert apart.mean() < 3  # haze
    np.testing.assert_allclose(other.depth_m, 1.4 * one.depth_m, rtol=1e-5)
    assert ambiguity.implied_height(plane, other.depth_m) == pytest.approx(1.4 * plane.true_m, rel=1e-5)
    with pytest.raises(InputError):
        ambiguity.rescaled(make_scene("train", 0), 1.4)


def test_the_heights_that_a_picture_allows_are_those_of_the_world():
    plane = ambiguity.planes(1)[0]
    split, number = plane.id.split("/")
    quotient = plane.true_m / make_scene(split, int(number)).ground.scale_m
    rng = np.random.default_rng(0)
    height, tile = rng.uniform(*ambiguity.CAMERA_M, 2_000_000), rng.uniform(*ambiguity.TILE_M, 2_000_000)
    alike = height[np.abs(height / tile / quotient - 1) < 0.01]
    centres = plane.centres_m
    assert alike.mean() == pytest.approx(centres["mean"], rel=0.01)
    assert np.median(alike) == pytest.approx(centres["median"], rel=0.01)
    assert np.log(alike).mean() == pytest.approx(np.log(centres["log mean"]), abs=0.01)
    assert np.log(alike).std() == pytest.approx(plane.log_spread, rel=0.05)
    assert plane.share_below(np.array(centres["median"])) == pytest.approx(0.5)
    assert (alike > plane.low_m * 0.98).all()
    assert (alike < plane.high_m * 1.02).all()


def test_the_ranges_are_those_that_the_world_is_drawn_from():
    scenes = [make_scene("train", number) for number in range(400)]
    heights = [scene.camera.height_m for scene in scenes]
    tiles = [s.ground.scale_m for s in scenes if s.room is None and s.ground.pattern == "tiles"]
    for values, (low, high) in ((heights, ambiguity.CAMERA_M), (tiles, ambiguity.TILE_M)):
        assert low <= min(values) < low + 0.1 * (high - low)
        assert high >= max(values) > high - 0.1 * (high - low)


def test_a_mirror_shows_the_room_as_far_behind_it_as_it_is_before_it():
    found = ambiguity.mirrors(1)[0]
    split, number = found.id.split("/")
    scene = make_scene(split, int(number))
    room = scene.room
    position, right, up, back = axes(scene.camera)
    view = render(scene, 64)
    clear = 0
    for row, column in np.argwhere(found.at):
        x, y = (
            (column - view.intrinsics.cx) / view.intrinsics.fx,
            (view.intrinsics.cy - row) / view.intrinsics.fy,
        )
        ray = x * right + y * up - back  # of unit z
        walls = [
            (bound - position[axis]) / ray[axis]
            for axis, bounds in enumerate(
                ((room.left_m, room.right_m), (0, room.height_m), (2 * room.back_m - room.front_m,))
            )
            for bound in bounds
            if ray[axis] * (bound - position[axis]) > 0
        ]
        assert found.image_m[row, column] < min(walls) + 1e-3  # a thing may stand before the far wall
        clear += abs(found.image_m[row, column] - min(walls)) < 1e-3
    assert clear > 0.3 * found.at.sum()
    assert (found.rgb != found.plain)[found.at].any()
    np.testing.assert_array_equal(
        found.wall_m, render(replace(scene, room=replace(room, mirror=None)), 64).depth_m
    )


def test_mixed_pixels_see_two_depths_in_shares():
    (found,) = ambiguity.mixed_pixels([3])
    assert found.at.sum() == len(found.far_share) > 20
    assert ((found.far_share > 0) & (found.far_share < 1)).all()
    assert (found.far_m > 1.5 * found.near_m).all()
    middle = found.true_m[found.at]
    assert (
        np.isclose(middle, found.near_m, rtol=0.06) | np.isclose(middle, found.far_m, rtol=0.06) is not None
    )
    assert (np.isclose(middle, found.near_m, rtol=0.06) | np.isclose(middle, found.far_m, rtol=0.06)).all()
    near, far = ambiguity.own_sides(found, found.true_m * 2)
    told = np.isfinite(near) & np.isfinite(far)
    assert told.mean() > 0.5
    np.testing.assert_allclose(near[told], 2 * found.near_m[told], rtol=0.15)


def test_edges_have_level_sides_and_a_ramp_is_none():
    step = np.array([1.0] * 6 + [2.0] + [4.0] * 6)
    depth = np.tile(step, (9, 1))
    edges = level_edges(depth, 2)
    assert edges.at[4].nonzero()[0].tolist() == [5, 6, 7]
    assert side_shares(depth, edges) == pytest.approx(
        {"near": 1 / 3, "far": 1 / 3, "between": 1 / 3, "third": 0}
    )
    depth[:, 6] = 0.3
    assert side_shares(depth, level_edges(depth, 2))["third"] == pytest.approx(1 / 3)
    assert not level_edges(np.tile(np.geomspace(1, 40, 13), (9, 1)), 2).at.any()
    assert np.isnan(side_shares(np.ones((9, 9)), level_edges(np.ones((9, 9)), 2))["third"])
    with pytest.raises(InputError, match="3 away"):
        level_edges(np.ones((4, 9)), 2)


def test_the_shares_of_heads_are_means_over_their_images():
    step = np.tile([1.0] * 6 + [0.3] + [4.0] * 6, (9, 1))
    clean = np.tile([1.0] * 6 + [4.0] * 7, (9, 1))
    table = edge_shares(
        {"one": Draws(np.stack([step, clean])[None], None), "none": Draws(np.ones((1, 1, 9, 13)), None)}
    )
    assert table["head"].tolist() == ["one"]
    assert table["images"].item() == 2
    assert table["third"].item() == pytest.approx(1 / 6)


def test_an_error_splits_into_bias_and_variance():
    rng = np.random.default_rng(0)
    true = np.full((50, 50), 4.0)
    draws = true * np.exp(0.2 + 0.1 * rng.standard_normal((6, 50, 50)))
    found = spread(draws, true)
    assert found.error == pytest.approx(found.bias + found.variance)
    assert found.bias == pytest.approx(0.04, rel=0.05)
    assert found.variance == pytest.approx(0.01, rel=0.05)
    assert np.isnan(found.rgb_sd)
    with pytest.raises(InputError):
        spread(draws[:1], true)


def test_a_spread_that_knows_its_error_is_told_from_one_that_does_not():
    rng = np.random.default_rng(0)
    width = rng.uniform(0.01, 0.3, (60, 60))
    true = np.full((60, 60), 4.0)
    noise = rng.standard_normal((8, 60, 60))
    aware = spread(true * np.exp(width * noise) * np.exp(width * rng.standard_normal((60, 60))), true)
    blind = spread(true * np.exp(0.01 * noise + width * rng.standard_normal((60, 60))), true)
    assert aware.coverage == pytest.approx(aware.expected, abs=0.03)
    assert aware.rank > 0.3 > 0.1 > abs(blind.rank)
    assert blind.coverage < 0.2
    assert aware.ause < 0.8 * aware.random
    assert blind.ause == pytest.approx(blind.random, abs=0.05)


def test_draws_are_pooled_each_way():
    codec = DepthCodec()
    true = np.full((4, 4), 2.0, np.float32)
    depth = np.stack([true * 0.8, true, true * 1.6]).astype(np.float32)[:, None]
    found = pooled(Draws(depth, codec.encode(depth)), 0, true)
    assert set(found) == set(POOLS) - {"one draw"}
    np.testing.assert_allclose(found["best, told by the truth"], true)
    np.testing.assert_allclose(found["best, by agreement"], true)
    np.testing.assert_allclose(found["median"], true)
    np.testing.assert_allclose(found["mean of metres"], 2 * (0.8 + 1 + 1.6) / 3, rtol=1e-6)
    np.testing.assert_allclose(found["mean of log metres"], 2 * (0.8 * 1.6) ** (1 / 3), rtol=1e-6)
    mean = codec.encode(depth).mean(axis=0)[0] / 255
    np.testing.assert_allclose(found["mean of colours"], codec.decode(mean).depth_m)
    assert "mean of colours" not in pooled(Draws(depth, None), 0, true)


def test_colours_of_two_sides_average_to_a_third_depth_where_metres_do_not():
    depth = np.array([0.8, 8.7], np.float32)[:, None, None, None] * np.ones((1, 1, 3, 3), np.float32)
    found = pooled(Draws(depth, DepthCodec().encode(depth)), 0, depth[0, 0])
    assert (found["mean of colours"] < 0.5).all()
    assert (np.abs(found["mean of log metres"] - np.sqrt(0.8 * 8.7)) < 0.01).all()


def test_a_painting_head_draws_as_the_generator_does(painting):
    image = make_image(0)
    drawn = painting.depth([image], draws=2, steps=2)
    assert drawn.values.shape == (2, 1, 64, 64)
    one = Mini("pictures", steps=2).sample(image, DEPTH_WORDS, seed=1000)
    np.testing.assert_array_equal(drawn.rgb[1, 0], one)
    assert (drawn.rgb[0] != drawn.rgb[1]).any()


def test_a_head_of_numbers_draws_once(numbers):
    drawn = numbers.depth([make_image(0)], draws=5, steps=8)
    assert len(drawn) == 1
    assert drawn.rgb is None


def test_both_heads_are_measured_alike(painting, numbers, monkeypatch):
    monkeypatch.setattr(measure, "MANY", 2)
    heads = {"pictures": {1: painting}, "numbers": {1: numbers}}
    rows = measure.measure(heads, 1, 1, 2, "validation", steps=(1, 2))
    assert set(rows.columns) == {*KEYS, "unit", "value"}
    for part in ("one answer", "steps", "plane", "mirror", "mixed"):
        assert set(rows[rows.part == part].arm) == {"pictures", "numbers"}
    assert set(rows[rows.part == "pools"].case) == set(POOLS)
    table = figures(rows)
    table = table.assign(case=table.case.replace("", np.nan))
    apart = reading.pick(table, "one answer", "numbers - pictures", "delta1")
    own = {arm: reading.pick(table, "one answer", arm, "delta1").value for arm in heads}
    assert apart.value == pytest.approx(own["numbers"] - own["pictures"])
    truth = rows[(rows.part == "pools") & (rows.metric == "absrel")].set_index(["steps", "case"]).value
    for steps in (1, 2):
        assert truth[steps, "best, told by the truth"] <= truth[steps, "one draw"]


def made_up(gains):
    """Thirty scenes on which the arm of numbers has so much more than the other, by seed."""
    rng = np.random.default_rng(0)
    rows = []
    for metric in ("delta1", "absrel"):
        for unit in range(30):
            base = rng.random()
            for seed, gain in enumerate(gains, 1):
                for arm, more in (("pictures", 0.0), ("numbers", gain)):
                    key = dict(zip(KEYS, ("one answer", arm, str(seed), 1, "", metric), strict=True))
                    value = base + more + 0.01 * rng.standard_normal()
                    rows.append(key | {"unit": str(unit), "value": value})
    table = figures(pd.DataFrame(rows))
    return table.assign(case=table.case.replace("", np.nan))


@pytest.mark.parametrize(
    ("gains", "better"),
    [
        ((0.1, 0.1, 0.1), {"delta1": "numbers", "absrel": "pictures"}),
        ((0.1, 0.1, -0.1), {"delta1": "undecided", "absrel": "undecided"}),  # trainings disagree
        ((0.1, 0.1), {"delta1": "undecided", "absrel": "undecided"}),  # too few of them
    ],
)
def test_an_arm_is_better_where_scenes_and_trainings_agree(gains, better):
    rises = {metric: reading.RISES[metric] for metric in better}
    told = reading.duel(made_up(gains), metrics=rises).set_index("metric").better
    assert told.to_dict() == better


def test_a_comparison_that_was_not_made_is_refused():
    table = made_up((0.1, 0.1))
    assert reading.arms_of(table) == {"pictures": ["1", "2"], "numbers": ["1", "2"]}
    with pytest.raises(InputError, match="flow"):
        reading.duel(table, "flow")
    with pytest.raises(InputError, match="0 rows"):
        reading.pick(table, "one answer", "numbers", "rmse")


def test_a_row_through_an_edge_is_read_by_every_head():
    view = render(make_scene("validation", 3), 64)
    row, column = steepest(view)
    ratio = view.depth_m[row, column + 1] / view.depth_m[row, column]
    assert max(ratio, 1 / ratio) > 1.2
    found = profile(view, {"numbers": Draws(view.depth_m[None, None], None)}, 0)
    np.testing.assert_array_equal(found.lines["numbers"][0], found.truth_m)
    assert not found.strips
    flat = view._replace(depth_m=np.full((64, 64), 3.0, np.float32))
    assert clearest([flat, view, flat]) == 1
    with pytest.raises(InputError, match="none of 2"):
        clearest([flat, flat])
    with pytest.raises(InputError, match="no step"):
        steepest(view._replace(depth_m=np.full((64, 64), 3.0, np.float32)))


def test_pictures_are_read_at_their_edges(tmp_path):
    from vbanalysis.images import write_png

    depth = np.tile(np.array([1.0] * 10 + [9.0] * 10), (24, 1))
    rgb = DepthCodec().encode(depth)
    rgb[:, 9] = (rgb[:, 8].astype(int) + rgb[:, 11]) // 2
    write_png(tmp_path / "a.png", rgb)
    (name, read), *others = depth_outputs(f"outputs:{tmp_path}")
    assert (name, others) == ("a.png", [])
    row = edge_table([(name, read)], (2,)).iloc[0]
    assert row.third == pytest.approx(1 / 3)
    assert row.refusable == 1


def test_arms_that_were_not_trained_are_asked_for(refused, tmp_path):
    assert "vbanalysis mini control pictures --seed 1" in refused("study", "heads", "--runs", tmp_path)


def make_image(number):
    return render(make_scene("validation", number), 64).rgb
