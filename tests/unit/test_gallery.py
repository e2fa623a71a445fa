import contextlib
import hashlib
import http.server
import shutil
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet, Fetchable, gallery
from vbanalysis.errors import DataError, InputError, VbanalysisError
from vbanalysis.paths import data_dir


@pytest.fixture
def pictures(tmp_path_factory):
    """A gallery of three outputs on two inputs, as the server would have it."""
    root = tmp_path_factory.mktemp("server")
    paths = ["depth/a_0.jpg", "depth/a_1.png", "sem/b.jpg", "sem/b-1.png", "sem/b-2.png"]
    for number, path in enumerate(paths):
        place = root / "files" / "images" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (20, 30 + number, 3), dtype=np.uint8)
        Image.fromarray(noise).save(place)
    return root


@pytest.fixture
def shipped(pictures, tmp_path, monkeypatch):
    """The gallery's tables for these pictures, and empty caches."""
    folder = tmp_path / "data" / "gallery"
    folder.mkdir(parents=True)
    lines = ["path\tbytes\tsha256"]
    for place in sorted(pictures.rglob("*.*")):
        data = place.read_bytes()
        lines.append(
            f"{place.relative_to(pictures).as_posix()}\t{len(data)}\t{hashlib.sha256(data).hexdigest()}"
        )
    (folder / "pictures.tsv").write_text("\n".join(lines) + "\n")
    (folder / "outputs.tsv").write_text(
        "output\tinput\ttask\tprompt\n"
        "files/images/depth/a_1.png\tfiles/images/depth/a_0.jpg\tdepth\tA depth map.\n"
        'files/images/sem/b-1.png\tfiles/images/sem/b.jpg\tsemantic\t{"cat": "red"}\n'
        "files/images/sem/b-2.png\tfiles/images/sem/b.jpg\tsemantic\tThe cat is red.\n"
    )
    monkeypatch.setattr(gallery, "data_dir", lambda: tmp_path / "data")
    monkeypatch.setattr("vbanalysis.datasets.registry.user_cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr("vbanalysis.paths.user_cache_dir", lambda: tmp_path / "cache")
    monkeypatch.delenv("VBANALYSIS_CACHE", raising=False)
    return tmp_path


@pytest.fixture
def cached(pictures, shipped, monkeypatch):
    """All pictures in the folder that VBANALYSIS_CACHE names."""
    place = shipped / "shared"
    shutil.copytree(pictures, place / "vision-banana-gallery")
    monkeypatch.setenv("VBANALYSIS_CACHE", str(place))
    return place / "vision-banana-gallery" / "files" / "images"


@pytest.fixture
def server(pictures, monkeypatch):
    """Serves the pictures on the loopback; `faults` says what goes wrong, by path."""
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)

    seen = SimpleNamespace(faults={}, asked=[], url="")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(pictures))

        def do_GET(self):
            path = self.path.removeprefix("/files/images/")
            seen.asked.append(path)
            pending = seen.faults.get(path)
            match pending.pop(0) if pending else None:
                case "wrong":
                    self.answer(b"another picture")
                case "missing":
                    self.send_error(404)
                case "dropped":
                    self.answer(b"half a picture", promised=1_000_000)
                case "refused":
                    self.close_connection = True
                case _:
                    super().do_GET()

        def answer(self, body, promised=None):
            self.send_response(200)
            self.send_header("Content-Length", str(promised or len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        seen.url = f"http://127.0.0.1:{httpd.server_port}"
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield seen
        httpd.shutdown()
        thread.join()


def test_the_shipped_tables_name_the_30_published_outputs_and_their_54_files():
    published = gallery.Gallery()
    about = published.describe()
    assert (about["samples"], about["files"]) == (30, 54)
    assert len(set(published.ids())) == 30
    assert "depth/depth_banana_1" in published.ids()
    counts = {
        task: len(gallery.Gallery(task).entries)
        for task in ("depth", "instance", "normals", "referring", "semantic")
    }
    assert counts == {"depth": 7, "instance": 8, "normals": 5, "referring": 5, "semantic": 5}
    assert not [path for path in (data_dir() / "gallery").iterdir() if path.suffix != ".tsv"]


def test_it_is_a_data_set_that_says_its_licence(shipped):
    published = gallery.load()
    assert isinstance(published, DataSet)
    assert isinstance(published, Fetchable)
    assert "local runs only" in published.describe()["licence"]


def test_a_sample_is_the_input_the_output_and_the_prompt(cached):
    sample = gallery.load()["sem/b-1"]
    assert sample.image.shape == (20, 32, 3)
    assert sample.output.shape == (20, 33, 3)
    assert (sample.id, sample.task, sample.prompt) == ("sem/b-1", "semantic", '{"cat": "red"}')
    np.testing.assert_array_equal(sample.output, np.asarray(Image.open(cached / "sem" / "b-1.png")))


def test_it_counts_indexes_and_iterates_over_what_is_at_hand(cached):
    published = gallery.load()
    assert len(published) == 3
    assert [sample.id for sample in published] == ["depth/a_1", "sem/b-1", "sem/b-2"]
    assert published[-1].id == "sem/b-2"
    with pytest.raises(IndexError):
        published[3]
    (cached / "sem" / "b-1.png").unlink()
    assert [sample.id for sample in published] == ["depth/a_1", "sem/b-2"]
    assert published.missing() == ("sem/b-1",)
    with pytest.raises(
        DataError, match=r"b-1.png of 'gallery' is not on disk: run  vbanalysis data fetch gallery"
    ):
        published["sem/b-1"]
    (cached / "sem" / "b.jpg").unlink()  # without its input an output is no sample
    assert len(published) == 1


@pytest.mark.parametrize("given", [("semantic", None), (None, "semantic"), ("semantic", "semantic")])
def test_a_task_may_be_the_argument_or_an_option(cached, given):
    argument, task = given
    assert [sample.task for sample in gallery.load(argument, task=task)] == ["semantic"] * 2


def test_an_unknown_task_or_id_lists_what_there_is(shipped):
    with pytest.raises(InputError, match=r"task must be one of depth, semantic.* got 'optical flow'"):
        gallery.load("optical flow")
    with pytest.raises(InputError, match="one task, got 'depth' and 'semantic'"):
        gallery.load("depth", task="semantic")
    with pytest.raises(InputError, match="no sample 'a_1' in the gallery: there are depth/a_1, sem/b-1"):
        gallery.load()["a_1"]


def test_without_any_picture_it_says_how_to_get_them(shipped):
    published = gallery.load()
    assert len(published) == 0
    for ask in (lambda: list(published), lambda: published[0]):
        with pytest.raises(
            DataError, match=r"none of the 3 outputs .* vbanalysis data fetch gallery"
        ) as caught:
            ask()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + b"?"])
def test_a_damaged_picture_is_named_and_never_decoded(cached, damage):
    place = cached / "sem" / "b-1.png"
    place.write_bytes(damage(place.read_bytes()))
    published = gallery.load()
    with pytest.raises(DataError, match=r"b-1.png is damaged.* run  vbanalysis data fetch gallery"):
        published["sem/b-1"]
    assert published["sem/b-2"].id == "sem/b-2"
    assert [(s.file.path, s.state, s.where) for s in published.verify() if s.state != "ok"] == [
        ("files/images/sem/b-1.png", "damaged", place)
    ]


def test_a_file_is_hashed_once_a_process(cached, monkeypatch):
    digests = []
    digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *given: digests.append(1) or digest(*given))
    for _ in range(3):
        assert len(list(gallery.load("depth"))) == 1
    assert len(digests) == 2


def test_fetching_gets_what_is_missing_and_reports_each_file(shipped, server):
    heard = []
    published = gallery.load()
    fetched = published.fetch(base_url=server.url, retries=0, on_file=heard.append)
    assert len(fetched) == len(heard) == 5
    assert len(published) == 3
    assert {status.state for status in published.verify()} == {"ok"}
    assert published.fetch(base_url=server.url) == []
    assert len(server.asked) == 5


def test_fetching_one_task_leaves_the_others(shipped, server):
    assert len(gallery.load("depth").fetch(base_url=server.url)) == 2


def test_fetching_repairs_what_another_cache_holds_damaged(cached, server):
    (cached / "sem" / "b.jpg").write_bytes(b"")
    published = gallery.load()
    assert [file.path for file in published.fetch(base_url=server.url)] == ["files/images/sem/b.jpg"]
    assert published["sem/b-1"].image.shape == (20, 32, 3)
    assert (cached / "sem" / "b.jpg").read_bytes() == b""  # the named cache is only read


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("missing", "the server refuses it .*404"),
        ("wrong", "what came has another hash"),
        ("dropped", "the transfer broke off"),
    ],
)
def test_a_file_at_fault_is_named_the_rest_comes_and_the_next_call_goes_on(shipped, server, fault, reason):
    server.faults["depth/a_1.png"] = [fault]
    published = gallery.load()
    with pytest.raises(DataError, match=rf"1 of 5 files .*a_1.png: {reason}.*4 were fetched") as caught:
        published.fetch(base_url=server.url, retries=0)
    assert "\n" not in str(caught.value)
    assert published.missing() == ("depth/a_1",)
    leftovers = [place for place in shipped.rglob("cache/**/*") if place.is_file()]
    assert len(leftovers) == 4
    assert [file.path for file in published.fetch(base_url=server.url)] == ["files/images/depth/a_1.png"]
    assert len(published) == 3


def test_a_fault_that_passes_is_tried_again(shipped, server):
    server.faults["depth/a_1.png"] = ["dropped", "wrong"]
    assert len(gallery.load("depth").fetch(base_url=server.url, retries=2)) == 2


def test_a_server_that_keeps_failing_is_left_alone(shipped, server):
    server.faults.update({path: ["missing"] for path in ("depth/a_0.jpg", "depth/a_1.png", "sem/b.jpg")})
    with pytest.raises(DataError, match=r"5 of 5 files .*a_0.jpg: .*\(and 2 more\)"):
        gallery.load().fetch(base_url=server.url, retries=0)
    assert len(server.asked) == 3


def test_without_a_connection_it_stops_at_once(shipped, server):
    server.faults["depth/a_1.png"] = ["refused"]
    heard = []
    with pytest.raises(DataError, match=r"4 of 5 files .* no connection to http://127.0.0.1"):
        gallery.load().fetch(base_url=server.url, retries=0, on_file=heard.append)
    assert len(heard) == 1


def test_fetching_is_silent_on_the_terminal(shipped, server, capfd):
    with contextlib.suppress(VbanalysisError):
        gallery.load("depth").fetch(base_url=server.url)
    assert capfd.readouterr() == ("", "")


def test_spec_strings_reach_it():
    assert plugins.load("datasets", "gallery:depth").task == "depth"
    assert plugins.load("datasets", "gallery?task=normals").task == "normals"


def test_the_published_pictures_at_hand_are_whole():
    published = gallery.Gallery()
    if not len(published):
        pytest.skip(
            "the gallery is in no cache folder: set VBANALYSIS_CACHE or run vbanalysis data fetch gallery"
        )
    assert "damaged" not in {status.state for status in published.verify()}
    sample = published[0]
    assert sample.output.dtype == np.uint8
    assert sample.prompt
