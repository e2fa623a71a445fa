import pytest
from typer.testing import CliRunner

from vbanalysis.cli.data import app
from vbanalysis.datasets import FileStatus, RemoteFile, gallery
from vbanalysis.errors import DataError, InputError, PluginError

GOOD, BAD, GONE = (RemoteFile(f"files/{name}.png", 1_500_000, "0" * 64) for name in ("good", "bad", "gone"))


@pytest.fixture
def vbanalysis():
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.fixture
def no_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("VBANALYSIS_CACHE", raising=False)
    monkeypatch.setattr("vbanalysis.paths.user_cache_dir", lambda: tmp_path)
    return tmp_path


def stub_states(monkeypatch, **states):
    files = {"good": GOOD, "bad": BAD, "gone": GONE}
    found = [FileStatus(files[name], state, None) for name, state in states.items()]
    monkeypatch.setattr(gallery.Gallery, "verify", lambda self: found)


def test_list_shows_each_data_set_with_what_is_on_disk_and_its_licence(vbanalysis, no_cache):
    result = vbanalysis("list")
    assert result.exit_code == 0
    header, *rows = result.stdout.splitlines()
    assert header.split() == ["NAME", "SAMPLES", "FILES", "SIZE", "LICENCE"]
    lines = {row.split()[0]: row for row in rows}
    plain = {name: " ".join(row.split()) for name, row in lines.items()}
    assert "0 of 30 0 of 54 0.0 MB of 37.0 MB none stated: for local runs only" in plain["gallery"]
    assert "1 of 1 shipped" in plain["motorcycle"]
    assert (
        len({row.index(word) for row, word in [(header, "LICENCE"), (lines["gallery"], "none stated")]}) == 1
    )


def test_a_data_set_that_cannot_be_made_is_listed_with_its_reason(vbanalysis, monkeypatch):
    def refuse(self, task=None):
        raise DataError("its tables are gone")

    monkeypatch.setattr(gallery.Gallery, "__init__", refuse)
    result = vbanalysis("list")
    assert result.exit_code == 0
    assert "gallery: its tables are gone" in result.stdout
    assert "motorcycle 1 of 1" in " ".join(result.stdout.split())


def test_verify_passes_where_files_are_whole_or_not_there(vbanalysis, monkeypatch):
    stub_states(monkeypatch, good="ok", gone="missing")
    result = vbanalysis("verify", "gallery")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "missing  files/gone.png",
        "gallery: 1 ok, 0 damaged, 1 missing",
    ]


def test_verify_fails_with_1_and_names_the_damaged_file(vbanalysis, monkeypatch):
    stub_states(monkeypatch, good="ok", bad="damaged")
    result = vbanalysis("verify", "gallery")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "damaged  files/bad.png"


def test_fetch_states_the_licence_shows_progress_and_says_what_came(vbanalysis, monkeypatch, no_cache):
    def fetch(self, *, on_file):
        on_file(GOOD)
        return [GOOD]

    monkeypatch.setattr(gallery.Gallery, "fetch", fetch)
    result = vbanalysis("fetch", "gallery:depth")
    assert result.exit_code == 0
    assert result.stdout == "gallery:depth: 1 files fetched (1.5 MB)\n"
    assert "licence: none stated" in result.stderr
    assert "gallery:depth" in result.stderr


def test_what_is_shipped_needs_no_fetch(vbanalysis):
    result = vbanalysis("fetch", "motorcycle")
    assert result.exit_code == 0
    assert "motorcycle: nothing to fetch" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "kind", "reason"),
    [
        (("fetch", "galery"), PluginError, "did you mean 'gallery'"),
        (("verify", "gallery:flow"), InputError, "task must be one of"),
        (("verify", "motorcycle"), DataError, "has no registry of files"),
    ],
)
def test_a_wrong_name_is_a_deliberate_error(vbanalysis, arguments, kind, reason):
    result = vbanalysis(*arguments)
    assert isinstance(result.exception, kind)
    assert reason in str(result.exception)
