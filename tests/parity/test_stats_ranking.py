"""The area under the ROC curve against scipy's Mann-Whitney U and against counting all pairs."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from vbanalysis.errors import InputError
from vbanalysis.stats import auc, roc_auc


@pytest.mark.parametrize("levels", [3, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_the_area_is_mann_whitneys_and_that_of_all_pairs(levels, seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, 80) / levels
    events = rng.random(80) < 0.3
    above, below = scores[events], scores[~events]
    expected = mannwhitneyu(above, below).statistic / (len(above) * len(below))
    pairs = np.mean([(a > b) + 0.5 * (a == b) for a in above for b in below])
    assert auc(scores, events) == pytest.approx(expected)
    assert auc(scores, events) == pytest.approx(pairs)
    found = roc_auc(scores, events)
    assert found.value == pytest.approx(expected)
    assert found.low <= found.value <= found.high


def test_events_alone_have_no_area():
    assert np.isnan(auc(np.arange(3.0), np.ones(3, bool)))
    assert np.isnan(roc_auc(np.arange(6.0), np.zeros(6, bool)).value)


def test_clusters_are_drawn_whole():
    rng = np.random.default_rng(1)
    scores, events = rng.random(40), rng.random(40) < 0.5
    twice = roc_auc(np.tile(scores, 2), np.tile(events, 2), clusters=list(range(40)) * 2)
    alone = roc_auc(scores, events)
    assert twice.value == pytest.approx(alone.value)
    assert twice.high - twice.low == pytest.approx(alone.high - alone.low, rel=0.1)


@pytest.mark.parametrize("events", [np.array([0, 1, 1]), np.array([True, False])])
def test_events_that_are_no_row_of_booleans_are_refused(events):
    with pytest.raises(InputError, match="events must be 3 booleans"):
        roc_auc(np.arange(3.0), events)
