"""The judge of the embedded generator: reads rendered pictures, and tells true claims from wrong ones."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vbanalysis.errors import DataError, InputError
from vbanalysis.mini.judge.quality import accuracy, edit_accuracy, judge_accuracy
from vbanalysis.mini.judge.reading import ATTRIBUTES, Judge, Reading, Sighting, Verdict, check, judge_edit
from vbanalysis.mini.judge.training import make_lesson, softened, train_judge
from vbanalysis.mini.language.captions import Claims, Group, Relation
from vbanalysis.mini.language.edits import edit
from vbanalysis.mini.training.exercises import change
from vbanalysis.mini.weights import find_weights
from vbanalysis.mini.world.graph import CLASSES, COLOURS
from vbanalysis.mini.world.layout import make_scene, visible_things
from vbanalysis.mini.world.render import render

SPLIT, N = "validation", 24


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small pictures are read faster by one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def judge():
    return Judge.load()


@pytest.fixture(scope="module")
def measured(judge):
    return judge_accuracy(N, SPLIT, judge=judge)


def sighting(kind, colour, across=0.5, depth_m=3.0, share=0.05):
    return Sighting(kind, colour, share, across, 0.6, depth_m)


def reading(*objects, setting="room"):
    return Reading(setting, objects, np.zeros((8, 8), np.int32), np.full((8, 8), -1, np.int32))


RED_BALL, BLUE_BOX = Group("ball", "red", (0,)), Group("box", "blue", (1,))
BOTH = Claims("room", (RED_BALL, BLUE_BOX), (Relation("left of", 0, 1),), None, None)


def test_every_true_claim_counts_and_a_whole_caption_needs_them_all():
    verdict = check(reading(sighting("ball", "red", 0.2), sighting("box", "blue", 0.8)), BOTH)
    assert verdict.right == {"setting": 1, "kind": 2, "colour": 2, "count": 2, "relation": 1}
    assert verdict.whole
    assert verdict.share == 1


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (reading(sighting("ball", "red", 0.2), sighting("box", "blue", 0.8), setting="open"), {"setting": 1}),
        (reading(sighting("ball", "red", 0.8), sighting("box", "blue", 0.2)), {"relation": 1}),
        (
            reading(sighting("ball", "red", 0.2), sighting("box", "green", 0.8)),
            {"colour": 1, "count": 1, "relation": 1},
        ),
        (
            reading(sighting("ball", "red", 0.2), sighting("can", "blue", 0.8)),
            {"kind": 1, "colour": 1, "count": 1, "relation": 1},
        ),
        (
            reading(sighting("ball", "red", 0.2), sighting("box", "blue", 0.8), sighting("ball", "red", 0.5)),
            {"count": 1},
        ),
    ],
    ids=["setting", "swapped", "colour", "kind", "one too many"],
)
def test_what_is_wrong_is_told_by_attribute(seen, wrong):
    verdict = check(seen, BOTH)
    assert {name: verdict.claimed[name] - verdict.right[name] for name in wrong} == wrong
    assert sum(verdict.claimed.values()) - sum(verdict.right.values()) == sum(wrong.values())
    assert not verdict.whole


def test_a_caption_of_all_that_can_be_seen_claims_that_there_is_nothing_else():
    red, blue = sighting("ball", "red", 0.2), sighting("box", "blue", 0.8)
    whole = replace(BOTH, complete=True)
    assert check(reading(red, blue), whole).right["only"] == 1
    assert check(reading(red), whole).right["only"] == 1  # what is missing is counted elsewhere
    for more in (sighting("can", "red"), sighting("ball", "blue")):
        verdict = check(reading(red, blue, more), whole)
        assert (verdict.right["only"], verdict.claimed["only"]) == (0, 1)
        assert not verdict.whole
    assert "only" not in check(reading(red, blue), BOTH).claimed


@pytest.mark.parametrize(("name", "true"), [("behind", True), ("in front of", False)])
def test_what_stands_farther_off_is_behind(name, true):
    claims = replace(BOTH, relations=(Relation(name, 0, 1),))
    verdict = check(reading(sighting("ball", "red", depth_m=5), sighting("box", "blue", depth_m=3)), claims)
    assert verdict.right["relation"] == true


def test_rendered_pictures_are_read_as_what_they_are(measured):
    rates = accuracy(measured.true)
    assert rates["attributes"].value > 0.93
    assert rates["setting"].value > 0.95
    assert measured.things_right.mean() > 0.9
    assert measured.words_right.mean() > 0.85


def test_captions_of_other_scenes_are_told(measured):
    true, shuffled = accuracy(measured.true), accuracy(measured.shuffled)
    assert shuffled["colour"].value < 0.4 < true["colour"].value
    assert shuffled["whole"].value < 0.1 < true["whole"].value
    assert shuffled["only"].value < 0.1 < 0.9 < true["only"].value


def test_one_wrong_word_costs_its_own_attribute(judge):
    """Claims of a rendered scene with a colour, a kind or a relation changed to one that is not there."""
    told = dict.fromkeys(("colour", "kind", "relation"), 0)
    asked = dict.fromkeys(told, 0)
    for number in range(N):
        scene = make_scene(SPLIT, number)
        view = render(scene)
        (seen,) = judge.read(view.rgb[None])
        kinds = {thing.kind for thing in scene.things}
        for k in visible_things(scene, view.instances)[:1]:
            kind = scene.things[k].kind
            worn = {thing.colour for thing in scene.things if thing.kind == kind}
            absent = next(word for word in COLOURS if word not in worn)
            missing = next(name for name in CLASSES[5:] if name not in kinds)
            for name, group in (
                ("colour", Group(kind, absent, (k,))),
                ("kind", Group(missing, absent, (k,))),
            ):
                verdict = check(seen, Claims(scene.setting, (group,), (), None, None))
                asked[name] += 1
                told[name] += verdict.right[name] == 0
        # Of a relation and its opposite between the two biggest objects, one is true.
        groups = tuple(Group(each.kind, each.colour, (k,)) for k, each in enumerate(seen.objects[:2]))
        if len({group.noun for group in groups}) == 2:
            for pair in (("left of", "right of"), ("behind", "in front of")):
                claims = [Claims("room", groups, (Relation(name, 0, 1),), None, None) for name in pair]
                asked["relation"] += 1
                told["relation"] += sum(check(seen, each).right["relation"] for each in claims) == 1
    assert all(told[name] >= 0.9 * asked[name] > 0 for name in told), (told, asked)


def test_softness_and_noise_hardly_matter(judge):
    soft = judge_accuracy(N, SPLIT, blur_px=0.7, noise=6, judge=judge)
    assert accuracy(soft.true)["attributes"].value > 0.9


def test_true_edits_pass_and_undone_ones_fail(judge):
    measured = edit_accuracy(12, SPLIT, judge=judge)
    assert set(measured.kinds) == {"recolour", "remove"}
    assert np.mean([verdict.done for verdict in measured.true]) > 0.9
    assert np.mean([verdict.done for verdict in measured.undone]) < 0.1
    assert all(verdict.rest_kept for verdict in measured.true + measured.undone)


def test_an_edit_that_redraws_everything_does_not_keep_the_rest(judge):
    scene, view = make_scene(SPLIT, 1), render(make_scene(SPLIT, 1))
    order = change(scene, view, np.random.default_rng(0)).about["edit"]
    after = np.clip(render(order.result).rgb.astype(int) + 40, 0, 255).astype(np.uint8)
    verdict = judge_edit(view, order, after, judge)
    assert not verdict.rest_kept
    assert verdict.rest_psnr_db == pytest.approx(20 * np.log10(255 / 40), abs=1)


def test_a_thing_that_becomes_another_thing_is_not_removed(judge):
    """The thing is repainted as a can of the same place and size: its kind is gone, it is not."""
    told = []
    for number in range(N):
        scene = make_scene(SPLIT, number)
        view = render(scene)
        order = edit(scene, visible_things(scene, view.instances), np.random.default_rng(number), ("remove",))
        if order is None or scene.things[order.thing].kind not in ("box", "cone"):
            continue
        things = list(scene.things)
        things[order.thing] = replace(things[order.thing], kind="can")
        told.append(judge_edit(view, order, render(replace(scene, things=tuple(things))).rgb, judge).done)
    assert len(told) > 3
    assert np.mean(told) < 0.35


def test_a_picture_that_is_ruined_is_no_removal(judge):
    """Grey, another scene, noise: the thing is gone from them, but what stood behind it is not to be seen."""
    rng = np.random.default_rng(0)
    before = render(make_scene(SPLIT, 999)).rgb
    done = {name: [] for name in ("blurred", "grey", "other", "noise")}
    for number in range(30):
        scene = make_scene(SPLIT, number)
        view = render(scene)
        order = edit(scene, visible_things(scene, view.instances), np.random.default_rng(number), ("remove",))
        if order is None:
            continue
        pictures = {
            "blurred": softened(render(order.result).rgb, 1, 0, rng),
            "grey": np.full_like(view.rgb, 127),
            "other": before,
            "noise": rng.integers(0, 256, view.rgb.shape, np.uint8),
        }
        before = view.rgb
        for name, picture in pictures.items():
            done[name].append(judge_edit(view, order, picture, judge).done)
    shares = {name: np.mean(each) for name, each in done.items()}
    assert len(done["grey"]) > 15
    assert shares.pop("blurred") > 0.94
    assert max(shares.values()) < 0.2, shares


def test_a_blot_without_shape_has_no_credit_for_looking_like_everything(judge):
    pictures = np.stack([render(make_scene(SPLIT, number)).rgb for number in range(6)])
    paints = [COLOURS[word] for word in ("red", "blue", "yellow")]
    pictures[:, 20:50, 10:54] = np.random.default_rng(0).choice(np.array(paints, np.uint8), (6, 30, 44))
    readings = judge.read(pictures)
    assert all((seen.colours[25:45, 15:50] >= 0).mean() > 0.3 for seen in readings)  # it is taken for things
    assert np.mean([len(seen.objects) for seen in readings]) < 3


def test_an_edit_of_a_thing_that_is_not_seen_is_refused(judge):
    scene, view = make_scene(SPLIT, 1), render(make_scene(SPLIT, 1))
    order = edit(scene, visible_things(scene, view.instances), np.random.default_rng(0))
    with pytest.raises(InputError, match="has no pixel in the view"):
        judge_edit(view._replace(instances=np.zeros_like(view.instances)), order, view.rgb, judge)
    with pytest.raises(InputError, match="after_rgb must be uint8 of the view's shape"):
        judge_edit(view, order, view.rgb[:32], judge)


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((64, 64, 3), np.uint8, "must be \\(B, H, W, 3\\)"),
        ((1, 64, 64, 3), np.float32, "got float32"),
        ((1, 60, 64, 3), np.uint8, "multiples of 8"),
    ],
)
def test_what_is_no_row_of_pictures_is_refused(judge, shape, dtype, message):
    with pytest.raises(InputError, match=message):
        judge.read(np.zeros(shape, dtype))


def test_a_verdict_is_counted_by_picture():
    half = Verdict({"setting": 1, "kind": 0}, {"setting": 1, "kind": 1})
    rates = accuracy([half] * 3)
    assert (rates["setting"].value, rates["kind"].value, rates["whole"].value) == (1, 0, 0)
    assert rates["attributes"].value == 0.5
    assert "relation" not in rates
    assert rates.keys() - set(ATTRIBUTES) == {"attributes", "whole"}
    with pytest.raises(InputError, match="at least one"):
        accuracy([])


def test_damaged_and_foreign_weights_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    whole = find_weights("judge").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[:-1000])
    with pytest.raises(DataError, match="damaged or no safetensors"):
        Judge.load(tmp_path / "cut.safetensors")
    tensors = load_file(find_weights("judge"))
    save_file(tensors, tmp_path / "foreign.safetensors", metadata={"format": "vbanalysis-mini-1"})
    with pytest.raises(DataError, match="weights of something else"):
        Judge.load(tmp_path / "foreign.safetensors")
    told = {"format": "vbanalysis-judge-1"}
    name = sorted(tensors)[0]
    save_file(tensors | {name: tensors[name] * torch.nan}, tmp_path / "nan.safetensors", metadata=told)
    with pytest.raises(DataError, match="not finite"):
        Judge.load(tmp_path / "nan.safetensors")


def test_a_few_steps_of_training_lower_the_loss_and_can_be_loaded(tmp_path):
    rows = []
    path = train_judge(tmp_path / "judge.safetensors", samples=160, batch=4, on_progress=rows.append)
    assert [row.samples for row in rows] == [80, 160]
    assert rows[-1].loss < 0.8 * rows[0].loss
    (seen,) = Judge.load(path).read(np.zeros((1, 64, 64, 3), np.uint8))
    assert seen.classes.shape == (64, 64)


def test_the_seed_of_the_evaluations_is_not_trained_on(tmp_path):
    with pytest.raises(InputError, match="seed 0 are for evaluations"):
        train_judge(tmp_path / "judge.safetensors", seed=0)


def test_a_lesson_is_the_same_whatever_stands_beside_it_and_points_at_the_middles_of_things():
    pair, single = make_lesson([4, 5]), make_lesson([5])
    assert all(torch.equal(a[1], b[0]) for a, b in zip(pair, single, strict=True))
    rows, columns = np.indices((64, 64)) / 64
    for number in range(12):
        lesson = make_lesson([number])
        things = (lesson.colours[0] >= 0).numpy()
        across = (columns + lesson.middle[0, 0].numpy())[things]
        down = (rows + lesson.middle[0, 1].numpy())[things]
        middles = np.unique(np.round(np.stack([across, down]), 3), axis=1)
        assert middles.shape[1] <= 16  # one a thing, not one a pixel
        assert ((middles >= 0) & (middles <= 1)).all()


def test_softening_keeps_the_mean_and_takes_the_detail():
    rng = np.random.default_rng(0)
    picture = rng.integers(60, 200, (64, 64, 3), dtype=np.uint8)
    assert np.array_equal(softened(picture, 0, 0, rng), picture)
    blurred = softened(picture, 1, 0, rng)
    assert blurred.std() < 0.5 * picture.std()
    assert abs(blurred.mean() - picture.mean()) < 1
    assert np.std(softened(picture, 0, 6, rng).astype(float) - picture) == pytest.approx(6, rel=0.05)
