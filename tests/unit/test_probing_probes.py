"""Probes find what was planted, and nothing where nothing is: the controls at their own level."""

import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.mini.scenes import Scenes
from vbanalysis.probing import controls
from vbanalysis.probing.cache import FeatureCache
from vbanalysis.probing.embedded import Embedded
from vbanalysis.probing.experiment import chosen, cross_validated, scene_folds
from vbanalysis.probing.maps import drawn_pixels, stacked
from vbanalysis.probing.ridge import Sums, chosen_ridge, nested_ridge, ridge
from vbanalysis.probing.targets import PROBED, figure, marked, target_of, told
from vbanalysis.probing.trained import Recipe, trained_probe
from vbanalysis.stats import paired_difference
from vbanalysis.types import Sample

QUICK = Recipe(hidden=16, epochs=20, batch=256)


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture(scope="module")
def samples():
    return list(Scenes("validation", 20))


@pytest.fixture(scope="module")
def folds(samples):
    return scene_folds([sample.id for sample in samples], 5, np.random.default_rng(0))


@pytest.fixture(scope="module")
def base(samples):
    images = np.stack([sample.image for sample in samples])
    said = FeatureCache().maps(Embedded.load("base"), images, ["up.4"], 0.05, range(len(images)))
    return [maps["up.4"] for maps in said]


def targets_of(samples, task):
    return [target_of(task, sample) for sample in samples]


def planted(targets, noise=0.1):
    """Maps that hold the answer, mixed with features that do not."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(targets[0].values.shape[-1], 20))
    return [
        (target.values @ mixing + noise * rng.normal(size=(*target.known.shape, 20))).transpose(2, 0, 1)
        for target in targets
    ]


def delta1(found):
    return np.array([answer["delta1"] for answer in found.answers])


class TestProbes:
    @pytest.mark.parametrize("kind", ["ridge", "network", "logistic"])
    @pytest.mark.parametrize("task", PROBED)
    def test_what_is_there_is_found(self, samples, folds, task, kind):
        targets = targets_of(samples, task)
        found = cross_validated(planted(targets), targets, folds, kind=kind, recipe=QUICK, pixels=128)
        answers = [answer for answer in found.answers if answer is not None]
        value = figure(task, answers)
        assert value < 8 if task == "normals" else value > 0.75

    def test_a_network_finds_what_no_linear_probe_can(self):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(3000, 2))
        y = (x[:, :1] * x[:, 1:] > 0).astype(float)
        hot = np.concatenate([y, 1 - y], axis=1)
        left_out = np.arange(3000) % 3 == 0
        right = {}
        for hidden in (0, 32):
            recipe = Recipe(hidden=hidden, epochs=30, rate=0.02)
            probe = trained_probe(x, hot, left_out, classes=True, recipe=recipe).probe
            right[hidden] = (probe(x[left_out]).argmax(axis=1) == hot[left_out].argmax(axis=1)).mean()
        assert right[32] > 0.95
        assert right[0] < 0.65

    def test_training_ends_when_the_scenes_left_out_say_so_and_keeps_the_best(self):
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(300, 40)), rng.normal(size=(300, 1))
        left_out = np.arange(300) % 3 == 0
        found = trained_probe(x, y, left_out, classes=False, recipe=Recipe(epochs=200, patience=3))
        assert found.epochs < 60
        held = ((found.probe(x[left_out]) - y[left_out]) ** 2).mean()
        assert held == pytest.approx(found.loss, rel=1e-4)

    def test_a_training_is_the_same_each_time(self):
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(200, 5)), rng.normal(size=(200, 2))
        left_out = np.arange(200) < 50
        one, two = (trained_probe(x, y, left_out, classes=False, recipe=QUICK).probe(x) for _ in range(2))
        np.testing.assert_array_equal(one, two)

    def test_a_feature_that_never_changes_has_no_part(self):
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(60, 3)), rng.normal(size=(60, 1))
        (plain,) = ridge(Sums.of(x, y), [0.0])
        constant = np.concatenate([x, np.full((60, 1), 1e4), np.zeros((60, 1))], axis=1)
        (probe,) = ridge(Sums.of(constant, y), [0.0])
        np.testing.assert_allclose(probe.weights[:3], plain.weights, rtol=1e-6)
        assert (probe.weights[3:] == 0).all()

    def test_where_nothing_is_to_be_found_the_largest_penalty_is_chosen(self):
        rng = np.random.default_rng(0)
        folds = [Sums.of(rng.normal(size=(40, 30)), rng.normal(size=(40, 1)) + 5) for _ in range(4)]
        found = chosen_ridge(folds)
        assert found.penalty >= 10
        np.testing.assert_allclose(found.probe(rng.normal(size=(9, 30))), 5, atol=0.6)

    def test_leaving_out_two_in_either_order_is_one_fit(self):
        rng = np.random.default_rng(3)
        folds = [Sums.of(rng.normal(size=(20, 4)), rng.normal(size=(20, 2))) for _ in range(4)]
        for k, found in enumerate(nested_ridge(folds)):
            alone = chosen_ridge([fold for j, fold in enumerate(folds) if j != k])
            assert (found.penalty, found.loss) == (alone.penalty, alone.loss)
            np.testing.assert_array_equal(found.probe.weights, alone.probe.weights)

    @pytest.mark.parametrize(
        ("call", "word"),
        [
            (lambda: Sums.of(np.zeros((3, 2)), np.zeros((4, 1))), r"shapes \(3, 2\) and \(4, 1\)"),
            (lambda: Sums.of(np.full((3, 2), np.nan), np.zeros((3, 1))), "finite"),
            (lambda: Sums.of(np.zeros((3, 2)), np.full((3, 1), np.inf)), "finite"),
            (lambda: ridge(Sums.of(np.zeros((3, 2)), np.zeros((3, 1))), [-1.0]), "at least 0"),
            (lambda: ridge(Sums.of(np.zeros((0, 2)), np.zeros((0, 1)))), "at least one row"),
            (lambda: chosen_ridge([Sums.of(np.zeros((3, 2)), np.zeros((3, 1)))]), "give more scenes"),
            (lambda: nested_ridge([Sums.of(np.zeros((3, 2)), np.zeros((3, 1)))] * 2), "at least 3"),
            (lambda: scene_folds(["a", "b"], 3, np.random.default_rng(0)), "the number of scenes, 2"),
            (
                lambda: trained_probe(np.zeros((3, 2)), np.zeros((3, 1)), np.zeros(3, bool), classes=False),
                "at least two scenes",
            ),
            (lambda: stacked([]), "at least one map"),
        ],
    )
    def test_what_cannot_be_learnt_from_is_refused(self, call, word):
        with pytest.raises(InputError, match=word):
            call()


class TestFolds:
    def test_pictures_of_a_scene_are_in_one_fold(self):
        scenes = [name for name in "abcdefghij" for _ in range(3)]
        folds = scene_folds(scenes, 4, np.random.default_rng(0))
        for name in "abcdefghij":
            assert len({fold for fold, scene in zip(folds, scenes, strict=True) if scene == name}) == 1
        assert np.bincount(folds).tolist() == [9, 9, 6, 6]

    def test_a_copy_of_a_picture_in_another_fold_would_be_read_by_heart_and_one_in_its_own_is_not(
        self, samples
    ):
        """Labels at random: who beats chance has seen the very picture."""
        rng = np.random.default_rng(0)
        few = samples[:6]
        targets = controls.random_labels(targets_of(few, "depth"), [sample.classes for sample in few], rng)
        maps = [rng.normal(size=(400, 4, 4)) + 9 * rng.normal(size=(400, 1, 1)) for _ in few]
        leaking = cross_validated(maps * 4, targets * 4, np.repeat(np.arange(4), 6), pixels=64)
        honest = cross_validated(maps * 4, targets * 4, np.tile([0, 1, 2, 0, 1, 2], 4), pixels=64)
        assert delta1(leaking).mean() > delta1(honest).mean() + 0.1

    def test_a_layer_is_chosen_by_losses_within_the_folds(self, samples, folds):
        targets = targets_of(samples, "depth")
        found = {
            "good": cross_validated(planted(targets), targets, folds, pixels=32),
            "bad": cross_validated([np.zeros((1, 1, 1))] * len(samples), targets, folds, pixels=32),
        }
        best, picks = chosen(found)
        assert picks == ["good"] * 5
        assert best.answers == found["good"].answers


class TestControls:
    @pytest.mark.parametrize("task", PROBED)
    def test_random_labels_come_out_at_chance(self, samples, folds, base, task):
        """No feature can tell what was drawn by lot; whatever beats one answer for all pixels has leaked."""
        rng = np.random.default_rng(1)
        targets = controls.random_labels(
            targets_of(samples, task), [sample.classes for sample in samples], rng
        )
        nothing = cross_validated([controls.nothing(sample.image) for sample in samples], targets, folds)
        for kind in ("ridge", "network"):
            found = cross_validated(base, targets, folds, kind=kind, recipe=QUICK, pixels=128)
            ours, chance = (
                figure(task, [answer for answer in each.answers if answer is not None])
                for each in (found, nothing)
            )
            assert ours > chance - 2 if task == "normals" else ours < chance + 0.03

    def test_another_pictures_labels_tell_no_more_than_the_place_does(self, samples, folds, base):
        targets = controls.shuffled_pictures(targets_of(samples, "depth"), np.random.default_rng(0))
        place = cross_validated([controls.place(sample.image) for sample in samples], targets, folds)
        found = cross_validated(base, targets, folds)
        assert paired_difference(delta1(found), delta1(place)).low < 0

    def test_labels_by_colour_can_be_learnt_without_any_network(self, samples, folds):
        images = [sample.image for sample in samples]
        targets = controls.typed_labels(targets_of(samples, "semantic"), images, np.random.default_rng(0))
        pixels = cross_validated([controls.pixels(image) for image in images], targets, folds)
        nothing = cross_validated([controls.nothing(image) for image in images], targets, folds)
        assert figure("semantic", pixels.answers) > 2 * figure("semantic", nothing.answers)

    def test_a_network_of_random_weights_is_not_at_chance_for_it_hands_pixels_on(self, samples, folds, base):
        """Real labels at chance would be the wrong thing to ask of it: it is held against pixels alone."""
        images = np.stack([sample.image for sample in samples])
        targets = targets_of(samples, "normals")
        random = FeatureCache().maps(Embedded.untrained(1), images, ["up.4"], 0.05, range(len(images)))
        scores = {
            name: np.array([answer["mean_deg"] for answer in cross_validated(maps, targets, folds).answers])
            for name, maps in {
                "untrained": [maps["up.4"] for maps in random],
                "base": base,
                "pixels": [controls.pixels(image) for image in images],
                "chance": [controls.nothing(image) for image in images],
            }.items()
        }
        assert paired_difference(scores["chance"], scores["untrained"]).low > 0
        assert abs(scores["untrained"].mean() - scores["pixels"].mean()) < 5
        assert paired_difference(scores["untrained"], scores["base"]).low > 0

    def test_random_labels_keep_areas_and_what_is_known(self, samples):
        targets = targets_of(samples, "semantic")
        regions = [sample.classes for sample in samples]
        made = controls.random_labels(targets, regions, np.random.default_rng(0))
        for before, after, areas in zip(targets, made, regions, strict=True):
            assert (before.known == after.known).all()
            for region in np.unique(areas):
                assert len(np.unique(after.truth[areas == region])) == 1
            assert (after.values.argmax(axis=-1) == after.truth).all()
        assert any((before.truth != after.truth).any() for before, after in zip(targets, made, strict=True))

    def test_each_picture_gets_the_labels_of_another(self, samples):
        targets = targets_of(samples, "depth")
        made = controls.shuffled_pictures(targets, np.random.default_rng(0))
        assert all(a is not b for a, b in zip(targets, made, strict=True))
        assert {id(each) for each in made} == {id(each) for each in targets}
        with pytest.raises(InputError, match="at least 2"):
            controls.shuffled_pictures(targets[:1], np.random.default_rng(0))

    def test_pixels_hold_the_window_and_the_place(self):
        image = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
        maps = controls.pixels(image, patch=3)
        assert maps.shape == (3 * 9 + 15, 5, 4)
        middle = maps[12:15].transpose(1, 2, 0)
        np.testing.assert_allclose(middle, image / 127.5 - 1, atol=1e-6)
        np.testing.assert_allclose(maps[3, 1:, :], image[:-1, :, 0] / 127.5 - 1, atol=1e-6)
        with pytest.raises(InputError, match="odd"):
            controls.pixels(image, patch=4)


class TestTargets:
    def test_the_truth_itself_gets_full_marks(self, samples):
        for task in PROBED:
            targets = targets_of(samples[:6], task)
            answers = [marked(target.values, target) for target in targets]
            value = figure(task, [answer for answer in answers if answer is not None])
            assert value == pytest.approx(0.0 if task == "normals" else 1.0, abs=1e-3)

    def test_a_cap_of_the_data_set_holds(self):
        depth = np.array([[0.5, 5.0, 50.0, np.inf, np.nan, 0.0]])
        sample = Sample("a", None, depth_m=depth, info={"cap_m": (1.0, 10.0)})
        target = target_of("depth", sample)
        assert target.known.tolist() == [[False, True, False, False, False, False]]
        np.testing.assert_allclose(told("depth", target.values)[0, 1], 5.0, rtol=1e-6)

    def test_a_sample_without_labels_is_refused(self):
        with pytest.raises(InputError, match="'a' has no labels for normals"):
            target_of("normals", Sample("a", None))
        with pytest.raises(InputError, match="task must be one of depth, normals, semantic"):
            target_of("colour", Sample("a", None))

    def test_a_picture_of_which_nothing_is_known_has_no_marks(self):
        target = target_of("depth", Sample("a", None, depth_m=np.full((4, 4), np.inf)))
        assert marked(target.values, target) is None

    def test_pixels_are_drawn_among_the_known_ones(self):
        known = np.zeros((4, 4), bool)
        known[1, 1:3] = True
        assert drawn_pixels(known, 5, np.random.default_rng(0)).tolist() == [5, 6]
