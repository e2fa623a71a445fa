"""A model that cannot be imported: the runtime that it stands on is nowhere to be had."""

import a_runtime_that_nobody_has


def load(argument=None):
    """Open the model in the runtime."""
    return a_runtime_that_nobody_has.open(argument)
