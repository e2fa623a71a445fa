"""GenAI-Bench, GenAI-Arena and ImgEdit: small folders in their formats, and the published files."""

import json

import numpy as np
import pytest
from PIL import Image

from vbanalysis.datasets import DataSet, genai_arena, genai_bench, imgedit
from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.paths import samples_dir

MODELS = {"A": [5, 4, 4], "B": [1, 33, 2]}


def bench(folder, **prompts):
    content = {
        key: {"id": key, "prompt": f" {key} on a table ", "prompt in Chinese": "x", "models": models}
        for key, models in prompts.items()
    }
    (folder / genai_bench.FILE).write_text(json.dumps(content))
    return folder


def test_prompts_come_with_the_ratings_and_what_is_no_rating_is_unknown(tmp_path):
    data = genai_bench.load(str(bench(tmp_path, b=MODELS, a=MODELS)))
    assert isinstance(data, DataSet)
    assert data.ids == ("a", "b")
    assert data["b"].prompt == "b on a table"
    assert (data["b"].image, data["b"].task) == (None, "generation")
    assert data["b"].info["ratings"]["A"] == (5, 4, 4)
    assert np.isnan(data.ratings[0, 1]).tolist() == [False, True, False]
    assert data.describe()["no_ratings"] == 2


@pytest.mark.parametrize(
    ("prompts", "word"),
    [
        ({}, "no prompt"),
        ({"a": MODELS, "b": {"A": [1, 2, 3]}}, "as many ratings"),
        ({"a": MODELS, "b": {"A": [1, 2, 3], "B": [1, 2]}}, "as many ratings"),
        ({"a": {"A": ["good"]}}, "Expected `float`"),
    ],
)
def test_a_damaged_table_of_ratings_is_refused(tmp_path, prompts, word):
    with pytest.raises(DataError, match=word):
        genai_bench.load(str(bench(tmp_path, **prompts)))


@pytest.mark.parametrize("load", [genai_bench.load, imgedit.load])
def test_a_folder_is_asked_for_and_must_hold_the_files(load, tmp_path):
    with pytest.raises(InputError, match="name the folder"):
        load()
    with pytest.raises(DataError, match="get it from https"):
        load(str(tmp_path))


HEAD = "idx\thuman_vote\tgpt4o_vote\n"


def test_arena_votes_are_numbers_and_both_bad_is_told_apart(tmp_path):
    rows = [
        "0\tleftvote\t[[A>B]]",
        "1\trightvote\t[[A=B=Good]]",
        "2\tbothbad_vote\tNone",
        "3\ttievote\t[[A=B=Bad]]",
    ]
    (tmp_path / genai_arena.FILE).write_text(HEAD + "\n".join(rows) + "\n")
    votes = genai_arena.read_arena(tmp_path)
    assert votes.human.tolist() == [1, 0, 0.5, 0.5]
    assert votes.judge[[0, 1, 3]].tolist() == [1, 0.5, 0.5]
    assert np.isnan(votes.judge[2])
    assert votes.human_bad.tolist() == [False, False, True, False]
    assert votes.judge_bad.tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (HEAD, "holds no vote"),
        (HEAD + "0\tboth\t[[A>B]]\n", "line 2: human_vote is 'both'"),
        (HEAD + "0\tleftvote\n", "line 2: gpt4o_vote is None"),
    ],
)
def test_damaged_arena_votes_are_refused_with_their_line(tmp_path, text, word):
    (tmp_path / genai_arena.FILE).write_text(text)
    with pytest.raises(DataError, match=word):
        genai_arena.read_arena(tmp_path)


def edits(folder, picture=True, kind="replace", name="animal/one.jpg"):
    content = {"10": {"id": "animal/two.jpg", "prompt": "Later.", "edit_type": kind}}
    content["9"] = {"id": name, "prompt": "Make it red. ", "edit_type": kind}
    (folder / imgedit.EDITS).write_text(json.dumps(content))
    (folder / imgedit.PROMPTS).write_text(json.dumps({"replace": "Judge <edit_prompt>!"}))
    if picture:
        (folder / "animal").mkdir(exist_ok=True)
        Image.new("RGB", (20, 10), (255, 0, 0)).save(folder / "animal" / "one.jpg")
    return str(folder)


def test_edits_come_in_the_order_of_their_numbers_with_what_the_judge_is_told(tmp_path):
    data = imgedit.load(edits(tmp_path))
    assert isinstance(data, DataSet)
    assert data.ids == ("9", "10")
    sample = data["9"]
    assert (sample.prompt, sample.task, sample.image.shape) == ("Make it red.", "edit", (10, 20, 3))
    assert sample.info["judge_prompt"] == "Judge Make it red.!"
    with pytest.raises(ImageError, match=r"two\.jpg"):
        data["10"]


def test_instructions_can_be_read_without_the_pictures_or_with_pictures_elsewhere(tmp_path):
    data = imgedit.load(edits(tmp_path, picture=False))
    assert data["9"].image is None
    assert "not at hand" in data.describe()["about"]
    (tmp_path / "more").mkdir()
    edits(tmp_path / "more")
    assert imgedit.load(str(tmp_path), images=str(tmp_path / "more"))["9"].image is not None


def test_damaged_edits_are_refused(tmp_path):
    with pytest.raises(DataError, match="prompt of the judge for paint"):
        imgedit.load(edits(tmp_path, kind="paint"))
    outside = imgedit.load(edits(tmp_path, name="../one.jpg"))
    with pytest.raises(DataError, match="outside its folder"):
        outside["9"]


@pytest.mark.parametrize(
    ("answer", "mean", "obeys"),
    [
        ("Brief reasoning: it is 3 of 5.\nPrompt Compliance: 5\nVisual Naturalness: 4\nDetail: 3", 4.0, True),
        ("**Style Fidelity**: 2\n- Content Preservation: 3\nRendering Quality: 4/5", 3.0, False),
        ("Physical & Detail Integrity: 1.0\nA: 1\nB: 1.", 1.0, True),
    ],
)
def test_a_judges_scores_are_read_whatever_they_are_called(answer, mean, obeys):
    scores = imgedit.read_scores(answer)
    assert (scores.mean, scores.obeys) == (mean, obeys)


@pytest.mark.parametrize(
    "answer", ["", "I cannot rate this.", "A: 4\nB: 5", "A: 4\nB: 5\nC: 7", "A: 1\nB: 1\nC: 1\nD: 1"]
)
def test_an_answer_without_three_scores_is_refused(answer):
    with pytest.raises(DataError, match="expected 3"):
        imgedit.read_scores(answer)


def sample_files(name):
    folder = samples_dir()
    if folder is None or not (folder / name).is_dir():
        pytest.skip(f"needs the published files of {name} below VBANALYSIS_SAMPLES")
    return folder / name


def test_the_published_ratings_are_527_prompts_by_six_models_by_three_with_two_misprints():
    data = genai_bench.load(str(sample_files("genai_bench")))
    assert data.ratings.shape == (527, 6, 3)
    assert int(np.isnan(data.ratings).sum()) == 2
    assert data.models[0] == "DALLE_3"


def test_the_published_votes_of_the_arena_are_read():
    votes = genai_arena.read_arena(sample_files("genai_arena"))
    assert len(votes.human) == 1735
    assert int(votes.human_bad.sum()) == 273
    assert int(np.isnan(votes.judge).sum()) == 11


def test_the_published_edits_are_737_of_nine_types():
    data = imgedit.load(str(sample_files("imgedit")))
    samples = list(data) if not data.has_images else []
    assert len(data) == imgedit.COUNT
    assert all(sample.prompt in sample.info["judge_prompt"] for sample in samples)
    assert len({sample.info["edit_type"] for sample in samples}) in (0, 9)
