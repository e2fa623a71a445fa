"""The regression control: its loss teaches it numbers, and they come back by task, whatever the order."""

import numpy as np
import pytest
import torch

from vbanalysis.errors import InputError
from vbanalysis.mini.network import Network, NetworkConfig
from vbanalysis.mini.regression import CHANNELS, Regressor
from vbanalysis.mini.training.batches import TASKS, training_batch
from vbanalysis.mini.training.regression_loss import blank, regression_losses
from vbanalysis.mini.training.trainee import Trainee
from vbanalysis.mini.weights import save_weights

DENSE = {"depth": 1.0, "normals": 1.0, "semantic": 1.0}


@pytest.fixture
def control(tiny_stage):
    network = NetworkConfig.from_dict({**tiny_stage().network.as_dict(), "outputs": CHANNELS})
    return tiny_stage(
        mixture=DENSE,
        head="regression",
        network=network,
        samples=10_000,
        cooldown=0.0,
        muon_lr=0.03,
        adam_lr=0.01,
    )


def truth(exercises):
    """(B, CHANNELS, H, W) numbers that are right for every task."""
    views = [exercise.about["view"] for exercise in exercises]
    depth = np.stack([np.log(np.where(np.isfinite(view.depth_m), view.depth_m, 1)) for view in views])
    normals = np.stack([np.nan_to_num(view.normals) for view in views])
    scores = np.stack([20.0 * (view.classes[..., None] == np.arange(CHANNELS - 4)) for view in views])
    numbers = np.concatenate([depth[..., None], normals, scores], axis=-1)
    return torch.from_numpy(np.moveaxis(numbers, -1, 1)).float()


def test_the_truth_has_no_loss_and_each_task_hears_its_own_channels(control):
    batch, exercises = training_batch(control, range(12))
    right = truth(exercises)
    assert regression_losses(right, batch, exercises).each.max() < 1e-3
    for task, channels in (("depth", slice(0, 1)), ("normals", slice(1, 4)), ("semantic", slice(4, None))):
        wrong = right.clone()
        wrong[:, channels] = wrong[:, channels].flip(1) + 0.5
        wrong[:, channels] = wrong[:, channels].roll(9, dims=-1)
        mistaken = regression_losses(wrong, batch, exercises).each > 1e-2
        assert torch.equal(mistaken, batch.task == TASKS.index(task)), task


def test_what_needs_words_cannot_be_answered_in_numbers(tiny_stage, control):
    batch, exercises = training_batch(tiny_stage(mixture={"instance": 1.0}), range(2))
    with pytest.raises(InputError, match="cannot answer 'instance': use depth, normals, semantic"):
        regression_losses(torch.zeros(2, CHANNELS, 32, 32), batch, exercises)


def test_a_few_steps_teach_it_numbers_that_its_weights_bring_back(control, tmp_path):
    batch, exercises = training_batch(control, range(5))
    assert {exercise.task for exercise in exercises} == set(DENSE)
    learner = Trainee.start(control)
    first = learner.step(batch, exercises).total.item()
    for _ in range(50):
        last = learner.step(batch, exercises).total.item()
    assert last < 0.7 * first
    save_weights(tmp_path / "w.safetensors", learner.average, control, learner.samples, 1.0)
    regressor = Regressor(tmp_path / "w.safetensors")

    prompts = {exercise.task: exercise.prompt for exercise in exercises}
    errors, of_one_metre = [], []
    for exercise in exercises:
        view = exercise.about["view"]
        said = regressor.predict(view.rgb, **prompts)
        assert said.depth_m.shape == said.classes.shape == view.classes.shape
        np.testing.assert_allclose(np.linalg.norm(said.normals, axis=-1), 1, rtol=1e-4)
        known = np.isfinite(view.depth_m)
        errors.append(np.abs(np.log(said.depth_m / view.depth_m))[known].mean())
        of_one_metre.append(np.abs(np.log(view.depth_m))[known].mean())  # what untrained weights say
    assert np.mean(errors) < 0.7 * np.mean(of_one_metre)
    again = regressor.predict(view.rgb, **dict(reversed(prompts.items())))
    for one, other in zip(said, again, strict=True):
        np.testing.assert_allclose(one, other)


def test_it_starts_from_nothing(control):
    batch = blank(training_batch(control, range(2))[0])
    assert batch.noisy.abs().max() == 0
    assert batch.level.tolist() == [1, 1]


def test_weights_that_paint_are_refused(tiny_stage, tmp_path):
    stage = tiny_stage()
    save_weights(tmp_path / "w.safetensors", dict(Network(stage.network).named_parameters()), stage, 8, 1.0)
    with pytest.raises(InputError, match="paint pictures: load them with Mini"):
        Regressor(tmp_path / "w.safetensors")


def test_the_sky_and_a_head_that_says_zero_leave_the_gradients_finite(tiny_stage):
    """Open grounds have sky: depth without end, no normal, and a truth that must not reach the gradient."""
    stage = tiny_stage(
        head="regression",
        mixture={"depth": 1.0, "normals": 1.0},
        network={**tiny_stage().network.as_dict(), "outputs": CHANNELS},
    )
    batch, exercises = training_batch(stage, range(16))
    assert any(np.isinf(exercise.about["view"].depth_m).any() for exercise in exercises)
    outputs = torch.zeros(16, CHANNELS, *batch.target.shape[2:], requires_grad=True)
    regression_losses(outputs, batch, exercises).total.backward()
    assert torch.isfinite(outputs.grad).all()
    assert outputs.grad.abs().max() < 10
