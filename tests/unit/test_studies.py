import numpy as np
import pandas as pd
import pytest

from vbanalysis.codecs import DepthCodec
from vbanalysis.codecs.degradations import Jpeg, Noise, Rounding, chain
from vbanalysis.datasets.analytic import Analytic
from vbanalysis.errors import InstructionError
from vbanalysis.studies import compliance, invertibility
from vbanalysis.types import Sample

SCENES = list(Analytic(2, height=160))
STEPS = {"8 bits": Rounding(), "JPEG": Jpeg(75), "noise": chain(Noise(12), Rounding())}


def test_depth_suffers_more_from_worse_steps_and_more_at_edges():
    table = invertibility.depth_under(SCENES, STEPS)
    mean = table.groupby(["degradation", "region"]).absrel.mean()
    assert mean["8 bits", "flat"] < mean["JPEG", "flat"] < mean["noise", "flat"]
    assert mean["JPEG", "edges"] > 3 * mean["JPEG", "flat"]
    repaired = table[table.region == "edges"].groupby("degradation").absrel_repaired.mean()
    assert repaired["JPEG"] < 0.8 * mean["JPEG", "edges"]


def test_a_pixel_that_cannot_be_read_counts_as_an_error_of_one():
    far = Sample(id="far", image=None, depth_m=np.full((20, 20), 5000.0, np.float32))
    row = invertibility.depth_under([far], {"8 bits": Rounding()}).iloc[0]
    assert row.absrel == 1
    assert row.unread == 1


def test_round_trips_by_depth_keep_within_the_analytic_bound():
    depths = np.geomspace(0.2, 100, 4000)
    table = invertibility.round_trip_by_depth(DepthCodec(), depths, bins=400)
    bound = DepthCodec().quantization_error(table.depth_m.to_numpy())
    assert 0.3 < (table["mean"] / bound).mean() < 0.7
    assert (table.worst <= 1.02 * bound).all()


def test_the_error_by_distance_grows_towards_both_ends_of_the_code():
    table = invertibility.error_by_distance(invertibility.ramp(), {"8 bits": Rounding()}, bins=12)
    middle = table.error[(table.depth_m > 3) & (table.depth_m < 12)].mean()
    assert table.error.iloc[0] > 2 * middle
    assert table.error.iloc[-1] > 10 * middle


def test_instances_and_normals_survive_rounding():
    instances = invertibility.instances_under(SCENES, {"8 bits": Rounding()})
    assert (instances.found == instances.painted).all()
    assert (instances.mean_iou == 1).all()
    normals = invertibility.normals_under(SCENES, {"8 bits": Rounding()})
    assert normals.mean_deg.max() < 0.5
    assert (normals.unread == 0).all()


def test_separated_colours_hold_longer_than_random_ones():
    table = invertibility.palette_under_noise((12,), (0, 25), scenes=2)
    wrong = table.groupby(["palette", "sigma"]).wrong.mean()
    assert wrong["separated", 0] == wrong["random", 0] == 0
    assert wrong["separated", 25] < wrong["random", 25] / 3


def test_unknown_depth_is_filled_from_its_neighbours():
    filled = invertibility.filled(np.array([[1.0, np.nan, np.nan, 7.0]]))
    np.testing.assert_array_equal(filled, [[1, 1, 7, 7]])


def test_our_own_outputs_are_read_as_what_they_are():
    readings = list(compliance.read_outputs(compliance.own_outputs(height=96)))
    tasks = [r.task for r in readings]
    assert sorted(set(tasks)) == ["classes", "depth", "instances", "normals"]
    for reading in readings:
        if reading.task == "depth" and "analytic" in reading.sample.id:
            truth = reading.sample.depth_m
            near = np.isfinite(truth) & (truth < 20)
            assert np.nanmedian(np.abs(reading.result.depth_m - truth)[near] / truth[near]) < 0.1


def test_an_output_without_a_prompt_is_taken_for_what_its_colours_suggest():
    own = {sample.id: sample.output for sample in compliance.own_outputs(height=120)}
    wanted = {
        "analytic-1 depth": "depth",
        "motorcycle normals": "normals",
        "analytic-0 instances": "instances",
    }
    for name, task in wanted.items():
        assert compliance.read_output(Sample(id=name, image=None, output=own[name])).task == task
    photograph = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    with pytest.raises(InstructionError, match=r"prompts\.csv"):
        compliance.read_output(Sample(id="photograph", image=None, output=photograph))


def test_depth_in_a_colour_map_is_read_as_its_prompt_asks():
    from vbanalysis.codecs import ColormapCodec
    from vbanalysis.instructions import depth_prompt

    depth = SCENES[0].depth_m
    prompt = depth_prompt(colormap="plasma").text
    sample = Sample(id="plasma", image=None, output=ColormapCodec("plasma").encode(depth), prompt=prompt)
    reading = compliance.read_output(sample)
    assert reading.row["code"] == "plasma"
    assert np.median(np.abs(reading.result.depth_m - depth) / depth) < 0.01


def test_a_damaged_picture_does_not_stop_the_others(tmp_path):
    from vbanalysis.images import write_png
    from vbanalysis.plugins import load

    for sample in compliance.own_outputs(height=96)[:2]:
        write_png(tmp_path / f"{sample.id.replace(' ', '-')}.png", sample.output)
    (tmp_path / "a-broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    first, *others = compliance.read_outputs(load("datasets", f"outputs:{tmp_path}"))
    assert isinstance(first, compliance.Unread)
    assert "a-broken.png" in first.reason
    assert [reading.task for reading in others] == ["depth", "normals"]


def test_an_output_that_cannot_be_read_does_not_stop_the_others():
    own = compliance.own_outputs(height=96)[:1]
    odd = Sample(id="odd", image=None, output=own[0].output, prompt="Draw a cat wearing a hat.")
    results = list(compliance.read_outputs([odd, *own]))
    assert results[0][0] == "odd"
    assert results[1].task == "depth"


def test_the_factor_at_edges_is_of_means_over_the_same_scenes():
    rows = [
        {"sample": f"s{k}", "degradation": "JPEG", "region": region, "absrel": absrel * (1 + k % 3)}
        for k in range(6)
        for region, absrel in (("flat", 0.01), ("edges", 0.2), ("all", 9.0))
    ]
    rows.append({"sample": "flat only", "degradation": "JPEG", "region": "flat", "absrel": 5.0})
    found = invertibility.edge_factor(pd.DataFrame(rows), "JPEG")
    assert found.value == pytest.approx(20)
    assert (found.low, found.high, found.n) == (pytest.approx(20), pytest.approx(20), 6)
    rows[1]["absrel"] = 1.0
    spread = invertibility.edge_factor(pd.DataFrame(rows), "JPEG")
    assert spread.low < spread.value < spread.high
