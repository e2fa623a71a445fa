"""The codecs on what the model itself painted: the published outputs that are on this machine."""

from __future__ import annotations

import numpy as np
import pytest

from vbanalysis.codecs import (
    DepthCodec,
    NormalCodec,
    PaletteCodec,
    calibrate,
    identify_normal_convention,
    identify_walk,
)
from vbanalysis.datasets import gallery
from vbanalysis.instructions import parse


def outputs(task: str):
    """The outputs at hand, or one that skips and says why."""
    found = gallery.load(task)
    if not len(found):
        reason = (
            "the gallery is not on this machine: set VBANALYSIS_CACHE or run  vbanalysis data fetch gallery"
        )
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    missing = set(found.missing())
    return [name for name in found.ids() if name not in missing]


def sample(name: str):
    return gallery.load()[name]


def palette(prompt: str, **settings) -> PaletteCodec:
    asked = parse(prompt)
    background = asked.background or "implicit"
    return PaletteCodec(
        dict(zip(asked.classes, asked.colours, strict=True)), **{"background": background} | settings
    )


@pytest.mark.parametrize("name", outputs("depth"))
def test_depth_follows_the_walk_of_the_paper(name):
    rgb = sample(name).output
    found = identify_walk(rgb)
    assert (found.verdict, found.walk) == ("walk", "KRYGCBMW"), found.message
    assert found.ranking[0].score < 5
    result = DepthCodec().decode(rgb)
    assert result.valid.mean() > 0.99
    assert np.median(result.residual) < 5
    reversed_channels = identify_walk(rgb[..., ::-1])
    assert reversed_channels.verdict in ("bgr", "ambiguous"), reversed_channels.message


@pytest.mark.parametrize("name", outputs("depth"))
def test_calibration_never_takes_depth_off_the_code(name):
    found = calibrate(sample(name).output)
    assert found.residual_after <= found.residual_before < 5


@pytest.mark.parametrize("name", outputs("normals"))
def test_normals_follow_the_convention_of_the_paper(name):
    rgb = sample(name).output
    found = identify_normal_convention(rgb)
    assert found.candidates[0] == "paper", found.message
    assert NormalCodec().decode(rgb).valid.mean() > 0.9
    assert identify_walk(rgb).verdict == "none"


@pytest.mark.parametrize("name", outputs("semantic") + outputs("referring") + outputs("instance"))
def test_masks_are_not_taken_for_depth(name):
    assert identify_walk(sample(name).output).walk is None


@pytest.mark.parametrize("name", outputs("semantic") + outputs("referring"))
def test_prompted_colours_are_painted_nearly_as_asked(name):
    shown = sample(name)
    for row in palette(shown.prompt).report(shown.output):
        if row.share > 1e-3:
            assert row.drift < 20, row
            assert row.ambiguous < 0.05, row


@pytest.mark.parametrize("name", [name for name in outputs("semantic") if name == "semseg/img2-prompt2"])
def test_black_is_not_a_class_on_the_macarons(name):
    shown = sample(name)
    flowers = list(palette(shown.prompt).names).index("flowers")

    def share(**settings):
        return (palette(shown.prompt, **settings).decode(shown.output).labels == flowers).mean()

    assert share(background=None) > 0.8, "the plain rule of the nearest colour"
    assert share() < 0.05
