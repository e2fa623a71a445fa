"""nuScenes explained by scale alone: each explanation gives the printed delta1, and AbsRel follows."""

import numpy as np
import pytest

from vbanalysis.errors import InputError
from vbanalysis.studies.paper.scale_explained import rests, scale_explained, scored
from vbanalysis.studies.scale_error import absrel, delta1, spread_over_images


@pytest.fixture(scope="module")
def table():
    return scale_explained()


def test_rivals_are_those_that_are_better_and_have_both_figures():
    ours, rivals = scored()
    assert float(ours.delta1.value) == 0.643
    assert [rival.model for rival in rivals] == [
        "UniK3D",
        "MoGe-2",
    ]
    with pytest.raises(InputError, match="prints no delta1 and AbsRel"):
        scored("nowhere")


def test_the_rests_have_the_rivals_figures():
    for rival in scored()[1]:
        found = rests(rival)
        assert len(found) >= 2
        for name, errors in found.items():
            assert delta1(1, errors) == pytest.approx(float(rival.delta1.value), abs=1e-6)
            if name != "one normal":
                assert absrel(1, errors) == pytest.approx(float(rival.absrel.value), abs=1e-6)


def test_each_explanation_comes_to_the_printed_delta1(table):
    errors = {rival.model: rests(rival) for rival in scored()[1]}
    for row in table[table.rest_of != "nobody"].itertuples():
        rest = errors[row.rest_of][row.rest]
        if row.scale == "own for each image":
            found = delta1(1, spread_over_images(rest, float(np.log(row.factor))))
        else:
            found = delta1(row.factor, rest)
            assert (row.factor < 1) == (row.scale == "too near")
        assert found == pytest.approx(0.643, abs=1e-6)
        assert row.low <= row.factor <= row.high


def test_too_near_and_too_far_are_told_apart_by_absrel(table):
    heavy = table[(table.rest_of != "nobody") & (table.rest != "one normal")]
    near, far = (heavy[heavy.scale == scale].absrel for scale in ("too near", "too far"))
    assert near.max() < far.min()


def test_the_row_without_a_rival_has_both_printed_figures(table):
    row = table[table.rest_of == "nobody"].iloc[0]
    spread = float(row.rest.rpartition(" ")[2])
    from vbanalysis.studies.scale_error import LogErrors

    assert delta1(row.factor, LogErrors((1.0,), (spread,))) == pytest.approx(0.643, abs=2e-3)
    assert absrel(row.factor, LogErrors((1.0,), (spread,))) == pytest.approx(0.219, abs=2e-3)
