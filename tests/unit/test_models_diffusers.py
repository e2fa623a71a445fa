"""Pipelines of diffusers as generators and specialists: tiny ones of the real classes, random weights."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.errors import DataError, InputError
from vbanalysis.evaluation import evaluate
from vbanalysis.models._hub import licence, on_disk, snapshot, title
from vbanalysis.types import Sample

diffusers = pytest.importorskip("diffusers")
transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

PROMPT = "Generate a metric depth map of the input image."
IMAGE = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)


@pytest.fixture(autouse=True)
def _offline(monkeypatch, one_thread):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def repositories(tmp_path_factory, tiny_pipelines):
    names = ("pix2pix", "kontext", "klein", "depth", "normals")
    return tiny_pipelines.save(tmp_path_factory.mktemp("hub"), names)


def editor(repositories, name, **options):
    return plugins.load("models", f"diffusers:{repositories / name}").__class__(
        str(repositories / name), **{"steps": 2, **options}
    )


class TestEditors:
    @pytest.mark.parametrize("name", ["pix2pix", "kontext", "klein"])
    def test_an_answer_depends_on_image_prompt_and_seed_alone(self, repositories, name):
        model = editor(repositories, name, size=32)
        one = model.sample(IMAGE, PROMPT, seed=1)
        assert one.dtype == np.uint8
        assert one.ndim == 3
        np.testing.assert_array_equal(one, model.sample(IMAGE, PROMPT, seed=1))
        together = model.sample_many([IMAGE] * 2, [PROMPT] * 2, seeds=[7, 1])
        np.testing.assert_array_equal(together[1], one)
        for other in (
            model.sample(IMAGE, PROMPT, seed=2),
            model.sample(IMAGE, "Remove the red ball.", seed=1),
            model.sample(255 - IMAGE, PROMPT, seed=1),
        ):
            assert (other != one).any()

    @pytest.mark.parametrize("name", ["kontext", "klein"])
    def test_the_picture_has_the_size_that_is_asked_for_and_the_images_shape(self, repositories, name):
        assert editor(repositories, name, size=32).sample(IMAGE, PROMPT).shape == (32, 48, 3)
        assert editor(repositories, name, size=64).sample(IMAGE.transpose(1, 0, 2), PROMPT).shape == (
            96,
            64,
            3,
        )
        assert editor(repositories, name, size=32).sample(None, "A red ball.").shape == (32, 32, 3)

    def test_a_pipeline_that_keeps_the_images_size_gets_an_image_of_the_size(self, repositories):
        assert editor(repositories, "pix2pix").sample(IMAGE, PROMPT).shape == (64, 96, 3)
        assert editor(repositories, "pix2pix", size=32).sample(IMAGE, PROMPT).shape == (32, 48, 3)
        assert editor(repositories, "pix2pix", size=128).sample(IMAGE, PROMPT).shape == (128, 192, 3)

    def test_what_is_no_image_no_prompt_or_no_seed_is_refused(self, repositories):
        model = editor(repositories, "pix2pix")
        for image in (IMAGE[..., 0], IMAGE / 255, np.dstack([IMAGE, IMAGE]), IMAGE[:0], "image.png"):
            with pytest.raises(InputError, match=r"image must be \(H, W, 3\) uint8 RGB, got"):
                model.sample(image, PROMPT)
        for seed in (-1, 1.5, True, "1"):
            with pytest.raises(InputError, match="a seed must be a whole number"):
                model.sample(IMAGE, PROMPT, seed=seed)
        with pytest.raises(InputError, match="an instruction must be a string or an Instruction, got int"):
            model.sample(IMAGE, 5)
        with pytest.raises(InputError, match="as the 1 images, got 2 and 1"):
            model.sample_many([IMAGE], [PROMPT] * 2)

    def test_a_setting_that_the_pipeline_does_not_have_is_refused(self, repositories, monkeypatch):
        def call(self, prompt, image=None, generator=None):
            raise AssertionError("is not asked")

        monkeypatch.setattr(diffusers.StableDiffusionInstructPix2PixPipeline, "__call__", call)
        for option in ("steps", "guidance"):
            with pytest.raises(InputError, match=f"takes no {option}: leave it out"):
                plugins.load("models", f"diffusers:{repositories / 'pix2pix'}?{option}=2")

    def test_an_image_that_is_too_small_is_enlarged(self, repositories):
        assert editor(repositories, "klein", size=32).sample(IMAGE[:20, :30], PROMPT).shape == (32, 48, 3)

    def test_steps_and_guidance_reach_the_pipeline(self, repositories):
        pictures = [
            editor(repositories, "kontext", size=32, **options).sample(IMAGE, PROMPT)
            for options in ({}, {"steps": 3}, {"guidance": 9.0}, {"guidance": 9.0})
        ]
        assert (pictures[0] != pictures[1]).any()
        assert (pictures[0] != pictures[2]).any()
        np.testing.assert_array_equal(pictures[2], pictures[3])

    def test_qwens_guidance_is_the_classifier_free_one(self, repositories, monkeypatch):
        # Its processor cannot be built without torchvision, so what would reach the real call is looked at.
        import inspect

        heard = {}

        class QwenImageEditPipeline:
            def __call__(self, *given, **settings):
                heard.update(settings)
                return type("Out", (), {"images": [np.zeros((32, 48, 3), np.float32)]})()

        QwenImageEditPipeline.__call__.__signature__ = inspect.signature(
            diffusers.QwenImageEditPipeline.__call__
        )
        model = editor(repositories, "klein", size=32, guidance=4.0)
        model.pipeline = QwenImageEditPipeline()
        model._takes = inspect.signature(model.pipeline.__call__).parameters
        assert model.sample(IMAGE, PROMPT).shape == (32, 48, 3)
        assert (heard["true_cfg_scale"], heard["negative_prompt"]) == (4.0, " ")
        assert "guidance_scale" not in heard
        assert "max_area" not in heard
        with pytest.raises(InputError, match="edits an image: give one"):
            model.sample(None, "A red ball.")

    def test_a_lora_changes_the_picture_as_strongly_as_it_is_told(self, repositories, tmp_path):
        from peft import LoraConfig, get_peft_model_state_dict

        pipeline = diffusers.StableDiffusionInstructPix2PixPipeline.from_pretrained(
            repositories / "pix2pix", safety_checker=None
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            pipeline.unet.add_adapter(
                LoraConfig(r=2, target_modules=["to_q", "to_v"], init_lora_weights=False)
            )
        type(pipeline).save_lora_weights(
            tmp_path / "lora", unet_lora_layers=get_peft_model_state_dict(pipeline.unet)
        )
        (file,) = (tmp_path / "lora").glob("*.safetensors")
        plain = editor(repositories, "pix2pix").sample(IMAGE, PROMPT).astype(int)
        changed = {
            scale: np.abs(
                editor(repositories, "pix2pix", lora=str(file), lora_scale=scale).sample(IMAGE, PROMPT)
                - plain
            ).mean()
            for scale in (0.0, 1.0, 8.0)
        }
        assert changed[0.0] == 0 < changed[1.0] < changed[8.0]
        by_folder = editor(repositories, "pix2pix", lora=str(tmp_path / "lora"))
        assert np.abs(by_folder.sample(IMAGE, PROMPT) - plain).mean() == changed[1.0]
        assert by_folder.name.endswith("pix2pix+lora")
        file.rename(file.with_suffix(".bin"))
        with pytest.raises(DataError, match="pickled"):
            editor(repositories, "pix2pix", lora=str(file.with_suffix(".bin")))

    def test_a_run_ends_in_records(self, repositories, tmp_path):
        spec = f"diffusers:{repositories / 'klein'}?steps=1&size=32"
        run = evaluate("depth", spec, "scenes:validation?n=2", tmp_path / "run")
        assert list(run.records().status) == ["ok", "ok"]
        told = run.about["generator"]
        assert told["about"] == "Flux2KleinPipeline of diffusers"
        assert told["parameters"] > 1000
        assert (told["steps"], told["dtype"], told["device"]) == (1, "float32", "cpu")

    def test_words_alone_are_refused_where_there_must_be_an_image(self, repositories):
        with pytest.raises(InputError, match="edits an image: give one"):
            editor(repositories, "pix2pix").sample(None, "A red ball.")
        with pytest.raises(InputError, match="MarigoldDepthPipeline, which takes no prompt"):
            editor(repositories, "depth")


class TestMarigold:
    def test_depth_is_open_up_to_a_factor_and_an_offset(self, repositories, tmp_path):
        spec = f"marigold-depth:{repositories / 'depth'}?steps=1"
        with pytest.raises(InputError, match="does not settle"):
            evaluate("depth", spec, "analytic?n=2&height=48", tmp_path / "metres")
        run = evaluate("depth?alignment=scale_and_shift", spec, "analytic?n=2&height=48", tmp_path / "run")
        assert list(run.records().status) == ["ok", "ok"]
        assert (run.records().n_unknown == 0).all()
        said = run.numbers("analytic/0")
        assert said.shape == (48, 64)
        assert 1 <= said.min() < said.max() <= 2

    def test_depth_is_what_the_pipeline_says(self, repositories):
        pipeline = diffusers.MarigoldDepthPipeline.from_pretrained(repositories / "depth")
        generator = torch.Generator("cpu").manual_seed(3)
        direct = pipeline(IMAGE / 255, num_inference_steps=2, generator=generator).prediction[0, ..., 0]
        model = plugins.load("models", f"marigold-depth:{repositories / 'depth'}?steps=2&seed=3")
        said = model.predict(Sample("a", IMAGE), None)
        np.testing.assert_allclose(said - 1, direct, atol=1e-4)

    def test_normals_are_unit_vectors(self, repositories, tmp_path):
        spec = f"marigold-normals:{repositories / 'normals'}?steps=1&ensemble=3"
        run = evaluate("normals", spec, "analytic?n=2&height=48", tmp_path / "run")
        assert list(run.records().status) == ["ok", "ok"]
        said = run.numbers("analytic/1")
        np.testing.assert_allclose(np.linalg.norm(said, axis=2), 1, atol=1e-4)

    def test_another_pipeline_is_refused(self, repositories):
        with pytest.raises(
            InputError, match="is a MarigoldNormalsPipeline, expected a MarigoldDepthPipeline"
        ):
            plugins.load("models", f"marigold-depth:{repositories / 'normals'}")
        with pytest.raises(InputError, match="ensemble must be a whole number of at least 1"):
            plugins.load("models", f"marigold-depth:{repositories / 'depth'}?ensemble=0")


class TestFiles:
    @pytest.fixture
    def copy(self, repositories, tmp_path):
        return shutil.copytree(repositories / "kontext", tmp_path / "kontext")

    def test_pickled_weights_are_refused_unread(self, copy):
        for path in (copy / "transformer").glob("*.safetensors"):
            path.rename(path.with_suffix(".bin"))
        with pytest.raises(DataError, match=r"diffusion_pytorch_model\.bin only, which is pickled"):
            plugins.load("models", f"diffusers:{copy}")

    def test_a_damaged_file_is_told_in_one_line(self, copy):
        (path,) = (copy / "transformer").glob("*.safetensors")
        whole = path.read_bytes()
        for damaged in (whole[: len(whole) // 2], b"\xff" * 400, b""):
            path.write_bytes(damaged)
            with pytest.raises(DataError) as caught:
                plugins.load("models", f"diffusers:{copy}?dtype=float32")
            assert "\n" not in str(caught.value)

    def test_weights_that_are_not_finite_give_a_failed_record(self, copy, tmp_path):
        from safetensors.torch import load_file, save_file

        (path,) = (copy / "transformer").glob("*.safetensors")
        save_file({key: torch.full_like(value, torch.nan) for key, value in load_file(path).items()}, path)
        spec = f"diffusers:{copy}?steps=1&size=32"
        run = evaluate("depth", spec, "scenes:validation?n=1", tmp_path / "run")
        assert run.records().status[0] == "failed"
        assert "not finite" in run.records().reason[0]

    @pytest.mark.parametrize("part", ["transformer", "text_encoder_2", "vae"])
    def test_weights_that_a_file_lacks_are_not_made_up(self, copy, part):
        from safetensors.torch import load_file, save_file

        (path,) = (copy / part).glob("*.safetensors")
        weights = load_file(path)
        del weights[next(key for key in weights if key.endswith(("q.weight", "bias")))]
        save_file(weights, path, metadata={"format": "pt"})
        with pytest.raises(DataError, match=r"lack 1 .*: they would be random numbers"):
            plugins.load("models", f"diffusers:{copy}")

    @pytest.mark.parametrize("lost", ["vae", "vae/*.safetensors", "transformer/a-shard.safetensors"])
    def test_a_download_that_was_cut_short_names_the_command_that_goes_on(
        self, repositories, tmp_path, monkeypatch, lost
    ):
        kept = tmp_path / "models--nobody--has-a-part"
        folder = shutil.copytree(repositories / "kontext", kept / "snapshots" / ("0a" * 20))
        (kept / "refs").mkdir()
        (kept / "refs" / "main").write_text("0a" * 20)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
        assert on_disk("nobody/has-a-part")
        if lost.startswith("transformer"):
            listing = folder / "transformer" / "diffusion_pytorch_model.safetensors.index.json"
            listing.write_text('{"weight_map": {"a.weight": "a-shard.safetensors"}}')
        elif lost == "vae":
            shutil.rmtree(folder / "vae")
        else:
            (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
        assert not on_disk("nobody/has-a-part")
        with pytest.raises(DataError) as caught:
            plugins.load("models", "diffusers:nobody/has-a-part")
        assert str(caught.value) == (
            f"the weights of nobody/has-a-part are on disk in part, it has no {lost}: "
            "run  hf download nobody/has-a-part"
        )
        with pytest.raises(DataError, match=f"it has no {re.escape(lost)}: copy it whole"):
            snapshot(str(folder))

    def test_a_repository_is_named_by_its_id_and_not_by_a_hash(self):
        path = Path("hub/models--prs-eth--marigold-depth-v1-1/snapshots/0a1b2c")
        assert title(path) == "prs-eth/marigold-depth-v1-1"
        assert title(Path("mine/klein")) == "klein"

    def test_missing_weights_name_the_command_that_gets_them(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
        with pytest.raises(DataError, match="run  hf download nobody/has-this --revision v2"):
            plugins.load("models", "diffusers:nobody/has-this?revision=v2")
        with pytest.raises(DataError, match="run  hf download prs-eth/marigold-depth-v1-1"):
            plugins.load("models", "marigold-depth")
        with pytest.raises(DataError, match="no id of a hub's repository"):
            snapshot("/no/such/folder/at/all")

    def test_code_of_a_part_is_not_run(self, copy):
        index = json.loads((copy / "model_index.json").read_text())
        index["scheduler"] = ["my_scheduler", "Mine"]
        (copy / "model_index.json").write_text(json.dumps(index))
        (copy / "scheduler" / "my_scheduler.py").write_text("raise SystemExit('run')")
        with pytest.raises(DataError, match="contains custom code"):
            plugins.load("models", f"diffusers:{copy}")

    def test_code_of_a_repository_is_not_run(self, copy):
        (copy / "model_index.json").write_text('{"_class_name": ["my_pipeline", "Mine"]}')
        (copy / "my_pipeline.py").write_text("raise SystemExit('run')")
        with pytest.raises(DataError, match="code out of a repository is not run"):
            plugins.load("models", f"diffusers:{copy}")
        (copy / "model_index.json").unlink()
        with pytest.raises(DataError, match=r"holds no model_index\.json"):
            plugins.load("models", f"diffusers:{copy}")

    def test_settings_out_of_range_are_refused(self, repositories):
        for option in ("steps=0", "size=8", "guidance=-1", "dtype=int8", "device=nowhere"):
            with pytest.raises(InputError):
                plugins.load("models", f"diffusers:{repositories / 'kontext'}?{option}")

    def test_half_precision_is_taken_from_the_files(self, copy, tmp_path):
        made = diffusers.FluxKontextPipeline.from_pretrained(copy, dtype=torch.bfloat16)
        made.save_pretrained(tmp_path / "half")
        model = plugins.load("models", f"diffusers:{tmp_path / 'half'}?steps=1&size=32")
        assert model.pipeline.transformer.dtype == torch.bfloat16
        assert model.sample(IMAGE, PROMPT).shape == (32, 48, 3)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("---\nlicense: apache-2.0\n---\nwords", "apache-2.0"),
            ("---\nlicense: other\nlicense_name: flux-non-commercial\n---\n", "flux-non-commercial"),
            ("license: mit", "not stated in the repository's card"),
        ],
    )
    def test_the_licence_is_what_the_card_states(self, tmp_path, text, told):
        (tmp_path / "README.md").write_text(text)
        assert licence(tmp_path) == told
        assert "not stated on disk" in licence(tmp_path / "none")
