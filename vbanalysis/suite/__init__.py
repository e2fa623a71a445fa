"""The suite: notebooks listed in `suite.yaml`, run by papermill with checked parameters, reported as HTML.

>>> from vbanalysis.suite import load_suite, run, write_report
>>> suite = load_suite("notebooks")  # doctest: +SKIP
>>> runs = run(suite, profile="quick", parameters={"seed": 3})  # doctest: +SKIP
>>> write_report(suite)  # doctest: +SKIP
"""

from vbanalysis.suite._config import Notebook, Profile, Suite, load_suite
from vbanalysis.suite._parameters import Parameter, Text
from vbanalysis.suite._report import write_report
from vbanalysis.suite._results import Cause, NotebookRun, read_results
from vbanalysis.suite._run import parse_assignment, run

__all__ = [
    "Cause",
    "Notebook",
    "NotebookRun",
    "Parameter",
    "Profile",
    "Suite",
    "Text",
    "load_suite",
    "parse_assignment",
    "read_results",
    "run",
    "write_report",
]
