import resource
import shutil
import signal
import sys

import numpy as np
import pytest
import torch

from vbanalysis.errors import DataError, InputError, TrainingError
from vbanalysis.images import read_rgb
from vbanalysis.mini.network import Network, NetworkConfig
from vbanalysis.mini.training import curves, trainee
from vbanalysis.mini.training.batches import TASKS, collate, training_batch
from vbanalysis.mini.training.contact import contact_sheet, sheet_exercises
from vbanalysis.mini.training.curves import Progress, read_curve, read_goes, write_curve
from vbanalysis.mini.training.losses import painting_losses
from vbanalysis.mini.training.run import train
from vbanalysis.mini.training.stages import load_stage
from vbanalysis.mini.training.trainee import Trainee
from vbanalysis.mini.weights import read_weights, save_weights
from vbanalysis.paths import data_dir


@pytest.fixture(autouse=True)
def _rows_often(monkeypatch):
    monkeypatch.setattr(curves, "WINDOW", 2)


def losses_of(network, batch):
    with torch.inference_mode():
        painting = network(batch.noisy, batch.level, batch.image, batch.has_image, batch.text)
        return painting_losses(painting, batch).each


def checkpoint(folder):
    return torch.load(folder / "checkpoint.pt", weights_only=True)


def same(one, other):
    """Whether two states hold the same bits."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            same(one[key], other[key]) for key in one if key != "seconds"
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.fixture
def stage(tiny_stage):
    return tiny_stage(mixture={"depth": 1.0, "semantic": 1.0})


@pytest.fixture
def run(stage, tmp_path):
    """The folder of a run that was stopped after 8 of 24 samples."""
    train(stage, tmp_path / "run", until=8)
    return tmp_path / "run"


def test_a_few_steps_bring_down_the_loss_of_every_task(tiny_stage):
    exercises = [
        exercise
        for task in TASKS
        for exercise in training_batch(tiny_stage(mixture={task: 1.0}), range(2))[1]
    ]
    noise = np.random.default_rng(0).standard_normal((len(exercises), 3, 32, 32), np.float32)
    batch = collate(exercises, [1.0] * len(exercises), noise)
    learner = Trainee.start(tiny_stage(samples=10_000, cooldown=0.0, muon_lr=0.01))
    before = losses_of(learner.network, batch)
    for _ in range(40):
        learner.step(batch, exercises)
    after = losses_of(learner.network, batch)
    for number, task in enumerate(TASKS):
        mine = batch.task == number
        assert after[mine].mean() < 0.7 * before[mine].mean(), task


def test_a_run_that_was_stopped_ends_in_the_same_bits_and_curve_as_one_that_was_not(stage, run, tmp_path):
    train(stage, run, until=12)
    train(stage, run)
    train(stage, tmp_path / "whole")
    assert same(checkpoint(run), checkpoint(tmp_path / "whole"))
    assert read_weights(run / "weights.safetensors")[1]["samples"] == "24"
    rows, undisturbed = (read_curve(folder / "curve.tsv") for folder in (run, tmp_path / "whole"))
    assert [row.samples for row in rows] == [8, 16, 24]
    assert [row.losses for row in rows] == [row.losses for row in undisturbed]


def test_a_row_that_was_half_done_when_the_run_stopped_is_ended_by_the_next_go(stage, tmp_path):
    train(stage, tmp_path / "run", until=4)
    train(stage, tmp_path / "run", until=8)
    train(stage, tmp_path / "whole", until=8)
    (row,), (undisturbed,) = (read_curve(tmp_path / name / "curve.tsv") for name in ("run", "whole"))
    assert row.losses == undisturbed.losses


def test_rows_after_the_checkpoint_are_written_again(stage, run, tmp_path):
    shutil.copytree(run, tmp_path / "earlier")
    train(stage, run)
    shutil.copy(tmp_path / "earlier/checkpoint.pt", run)
    ahead = read_curve(run / "curve.tsv")
    train(stage, run)
    assert [row.losses for row in read_curve(run / "curve.tsv")] == [row.losses for row in ahead]


def test_two_processes_have_the_gradients_of_one(stage, tmp_path):
    for processes in (1, 2):
        train(stage, tmp_path / str(processes), processes=processes, until=4)
    one, two = (checkpoint(tmp_path / name) for name in ("1", "2"))
    # After one step the momenta are the gradients, but for a factor.
    first, second = (
        torch.cat(
            [
                held[name].flatten()
                for state in kept["optimisers"]
                for held in state["state"].values()
                for name in ("momentum", "exp_avg")
                if name in held
            ]
        )
        for kept in (one, two)
    )
    assert len(first) == sum(weight.numel() for weight in one["network"].values())
    assert (first - second).norm() < 0.02 * first.norm()
    assert (one["samples"], two["samples"]) == (4, 4)


def test_it_reports_each_step_and_each_row(stage, tmp_path):
    steps, rows = [], []
    train(stage, tmp_path, on_step=steps.append, on_row=rows.append)
    assert steps == [0, 4, 8, 12, 16, 20, 24]
    assert rows[-1].samples == 24
    assert set(rows[-1].losses) <= {"depth", "semantic"}


def test_a_run_that_is_done_stays_as_it_is(stage, tmp_path):
    train(stage, tmp_path)
    before = checkpoint(tmp_path)
    train(stage, tmp_path)
    assert same(before, checkpoint(tmp_path))


def test_it_stops_when_its_minutes_are_over(stage, tmp_path):
    steps = []
    train(stage.model_copy(update={"samples": 10**9}), tmp_path, minutes=1e-4, on_step=steps.append)
    assert 0 < steps[-1] < 10**4
    assert checkpoint(tmp_path)["samples"] == steps[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_step_and_leaves_a_checkpoint(stage, tmp_path, number):
    handler = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        train(stage, tmp_path, on_step=lambda samples: samples == 8 and signal.raise_signal(number))
    assert checkpoint(tmp_path)["samples"] == 8
    assert signal.getsignal(number) is handler


def test_the_last_sheet_shows_image_answer_truth_and_words(stage, tmp_path):
    train(stage, tmp_path, until=8)
    assert not (tmp_path / "samples").exists()
    train(stage, tmp_path)
    sheet = read_rgb(tmp_path / "samples/0000024.png")
    exercises = sheet_exercises(stage)
    assert [exercise.task for exercise in exercises] == ["depth", "depth", "semantic", "semantic"]
    assert sheet.shape[0] == 4 * 68 + 4
    for row, exercise in enumerate(exercises):
        top = 4 + 68 * row
        np.testing.assert_array_equal(sheet[top : top + 64 : 2, 4:68:2], exercise.image)
        np.testing.assert_array_equal(sheet[top : top + 64 : 2, 140:204:2], exercise.target)
    assert (sheet[:, 212:] < 128).any()


def test_sheets_between_do_not_change_what_is_learnt(stage, tmp_path):
    train(stage, tmp_path / "often", sheet_minutes=0)
    train(stage, tmp_path / "never")
    assert len(list((tmp_path / "often/samples").iterdir())) == 6
    assert same(checkpoint(tmp_path / "often"), checkpoint(tmp_path / "never"))


def test_a_sheet_shows_drawings_without_an_image(tiny_stage):
    stage = tiny_stage(mixture={"generation": 1.0})
    exercises = sheet_exercises(stage, each=1)
    assert exercises[0].prompt
    torch.manual_seed(0)  # an untrained network may point at the white of the prompt
    sheet = contact_sheet(Network(stage.network).eval(), exercises)
    assert (sheet[4:68, 4:68] == 255).all()
    assert not (sheet[4:68, 72:136] == 255).all()


def test_the_average_follows_the_weights(stage):
    learner = Trainee.start(stage)
    name, weight = next(iter(learner.network.named_parameters()))
    expected = weight.detach().clone()
    for step in range(1, 4):
        learner.step(*training_batch(stage, range(4)))
        keep = step / (step + 10)
        expected = keep * expected + (1 - keep) * weight.detach()
    torch.testing.assert_close(learner.average[name], expected)
    assert torch.equal(dict(learner.averaged().named_parameters())[name], learner.average[name])


def test_a_stage_goes_on_from_the_weights_that_it_names(stage, run):
    start = stage.model_copy(update={"start": str(run / "weights.safetensors")})
    given, _ = read_weights(run / "weights.safetensors")
    for name, weight in Trainee.start(start).network.named_parameters():
        assert torch.equal(weight, given[name].float())


def test_a_regression_head_learns_on_the_painters_body(stage, run):
    network = NetworkConfig.from_dict({**stage.network.as_dict(), "outputs": 16})
    changes = {"head": "regression", "network": network, "start": str(run / "weights.safetensors")}
    control = stage.model_copy(update=changes)
    train(control, run.parent / "control", until=4)
    assert read_weights(run.parent / "control/weights.safetensors")[0]["paint.weight"].shape[0] == 16


def test_a_regression_control_that_goes_on_keeps_its_head(stage, run, tmp_path):
    network = NetworkConfig.from_dict({**stage.network.as_dict(), "outputs": 16})
    changes = {"head": "regression", "network": network, "start": str(run / "weights.safetensors")}
    first = stage.model_copy(update=changes)
    path = train(first, tmp_path / "first", until=8)
    then = Trainee.start(first.model_copy(update={"start": str(path), "first": 8}))
    assert torch.equal(then.network.paint.weight.half(), read_weights(path)[0]["paint.weight"])
    assert then.network.paint.weight.abs().max() > 0


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_last_checkpoint(stage, run, monkeypatch):
    before = (run / "checkpoint.pt").read_bytes()

    def broken(painting, batch, answers):
        losses = painting_losses(painting, batch, answers)
        return losses._replace(each=losses.each * torch.where(batch.task == 0, torch.nan, 1.0))

    monkeypatch.setattr(trainee, "painting_losses", broken)
    with pytest.raises(
        TrainingError, match=r"loss of depth .* step 2, after 8 .*--start .*weights"
    ) as caught:
        train(stage, run, checkpoint_minutes=0)
    assert "\n" not in str(caught.value)
    assert (run / "checkpoint.pt").read_bytes() == before


def test_weights_that_are_not_finite_are_never_saved(stage, run):
    before = (run / "checkpoint.pt").read_bytes()
    learner = Trainee.resume(stage, run)
    next(learner.network.parameters()).data[0] = torch.inf
    with pytest.raises(TrainingError, match="a weight is not finite"):
        learner.save(run)
    assert (run / "checkpoint.pt").read_bytes() == before


def test_a_full_disk_keeps_the_last_checkpoint(stage, run):
    before = (run / "checkpoint.pt").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(DataError, match=r"cannot write .*checkpoint.pt"):
            train(stage, run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (run / "checkpoint.pt").read_bytes() == before
    assert not list(run.glob("*.part")) + list(run.glob(".*.part"))
    train(stage, run)
    assert checkpoint(run)["samples"] == 24


def test_a_folder_that_is_a_file_is_refused(stage, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="choose another"):
        train(stage, tmp_path / "file")
    with pytest.raises(DataError, match="choose another"):
        train(stage, tmp_path / "file/run")


def test_a_folder_of_another_stage_is_refused(stage, run):
    with pytest.raises(InputError, match="another muon_lr, seed: choose another folder"):
        train(stage.model_copy(update={"seed": 5, "muon_lr": 1.0}), run)


def test_a_stage_may_be_made_longer(stage, run):
    train(stage.model_copy(update={"samples": 28}), run)
    assert checkpoint(run)["samples"] == 28


@pytest.mark.skipif(sys.platform == "win32", reason="locks are POSIX's")
def test_two_trainings_in_one_folder_are_refused(stage, tmp_path):
    faults = []

    def meanwhile(samples):
        with pytest.raises(InputError, match="another training is at work") as caught:
            train(stage, tmp_path)
        faults.append(caught)

    train(stage, tmp_path, until=4, on_step=meanwhile)
    assert len(faults) == 2


@pytest.mark.parametrize(
    ("file", "error", "advice"),
    [
        ("stage.yaml", DataError, "stage.yaml is damaged: remove it"),
        ("checkpoint.pt", DataError, "checkpoint.pt is damaged.* remove it to start anew, or go on from"),
        ("curve.tsv", DataError, "curve.tsv is no learning curve .*remove it"),
    ],
)
@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_a_damaged_file_of_a_run_is_named_with_what_to_do(stage, run, file, error, advice, damage):
    path = run / file
    whole = path.read_bytes()
    noise = np.random.default_rng(0).bytes(len(whole))
    # A table of settings that is cut between two lines would be whole as far as it goes.
    end = whole.find(b":", len(whole) // 3) if path.suffix == ".yaml" else len(whole) // 3 + 3
    path.write_bytes({"cut": whole[:end], "noise": noise, "empty": b""}[damage])
    with pytest.raises(error, match=advice) as caught:
        train(stage, run)
    assert "\n" not in str(caught.value)
    path.unlink()
    train(stage, run, until=12)


def test_weights_of_another_size_are_no_start(tiny_stage, run):
    wider = NetworkConfig.from_dict({**tiny_stage().network.as_dict(), "text_width": 64})
    stage = tiny_stage(network=wider, start=str(run / "weights.safetensors"))
    with pytest.raises(DataError, match="network of other sizes"):
        train(stage, run.parent / "wider")


def test_weights_of_something_else_are_no_start(stage, tmp_path):
    from safetensors.torch import save_file

    save_file({"w": torch.zeros(3)}, tmp_path / "foreign.safetensors")
    with pytest.raises(DataError, match="weights of something else"):
        train(stage.model_copy(update={"start": str(tmp_path / "foreign.safetensors")}), tmp_path / "run")


@pytest.mark.parametrize(
    "options", [{"processes": 3}, {"processes": 0}, {"processes": 8}, {"until": 0}, {"minutes": -1.0}]
)
def test_limits_that_cannot_be_kept_are_refused(stage, tmp_path, options):
    with pytest.raises(InputError):
        train(stage, tmp_path, **options)


def test_less_than_a_step_is_a_step(stage, tmp_path):
    train(stage.model_copy(update={"samples": 1}), tmp_path)
    assert checkpoint(tmp_path)["samples"] == stage.batch


def test_a_curve_comes_back_from_its_file(tmp_path):
    rows = [Progress(960, 25.5, {"depth": 0.5}), Progress(1920, 50.0, {"depth": 0.25, "edit": 1.5})]
    write_curve(tmp_path / "curve.tsv", rows)
    assert read_curve(tmp_path / "curve.tsv") == rows


def test_goes_of_one_training_are_one_curve(tmp_path):
    goes = {"tuned": 8, "tuned-2": 16, "tuned-10": 24, "narrow": 8, "two-lens": 8}
    for name, samples in goes.items():
        write_curve(tmp_path / f"{name}.tsv", [Progress(samples, 1.0, {"depth": 0.5})])
    curves = read_goes(tmp_path)
    assert {name: [row.samples for row in rows] for name, rows in curves.items()} == {
        "narrow": [8],
        "tuned": [8, 16, 24],
        "two-lens": [8],
    }


def test_weights_are_saved_averaged(stage, run):
    kept = checkpoint(run)
    saved, told = read_weights(run / "weights.safetensors")
    for name, weight in saved.items():
        assert torch.equal(weight, kept["average"][name].half())
    assert told["samples"] == "8"
    save_weights(run / "again.safetensors", kept["average"], stage, 8, 0.0)
    assert same(read_weights(run / "again.safetensors")[0], saved)


def test_a_later_go_counts_on_from_the_weights_that_it_starts_from(tiny_stage, run):
    start = str(run / "weights.safetensors")
    seen, seconds = (float(read_weights(start)[1][key]) for key in ("samples", "seconds"))
    stage = tiny_stage(start=start, first=int(seen), samples=int(seen) + 8, seed=1)
    rows = []
    train(stage, run.parent / "later", on_step=rows.append)
    told = read_weights(run.parent / "later" / "weights.safetensors")[1]
    assert rows[0] == seen
    assert int(told["samples"]) == seen + 8
    assert float(told["seconds"]) >= seconds


def test_a_later_go_asks_for_the_weights_of_the_go_before(tiny_stage, run):
    start = str(run / "weights.safetensors")
    stage = tiny_stage(start=start, first=4, samples=16, seed=1)
    with pytest.raises(InputError, match=r"goes on after 4 exercises, but the weights .* have seen 8"):
        Trainee.start(stage)


def test_the_shipped_go_on_begins_where_the_recorded_curve_ends():
    stage = load_stage("tuned-6")
    assert int(read_weights("tuned")[1]["samples"]) == stage.first
    recorded = read_curve(data_dir() / "mini" / "curves" / "tuned-5.tsv")[-8:]
    trainee = Trainee.start(stage)
    losses = {}
    for first in range(stage.first, stage.first + 96, 16):
        batch, _ = training_batch(stage, range(first, first + 16))
        with torch.no_grad():
            painting = trainee.network(batch.noisy, batch.level, batch.image, batch.has_image, batch.text)
        for task, loss in zip(
            batch.task.tolist(), painting_losses(painting, batch).each.tolist(), strict=True
        ):
            losses.setdefault(TASKS[task], []).append(loss)
    for task in ("referring", "semantic", "generation"):
        before = np.mean([row.losses[task] for row in recorded])
        assert 0.4 * before < np.mean(losses[task]) < 2.5 * before, task
