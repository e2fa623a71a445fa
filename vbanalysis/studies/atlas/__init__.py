"""The failure atlas: what went wrong in each answer of a run, measured by what a repair takes off its error.

`diagnose` reads a run's kept pictures again and holds them against the truth. Each cause of an error has a
repair, and the error is divided among the causes by what their repairs remove (`attribution`). The worst
samples are then grouped by their dominant cause (`clusters`), and known damages done to the right answer say
how far all this can be trusted (`injections`).
"""

from vbanalysis.studies.atlas.answered import Answered
from vbanalysis.studies.atlas.attribution import UNEXPLAINED, Attribution, attribute, joined
from vbanalysis.studies.atlas.causes import REPAIRS, WORDS, explain, in_words
from vbanalysis.studies.atlas.clusters import (
    Agreements,
    agreements,
    by_cause,
    clusters_table,
    confusion,
    example_cases,
    examples,
    profiles,
    stability_table,
)
from vbanalysis.studies.atlas.diagnosis import Diagnosis, causes_table, diagnose, samples_table, worst
from vbanalysis.studies.atlas.injections import INJECTIONS, Injected, Injection, inject
from vbanalysis.studies.atlas.survey import (
    SETS,
    first_causes,
    found_again,
    hits_table,
    injected,
    runs_of,
    survey,
)

__all__ = [
    "INJECTIONS",
    "REPAIRS",
    "SETS",
    "UNEXPLAINED",
    "WORDS",
    "Agreements",
    "Answered",
    "Attribution",
    "Diagnosis",
    "Injected",
    "Injection",
    "agreements",
    "attribute",
    "by_cause",
    "causes_table",
    "clusters_table",
    "confusion",
    "diagnose",
    "example_cases",
    "examples",
    "explain",
    "first_causes",
    "found_again",
    "hits_table",
    "in_words",
    "inject",
    "injected",
    "joined",
    "profiles",
    "runs_of",
    "samples_table",
    "stability_table",
    "survey",
    "worst",
]
