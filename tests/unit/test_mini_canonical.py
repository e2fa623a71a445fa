"""A pipeline that needs the camera: metres follow the focal length it is told, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.codecs import DepthCodec
from vbanalysis.errors import DataError, InputError
from vbanalysis.evaluation import evaluate
from vbanalysis.instructions import depth_prompt, normals_prompt
from vbanalysis.mini.model import Mini
from vbanalysis.mini.training.batches import training_exercise
from vbanalysis.mini.training.stages import load_stage
from vbanalysis.mini.world.layout import make_scene
from vbanalysis.mini.world.render import render
from vbanalysis.models.mini_canonical import canonical_focal, focal_sides, metres


@pytest.fixture(scope="module")
def sample():
    return plugins.load("datasets", "scenes:validation?n=3")[2]


@pytest.fixture(scope="module")
def pipeline():
    return plugins.load("models", "mini-canonical")


def test_metres_are_what_was_painted_times_the_true_over_the_canonical_focal_length(pipeline, sample):
    said = pipeline.predict(sample, depth_prompt())
    painted = Mini("canonical").sample(sample.image, depth_prompt())
    fx = sample.info["intrinsics"].fx
    wanted = DepthCodec().decode(painted).depth_m * fx / (sample.image.shape[1] * 0.83)
    np.testing.assert_allclose(said, wanted, rtol=1e-5)
    assert canonical_focal("canonical") == 0.83


def test_a_hard_coded_focal_length_scales_all_depth_by_one_factor(pipeline, sample):
    true = pipeline.predict(sample, depth_prompt())
    wrong = plugins.load("models", "mini-canonical:canonical?focal=0.5").predict(sample, depth_prompt())
    finite = np.isfinite(true)
    own = sample.info["intrinsics"].fx / sample.image.shape[1]
    np.testing.assert_allclose(wrong[finite] / true[finite], 0.5 / own, rtol=1e-4)
    assert (np.isfinite(wrong) == finite).all()


def test_the_training_canonicalises_as_the_pipeline_undoes_it():
    """What `training_exercise` paints for a canonical stage comes back as the scene's own metres."""
    stage = load_stage("canonical").model_copy(update={"mixture": {"depth": 1.0}, "seed": 0})
    for number in (0, 2, 4, 6):
        exercise = training_exercise(stage, number, np.random.default_rng(number))
        if exercise.about["colormap"] not in (None, "rainbow"):
            continue
        view = render(make_scene("train", number // 2, 0), stage.network.size)
        painted = DepthCodec().decode(exercise.target).depth_m
        near = view.depth_m < 40
        back = metres(painted, view.intrinsics.fx / view.depth_m.shape[1], 0.83)
        np.testing.assert_allclose(back[near], view.depth_m[near], rtol=0.1)
        return
    raise AssertionError("no exercise of these is in the walk")


def test_without_intrinsics_and_without_a_focal_length_there_are_no_metres(pipeline, sample):
    photograph = replace(sample, info={})
    with pytest.raises(DataError, match=r"has no intrinsics.*give a focal length in short sides"):
        pipeline.predict(photograph, depth_prompt())
    told = plugins.load("models", "mini-canonical:canonical?focal=0.83")
    assert told.predict(photograph, depth_prompt()).shape == (64, 64)


def test_a_focal_length_is_of_the_networks_pixels(sample):
    """Of a wide picture the short side becomes the network's 64 pixels, whatever the width is."""
    wide = np.concatenate([sample.image, sample.image[:, :32]], axis=1)
    assert focal_sides(replace(sample, image=wide)) == focal_sides(sample)


def test_a_run_scores_it_like_any_model(tmp_path):
    run = evaluate("depth", "mini-canonical", "scenes:validation?n=2", tmp_path / "run")
    assert (run.n_failed, run.figures["delta1"].n) == (0, 2)


@pytest.mark.parametrize("focal", ["0", "-1", "nan", "inf", "wide"])
def test_a_focal_length_must_be_a_positive_number(focal):
    with pytest.raises(InputError, match="focal must be a positive number"):
        plugins.load("models", f"mini-canonical:canonical?focal={focal}")


def test_weights_that_paint_metres_are_refused():
    with pytest.raises(InputError, match=r"'tuned' paint metres.*load them as mini:tuned"):
        plugins.load("models", "mini-canonical:tuned")


def test_it_answers_depth_alone(pipeline, sample):
    with pytest.raises(InputError, match="answers depth, not normals"):
        pipeline.predict(sample, normals_prompt())
    with pytest.raises(DataError, match="has no image"):
        pipeline.predict(replace(sample, image=None), depth_prompt())
    assert pipeline.describe()["canonical_focal"] == 0.83
