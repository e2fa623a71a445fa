"""A score: which share of the colours that a prompt names is in the picture."""

import numpy as np

from vbanalysis.instructions import words_and_colours


class NamedColours:
    name = "named_colours"

    def __init__(self, *, within=60.0, share=0.01):
        self.within, self.share = within, share
        self.protocol = f"colours of the prompt that {share:.0%} of the pixels are within {within:g}/255 of"

    def score(self, pictures, prompts):
        return np.array([self._share(*pair) for pair in zip(pictures, prompts, strict=True)])

    def _share(self, picture, prompt):
        named = {colour for _, colour in words_and_colours(prompt) if colour is not None}
        near = [np.linalg.norm(picture - np.array(colour, float), axis=2) < self.within for colour in named]
        return np.mean([each.mean() >= self.share for each in near]) if near else np.nan


load = NamedColours
