import numpy as np
import pytest
import torch

from vbanalysis.mini.network import Network
from vbanalysis.mini.training.batches import training_batch
from vbanalysis.mini.training.layout_reader import LayoutReader, layout_shares
from vbanalysis.mini.training.run import train
from vbanalysis.mini.training.trainee import Trainee
from vbanalysis.mini.weights import read_weights
from vbanalysis.mini.world.graph import CLASSES, COLOURS


@pytest.fixture
def drawings(tiny_stage):
    return training_batch(tiny_stage(mixture={"generation": 1.0}), range(12))


def test_shares_are_those_of_the_pixels_of_each_place(drawings):
    for exercise in drawings[1]:
        view, scene = exercise.about["view"], exercise.about["scene"]
        shares = layout_shares(exercise, (2, 4))
        assert shares.shape == (len(CLASSES) + len(COLOURS) + 1, 2, 4)
        height, width = (side // parts for side, parts in zip(view.classes.shape, (2, 4), strict=True))
        place = np.s_[height:, :width]
        for k in range(len(CLASSES)):
            assert shares[k, 1, 0] == pytest.approx((view.classes[place] == k).mean(), abs=1e-6)
        for k, word in enumerate(COLOURS):
            of_word = [1 + number for number, thing in enumerate(scene.things) if thing.colour == word]
            share = np.isin(view.instances[place], of_word).mean()
            assert shares[len(CLASSES) + k, 1, 0] == pytest.approx(share, abs=1e-6)
        assert shares[-1, 1, 0] == pytest.approx((view.instances[place] == 0).mean(), abs=1e-6)


def test_only_drawings_have_a_layout_to_tell(tiny_stage):
    _, exercises = training_batch(tiny_stage(mixture={"generation": 1.0, "depth": 1.0}), range(12))
    losses = LayoutReader(4).losses(torch.zeros(12, 4, 2, 2), exercises)
    drawn = torch.tensor([exercise.task == "generation" for exercise in exercises])
    assert 0 < drawn.sum() < 12
    assert (losses[~drawn] == 0).all()
    guess = np.log(len(CLASSES)) + np.log(len(COLOURS) + 1)
    torch.testing.assert_close(losses[drawn], torch.full((int(drawn.sum()),), float(guess)))


def test_the_features_learn_to_tell(tiny_stage, drawings):
    stage = tiny_stage(mixture={"generation": 1.0}, layout=1.0, muon_lr=0.01, adam_lr=0.01, warmup=0)
    trainee = Trainee.start(stage)
    batch, exercises = drawings

    def loss():
        with torch.inference_mode():
            painting = trainee.network(batch.noisy, batch.level, batch.image, batch.has_image, batch.text)
            return float(trainee.reader.losses(painting.features, exercises).mean())

    before = loss()
    for _ in range(12):
        trainee.step(batch, exercises)
    assert loss() < 0.8 * before


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_features_are_at_a_quarter_of_the_side_or_the_coarsest(tiny_stage, drawings, levels):
    config = tiny_stage().network
    config = type(config)(
        **{**config.as_dict(), "channels": (32,) * levels, "blocks": (1,) * levels, "attention": ()}
    )
    network = Network(config)
    batch, _ = drawings
    features = network(batch.noisy, batch.level, batch.image, batch.has_image, batch.text).features
    side = batch.noisy.shape[2] // min(4, 2 ** (levels - 1))
    assert features.shape == (12, network.features_width, side, side)


def test_a_run_with_a_reader_goes_on_and_ships_without_it(tiny_stage, tmp_path):
    stage = tiny_stage(mixture={"generation": 1.0, "semantic": 1.0}, layout=0.5, samples=16)
    for name, goes in (("whole", [16]), ("cut", [8, 16])):
        for until in goes:
            train(stage, tmp_path / name, until=until)
    states = [torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("whole", "cut")]
    for name, weight in states[0]["reader"].items():
        assert torch.equal(weight, states[1]["reader"][name])
        assert weight.abs().max() > 0
    tensors, _ = read_weights(tmp_path / "whole" / "weights.safetensors")
    assert tensors.keys() == dict(Network(stage.network).named_parameters()).keys()
