"""What a move of a slider costs in the segmentation inspector, pictures and charts included, at 640x480.

As in `test_widgets`, the time is that of the processor, all threads added. The count over tau is timed apart:
where tau alone moves it is at hand, else it is drawn when the slider has come to rest.
"""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from vbanalysis.codecs import InstanceCodec, PaletteCodec
from vbanalysis.codecs.degradations import Jpeg
from vbanalysis.instructions import instance_prompt, semantic_prompt
from vbanalysis.types import Sample
from vbanalysis.widgets.segmentation import SegmentationInspector, SegmentationSettings
from vbanalysis.widgets.segmentation_screen import segmentation_screen, stability_chart

LIMIT_S = 0.1
N_THINGS = 24

MOVES = {
    "reject": itertools.cycle(np.linspace(10, 80, 40).tolist()),
    "tau": itertools.cycle(np.linspace(8, 40, 40).tolist()),
    "erosion": itertools.cycle(np.linspace(0.05, 0.6, 40).tolist()),
    "gamma": itertools.cycle(np.linspace(1, 8, 40).tolist()),
    "min_area": itertools.cycle(np.geomspace(1e-4, 1e-2, 40).tolist()),
}


def places() -> np.ndarray:
    """Ellipses in a grid, 640x480."""
    ys, xs = np.mgrid[:480, :640]
    found = np.zeros((480, 640), np.int32)
    for k in range(N_THINGS):
        cy, cx = 60 + 120 * (k // 6), 53 + 106 * (k % 6)
        found[((ys - cy) / 45) ** 2 + ((xs - cx) / 40) ** 2 < 1] = k + 1
    return found


@pytest.fixture(scope="module", params=["classes", "instances"])
def inspector(request) -> SegmentationInspector:
    """Through JPEG, which gives a mask more colours than published ones have."""
    photo = Jpeg(90)(np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8))
    if request.param == "instances":
        painted, prompt = InstanceCodec().encode(places()), instance_prompt("cup").text
    else:
        classes = {"cup": "red", "plate": "blue", "fork": "yellow", "knife": "cyan"}
        instruction = semantic_prompt(classes)
        codec = PaletteCodec(dict(zip(instruction.classes, instruction.colours, strict=True)))
        painted, prompt = codec.encode(np.where(places() > 0, places() % 4, -1)), instruction.text
    rgb = Jpeg(90)(painted)
    return SegmentationInspector(rgb, prompt, Sample("benchmark", photo, rgb, prompt))


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.benchmark(group="segmentation inspector, an update at 640x480", timer=time.process_time)
def test_an_update_of_the_segmentation_inspector(benchmark, inspector, name):
    if name == "reject" and inspector.counts_instances:
        pytest.skip("instances have no colours of a prompt to be rejected from")
    values = MOVES[name]
    inspector.stability(SegmentationSettings())

    def update():
        settings = SegmentationSettings(**{name: next(values)})
        reading = inspector.read(settings)
        if inspector.knows_stability(settings):
            stability_chart(inspector, reading, inspector.stability(settings))
        return segmentation_screen(inspector, reading)

    screen = benchmark.pedantic(update, rounds=20, warmup_rounds=3)
    assert len(screen.panels) == 4
    told = "instances" if inspector.counts_instances else "classes"
    print(f"{told}, {name}: {benchmark.stats.stats.median * 1e3:.0f} ms at the median")
    assert benchmark.stats.stats.min < LIMIT_S


@pytest.mark.benchmark(group="segmentation inspector, the count over tau", timer=time.process_time)
def test_the_count_over_tau(benchmark, inspector):
    values = itertools.cycle(np.linspace(1, 8, 40).tolist())
    found = benchmark.pedantic(
        lambda: inspector.stability(SegmentationSettings(gamma=next(values))), rounds=5, warmup_rounds=1
    )
    assert found.counts.max() > 1
    print(f"{benchmark.stats.stats.median * 1e3:.0f} ms at the median")
