import shlex
import signal

import pandas as pd
import pytest
import yaml

from vbanalysis.cli import mini as commands
from vbanalysis.images import read_rgb
from vbanalysis.mini.training import run as training
from vbanalysis.mini.training.curves import read_curve
from vbanalysis.mini.weights import find_weights, read_weights


@pytest.fixture
def stage_file(tiny_stage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stage = tiny_stage(mixture={"depth": 1.0, "generation": 1.0})
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(stage.model_dump(mode="json")))
    return "tiny.yaml"


def samples_of(folder):
    return int(read_weights(folder / "weights.safetensors")[1]["samples"])


def test_it_trains_says_where_the_weights_are_and_how_to_go_on(vbanalysis, stage_file, tmp_path):
    words = ["mini", "pretrain", "--stage", stage_file, "--processes", 1]
    code, out, err = vbanalysis(*words, "--samples", 8)
    assert code == 0, err
    where, again, tried = out.splitlines()
    assert where == "runs/mini/tiny/weights.safetensors: 8 of 24 samples"
    assert "tiny 100%" in err
    assert "8/8" in err
    assert samples_of(tmp_path / "runs/mini/tiny") == 8

    command = shlex.split(again.removeprefix("go on with"))
    assert command == ["vbanalysis", *map(str, words)]
    code, out, err = vbanalysis(*command[1:])
    assert code == 0, err
    assert "24 of 24 samples" in out
    assert "go on with" not in out
    assert (tmp_path / "runs/mini/tiny/samples/0000024.png").exists()

    command = shlex.split(tried.removeprefix("try"))
    code, _, err = vbanalysis(*command[1:])
    assert code == 0, err
    assert read_rgb(tmp_path / "ball.png").shape == (32, 32, 3)


def test_the_bar_shows_the_losses_by_task(vbanalysis, stage_file, monkeypatch):
    monkeypatch.setattr("vbanalysis.mini.training.curves.WINDOW", 2)
    _, _, err = vbanalysis("mini", "tune", "--stage", stage_file, "--processes", 1, "-o", "here")
    assert "samples/s" in err
    assert "depth 0." in err or "depth 1." in err or "depth 2." in err
    assert [row.samples for row in read_curve(training.Path("here/curve.tsv"))] == [8, 16, 24]


def test_a_start_replaces_the_stages_own(vbanalysis, stage_file, refused):
    train = ["mini", "tune", "--stage", stage_file, "--processes", 1, "--samples", 4]
    vbanalysis(*train, "-o", "first")
    code, out, err = vbanalysis(*train, "--start", "first/weights.safetensors", "-o", "second")
    assert code == 0, err
    assert "--start first/weights.safetensors" in out
    kept = yaml.safe_load(training.Path("second/stage.yaml").read_text())
    assert kept["start"] == "first/weights.safetensors"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_how_to_go_on(vbanalysis, stage_file, tmp_path, monkeypatch, number):
    whole_step = commands._Bar.step

    def step(bar, samples):
        whole_step(bar, samples)
        if samples == 8:
            signal.raise_signal(number)

    monkeypatch.setattr(commands._Bar, "step", step)
    code, out, _ = vbanalysis("mini", "pretrain", "--stage", stage_file, "--processes", 1)
    assert code == 130
    assert "8 of 24 samples" in out
    assert "go on with  vbanalysis mini pretrain --stage tiny.yaml --processes 1" in out
    assert samples_of(tmp_path / "runs/mini/tiny") == 8


def test_each_command_trains_its_own_stage(vbanalysis, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    trained = []

    def note(stage, folder, **options):
        trained.append((stage.name, str(folder), stage.batch % options["processes"]))
        return folder / "weights.safetensors"

    monkeypatch.setattr(training, "train", note)
    for words in (["pretrain"], ["tune"], ["control", "scratch"]):
        assert vbanalysis("mini", *words)[0] == 0
    names = ("base", "tuned", "scratch")
    assert trained == [(name, f"runs/mini/{name}", 0) for name in names]


def test_an_unknown_control_is_answered_with_those_that_there_are(refused):
    error = refused("mini", "control", "tuned")
    assert "no control 'tuned'" in error
    assert "scratch" in error
    known = error.partition("there are ")[2].partition(";")[0].split(", ")
    assert not {"base", "tuned"} & set(known)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--stage", "nothing"], "no stage 'nothing'"),
        (["--stage", "tiny.yaml", "--processes", "3"], "cannot be shared by 3"),
        (["--stage", "tiny.yaml", "--minutes", "0"], "minutes must be above 0"),
        (["--stage", "tiny.yaml", "--start", "none.safetensors"], "no weights 'none.safetensors'"),
        (["--stage", "tiny.yaml", "--out", "tiny.yaml"], "choose another"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(refused, stage_file, words, said):
    assert said in refused("mini", "pretrain", *words)


def test_it_examines_weights_and_names_what_was_met(vbanalysis, tmp_path):
    code, out, err = vbanalysis("mini", "examine", "base", "-n", 2, "-o", tmp_path / "marks.tsv")
    assert code == 0, err
    assert "depth      codec      delta1 1" in out
    assert "absrel_to_blind" in out
    table = pd.read_csv(tmp_path / "marks.tsv", sep="\t")
    assert list(table.columns) == ["task", "metric", "who", "value", "low", "high", "n"]
    assert {"depth", "normals", "semantic", "instance", "referring", "edit"} <= set(table.task)


@pytest.mark.parametrize("words", [["base"], ["-n", 2], ["--split", "validation"]])
def test_the_card_is_only_about_the_whole_examination(refused, words):
    assert "the card is about the weights tuned on 400" in refused("mini", "examine", "--card", *words)
    assert "no split 'test'" in refused("mini", "examine", "--split", "test")


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([], ("tuned", "validation", 400)),
        (["--card"], ("tuned", "heldout", 400)),
        (["--card", "-n", 400, "--split", "heldout"], ("tuned", "heldout", 400)),
        (["base", "-n", 3], ("base", "validation", 3)),
    ],
)
def test_held_out_scenes_are_kept_for_the_card(vbanalysis, monkeypatch, words, asked):
    seen = []

    def examined(weights, split, n):
        seen.append((weights, split, n))
        figures = {"task": "depth", "metric": "delta1", "who": "mini", "value": 0.5, "low": 0.4, "high": 0.6}
        yield pd.DataFrame([figures | {"n": n}])

    monkeypatch.setattr("vbanalysis.studies.report_card.report_card", examined)
    monkeypatch.setattr("vbanalysis.studies.card.write_card", lambda table, folder: seen.append("card"))
    assert vbanalysis("mini", "examine", *words)[0] == 0
    assert seen == [asked, *(["card"] if "--card" in words else [])]


def test_it_trains_a_judge_and_leaves_the_shipped_one_alone(vbanalysis, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = find_weights("judge").read_bytes()
    code, out, err = vbanalysis("mini", "judge", "--samples", 40)
    assert code == 0, err
    assert out == "wrote runs/mini/judge/weights.safetensors\n"
    assert (tmp_path / "runs/mini/judge/weights.safetensors").stat().st_size > 100_000
    assert find_weights("judge").read_bytes() == before


def test_weights_are_set_side_by_side(vbanalysis, refused, tmp_path):
    import shutil

    from vbanalysis.mini.weights import weights_dir

    (tmp_path / "copy").mkdir()
    file = shutil.copy(weights_dir() / "base.safetensors", tmp_path / "copy/weights.safetensors")
    code, out, err = vbanalysis("mini", "mixing", "base", file, "-n", 2, "-o", tmp_path / "mixing.tsv")
    assert code == 0, err
    header, one, two = out.splitlines()
    assert header.split() == [
        *("weights", "held_out_loss", "attributes", "done", "delta1"),
        *("mean_deg", "miou", "pmf1_50", "giou"),
    ]
    assert one.split()[:1] == ["base"]
    assert two.split()[:1] == ["copy"]
    assert one.split()[1:] == two.split()[1:]
    rows = (tmp_path / "mixing.tsv").read_text().splitlines()
    assert rows[0].split("\t") == ["task", "metric", "who", "value", "low", "high", "n"]
    assert "two of the weights have one name" in refused("mini", "mixing", "base", "base")
    assert "no split 'test'" in refused("mini", "mixing", "base", "--split", "test")


def test_a_seed_names_the_run_and_the_command_that_goes_on(vbanalysis, stage_file, tmp_path):
    code, out, err = vbanalysis(
        "mini", "control", "mine", "--stage", stage_file, "--seed", 3, "--processes", 1, "--samples", 4
    )
    assert code == 0, err
    assert samples_of(tmp_path / "runs/mini/tiny-seed3") == 4
    assert yaml.safe_load((tmp_path / "runs/mini/tiny-seed3/stage.yaml").read_text())["seed"] == 3
    assert "--seed 3" in out
