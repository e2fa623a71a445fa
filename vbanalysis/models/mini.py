"""`mini`: the embedded generator, the default everywhere; see `vbanalysis.mini.model`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vbanalysis.models._card import Card

if TYPE_CHECKING:
    from vbanalysis.mini.model import Mini

CARD = Card(
    about="the embedded generator: small, trained on rendered scenes alone",
    role="generator",
    tasks=("depth", "normals", "semantic", "instance", "referring", "generation", "edit"),
    licence="Apache-2.0",
    weights="shipped",
    memory_mb=600,
    example="mini:base?steps=16",
)


def load(
    argument: str = "tuned",
    *,
    device: str = "cpu",
    steps: int | None = None,
    guidance: float | None = None,
    batch: int = 16,
) -> Mini:
    """Factory of the spec strings `mini`, `mini:base`, `mini:my.safetensors?steps=8&device=cuda`."""
    from vbanalysis.mini.model import Mini

    return Mini(argument, device=device, steps=steps, guidance=guidance, batch=batch)
