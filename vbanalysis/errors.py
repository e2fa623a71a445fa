"""Every error that vbanalysis raises on purpose.

All derive from `VbanalysisError`, so a caller (and the command line) can tell
"your input is not usable, here is why" from a defect of the package. Each also
derives from the built-in error that a Python user would expect.
"""

from __future__ import annotations


class VbanalysisError(Exception):
    """Base of all deliberate errors; the command line prints it in one line and exits with 2."""


class InputError(VbanalysisError, ValueError):
    """An argument cannot be used: wrong shape, dtype, range or value."""


class ImageError(VbanalysisError, OSError):
    """An image file is missing, damaged, hostile or of a kind that cannot be read as RGB."""


class InstructionError(VbanalysisError, ValueError):
    """A prompt cannot be read; the message quotes the place."""


class DataError(VbanalysisError, OSError):
    """A data set or one of its files is missing, damaged or not what its registry says."""


class PluginError(VbanalysisError, LookupError):
    """A plugin name is unknown or ambiguous, or the plugin cannot be loaded."""


class MissingDependencyError(VbanalysisError, ImportError):
    """An optional package is needed; the message holds the command that installs it."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package!r}: run  pip install 'vbanalysis[{extra}]'")


class TrainingError(VbanalysisError, RuntimeError):
    """Training cannot go on: a loss is not finite, or a process of it was killed."""


class SuiteError(VbanalysisError, RuntimeError):
    """A notebook of the suite, or a parameter given to it, is at fault."""


class ModelError(VbanalysisError, RuntimeError):
    """A model gave no answer that can be used: it refused, or failed again and again."""


class StopError(VbanalysisError, RuntimeError):
    """No question is answered for now: a run ends with it, and the same command goes on later."""


class BudgetError(StopError):
    """The next call would cross a limit.

    Attributes:
        cost: US dollars that the call was expected to cost at most, or None where that is not known.
    """

    cost: float | None = None
