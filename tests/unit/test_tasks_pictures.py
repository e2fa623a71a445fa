"""The tasks whose answer is a picture: drawing and editing, through the same runner as all others."""

import json
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.datasets import DataSet
from vbanalysis.errors import DataError, PluginError
from vbanalysis.evaluation import compare, evaluate, rescore
from vbanalysis.metrics import psnr
from vbanalysis.tasks import VisionTask, edit
from vbanalysis.types import Sample

pytestmark = pytest.mark.usefixtures("one_thread")

CAPTIONS, ORDERS = "scenes:heldout?n=6&ask=generation", "scenes:heldout?n=6&ask=edit"


def task(spec):
    return plugins.load("tasks", spec, VisionTask)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return evaluate("generation", "oracle", CAPTIONS, tmp_path_factory.mktemp("drawn") / "run")


def test_a_caption_has_no_image_and_an_order_has_one():
    caption = plugins.load("datasets", CAPTIONS, DataSet)[0]
    assert caption.image is None
    assert task("generation").instruction(caption).text == caption.prompt
    order = plugins.load("datasets", ORDERS, DataSet)[0]
    assert order.image.shape == (64, 64, 3)
    assert order.info["edit"].text == task("edit").instruction(order).text


def test_the_picture_that_a_caption_was_taken_from_has_nearly_all_attributes(drawn):
    assert drawn.figures["attributes"].value > 0.9
    assert drawn.n_failed == 0
    assert "64 px" in drawn.protocol


def test_a_picture_of_another_caption_has_few():
    samples = list(plugins.load("datasets", CAPTIONS, DataSet))
    asked = task("generation")
    rows = [asked.score(other.info["target"], own) for own, other in pairwise(samples)]
    assert asked.aggregate(rows)["attributes"].value < 0.5


def test_a_larger_picture_is_read_at_the_judges_size():
    sample = plugins.load("datasets", CAPTIONS, DataSet)[1]
    large = np.asarray(Image.fromarray(sample.info["target"]).resize((256, 256), Image.Resampling.NEAREST))
    asked = task("generation")
    assert asked.score(large, sample) == asked.score(sample.info["target"], sample)


def test_an_edit_that_is_done_is_told_from_one_that_is_not(tmp_path):
    done = evaluate("edit", "oracle", ORDERS, tmp_path / "run").figures
    assert done["done"].value == done["done_kept"].value == 1
    asked = task("edit")
    rows = [asked.score(sample.image, sample) for sample in plugins.load("datasets", ORDERS, DataSet)]
    left = asked.aggregate(rows)
    assert left["done"].value == 0
    # Doing nothing keeps the picture best: no figure of its own says that an edit is good.
    assert left["psnr_before_db"].value == 60 > done["psnr_before_db"].value
    assert left["ssim_before"].value == pytest.approx(1)


def test_the_embedded_generator_draws_and_a_run_is_compared(tmp_path, drawn):
    made = evaluate("generation", "mini?steps=2", CAPTIONS, tmp_path / "mini", limit=4)
    assert made.n_failed == 0
    found = {each.metric: each for each in compare(made.folder, drawn.folder)}
    assert found["attributes"].difference.value > 0


def prompts(folder):
    content = {k: {"id": k, "prompt": "a red ball", "models": {"A": [1, 2, 3]}} for k in ("1", "2")}
    (folder / "genai_image.json").write_text(json.dumps(content))
    return f"genai-bench:{folder}"


def test_prompts_that_no_world_answers_are_drawn_and_kept_to_be_scored_later(tmp_path, monkeypatch):
    run = evaluate("generation", "mini?steps=1", prompts(tmp_path), tmp_path / "run")
    assert (run.n_failed, dict(run.figures)) == (0, {})
    assert run.picture("1").shape == (64, 64, 3)
    real = plugins.load
    monkeypatch.setattr(
        plugins, "load", lambda kind, spec, *more: Redness() if kind == "scores" else real(kind, spec, *more)
    )
    again = rescore(run.folder, tmp_path / "again", task="generation?scores=redness")
    assert again.figures["redness"].n == 2
    assert "share of red" in again.protocol


class Redness:
    name, protocol = "redness", "share of red"

    def score(self, pictures, prompts):
        assert prompts == ["a red ball"]
        return np.array([picture[..., 0].mean() / 255 for picture in pictures])

    def distance(self, pictures, others):
        return np.array([np.abs(a.astype(float) - b).mean() for a, b in zip(pictures, others, strict=True)])


def test_an_edit_of_any_picture_says_how_far_it_is_from_the_picture_before(monkeypatch):
    monkeypatch.setattr(plugins, "load", lambda *_: Redness())
    asked = edit.load(scores="redness")
    before = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    after = before.copy()
    after[:10] = 0
    row = asked.score(after, Sample("x", before, prompt="Blacken the top.", task="edit"))
    assert row["psnr_before_db"] == pytest.approx(psnr(after, before))
    assert row["redness"] > 0
    assert "done" not in row


@pytest.mark.parametrize(
    ("name", "sample", "word"),
    [
        ("generation", Sample("x", None), "no prompt for generation"),
        ("generation", Sample("x", None, prompt="a", task="edit"), "asks for edit"),
        ("edit", Sample("x", None, prompt="a", task="edit"), "no picture to edit"),
    ],
)
def test_a_sample_without_what_the_task_needs_is_refused(name, sample, word):
    with pytest.raises(DataError, match=word):
        task(name).instruction(sample)


def test_nobody_knows_the_right_picture_of_a_free_prompt():
    sample = Sample("x", None, prompt="a red ball", task="generation")
    with pytest.raises(DataError, match="picture that would be right"):
        task("generation").encode(sample, task("generation").instruction(sample))


@pytest.mark.parametrize("spec", ["generation?scores=clipscor", "edit?scores=lpip"])
def test_an_unknown_score_names_those_that_there_are(spec):
    with pytest.raises(PluginError, match="did you mean"):
        task(spec)
