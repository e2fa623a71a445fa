"""Models that know more than the picture: the oracle, recorded pictures, a second view; and steps before."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.codecs.degradations import Drift, Jpeg, Noise, chain
from vbanalysis.errors import DataError, InputError, PluginError
from vbanalysis.evaluation import _ask, evaluate, rescore
from vbanalysis.models import Card, card
from vbanalysis.models.oracle import Oracle
from vbanalysis.models.recorded import Recorded
from vbanalysis.models.stereo import Stereo
from vbanalysis.tasks._task import checked
from vbanalysis.types import Sample

SCENES = "scenes:validation?n=4"


def picture(level=100, size=(8, 10)):
    return np.full((*size, 3), level, np.uint8)


def save(path, level=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(level)).save(path)


class TestOracle:
    def test_paints_the_truth(self, tmp_path):
        run = evaluate("depth", "oracle", SCENES, tmp_path / "run")
        assert run.n_failed == 0
        assert run.figures["delta1"].value == 1
        assert run.figures["absrel"].value < 0.002

    def test_degrades_it_in_the_order_that_is_told(self):
        truth = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
        said = Oracle("gain=0.5,jpeg=60").respond(None, None, lambda: truth)
        np.testing.assert_array_equal(said, chain(Drift(gain=0.5), Jpeg(60))(truth))
        other = Oracle("jpeg=60,gain=0.5").respond(None, None, lambda: truth)
        assert (said != other).any()

    def test_noise_differs_from_sample_to_sample_and_step_to_step(self):
        grey, oracle = picture(128, (64, 64)), Oracle("noise=3")
        one, two, again = (oracle.respond(None, None, lambda: grey, seed=seed) for seed in (1, 2, 1))
        np.testing.assert_array_equal(one, again)
        assert (one != two).any()
        assert one.astype(float).std() == pytest.approx(3, rel=0.05)
        twice = Oracle("noise=3,noise=3").respond(None, None, lambda: grey, seed=1)
        assert twice.astype(float).std() == pytest.approx(3 * 2**0.5, rel=0.05)
        assert Noise(3).seed == 0

    def test_worse_pictures_cost_more(self, tmp_path):
        errors = [
            evaluate("depth", f"oracle:jpeg={quality}", SCENES, tmp_path / str(quality))
            .figures["absrel"]
            .value
            for quality in (95, 50, 10)
        ]
        assert errors == sorted(errors)

    @pytest.mark.parametrize(
        "chain", ["jpeg", "jpeg=x", "jpeg=80.5", "jpeg=0", "noise=-1", "blur=3", "jpeg=80,,noise=3"]
    )
    def test_refuses_what_is_no_degradation(self, chain):
        with pytest.raises(InputError):
            Oracle(chain)


class TestRecorded:
    @pytest.mark.parametrize(
        "name",
        ["scenes/heldout/7.png", "scenes_heldout_7.png", "scenes-heldout-7.jpg", "scenes%2Fheldout%2F7.png",
         "7.png", "out/7.PNG", "7_depth_v2.png", "Scenes Heldout 7 (1).webp"],
    )  # fmt: skip
    def test_finds_a_picture_however_it_is_named(self, tmp_path, name):
        save(tmp_path / name)
        for other in ("17.png", "70.png", "scenes_heldout_71.png", "notes.txt"):
            (tmp_path / other).touch()
        (found,) = Recorded(tmp_path).find("scenes/heldout/7")
        assert found == tmp_path / name

    def test_takes_none_where_several_fit(self, tmp_path):
        for name in ("7_depth.png", "7_normals.png"):
            save(tmp_path / name, 50 if "depth" in name else 200)
        sample = Sample("scenes/heldout/7", None)
        with pytest.raises(
            DataError, match=r"2 pictures fit 'scenes/heldout/7' \(7_depth.png, 7_normals.png\)"
        ):
            Recorded(tmp_path).respond(sample, None, None)
        found = Recorded(tmp_path, pattern="*_depth.png").respond(sample, None, None)
        np.testing.assert_array_equal(found, picture(50))

    def test_an_exact_name_goes_before_one_that_holds_the_id(self, tmp_path):
        save(tmp_path / "7.png", 1)
        save(tmp_path / "7_draft.png", 2)
        assert Recorded(tmp_path).respond(Sample("a/7", None), None, None).max() == 1

    def test_a_table_says_it_all(self, tmp_path):
        save(tmp_path / "pictures/x.png", 70)
        (tmp_path / "answers.csv").write_text(
            '\ufeffid,Output,present,description\na/1,pictures/x.png,yes,"a red, round ball"\na/2,,no,\n',
            encoding="utf-8",
        )
        for spec in (f"recorded:{tmp_path}", f"recorded:{tmp_path}/answers.csv"):
            model = plugins.load("models", spec)
            assert model.respond(Sample("a/1", None), None, None).max() == 70
            assert model.present(Sample("a/1", None)) is True
            assert model.present(Sample("a/2", None)) is False
            assert model.reason(Sample("a/1", None)) == "a red, round ball"
            with pytest.raises(DataError, match=r"answers\.csv names none"):
                model.respond(Sample("a/2", None), None, None)
            with pytest.raises(DataError, match="has no 'description' of 'a/2'"):
                model.reason(Sample("a/2", None))
            with pytest.raises(DataError, match="has a row of the id 'a/3'"):
                model.present(Sample("a/3", None))

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("name,output\n", "expected id and output"),
            ("id,output\na,1.png\na,2.png\n", "line 3: the id 'a' stands there twice"),
            ("id,output\n,1.png\n", "line 2: the column 'id' is empty"),
            ("id,output\na,1.png,more\n", "line 2: more cells"),
            (b"id\n\xff\xfe\x00", "no CSV table in UTF-8"),
        ],
    )
    def test_a_damaged_table_says_where(self, tmp_path, text, reason):
        path = tmp_path / "answers.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(DataError, match=reason):
            Recorded(tmp_path)

    def test_reports_what_matched_and_what_did_not(self, tmp_path):
        for name in ("1.png", "2_a.png", "2_b.png", "left.png"):
            save(tmp_path / name)
        found = Recorded(tmp_path).matches(["s/1", "s/2", "s/3"])
        assert found.found == {"s/1": tmp_path / "1.png"}
        assert found.missing == ["s/3"]
        assert list(found.ambiguous) == ["s/2"]
        assert [path.name for path in found.unused] == ["2_a.png", "2_b.png", "left.png"]

    def test_a_run_of_it_records_the_missing_and_says_so(self, tmp_path, vbanalysis):
        made = evaluate("depth", "oracle", SCENES, tmp_path / "made")
        ids = list(made.records().id)
        folder = tmp_path / "pictures"
        folder.mkdir()
        for name in ids[:3]:
            large = Image.fromarray(made.picture(name)).resize((256, 256), Image.Resampling.NEAREST)
            large.save(folder / f"{name.rpartition('/')[2]}_final.png")
        save(folder / "cover.png")
        code, out, _ = vbanalysis(
            "evaluate", "depth", "--model", f"recorded:{folder}", "--dataset", SCENES, "-o", tmp_path / "run"
        )
        assert code == 0
        assert "matched   3 of 4 samples" in out
        assert f"without a picture: {ids[3]}" in out
        assert "1 picture is not used: cover.png" in out
        rows = evaluate("depth", f"recorded:{folder}", SCENES, tmp_path / "run").records().set_index("id")
        assert list(rows.status) == ["ok"] * 3 + ["failed"]
        assert (rows.absrel[:3] < 0.01).all()
        assert "no picture of" in rows.reason[ids[3]]

    def test_refuses_what_it_cannot_read(self, tmp_path):
        with pytest.raises(DataError, match="no folder"):
            Recorded(tmp_path / "nothing")
        with pytest.raises(InputError, match="pattern must be a file name with one"):
            Recorded(tmp_path, pattern="depth.png")
        (tmp_path / "7.png").write_bytes(b"\x89PNG but no more")
        with pytest.raises(OSError, match=r"7\.png"):
            Recorded(tmp_path).respond(Sample("7", None), None, None)
        for name in ("a.csv", "b.csv"):
            (tmp_path / name).write_text("id,output\n")
        with pytest.raises(InputError, match="holds 2 tables"):
            Recorded(tmp_path)


class TestStereo:
    def test_depth_of_a_real_pair_is_within_a_quarter_nearly_everywhere(self, tmp_path):
        pytest.importorskip("cv2")
        run = evaluate("depth", "stereo", "motorcycle", tmp_path / "run")
        assert run.figures["delta1"].value > 0.95
        assert run.numbers("motorcycle").shape == (500, 741)
        with pytest.raises(DataError, match="no picture"):
            run.picture("motorcycle")

    def test_a_plane_is_found_to_a_fraction_of_a_pixel(self):
        pytest.importorskip("cv2")
        from vbanalysis.geometry import Intrinsics

        noise = np.random.default_rng(0).integers(0, 256, (80, 200, 3)).astype(np.uint8)
        left, right = noise[:, :160], noise[:, 12:172]
        info = {"right": right, "intrinsics": Intrinsics(100, 100, 80, 40), "baseline_m": 0.24}
        sample = Sample("plane", left, info=info)
        found = Stereo(nearest_m=0.5).predict(sample, None)
        assert np.median(found) == pytest.approx(100 * 0.24 / 12, rel=0.01)
        assert np.isfinite(found).all()
        bare = Stereo(nearest_m=0.5, fill=False).predict(sample, None)
        hidden, seen = (np.isfinite(part).mean() for part in (bare[:, :12], bare[:, 12:]))
        assert hidden < 0.9 < 0.99 < seen  # the right view does not show the left margin

    def test_needs_a_second_view(self, tmp_path):
        pytest.importorskip("cv2")
        run = evaluate("depth", "stereo", "analytic?n=1&height=32", tmp_path / "run")
        assert "has no second view" in run.records().reason[0]
        with pytest.raises(InputError, match="stereo answers depth, not normals"):
            evaluate("normals", "stereo", "motorcycle", tmp_path / "other")
        for setting in ({"window": 4}, {"nearest_m": 0}):
            with pytest.raises(InputError):
                Stereo(**setting)


class TestSteps:
    def test_an_absent_phrase_is_not_asked_about(self, tmp_path):
        without = evaluate("instance", "mini", "scenes:validation?n=16&ask=instance", tmp_path / "without")
        with_step = evaluate(
            "instance", "mini", "scenes:validation?n=16&ask=instance", tmp_path / "with", presence="oracle"
        )
        rows = with_step.records()
        absent = rows[~rows.present.astype(bool)]
        assert 0 < len(absent) < 16
        assert (absent.n_predicted == 0).all()
        assert (absent.n_true == 0).all()
        assert with_step.figures["il_mcc"].value == pytest.approx(1)
        both = without.records().merge(rows[rows.present.astype(bool)], on="id")
        assert (both.f1_x == both.f1_y).all()
        told = json.loads((tmp_path / "with/run.json").read_text())
        assert told["presence"] == "oracle"
        again = rescore(tmp_path / "with", tmp_path / "again", task="instance?tau=20")
        assert again.n_failed == 0
        assert again.figures["il_mcc"].value == with_step.figures["il_mcc"].value

    def test_an_absent_phrase_without_an_empty_answer_is_a_failed_record(self, tmp_path, monkeypatch):
        from vbanalysis.tasks.instance import InstanceTask

        def refuse(task, sample):
            raise DataError("no masks to be as large as")

        monkeypatch.setattr(InstanceTask, "nothing", refuse)
        data = "scenes:validation?n=16&ask=instance"
        rows = evaluate("instance", "oracle", data, tmp_path / "run", presence="oracle").records()
        absent = rows[~rows.present.astype(bool)]
        assert len(absent) > 0
        assert set(absent.status) == {"failed"}
        assert absent.reason.str.contains("no masks to be as large as").all()
        assert set(rows[rows.present.astype(bool)].status) == {"ok"}

    def test_a_description_takes_the_place_of_the_question(self, tmp_path):
        questions = tmp_path / "rewritten.csv"
        samples = plugins.load("datasets", "scenes:validation?n=3&ask=referring")
        questions.write_text(
            "id,description\n" + "".join(f"{samples[k].id},the  red ball {k}\n" for k in range(2))
        )
        run = evaluate(
            "referring",
            "oracle",
            "scenes:validation?n=3&ask=referring",
            tmp_path / "run",
            reasoner=f"recorded:{questions}",
        )
        rows = run.records()
        assert list(rows.description[:2]) == ["the red ball 0", "the red ball 1"]
        assert all("the red ball 0" in prompt for prompt in rows.prompt[:1])
        assert rows.question[0] != rows.description[0]
        assert (rows.status[2], rows.failed_step[2]) == ("failed", "reason")
        assert run.figures["giou"].value == 1
        again = rescore(tmp_path / "run", tmp_path / "again")
        assert list(again.records().prompt[:2]) == list(rows.prompt[:2])
        assert again.figures["giou"].value == 1

    def test_are_refused_where_they_mean_nothing(self, tmp_path):
        with pytest.raises(InputError, match="presence step is for phrases, and depth has none"):
            evaluate("depth", "oracle", SCENES, tmp_path / "run", presence="oracle")
        pytest.importorskip("cv2")
        with pytest.raises(PluginError, match="made a Stereo, expected a Presence"):
            evaluate("instance", "oracle", SCENES, tmp_path / "run", presence="stereo")

    def test_the_oracle_knows_what_most_annotators_saw(self):
        none, one = np.zeros((0, 4, 4), bool), np.ones((1, 4, 4), bool)
        sample = Sample("a", None, phrase="cat", masks=(one, one, none))
        assert Oracle().present(sample)
        assert not Oracle().present(replace(sample, masks=(one, none, none)))
        with pytest.raises(DataError, match="has no masks"):
            Oracle().present(replace(sample, masks=()))
        assert Oracle().reason(replace(sample, info={"description": "the cat"})) == "the cat"
        with pytest.raises(DataError, match="has no description"):
            Oracle().reason(sample)


class Relative:
    name, tasks = "relative", ("depth",)

    def __init__(self, invariance):
        self.invariance = invariance

    def predict(self, sample, instruction):
        return {
            "scale": 3 * sample.depth_m,
            "affine": 3 * sample.depth_m + 2,
            "disparity": 1 / (0.2 / sample.depth_m + 0.3),
        }[self.invariance]

    def describe(self):
        return {}


@pytest.mark.parametrize(
    ("invariance", "task"),
    [
        ("scale", "depth?alignment=median"),
        ("affine", "depth?alignment=scale_and_shift"),
        ("disparity", "depth?alignment=scale_and_shift&space=disparity"),
    ],
)
def test_what_depth_leaves_open_the_protocol_must_settle(tmp_path, monkeypatch, invariance, task):
    from vbanalysis.evaluation import _run, _work

    load = plugins.load
    monkeypatch.setattr(
        _work.plugins,
        "load",
        lambda kind, *given: Relative(invariance) if kind == "models" else load(kind, *given),
    )
    monkeypatch.setattr(_run, "_provenances", lambda job: {})
    _work.bench.cache_clear()
    data = "analytic?n=2&height=32"
    with pytest.raises(InputError, match=r"does not settle: give the task as 'depth\?alignment="):
        evaluate("depth", "relative", data, tmp_path / "metres")
    run = evaluate(task, "relative", data, tmp_path / "run")
    assert run.figures["absrel"].value < 1e-3
    _work.bench.cache_clear()


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("depth", [[1.0]]),
        ("depth", np.zeros((2, 2, 3))),
        ("depth", np.zeros((2, 2), int)),
        ("depth", -np.ones((2, 2))),
        ("depth", np.zeros((0, 2))),
        ("normals", np.ones((2, 2, 3))),
        ("normals", np.ones((2, 2))),
        ("semantic", np.zeros((2, 2))),
        ("semantic", np.full((2, 2), -2)),
        ("instance", np.full((2, 2), 2**40)),
        ("referring", np.zeros((2, 2), bool)),
    ],
)
def test_numbers_of_another_form_are_refused(task, answer):
    with pytest.raises(DataError, match="the model gave"):
        checked(task, answer)


def test_every_model_of_the_package_has_a_card_that_is_true():
    for info in plugins.available("models"):
        if info.distribution != "vbanalysis":
            continue
        told = card(info.name)
        assert isinstance(told, Card), info.name
        assert told.about
        assert told.licence
        assert told.tasks
        assert not told.needs or told.extra or "pip install" in told.weights, info.name


def test_an_unknown_step_of_work_passes_only_the_users_interrupt():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _ask.step("read", interrupted)
    with pytest.raises(_ask.Failure, match="MemoryError"):
        _ask.step("read", lambda: (_ for _ in ()).throw(MemoryError("all of it")))
