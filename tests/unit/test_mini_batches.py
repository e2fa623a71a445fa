import hashlib
from collections import Counter

import numpy as np
import pytest
import torch

from vbanalysis.errors import InputError
from vbanalysis.instructions import parse
from vbanalysis.mini.training.batches import TASKS, training_batch, training_exercise
from vbanalysis.mini.training.exercises import EXERCISES


def draw(stage, numbers):
    return [training_exercise(stage, n, np.random.default_rng([stage.seed, 1, n])) for n in numbers]


def test_a_sample_is_the_same_whatever_batch_it_is_in(tiny_stage):
    together, exercises = training_batch(tiny_stage(), range(8))
    for number in (0, 5):
        alone, (exercise,) = training_batch(tiny_stage(), [number])
        assert exercise.prompt == exercises[number].prompt
        for name in ("task", "image", "has_image", "target", "source", "weight", "noise", "level"):
            assert torch.equal(getattr(alone, name)[0], getattr(together, name)[number]), name
        length = alone.text.words.shape[1]
        assert torch.equal(alone.text.words[0], together.text.words[number, :length])
        assert alone.text.mask.sum() == together.text.mask[number].sum()


def test_tensors_hold_what_the_exercises_say(tiny_stage):
    batch, exercises = training_batch(tiny_stage(), range(12))
    for k, exercise in enumerate(exercises):
        assert TASKS[batch.task[k]] == exercise.task
        rgb = ((batch.target[k].permute(1, 2, 0) + 1) * 127.5).round().byte().numpy()
        np.testing.assert_array_equal(rgb, exercise.target)
        assert bool(batch.has_image[k]) == (exercise.image is not None)
        np.testing.assert_array_equal(batch.source[k].numpy(), exercise.source)


def test_a_noisy_picture_lies_between_its_target_and_its_noise(tiny_stage):
    batch, _ = training_batch(tiny_stage(sure=0.0), range(12))
    half = batch._replace(level=torch.full_like(batch.level, 0.5)).noisy
    torch.testing.assert_close(half, (batch.target + batch.noise) / 2)
    sure = batch.level == 1
    torch.testing.assert_close(batch.noisy[sure], batch.noise[sure])
    assert (batch.level < 1).any()


def test_answers_start_from_pure_noise_as_often_as_the_stage_says(tiny_stage):
    stage = tiny_stage(mixture={"depth": 1.0}, sure=0.8)
    levels = training_batch(stage, range(200))[0].level
    assert 0.7 < (levels == 1).float().mean() < 0.9


def test_tasks_are_drawn_by_their_shares(tiny_stage):
    stage = tiny_stage(mixture={"depth": 3.0, "normals": 1.0, "edit": 0.0})
    counts = Counter(exercise.task for exercise in draw(stage, range(200)))
    assert set(counts) == {"depth", "normals"}
    assert 130 < counts["depth"] < 170


def test_a_scene_that_a_task_has_no_question_about_gives_its_place_to_another(tiny_stage):
    stage = tiny_stage(mixture={"generation": 1.0, "depth": 1e-9}, split="crowded")
    assert {exercise.task for exercise in draw(stage, range(6))} == {"depth"}


def test_a_scene_without_any_question_gives_its_place_to_another(tiny_stage):
    exercises = draw(tiny_stage(mixture={"generation": 1.0}), range(12))
    assert {exercise.task for exercise in exercises} == {"generation"}


def test_a_split_that_no_task_has_a_question_about_is_an_error_and_no_endless_search(tiny_stage):
    with pytest.raises(InputError, match="'crowded' have no answer to generation: choose another split"):
        draw(tiny_stage(mixture={"generation": 1.0}, split="crowded"), [0])


def test_some_captions_are_left_empty_but_no_other_instruction_is(tiny_stage):
    drawn = draw(tiny_stage(mixture={"generation": 1.0}), range(200))
    assert 5 < sum(exercise.prompt == "" for exercise in drawn) < 40
    assert all(exercise.prompt for exercise in draw(tiny_stage(mixture={"depth": 1, "edit": 1}), range(100)))


def test_a_canonical_camera_scales_depth_by_the_focal_length(tiny_stage):
    stage = tiny_stage(mixture={"depth": 1.0}, canonical_focal=0.5)
    plain = draw(tiny_stage(mixture={"depth": 1.0}), range(6))
    scaled = draw(stage, range(6))
    for before, after in zip(plain, scaled, strict=True):
        one, other = before.about["view"], after.about["view"]
        assert parse(before.prompt) == parse(after.prompt)
        factor = 0.5 * 32 / one.intrinsics.fx
        np.testing.assert_allclose(other.depth_m, one.depth_m * factor, rtol=1e-5)


def test_a_stage_of_few_scenes_shows_them_over_and_over(tiny_stage):
    few = draw(tiny_stage(mixture={"depth": 1.0}, scenes=2), range(8))
    images = {exercise.image.tobytes() for exercise in few}
    assert len(images) == 2
    np.testing.assert_array_equal(few[0].image, few[4].image)
    assert (
        len({exercise.image.tobytes() for exercise in draw(tiny_stage(mixture={"depth": 1.0}), range(8))})
        == 4
    )


def test_a_few_scenes_without_a_question_end_in_an_error(tiny_stage):
    stage = tiny_stage(mixture={"generation": 1.0}, split="crowded", scenes=1)
    with pytest.raises(InputError, match="have no answer to generation"):
        draw(stage, [0])


def test_a_stage_teaches_the_expressions_that_it_names(tiny_stage):
    stage = tiny_stage(mixture={"referring": 1.0}, expressions=("relation",))
    kinds = {kind for exercise in draw(stage, range(12)) for kind in exercise.about["kinds"]}
    assert kinds == {"relation"}


@pytest.mark.parametrize("task", EXERCISES)
def test_every_task_can_be_trained_alone(tiny_stage, task):
    batch, _ = training_batch(tiny_stage(mixture={task: 1.0}), range(4))
    assert {TASKS[k] for k in batch.task.tolist()} == {task}


def test_the_stream_of_exercises_stays_what_it_is(tiny_stage):
    """Else a run that is gone on with would see other exercises than it would have seen.

    Words, labels, noise and levels; the last bits of rendered colours are left to the machine.
    """
    digest = hashlib.sha256()
    for stage, first in ((tiny_stage(), 0), (tiny_stage(seed=3), 60_000)):
        batch, exercises = training_batch(stage, range(first, first + 56))
        for exercise, noise, level in zip(exercises, batch.noise, batch.level, strict=True):
            digest.update(f"{exercise.task} {exercise.prompt} {level:.5f}\n".encode())
            digest.update(exercise.source.astype("<i2").tobytes())
            digest.update(noise.numpy().astype("<f4").tobytes())
    assert digest.hexdigest()[:16] == "c178ce4fd853c71e"
