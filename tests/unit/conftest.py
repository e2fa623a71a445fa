"""What the tests of the commands share."""

import sys

import pytest

from vbanalysis.cli import main


@pytest.fixture
def vbanalysis(monkeypatch, capsys):
    """Run the command in this process: exit code, standard output, standard error."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["vbanalysis", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def refused(vbanalysis):
    """Run what must fail with one line and exit code 2; return that line."""

    def run(*words):
        code, out, err = vbanalysis(*words)
        assert (code, out) == (2, "")
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        return err

    return run
