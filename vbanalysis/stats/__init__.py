"""How far a number can be trusted: intervals, paired tests, effect sizes, and how many units a claim needs.

A unit is what was drawn independently: an image, a scene, a voter, never a pixel. Images that share a
scene are told apart from ones that do not by `clusters`, one label a unit. All intervals are of 95 %.
"""

from vbanalysis.stats._arguments import Clusters
from vbanalysis.stats.agreement import cohen_kappa, fleiss_kappa, krippendorff_alpha, rank_correlation
from vbanalysis.stats.bootstrap import mean_estimate, resampled_estimate
from vbanalysis.stats.bradley_terry import (
    ResampledStrengths,
    Strengths,
    bradley_terry,
    davidson,
    resampled_strengths,
)
from vbanalysis.stats.clusters import DesignEffect, design_effect
from vbanalysis.stats.corrections import Corrected, benjamini_hochberg, holm
from vbanalysis.stats.effects import cliffs_delta, cohens_dz
from vbanalysis.stats.estimate import FEWEST_FOR_INTERVAL, RANGE, Estimate
from vbanalysis.stats.jackknife import jackknife_estimate
from vbanalysis.stats.paired import (
    PermutationTest,
    SignTest,
    paired_difference,
    paired_resampled_difference,
    permutation_test,
    sign_test,
)
from vbanalysis.stats.power import (
    Power,
    SampleSize,
    decisive_n,
    effective_n,
    paired_n,
    paired_power,
    win_rate_n,
    win_rate_power,
)
from vbanalysis.stats.proportions import clopper_pearson, share_estimate, wilson
from vbanalysis.stats.ranking import auc, roc_auc
from vbanalysis.stats.vote_power import SimulatedVotes, VotePlan, plan_votes, simulate_votes

__all__ = [
    "FEWEST_FOR_INTERVAL",
    "RANGE",
    "Clusters",
    "Corrected",
    "DesignEffect",
    "Estimate",
    "PermutationTest",
    "Power",
    "ResampledStrengths",
    "SampleSize",
    "SignTest",
    "SimulatedVotes",
    "Strengths",
    "VotePlan",
    "auc",
    "benjamini_hochberg",
    "bradley_terry",
    "cliffs_delta",
    "clopper_pearson",
    "cohen_kappa",
    "cohens_dz",
    "davidson",
    "decisive_n",
    "design_effect",
    "effective_n",
    "fleiss_kappa",
    "holm",
    "jackknife_estimate",
    "krippendorff_alpha",
    "mean_estimate",
    "paired_difference",
    "paired_n",
    "paired_power",
    "paired_resampled_difference",
    "permutation_test",
    "plan_votes",
    "rank_correlation",
    "resampled_estimate",
    "resampled_strengths",
    "roc_auc",
    "share_estimate",
    "sign_test",
    "simulate_votes",
    "wilson",
    "win_rate_n",
    "win_rate_power",
]
