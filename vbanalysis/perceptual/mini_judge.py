"""`mini-judge`: features of the embedded judge, for pictures of the embedded generator's world."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbanalysis.perceptual._pictures import checked, in_batches, whole


class MiniJudge:
    """The 64 channels before the judge's last layer: their mean and standard deviation over the picture.

    The judge learnt to name rendered scenes, so the features tell things, colours and places of that world.
    Of photographs they tell nothing that was ever tested.

    Args:
        batch: Pictures at once.

    Raises:
        InputError: The batch is no whole number of at least 1.
    """

    name = "mini-judge"
    protocol = "mini-judge: mean and standard deviation of the 64 penultimate channels, pictures at 64 x 64"

    def __init__(self, *, batch: int = 32) -> None:
        from vbanalysis.mini.judge.reading import Judge

        self.batch = whole(batch, "batch")
        self._network = Judge.load().network

    def features(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """(n, 128) float64.

        Raises:
            InputError: These are no pictures.
        """
        return in_batches([_small(each) for each in checked(pictures)], self.batch, self._ask)

    def _ask(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        import torch

        from vbanalysis.mini.pixels import signed

        seen: list[torch.Tensor] = []
        last = self._network.head[2]
        hook = last.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        try:
            with torch.inference_mode():
                self._network(signed(np.stack(pictures)))
        finally:
            hook.remove()
        (channels,) = seen
        flat = channels.float().flatten(start_dim=2)
        return torch.cat([flat.mean(dim=2), flat.std(dim=2)], dim=1).numpy()


def _small(picture: np.ndarray) -> np.ndarray:
    from PIL import Image

    side = 64
    if picture.shape == (side, side, 3):
        return picture
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR))


load = MiniJudge
"""Factory of the spec string `mini-judge`."""
