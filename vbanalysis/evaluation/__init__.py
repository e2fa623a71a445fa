"""Evaluation: a data set, a task and a model become one record a sample, and a table with intervals."""

from vbanalysis.evaluation._compare import Comparison, compare
from vbanalysis.evaluation._legend import LegendVote, ask_legends, permuted_legends
from vbanalysis.evaluation._plan import CallPlan, plan_calls
from vbanalysis.evaluation._predict import predict
from vbanalysis.evaluation._results import Results, open_run
from vbanalysis.evaluation._run import evaluate, rescore

__all__ = [
    "CallPlan",
    "Comparison",
    "LegendVote",
    "Results",
    "ask_legends",
    "compare",
    "evaluate",
    "open_run",
    "permuted_legends",
    "plan_calls",
    "predict",
    "rescore",
]
