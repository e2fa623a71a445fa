import os
from pathlib import Path

import pooch
import pytest

from vbanalysis import paths
from vbanalysis.errors import DataError


def test_the_shipped_files_are_those_of_the_checkout_or_of_the_wheel():
    assert (paths.data_dir() / "gallery" / "pictures.tsv").is_file()


def test_an_installed_package_prefers_the_files_it_carries(monkeypatch, tmp_path):
    package = tmp_path / "vbanalysis"
    (package / "_data").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert paths.data_dir() == package / "_data"


def test_a_package_without_its_files_says_that_the_installation_is_incomplete(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "vbanalysis")
    with pytest.raises(DataError, match="install the package again"):
        paths.data_dir()


def test_the_user_cache_is_the_folder_that_pooch_would_use():
    assert paths.user_cache_dir() == Path(pooch.os_cache("vbanalysis"))


def test_the_named_cache_comes_before_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("VBANALYSIS_CACHE", str(tmp_path))
    assert paths.cache_dirs() == [tmp_path, paths.user_cache_dir()]


@pytest.mark.parametrize("value", [None, "", "  ", "/nowhere/at/all"])
def test_a_cache_that_is_not_there_is_skipped(monkeypatch, value):
    monkeypatch.delenv("VBANALYSIS_CACHE", raising=False)
    if value is not None:
        monkeypatch.setenv("VBANALYSIS_CACHE", value)
    assert paths.cache_dirs() == [paths.user_cache_dir()]


def test_samples_are_optional_but_a_wrong_name_for_them_is_an_error(monkeypatch, tmp_path):
    monkeypatch.delenv("VBANALYSIS_SAMPLES", raising=False)
    assert paths.samples_dir() is None
    monkeypatch.setenv("VBANALYSIS_SAMPLES", str(tmp_path))
    assert paths.samples_dir() == tmp_path
    monkeypatch.setenv("VBANALYSIS_SAMPLES", str(tmp_path / "typo"))
    with pytest.raises(DataError, match=r"VBANALYSIS_SAMPLES names .*typo.* unset it"):
        paths.samples_dir()


def test_figures_go_where_they_are_sent_else_to_the_checkout_else_to_the_current_folder(
    monkeypatch, tmp_path
):
    monkeypatch.delenv("VBANALYSIS_FIGURES", raising=False)
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "site-packages" / "vbanalysis")
    deep = tmp_path / "clone" / "notebooks"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert paths.figures_dir() == deep / "figures"
    (tmp_path / "clone" / "pyproject.toml").write_text('[project]\nname = "vbanalysis"\n')
    assert paths.figures_dir() == tmp_path / "clone" / "figures"
    monkeypatch.setenv("VBANALYSIS_FIGURES", str(tmp_path / "elsewhere"))
    assert paths.figures_dir() == tmp_path / "elsewhere"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    target = tmp_path / "result"
    target.write_bytes(b"before")

    def killed_half_way():
        with paths.replacing(target) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed_half_way()
    assert target.read_bytes() == b"before"
    with paths.replacing(target) as file:
        file.write(b"after")
    assert target.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_as_such(tmp_path):
    with pytest.raises(DataError, match="no space is left"), paths.replacing(tmp_path / "x"):
        Path("/dev/full").write_bytes(b"x")


def test_a_place_that_cannot_be_written_says_why_and_what_to_do(tmp_path):
    for target, reason in [
        (tmp_path / "none" / "x", "does not exist; create it first"),
        (tmp_path, "it is a folder"),
        (Path(os.devnull), "no regular file"),
    ]:
        with pytest.raises(DataError, match=reason), paths.replacing(target) as file:
            file.write(b"x")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_says_so(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="not writable"), paths.replacing(tmp_path / "x"):
        pass


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/home/ada/data/nyu", "~/data/nyu"),
        ("nyuv2:/home/ada/data?x=1 and '/home/ada'", "nyuv2:~/data?x=1 and '~'"),
        ("file:///home/ada/a.html", "file://~/a.html"),
        ('{"a": "/home/ada"}', '{"a": "~"}'),
        ("/home/adam /home/ada-2 /home/ada.old", "/home/adam /home/ada-2 /home/ada.old"),
        ("/mnt/home/ada/x ~/home/ada", "/mnt/home/ada/x ~/home/ada"),
        ("It is in /home/ada. There.", "It is in ~. There."),
    ],
)
def test_what_is_written_names_no_home(monkeypatch, text, told):
    monkeypatch.setenv("HOME", "/home/ada")
    assert paths.homeless(text) == told


def test_a_home_that_is_the_root_is_left(monkeypatch):
    monkeypatch.setenv("HOME", "/")
    assert paths.homeless("/data/nyu") == "/data/nyu"
