"""What a move of a slider costs in the codec explorer, and opening an inspector, with pictures, at 640x480.

The time is that of the processor, all threads added: at most what a machine takes that does nothing else, and
nothing that another program could spoil.
"""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.types import Sample
from vbanalysis.widgets.cloud import focal_steps, point_cloud
from vbanalysis.widgets.codec import CodecExplorer, CodecSettings
from vbanalysis.widgets.codec_screen import codec_screen
from vbanalysis.widgets.depth import DepthInspector
from vbanalysis.widgets.depth_screen import depth_panels
from vbanalysis.widgets.look import Panel
from vbanalysis.widgets.normals import NormalInspector
from vbanalysis.widgets.normals_view import normal_panels

LIMIT_S = 0.1
SPOILT = {"noise": 3.0, "gain": 0.97, "offset": 2.0, "gamma": 1.05, "saturation": 0.95, "scale": 0.6}
"""Everything at once: each move of the noise does all of it again."""

MOVES = {
    "quality of JPEG": ({}, "quality", itertools.cycle(range(60, 100))),
    "lambda": ({}, "lam", itertools.cycle(np.linspace(-4, -2, 40).tolist())),
    "noise, all else on": (SPOILT, "noise", itertools.cycle(np.linspace(2, 6, 40).tolist())),
}


@pytest.fixture(scope="module")
def explorer() -> CodecExplorer:
    depth = plugins.load("datasets", "motorcycle")[0].depth_m[:480, :640]
    assert depth.shape == (480, 640)
    return CodecExplorer(depth_m=depth)


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.benchmark(group="codec explorer, an update at 640x480", timer=time.process_time)
def test_an_update_of_the_codec_explorer(benchmark, explorer, move):
    held, name, values = MOVES[move]

    def update():
        settings = CodecSettings(**{**held, name: next(values)})
        return codec_screen(explorer, explorer.read(settings))

    screen = benchmark.pedantic(update, rounds=20, warmup_rounds=3)
    assert all(len(panel.picture) > 1000 for panel in screen.panels)
    print(f"{move}: {benchmark.stats.stats.median * 1e3:.0f} ms at the median")
    assert benchmark.stats.stats.min < LIMIT_S


OPENING_LIMIT_S = 0.6
"""Twice what it took when it was written, for slower machines: what a user does not wait for."""


@pytest.fixture(scope="module")
def sample() -> Sample:
    motorcycle = plugins.load("datasets", "motorcycle")[0]
    return Sample(
        "motorcycle",
        motorcycle.image[:480, :640],
        depth_m=motorcycle.depth_m[:480, :640],
        normals=motorcycle.normals[:480, :640],
    )


def open_depth(sample: Sample) -> tuple[Panel, ...]:
    inspector = DepthInspector.of(sample)
    assert len(inspector.readouts) == 6
    focal_steps(inspector, point_cloud(inspector))
    return depth_panels(inspector)


def open_normals(sample: Sample) -> tuple[Panel, ...]:
    inspector = NormalInspector.of(sample)
    assert len(inspector.readouts) == 9
    assert inspector.facing.size
    return normal_panels(inspector)


@pytest.mark.parametrize("opened", [open_depth, open_normals], ids=["depth", "normals"])
@pytest.mark.benchmark(group="inspectors, opened at 640x480", timer=time.process_time)
def test_opening_an_inspector(benchmark, sample, opened):
    panels = benchmark.pedantic(opened, (sample,), rounds=5, warmup_rounds=1)
    assert len(panels) >= 4
    print(f"{opened.__name__}: {benchmark.stats.stats.median * 1e3:.0f} ms at the median")
    assert benchmark.stats.stats.min < OPENING_LIMIT_S
