"""What the paper's own numbers add up to: nothing is measured here, everything is recomputed from quotes.

`data/paper/README.md` says where each number comes from. A printed number stands for all that round to it,
and whatever is computed from printed numbers carries the range that their rounding leaves.
"""

from vbanalysis.studies.paper.averages import AVERAGES, averages_as_printed, products, recomputed_averages
from vbanalysis.studies.paper.claims import claims
from vbanalysis.studies.paper.leads import Lead, images, lead, undoing_spread
from vbanalysis.studies.paper.numbers import FAMILIES, Family, numbers
from vbanalysis.studies.paper.rankings import LeftOut, ranked_without
from vbanalysis.studies.paper.rounding import Printed, Verdict, verdict
from vbanalysis.studies.paper.tables import read_table
from vbanalysis.studies.paper.versions import Factors, differences, factors, instance_versions, subsets
from vbanalysis.studies.paper.votes import (
    WinRate,
    curves,
    plausible_studies,
    votes_needed,
    win_rates,
)

__all__ = [
    "AVERAGES",
    "FAMILIES",
    "Factors",
    "Family",
    "Lead",
    "LeftOut",
    "Printed",
    "Verdict",
    "WinRate",
    "averages_as_printed",
    "claims",
    "curves",
    "differences",
    "factors",
    "images",
    "instance_versions",
    "lead",
    "numbers",
    "plausible_studies",
    "products",
    "ranked_without",
    "read_table",
    "recomputed_averages",
    "subsets",
    "undoing_spread",
    "verdict",
    "votes_needed",
    "win_rates",
]
