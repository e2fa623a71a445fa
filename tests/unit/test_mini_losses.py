import pytest
import torch

from vbanalysis.mini.network import OWN_COLOURS, Painting
from vbanalysis.mini.training.batches import TASKS, training_batch
from vbanalysis.mini.training.losses import painting_losses


@pytest.fixture
def batch(tiny_stage):
    return training_batch(tiny_stage(), range(24))[0]


def certain(batch, source=None, free=None):
    """A painting that points where it is told to without a doubt."""
    places = 1 + len(OWN_COLOURS) + batch.text.places.shape[1]
    source = batch.source if source is None else source
    pointing = 30.0 * torch.nn.functional.one_hot(source, places).permute(0, 3, 1, 2).float()
    return Painting(batch.target if free is None else free, pointing, torch.zeros(len(source), places - 1, 3))


def test_the_answer_itself_has_no_loss(batch):
    assert painting_losses(certain(batch), batch).each.max() < 1e-4


def test_every_mistake_costs(batch):
    paler = painting_losses(certain(batch, free=batch.target + 0.1), batch).each
    painted = (batch.source == 0).flatten(1).all(dim=1)
    assert (paler[painted] > 0.005).all()
    assert (paler[~painted] < 1e-4).all()  # what points is not painted freely
    elsewhere = painting_losses(certain(batch, source=(batch.source + 1) % 3), batch).each
    assert (elsewhere > 1).all()


def test_a_mistake_costs_more_where_the_weight_is_greater(batch):
    wrong = certain(batch)
    wrong.pointing[:, :, :16] = wrong.pointing[:, :, :16].flip(1)
    upper = batch.weight.clone()
    upper[:, :16] *= 3
    plain = painting_losses(wrong, batch).each
    torch.testing.assert_close(painting_losses(wrong, batch._replace(weight=upper)).each, 3 * plain)


def test_the_total_is_the_mean_and_teaches(batch):
    painting = certain(batch, free=batch.target + 0.1)
    painting.free.requires_grad_()
    losses = painting_losses(painting, batch)
    torch.testing.assert_close(losses.total.detach(), losses.each.mean())
    losses.total.backward()
    assert (painting.free.grad[batch.source[:, None].expand(-1, 3, -1, -1) == 0] > 0).all()
    assert not losses.each.requires_grad


def test_answers_can_be_learnt_as_drawings_are(batch):
    batch = batch._replace(level=torch.full_like(batch.level, 0.5))
    paler, twice = (certain(batch, free=batch.target + error) for error in (0.1, 0.2))
    painted = (batch.source == 0).flatten(1).all(dim=1)
    for answers, growth in (("absolute", 2.0), ("flow", 4.0)):
        small, large = (painting_losses(each, batch, answers).each for each in (paler, twice))
        answered = painted & (batch.task != TASKS.index("generation"))
        assert answered.any()
        torch.testing.assert_close(large[answered], growth * small[answered], rtol=1e-3, atol=1e-5)
