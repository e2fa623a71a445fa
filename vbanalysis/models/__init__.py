"""Models: one file each, behind one door.

A generator maps an image and an instruction to RGB. It comes from a spec string such as `mini` or
`mini:base` through `vbanalysis.plugins`; its module holds a factory `load(argument=None, **options)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from vbanalysis.types import Instruction

__all__ = ["Generator"]


@runtime_checkable
class Generator(Protocol):
    """What every generator can do."""

    name: str

    def sample(
        self, image: np.ndarray | None, instruction: str | Instruction, *, seed: int = 0
    ) -> np.ndarray:
        """Answer one instruction.

        Args:
            image: (H, W, 3) uint8 RGB, or None for text to image.
            instruction: What to do.
            seed: Of the noise; the same seed gives the same answer.

        Returns:
            (h, w, 3) uint8 RGB, at the generator's own resolution.
        """
        ...

    def sample_many(
        self,
        images: Sequence[np.ndarray | None],
        instructions: Sequence[str | Instruction],
        *,
        seeds: Sequence[int] | None = None,
    ) -> list[np.ndarray]:
        """Answer several, in batches where the model can; seed k is k unless given."""
        ...

    def describe(self) -> dict[str, Any]:
        """What it is: `about`, `tasks`, `parameters`, `licence`, `source`, and more by name."""
        ...
