"""Lets `pytest --nbmake` run the notebooks in the same kernel as `vbanalysis suite run`.

nbmake takes any `python3` that Jupyter finds, over unencrypted TCP, and offers no option for either.
"""

from functools import partial

import pytest

from vbanalysis.suite._kernel import SuiteKernel


def pytest_configure(config: pytest.Config) -> None:
    if config.pluginmanager.hasplugin("nbmake"):
        import nbclient
        import nbmake.nb_run

        nbmake.nb_run.NotebookClient = partial(nbclient.NotebookClient, kernel_manager_class=SuiteKernel)
