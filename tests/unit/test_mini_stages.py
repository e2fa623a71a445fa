import pytest

from vbanalysis.errors import InputError
from vbanalysis.mini.training.stages import Stage, load_stage, stages_dir

SHIPPED = sorted(path.stem for path in stages_dir().glob("*.yaml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_stage_can_be_read_and_says_what_it_is_for(name):
    stage = load_stage(name)
    assert stage.name == name
    assert stage.about
    assert stage.start is None or stage.start in SHIPPED


def test_the_base_never_sees_a_vision_task():
    assert set(load_stage("base").mixture) == {"generation", "edit"}


def test_the_tuned_one_goes_on_from_the_base_with_its_trade_mixed_in():
    tuned = load_stage("tuned")
    assert tuned.start == "base"
    assert {"generation", "edit", "depth", "normals", "semantic", "instance", "referring"} == set(
        tuned.mixture
    )


def test_the_rate_rises_stays_and_falls():
    stage = Stage(name="x", mixture={"depth": 1}, samples=1000, batch=10, warmup=100, cooldown=0.5)
    assert stage.rate(0) == pytest.approx(0.1)
    assert stage.rate(90) == stage.rate(500) == 1
    assert stage.rate(750) == pytest.approx(0.5)
    assert stage.rate(1000) == 0


def test_settings_of_a_file_can_be_replaced_and_none_leaves_them(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nmixture: {depth: 1}\nsamples: 10\nstart: base\n")
    assert load_stage(path).start == load_stage(path, start=None).start == "base"
    assert load_stage(path, start="other.safetensors").start == "other.safetensors"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name: x\nmixture: {depth: 1}\n", "samples"),
        ("name: x\nmixture: {depth: 1}\nsamples: 0\n", "samples"),
        ("name: x\nmixture: {colour: 1}\nsamples: 5\n", "mixture"),
        ("name: x\nmixture: {depth: 0}\nsamples: 5\n", "share above 0"),
        ("name: x\nmixture: {depth: 1}\nsamples: 5\nspeed: 3\n", "speed"),
        ("name: x\nmixture: {depth: 1}\nsamples: 5\nsplit: mars\n", "there are train"),
        ("name: x\nmixture: {depth: 1}\nsamples: 5\nnetwork: {size: 30}\n", "halve"),
        (
            "name: x\nmixture: {edit: 1}\nsamples: 5\nhead: regression\nnetwork: {outputs: 16}\n",
            "cannot answer edit",
        ),
        ("name: x\nmixture: {depth: 1}\nsamples: 5\nhead: regression\n", "has 16 channels, got 3"),
        ("name: x\nmixture: {depth: 1}\nsamples: 5\nnetwork: {outputs: 16}\n", "has 3 channels, got 16"),
        ("name: x\nmixture: {depth: .nan}\nsamples: 5\n", "finite"),
        ("name: x\nmixture: {depth: .inf}\nsamples: 5\n", "finite"),
        ("name: x\nmixture: {depth: 1}\nsamples: 5\nmuon_lr: .inf\n", "muon_lr.*finite"),
        ("name: x\nmixture: {depth: 1}\nsamples: 5\nadam_lr: .nan\n", "adam_lr.*finite"),
        (
            "name: x\nmixture: {depth: 1}\nsamples: 5\nexpressions: [shape]\n",
            "no kind 'shape': there are attr",
        ),
        ("name: x\nmixture: {depth: 1}\nsamples: 5\nexpressions: []\n", "expressions"),
        ("name: x\nmixture: {depth: 1}\nsamples: 5\nscenes: 0\n", "scenes"),
        ("name: ../x\nmixture: {depth: 1}\nsamples: 5\n", "name"),
        ("- a list\n", "is not a stage"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(tmp_path, text, word):
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=word) as caught:
        load_stage(path)
    assert "wrong.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_stage_is_answered_with_those_that_there_are():
    with pytest.raises(InputError, match=r"there are base, .*tuned"):
        load_stage("basis")


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_stage(tmp_path / "none.yaml")
