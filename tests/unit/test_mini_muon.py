import pytest
import torch

from vbanalysis.mini.training.muon import Muon, orthogonalise


@pytest.mark.parametrize("shape", [(16, 16), (12, 40), (40, 12), (1, 7)])
def test_the_singular_vectors_stay_and_the_singular_values_come_near_1(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u, values, v = torch.linalg.svd(matrix, full_matrices=False)
    turned = u.T @ orthogonalise(matrix) @ v.T
    off = turned - torch.diag(turned.diag())
    assert off.abs().max() < 1e-4
    known = values > 0.05 * values[0]  # five steps do not lift what is all but 0
    assert ((turned.diag() > 0.65) & (turned.diag() < 1.25))[known].all()


def test_the_size_of_a_matrix_does_not_matter():
    matrix = torch.randn(8, 20, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(orthogonalise(1e-3 * matrix), orthogonalise(matrix), rtol=1e-3, atol=1e-3)


def test_a_step_goes_along_the_orthogonalised_momentum_in_elements_of_one_size():
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.randn(32, 16, 3, 3))
    before = weight.detach().clone()
    muon = Muon([weight], lr=0.01, momentum=0.9, weight_decay=0.0)
    momentum = torch.zeros_like(before)
    for _ in range(2):
        gradient = torch.randn_like(before)
        weight.grad = gradient
        muon.step()
        momentum = 0.9 * momentum + 0.1 * gradient
        nesterov = 0.9 * momentum + 0.1 * gradient
        step = weight.detach() - before
        u, _, v = torch.linalg.svd(nesterov.flatten(1), full_matrices=False)
        # Against the nearest orthogonal matrix, which the iteration comes near to.
        cosine = torch.cosine_similarity(-step.flatten(), (u @ v).flatten(), dim=0)
        assert cosine > 0.97
        assert step.square().mean().sqrt() == pytest.approx(0.01 * 0.2, rel=0.3)
        before = weight.detach().clone()


def test_weights_without_a_gradient_stay():
    weight = torch.nn.Parameter(torch.ones(4, 4))
    Muon([weight]).step()
    torch.testing.assert_close(weight.detach(), torch.ones(4, 4))


def test_it_descends_where_the_curvature_differs_a_thousandfold():
    torch.manual_seed(0)
    scale = torch.logspace(0, 3, 12)[:, None]
    weight = torch.nn.Parameter(torch.randn(12, 8))
    muon = Muon([weight], lr=0.05, weight_decay=0.0)
    first = (scale * weight).square().sum().item()
    for _ in range(200):
        muon.zero_grad()
        (scale * weight).square().sum().backward()
        muon.step()
    assert (scale * weight).square().sum().item() < 0.02 * first
