import shutil
from fractions import Fraction

import pandas as pd
import pytest

from vbanalysis.errors import DataError, InputError
from vbanalysis.paths import data_dir
from vbanalysis.studies import paper
from vbanalysis.studies.paper.rounding import Printed, mean
from vbanalysis.studies.paper.tables import COLUMNS

DA3 = ("NYU", "ETH3D", "DIODE-Indoor", "KITTI")


@pytest.fixture
def tables(tmp_path):
    """A copy of the tables, and a way to change one field of a row in it."""
    for name in COLUMNS:
        shutil.copy(data_dir() / "paper" / f"{name}.tsv", tmp_path)

    def change(name, column, value, **where):
        path = tmp_path / f"{name}.tsv"
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        rows = (table[list(where)] == pd.Series(where)).all(axis=1)
        assert rows.sum() == 1
        table.loc[rows, column] = value
        table.to_csv(path, sep="\t", index=False)
        return tmp_path

    return change


def test_a_printed_number_stands_for_all_that_round_to_it():
    two, three = Printed.read("0.92"), Printed.read("0.920")
    assert two.value == three.value
    assert (two.low, two.high) == (Fraction("0.915"), Fraction("0.925"))
    assert (three.low, three.high) == (Fraction("0.9195"), Fraction("0.9205"))
    assert Printed.read(" -0.5 ").value == Fraction(-1, 2)
    for text in ("", "-", "1e3", "0,92", "nan", "1/2", "٣"):
        with pytest.raises(InputError, match="decimal number"):
            Printed.read(text)


def test_the_verdict_tells_an_agreement_from_rounding_and_from_an_error():
    found = mean([Printed.read(text) for text in ("0.10", "0.11", "0.11")])
    assert found.n == 3
    assert float(found.value) == pytest.approx(0.32 / 3)
    expected = {"0.107": "agrees", "0.11": "agrees", "0.105": "within rounding", "0.10": "within rounding"}
    expected |= {"0.113": "disagrees", "0.09": "disagrees"}
    for text, verdict in expected.items():
        assert paper.verdict(Printed.read(text), found.value, found.low, found.high) == verdict, text
    with pytest.raises(InputError, match="at least one"):
        mean([])


@pytest.mark.parametrize("family", list(paper.FAMILIES))
def test_every_average_whose_parts_are_printed_is_recomputed_and_none_disagrees(family):
    found = paper.recomputed_averages(family)
    assert set(found.verdict) <= {"agrees", "within rounding"}
    assert (found.off_steps.abs() < 1).all()
    assert (found.low <= found.recomputed).all()
    assert (found.recomputed <= found.high).all()
    printed = paper.averages_as_printed(family)
    known = paper.numbers(family)
    complete = [
        set(row.datasets) <= set(known[(known.model == row.model) & (known.metric == row.metric)].dataset)
        for row in printed.itertuples()
    ]
    assert len(found) == sum(complete)


def test_averages_that_were_cut_off_are_flagged():
    found = pd.concat([paper.recomputed_averages(family) for family in paper.FAMILIES])
    flagged = found[found.verdict == "within rounding"]
    assert sorted(flagged.model) == ["DSINE", "Depth Pro", "Marigold", "StableNormal"]
    assert flagged.off_steps.tolist() == pytest.approx([2 / 3] * 4)
    assert len(found) == 28


def test_an_average_that_is_off_is_said_to_disagree(tables):
    folder = tables("depth_averages_as_printed", "delta1", "0.885", model="MoGe-2", over="6 datasets")
    found = paper.recomputed_averages("depth", folder)
    assert found[found.verdict == "disagrees"].model.tolist() == ["MoGe-2"]
    folder = tables("depth", "delta1", "", model="MoGe-2", dataset="NYU")
    assert "delta1" not in set(paper.recomputed_averages("depth", folder).query("model == 'MoGe-2'").metric)


def test_cgf1_is_the_product_of_its_factors_on_every_subset(tables):
    found = paper.products()
    assert len(found) == 14
    assert "disagrees" not in set(found.verdict)
    folder = tables("saco_gold", "cgF1", "43.7", model="SAM 3", subset="SA-1B")
    assert (paper.products(folder).verdict == "disagrees").sum() == 1


def test_diode_alone_carries_the_lead_over_depth_anything_3():
    found = paper.lead("depth", "delta1", "Vision Banana", "Depth Anything 3")
    rows = found.by_dataset.set_index("dataset")
    assert tuple(rows.index) == DA3
    assert found.average.value == pytest.approx(0.011)
    assert found.average.is_range
    assert (found.low, found.high) == pytest.approx((0.010, 0.012))
    assert rows.share.sum() == pytest.approx(found.average.value)
    assert rows.index[rows.difference > 0].tolist() == ["ETH3D", "DIODE-Indoor"]
    assert rows.index[rows.without < 0].tolist() == ["DIODE-Indoor"]
    for name in DA3:
        rest = [other for other in DA3 if other != name]
        there = paper.lead("depth", "delta1", "Vision Banana", "Depth Anything 3", rest)
        assert there.average.value == pytest.approx(rows.without[name])
    assert (found.ahead.wins, found.ahead.losses) == (2, 2)


def test_where_less_is_better_a_lead_is_still_positive():
    found = paper.lead("depth", "absrel", "Vision Banana", "Depth Anything 3")
    assert found.average.value == pytest.approx(-0.004)
    assert found.low < found.average.value < found.high < 0
    normals = paper.lead("normals", "mean_deg", "Vision Banana", "Lotus-2")
    assert normals.by_dataset.query("difference > 0").dataset.tolist() == ["DIODE-indoor"]
    assert normals.low <= 19.642 - 18.928 <= normals.high


def test_a_lead_that_the_paper_does_not_print_is_refused():
    with pytest.raises(InputError, match="of both 'Vision Banana' and 'Depth Anything 4'"):
        paper.lead("depth", "delta1", "Vision Banana", "Depth Anything 4")
    with pytest.raises(InputError, match="on KITTI"):
        paper.lead("depth", "delta1", "Vision Banana", "DepthLM-7B", ["NYU", "KITTI"])
    with pytest.raises(InputError, match="metric must be one of delta1, absrel"):
        paper.lead("depth", "rmse", "Vision Banana", "UniK3D")
    with pytest.raises(InputError, match="family must be one of"):
        paper.numbers("disparity")


def test_the_spread_that_undoes_a_lead_makes_its_interval_touch_zero():
    sizes = [paper.images()[name] for name in DA3]
    spread = paper.undoing_spread(0.011, sizes)
    half_width = 1.959964 * (sum(spread**2 / n for n in sizes)) ** 0.5 / len(sizes)
    assert half_width == pytest.approx(0.011, rel=1e-6)
    assert "nuScenes" not in paper.images()
    for bad in ([], [0, 5]):
        with pytest.raises(InputError, match="sizes"):
            paper.undoing_spread(0.01, bad)


def test_ranks_change_with_the_data_set_that_is_left_out():
    four = paper.ranked_without("depth", "delta1", DA3).first_without()
    assert four["none"] == "Vision Banana"
    assert four["DIODE-Indoor"] == "Depth Anything 3"
    assert set(paper.ranked_without("depth", "delta1").first_without().values()) == {"Vision Banana"}
    depthlm = paper.ranked_without("depth", "delta1", ("NYU", "iBims-1", "ETH3D", "nuScenes"))
    assert depthlm.first_without()["none"] == "MoGe-2"
    table = depthlm.table
    for _, part in table.groupby("left_out"):
        assert part.sort_values("rank").average.is_monotonic_decreasing
    assert table[table.left_out == "none"]["rank"].tolist() == [1, 2, 3, 4, 5]
    assert set(table[table.left_out != "none"].n) == {3}


def test_equal_averages_share_a_rank_and_less_is_better_for_errors(tables):
    folder = tables("normals", "mean_deg", "15.052", model="Lotus-2", dataset="ScanNet")
    tables("normals", "mean_deg", "17.778", model="Lotus-2", dataset="NYUv2")
    tables("normals", "mean_deg", "13.818", model="Lotus-2", dataset="DIODE-indoor")
    found = paper.ranked_without("normals", "mean_deg", ("NYUv2", "DIODE-indoor", "ScanNet"), folder)
    ranks = found.table[found.table.left_out == "none"].set_index("model")["rank"]
    assert ranks[["Lotus-2", "Vision Banana", "DSINE"]].tolist() == [1, 1, 3]
    assert found.first_without()["none"] == "Lotus-2 = Vision Banana"
    assert not found.rises
    for datasets in (("NYUv2",), ()):
        with pytest.raises(InputError, match="two data sets and two models"):
            paper.ranked_without("normals", "mean_deg", datasets)


def test_headline_claims_are_held_against_the_papers_own_tables():
    found = paper.claims().set_index(["benchmark", "metric"])
    assert len(found) == 9
    refcoco = found.loc["RefCOCOg UMD val", "cIoU"]
    assert (refcoco["rank"], refcoco.of, refcoco.rank_all, refcoco.of_all) == (1, 4, 3, 6)
    assert refcoco.best == "X-SAM + Phi3 3.8B"
    assert found.loc["SA-Co/Gold (500 queries)", "pmF1"].ahead == "no"
    assert found.loc["SA-Co/Gold", "cgF1"].best.startswith("SAM 3")
    depth = found.loc["average of NYU, ETH3D, DIODE-Indoor, KITTI", "delta1"]
    assert (depth.ahead, depth.rank_all, depth.of_all) == ("yes", 1, 5)
    normals = found.loc["average of NYUv2, DIODE-indoor, ScanNet, VKITTI", "mean angular error (deg)"]
    assert normals.lead == pytest.approx(0.714)
    assert pd.isna(found.loc["GenAI-Bench", "win rate"]["rank"])


def test_a_lead_within_rounding_cannot_be_told(tables):
    folder = tables("headline", "counterpart", "0.74", benchmark="RefCOCOg UMD val")
    assert paper.claims(folder).ahead[0] == "cannot tell"
    tables("headline", "better", "more", benchmark="RefCOCOg UMD val")
    with pytest.raises(DataError, match="higher or lower, got 'more'"):
        paper.claims(folder)


def test_presence_and_not_masks_sets_v3_apart():
    table = paper.instance_versions()
    v1 = table[table.version == "v1"].set_index("ours").value
    assert (v1[True], v1[False]) == pytest.approx((54.0, 55.2))
    dino, owl = (paper.factors(name) for name in ("DINO-X", "OWLv2"))
    assert dino.presence_share > 0.95
    assert 0.5 < owl.presence_share < 0.65
    assert dino.with_same_presence < dino.vision_banana
    with pytest.raises(InputError, match="must be behind in cgF1"):
        paper.factors("SAM 3")
    with pytest.raises(InputError, match="other must be one of"):
        paper.factors("DINO-Y")
    assert paper.subsets().ahead.wins == 3
    assert "Gemini 3.1 Flash-Lite" in paper.differences().v3.str.cat()


def test_win_rates_need_more_votes_the_nearer_they_are_to_a_half():
    rates = paper.win_rates()
    assert [(each.benchmark, each.rate) for each in rates] == [("GenAI-Bench", 0.535), ("ImgEdit", 0.478)]
    needed = paper.votes_needed(rates).set_index("benchmark")
    assert needed.decisive["GenAI-Bench"] < 1600 < needed.powered["GenAI-Bench"]
    assert needed.decisive["ImgEdit"] > 737
    curves = paper.curves(rates, [800, 850, 2000, 2100])
    excluded = (curves.low > 0.5) | (curves.high < 0.5)
    assert excluded.tolist() == [False, True, True, True, False, False, False, True]


def test_votes_on_the_same_prompt_are_worth_less():
    rates = paper.win_rates()
    apart = paper.plausible_studies(rates, (1, 4), 0.0)
    alike = paper.plausible_studies(rates, (1, 4), 1.0)
    assert (apart.independent == apart.votes).all()
    assert (alike.independent == alike["items"]).all()
    assert apart[["benchmark", "items", "per_item", "votes"]].equals(
        alike[["benchmark", "items", "per_item", "votes"]]
    )
    told = apart.set_index(["items", "per_item"]).told
    assert told[1600, 1]
    assert not told[737, 1]
    assert told[737, 4]


def test_a_win_rate_on_a_benchmark_without_a_count_is_refused(tables):
    folder = tables("votes", "benchmark", "EditBench", items="737")
    with pytest.raises(InputError, match="no number of items of 'ImgEdit'"):
        paper.plausible_studies(paper.win_rates(folder), folder=folder)


@pytest.mark.parametrize("name", list(COLUMNS))
def test_every_table_reads_as_it_is_printed_and_a_damaged_one_is_named(name, tmp_path):
    table = paper.read_table(name)
    assert set(COLUMNS[name]) <= set(table.columns)
    assert all(isinstance(value, str) for value in table.to_numpy().ravel())
    with pytest.raises(DataError, match=f"{name}.tsv cannot be read"):
        paper.read_table(name, tmp_path)
    path, text = tmp_path / f"{name}.tsv", (data_dir() / "paper" / f"{name}.tsv").read_text()
    path.write_text(text.replace(COLUMNS[name][-1], "other", 1))
    with pytest.raises(DataError, match=rf"{name}.tsv must have rows, and the columns {COLUMNS[name][-1]}"):
        paper.read_table(name, tmp_path)
    path.write_text(text.splitlines()[0] + "\n")
    with pytest.raises(DataError, match="must have rows"):
        paper.read_table(name, tmp_path)
    path.write_text(text + "cut\n")
    with pytest.raises(DataError, match=rf"line {len(text.splitlines()) + 1}: expected \d+ fields, got 1"):
        paper.read_table(name, tmp_path)
    path.write_bytes(b"\xff\xfe\x00" + text.encode())
    with pytest.raises(DataError, match="cannot be read"):
        paper.read_table(name, tmp_path)


def test_a_number_that_is_none_is_an_error_of_its_table(tables):
    folder = tables("depth", "delta1", "0.9l5", model="UniK3D", dataset="NYU")
    with pytest.raises(DataError, match=r"depth\.tsv, column delta1.*'0\.9l5'"):
        paper.numbers("depth", folder)
    tables("depth", "delta1", "0.965", model="UniK3D", dataset="NYU")
    tables("depth_averages_as_printed", "over", "NYU+Mars", model="DepthLM-7B")
    with pytest.raises(DataError, match="'Mars' is none of NYU"):
        paper.recomputed_averages("depth", folder)
    tables("votes", "items", "0", benchmark="ImgEdit")
    with pytest.raises(
        DataError, match=r"votes\.tsv, column items: expected a whole number above 0, got '0'"
    ):
        paper.plausible_studies(paper.win_rates(), folder=folder)
    with pytest.raises(InputError, match="name must be one of"):
        paper.read_table("../secrets")
