"""Muon: momentum, orthogonalised, for the matrices of a network (Jordan et al. 2024)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic whose iteration drives every singular value towards 1 (Jordan et al. 2024)."""


class Muon(torch.optim.Optimizer):
    """Steps along the nearest orthogonal matrix to the momentum; a convolution counts as one matrix.

    torch's own `torch.optim.Muon` takes two-dimensional weights only; most of a U-Net's are convolutions.

    Args:
        params: Weights of at least two dimensions; the first is the rows, the rest together the columns.
        lr: Learning rate: the root mean square of a step, for a square matrix, is 0.2 times this.
        momentum: Of the Nesterov momentum.
        weight_decay: Decoupled, a step and `lr`.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float = 0.005,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Move the weights by their gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight.grad)
                state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                direction = weight.grad.lerp(state["momentum"], group["momentum"])
                matrix = orthogonalise(direction.flatten(1))
                # Every element of the step has one size whatever the shape (Liu et al. 2025, arXiv
                # 2502.16982).
                size = 0.2 * max(matrix.shape) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(matrix.view_as(weight), alpha=-group["lr"] * size)


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """Bring the singular values of a matrix near 1 (0.7 to 1.2), by Newton and Schulz's iteration.

    The iteration runs on the smaller square product of the matrix with itself: the odd polynomials of a
    matrix X are polynomials of X Xᵀ, times X. For a convolution's wide matrix that is a fifth of the work.

    Args:
        matrix: (m, n) float.
        steps: Of the iteration.

    >>> values = torch.linalg.svdvals(orthogonalise(torch.tensor([[3.0, 0.0], [0.0, 0.5]])))
    >>> bool(((values > 0.6) & (values < 1.3)).all())
    True
    """
    a, b, c = _COEFFICIENTS
    x = matrix.float()
    x = x.T if matrix.shape[0] > matrix.shape[1] else x
    x = x / (x.norm() + 1e-7)
    gram = x @ x.T
    identity = torch.eye(len(gram), device=x.device)
    product = identity
    for _ in range(steps):
        factor = a * identity + b * gram + c * gram @ gram
        product = factor @ product
        gram = factor @ gram @ factor
    result = product @ x
    return (result.T if matrix.shape[0] > matrix.shape[1] else result).to(matrix.dtype)
