"""`transformers`: real classes of the library with tiny random weights, from a spec string to a record.

What each answers is compared with the library's own post-processing. Where that asks for torchvision, its
source is run without it.
"""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.errors import DataError, InputError, MissingDependencyError
from vbanalysis.evaluation import evaluate
from vbanalysis.instructions import depth_prompt, instance_prompt, referring_prompt, semantic_prompt
from vbanalysis.mini.world.graph import CLASSES
from vbanalysis.models import Specialist, card
from vbanalysis.models._class_words import names_of, places
from vbanalysis.models._transformers_concept import painted
from vbanalysis.types import Sample

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

pytestmark = pytest.mark.usefixtures("one_thread")

DISPARITY = "depth?alignment=scale_and_shift&space=disparity"
ANALYTIC = "analytic?n=2&height=64"
IMAGE = np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)
COLOURS = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.5]}
PALETTE = {"sky": (0, 0, 255), "car": (255, 0, 0), "unicorn": (0, 255, 0)}


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def sample(image=IMAGE):
    return Sample("one", image)


def answer(folder, instruction, **options):
    more = "&".join(f"{name}={value}" for name, value in options.items())
    model = plugins.load("models", f"transformers:{folder}" + (f"?{more}" if more else ""), Specialist)
    return model.predict(sample(), instruction)


def swin():
    return transformers.SwinConfig(
        embed_dim=8, depths=[1] * 4, num_heads=[1] * 4, window_size=2, image_size=32,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip


def dinov2(**more):
    return transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, mlp_ratio=2, image_size=28, patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"], reshape_hidden_states=False, **more,
    )  # fmt: skip


def depth_anything(**more):
    config = transformers.DepthAnythingConfig(
        backbone_config=dinov2(), reassemble_hidden_size=16, neck_hidden_sizes=[8] * 4, fusion_hidden_size=8,
        head_hidden_size=4, **more,
    )  # fmt: skip
    return transformers.DepthAnythingForDepthEstimation(config), dpt_processor(ensure_multiple_of=14)


def dpt_processor(**more):
    return transformers.DPTImageProcessorPil(size={"height": 56, "width": 56}, keep_aspect_ratio=True, **more)


def dpt(backbone=None):
    config = transformers.DPTConfig(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16, image_size=32,
        patch_size=16, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8] * 4, fusion_hidden_size=8,
        is_hybrid=False, backbone_config=backbone,
    )  # fmt: skip
    size = {"height": 28, "width": 28} if backbone else {"height": 32, "width": 32}
    return transformers.DPTForDepthEstimation(config), transformers.DPTImageProcessorPil(size=size)


def glpn():
    config = transformers.GLPNConfig(
        num_encoder_blocks=4, depths=[1] * 4, hidden_sizes=[8] * 4, num_attention_heads=[1] * 4,
        decoder_hidden_size=8, mlp_ratios=[1] * 4, sr_ratios=[8, 4, 2, 1],
    )  # fmt: skip
    return transformers.GLPNForDepthEstimation(config), transformers.GLPNImageProcessorPil()


def zoedepth():
    backbone = transformers.BeitConfig(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16, image_size=32,
        patch_size=16, out_features=["stage1", "stage2", "stage3", "stage4"], reshape_hidden_states=False,
        use_relative_position_bias=True, use_absolute_position_embeddings=False,
    )  # fmt: skip
    config = transformers.ZoeDepthConfig(
        backbone_config=backbone, neck_hidden_sizes=[8] * 4, fusion_hidden_size=8, bottleneck_features=8,
        num_relative_features=8, bin_embedding_dim=8, num_attractors=[2] * 4,
        patch_transformer_hidden_size=16, patch_transformer_intermediate_size=16,
        patch_transformer_num_attention_heads=2,
        num_patch_transformer_layers=1,
        bin_configurations=[{"name": "nyu", "n_bins": 8, "min_depth": 1e-3, "max_depth": 10.0}],
    )  # fmt: skip
    processor = transformers.ZoeDepthImageProcessorPil(
        size={"height": 32, "width": 32}, ensure_multiple_of=32
    )
    return transformers.ZoeDepthForDepthEstimation(config), processor


def depth_pro(use_fov_model=True):
    encoder = {
        "model_type": "dinov2", "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": 16, "patch_size": 8, "mlp_ratio": 2, "use_mask_token": False,
    }  # fmt: skip
    config = transformers.DepthProConfig(
        fusion_hidden_size=16, patch_size=16,
        intermediate_hook_ids=[1, 0], intermediate_feature_dims=[16, 16],
        scaled_images_ratios=[0.25, 0.5, 1], scaled_images_overlap_ratios=[0.0, 0.5, 0.25],
        scaled_images_feature_dims=[16] * 3, image_model_config=encoder, patch_model_config=dict(encoder),
        fov_model_config=dict(encoder), use_fov_model=use_fov_model, num_fov_head_layers=1,
    )  # fmt: skip
    network = transformers.DepthProForDepthEstimation(config)
    if use_fov_model:
        network.fov_model.head.layers[-1].bias.data.fill_(60)  # degrees
        network.fov_model.head.layers[-1].weight.data.zero_()
    return network, _settings("preprocessor_config.json", 64)


def segformer(labels=CLASSES):
    config = transformers.SegformerConfig(
        num_encoder_blocks=4, depths=[1] * 4, hidden_sizes=[8] * 4, num_attention_heads=[1] * 4,
        decoder_hidden_size=8, mlp_ratios=[1] * 4, id2label=dict(enumerate(labels)),
    )  # fmt: skip
    processor = transformers.SegformerImageProcessorPil(size={"height": 64, "width": 64})
    return transformers.SegformerForSemanticSegmentation(config), processor


def mask2former(labels=CLASSES):
    config = transformers.Mask2FormerConfig(
        backbone_config=swin(), feature_size=32, mask_feature_size=32, hidden_dim=32,
        encoder_feedforward_dim=8, encoder_layers=1, decoder_layers=2, num_attention_heads=2,
        dim_feedforward=8, num_queries=16, id2label=dict(enumerate(labels)),
    )  # fmt: skip
    processor = transformers.Mask2FormerImageProcessorPil(size={"height": 64, "width": 64})
    return transformers.Mask2FormerForUniversalSegmentation(config), processor


def oneformer(labels=CLASSES):
    config = transformers.OneFormerConfig(
        backbone_config=swin(), conv_dim=32, mask_dim=32, hidden_dim=32, encoder_feedforward_dim=8,
        encoder_layers=1, decoder_layers=2, num_attention_heads=2, dim_feedforward=8, num_queries=16,
        text_encoder_width=32, text_encoder_num_layers=1, text_encoder_vocab_size=64,
        text_encoder_context_length=8, text_encoder_n_ctx=2, task_seq_len=24, max_seq_len=24,
        query_dec_layers=1, id2label=dict(enumerate(labels)),
    )  # fmt: skip
    processor = transformers.OneFormerImageProcessorPil(size={"height": 64, "width": 64})

    def save(folder):
        processor.save_pretrained(folder)
        letters().save_pretrained(folder)
        # As the published repositories have it: a list on the hub, which is for training only.
        path = folder / "preprocessor_config.json"
        told = json.loads(path.read_text()) | {"class_info_file": "ade20k_panoptic.json"}
        path.write_text(json.dumps(told))

    return transformers.OneFormerForUniversalSegmentation(config), SimpleNamespace(save_pretrained=save)


def sam3():
    small = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.Sam3Config(
        vision_config={
            "backbone_config": small | {
                "model_type": "sam3_vit_model", "num_hidden_layers": 2, "image_size": 56, "patch_size": 14,
                "window_size": 2, "global_attn_indexes": [1], "pretrain_image_size": 28,
            },
            "fpn_hidden_size": 16,
            "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        },
        text_config=small | {
            "model_type": "clip_text_model", "vocab_size": 64, "projection_dim": 16, "num_hidden_layers": 1,
            "max_position_embeddings": 96,
        },
        geometry_encoder_config=small | {"num_layers": 1, "roi_size": 2},
        detr_encoder_config=small | {"num_layers": 1},
        detr_decoder_config=small | {"num_layers": 1, "num_queries": 5},
        mask_decoder_config={"hidden_size": 16, "num_attention_heads": 2},
    )  # fmt: skip

    def save(folder):
        letters().save_pretrained(folder)
        _settings("processor_config.json", 56).save_pretrained(folder)

    return transformers.Sam3Model(config), SimpleNamespace(save_pretrained=save)


def _settings(name, side):
    """A processor's settings, for those whose class asks for torchvision."""
    told = {"size": {"height": side, "width": side}, **COLOURS,
            "resample": 2, "rescale_factor": 1 / 255}  # fmt: skip
    text = json.dumps({"image_processor": told} if name == "processor_config.json" else told)
    return SimpleNamespace(save_pretrained=lambda folder: (folder / name).write_text(text))


def letters():
    """A tokenizer that knows the small letters."""
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    words = ["<|startoftext|>", "<|endoftext|>", *alphabet, *(f"{letter}</w>" for letter in alphabet)]
    return transformers.CLIPTokenizer(vocab={word: k for k, word in enumerate(words)}, merges=[])


MAKERS = {
    "relative": lambda: depth_anything(),
    "metric": lambda: depth_anything(depth_estimation_type="metric", max_depth=20),
    "dpt": dpt,
    "dpt-dinov2": lambda: dpt(dinov2()),
    "glpn": glpn,
    "zoedepth": zoedepth,
    "depth-pro": depth_pro,
    "depth-pro-no-fov": lambda: depth_pro(use_fov_model=False),
    "segformer": segformer,
    "mask2former": mask2former,
    "oneformer": oneformer,
    "ade": lambda: segformer(["car, auto", "sky", "windowpane", "tree-merged"]),
    "sam3": sam3,
}  # fmt: skip


@torch.no_grad()
def enliven(network):
    """Change random weights so that the answers differ from pixel to pixel."""
    for name, weight in network.named_parameters():
        if "class_embed" in name or "class_predictor" in name:
            weight.mul_(300)
        elif weight.ndim > 1 and ("queries" in name or "query_transformer" in name):
            weight.mul_(30)
        elif weight.ndim > 1 and "mask_embed" in name:
            weight.mul_(5)
        if weight.ndim > 1 and "embed" not in name:
            zoedepth = isinstance(network, transformers.ZoeDepthForDepthEstimation) and "backbone" not in name
            weight.mul_(20 if zoedepth else 3)
    if isinstance(network, transformers.DepthAnythingForDepthEstimation):
        network.head.conv3.bias.fill_(0.5)
    if isinstance(network, transformers.DPTForDepthEstimation):
        network.head.head[-2].bias.fill_(0.5)
    if isinstance(network, transformers.DepthProForDepthEstimation):
        last = network.head.layers[-2]
        last.bias.fill_(1)
        last.weight.mul_(0.3 / network.eval()(pixel_values=torch.randn(1, 3, 64, 64)).predicted_depth.std())


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    """The folder of a tiny repository, made once."""
    made = {}

    def make(name):
        if name not in made:
            torch.manual_seed(1)
            network, processor = MAKERS[name]()
            enliven(network)
            made[name] = tmp_path_factory.mktemp(name)
            network.save_pretrained(made[name])
            processor.save_pretrained(made[name])
        return made[name]

    return make


def direct(kind, folder):
    """A network by the library alone."""
    return getattr(transformers, kind).from_pretrained(folder).eval()


def source_of(path, name, **known):
    """A function or method of the library, without the imports of its module."""
    root = Path(importlib.util.find_spec("transformers").submodule_search_locations[0])
    tree = ast.parse((root / "models" / path).read_text())
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    found[0].decorator_list = []
    code = compile(
        ast.unparse(found[0]), path, "exec", flags=__import__("__future__").annotations.compiler_flag
    )
    space = {"torch": torch, "np": np, **known}
    exec(code, space)
    return space[name]


def interpolated(image, size, interpolation, antialias):
    assert antialias is False
    return torch.nn.functional.interpolate(image[None], size, mode=interpolation, align_corners=False)[0]


@pytest.mark.parametrize(
    ("name", "invariance", "task"),
    [
        ("relative", "disparity", DISPARITY),
        ("metric", "none", "depth"),
        ("dpt", "disparity", DISPARITY),
        ("dpt-dinov2", "none", "depth"),
        ("glpn", "none", "depth"),
        ("zoedepth", "none", "depth"),
        ("depth-pro", "none", "depth"),
        ("depth-pro-no-fov", "scale", "depth?alignment=median"),
    ],
)
def test_a_depth_network_is_known_by_its_configuration_and_scored(repo, tmp_path, name, invariance, task):
    spec = f"transformers:{repo(name)}"
    model = plugins.load("models", spec, Specialist)
    assert (model.tasks, model.invariance) == (("depth",), invariance)
    assert model.predict(sample(), depth_prompt()).shape == IMAGE.shape[:2]
    run = evaluate(task, spec, ANALYTIC, tmp_path / "run")
    assert list(run.records().status) == ["ok", "ok"]
    if invariance != "none":
        with pytest.raises(InputError, match="does not settle"):
            evaluate("depth", spec, ANALYTIC, tmp_path / "metres")


@pytest.mark.parametrize(
    ("name", "kind", "disparity"),
    [
        ("relative", "DepthAnythingForDepthEstimation", True),
        ("metric", "DepthAnythingForDepthEstimation", False),
        ("dpt", "DPTForDepthEstimation", True),
        ("glpn", "GLPNForDepthEstimation", False),
    ],
)
def test_depth_is_what_the_librarys_post_processing_gives(repo, name, kind, disparity):
    processor = MAKERS[name]()[1]
    with torch.no_grad():
        outputs = direct(kind, repo(name))(**processor(IMAGE, return_tensors="pt"))
    (expected,) = processor.post_process_depth_estimation(outputs, target_sizes=[IMAGE.shape[:2]])
    expected = expected["predicted_depth"].numpy()
    assert np.ptp(expected) > 0
    assert (expected > 0).any()
    found = answer(repo(name), depth_prompt())
    if disparity:
        expected = np.where(expected > 0, 1 / np.maximum(expected, 1e-30), np.inf)
    else:
        expected = np.where(expected > 0, expected, np.nan)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_zoedepths_border_is_cut_off_as_the_library_does(repo):
    processor = zoedepth()[1]
    with torch.no_grad():
        outputs = direct("ZoeDepthForDepthEstimation", repo("zoedepth"))(
            **processor(IMAGE, return_tensors="pt")
        )
    mode = SimpleNamespace(resize=interpolated, InterpolationMode=SimpleNamespace(BICUBIC="bicubic"))
    rule = source_of("zoedepth/image_processing_pil_zoedepth.py", "post_process_depth_estimation", tvF=mode)
    (expected,) = rule(processor, outputs, source_sizes=[IMAGE.shape[:2]])
    assert np.ptp(expected["predicted_depth"].numpy()) > 0.01
    np.testing.assert_allclose(
        answer(repo("zoedepth"), depth_prompt()), expected["predicted_depth"].numpy(), rtol=1e-5
    )


@pytest.mark.parametrize("name", ["depth-pro", "depth-pro-no-fov"])
def test_depth_pros_metres_follow_from_the_field_of_view_as_in_the_library(repo, name):
    plain = transformers.ViTImageProcessorPil(
        do_resize=False, **COLOURS
    )  # the same normalisation, by another class
    pixels = torch.nn.functional.interpolate(
        plain(IMAGE, return_tensors="pt")["pixel_values"], (64, 64), mode="bilinear"
    )
    with torch.no_grad():
        outputs = direct("DepthProForDepthEstimation", repo(name))(pixel_values=pixels)
    rule = source_of(
        "depth_pro/image_processing_depth_pro.py", "post_process_depth_estimation",
        pil_torch_interpolation_mapping={2: SimpleNamespace(value="bilinear")},
    )  # fmt: skip
    (expected,) = rule(SimpleNamespace(resample=2), outputs, target_sizes=[IMAGE.shape[:2]])
    assert (expected["field_of_view"] is None) == (name == "depth-pro-no-fov")
    found = answer(repo(name), depth_prompt())
    assert 0.1 < np.median(found) < 10
    np.testing.assert_allclose(found, expected["predicted_depth"].numpy(), rtol=1e-4)


def test_what_is_not_known_of_depth_can_be_told(repo):
    model = plugins.load("models", f"transformers:{repo('relative')}?invariance=affine")
    assert model.describe()["invariance"] == "affine"
    found = model.predict(sample(), depth_prompt())
    np.testing.assert_allclose(
        1 / found[found > 0], answer(repo("relative"), depth_prompt())[found > 0], rtol=1e-5
    )
    with pytest.raises(InputError, match="invariance must be none, scale, affine or disparity, got 'metric'"):
        plugins.load("models", f"transformers:{repo('relative')}?invariance=metric")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("segformer", "SegformerForSemanticSegmentation"),
        ("mask2former", "Mask2FormerForUniversalSegmentation"),
        ("oneformer", "OneFormerForUniversalSegmentation"),
    ],
)
def test_classes_are_what_the_librarys_post_processing_gives(repo, tmp_path, name, kind):
    folder = repo(name)
    if name == "oneformer":
        image_processor = transformers.OneFormerImageProcessorPil(size={"height": 64, "width": 64})
        processor = transformers.OneFormerProcessor(
            image_processor, letters(), max_seq_length=24, task_seq_length=24
        )
        inputs = processor(IMAGE, ["semantic"], return_tensors="pt")
    else:
        processor = MAKERS[name]()[1]
        inputs = processor(IMAGE, return_tensors="pt")
    with torch.no_grad():
        outputs = direct(kind, folder)(**inputs)
    (labels,) = processor.post_process_semantic_segmentation(outputs, target_sizes=[IMAGE.shape[:2]])
    labels = labels.numpy()
    assert len(np.unique(labels)) > 1
    asked = dict.fromkeys(CLASSES[::-1][:-1], (0, 0, 0))  # in another order, without the first
    found = answer(folder, SimpleNamespace(task="semantic", classes=tuple(asked)))
    np.testing.assert_array_equal(found, np.where(labels == 0, -1, len(CLASSES) - 1 - labels))
    run = evaluate("semantic", f"transformers:{folder}", "scenes:validation?n=2", tmp_path / "run")
    assert list(run.records().status) == ["ok", "ok"]


def test_classes_are_matched_by_published_names_and_others_are_never_predicted(repo):
    model = plugins.load("models", f"transformers:{repo('ade')}")
    found = model.predict(sample(), semantic_prompt(PALETTE))
    assert set(np.unique(found)) <= {-1, 0, 1}
    told = model.describe()
    assert (told["n_classes"], told["classes"][2]) == (4, "windowpane")
    assert "never predicted" in told["note"]
    with pytest.raises(InputError, match="knows none of the classes 'unicorn'; it knows 'car, auto', 'sky'"):
        model.predict(sample(), semantic_prompt({"unicorn": (0, 0, 0)}))


@pytest.mark.parametrize(
    ("label", "asked"),
    [("car, auto", "car"), ("windowpane", "window"), ("tree-merged", "tree"), ("potted plant", "Plant"),
     ("traffic_light", "traffic light"), ("sidewalk, pavement", "pavement"), ("person", "the pedestrian"),
     ("wall-other-merged", "wall")],
)  # fmt: skip
def test_a_published_label_means_a_class(label, asked):
    assert places([label], ["unicorn", asked]).tolist() == [1]
    assert label in names_of(label)


def test_a_literal_label_goes_before_a_synonym_and_strangers_stay_strangers():
    assert places(["sofa", "couch", "train"], ["couch", "sofa", "rain"]).tolist() == [1, 0, -1]


def expected_instances(folder, phrase, threshold):
    """Scores and masks by the library's rule."""
    prepared = transformers.ViTImageProcessorPil(size={"height": 56, "width": 56}, resample=2, **COLOURS)
    pixels = prepared(IMAGE, return_tensors="pt")["pixel_values"]
    tokens = letters()([phrase], padding="max_length", max_length=96, return_tensors="pt")
    with torch.no_grad():
        outputs = direct("Sam3Model", folder)(
            pixel_values=pixels, input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
        )
    path = "sam3/image_processing_sam3.py"
    rule = source_of(path, "post_process_instance_segmentation", _scale_boxes=source_of(path, "_scale_boxes"))
    (found,) = rule(None, outputs, threshold=threshold, target_sizes=[IMAGE.shape[:2]])
    return found["scores"].numpy(), found["masks"].numpy().astype(bool)


def test_sam_3_finds_the_instances_of_a_phrase_as_the_library_does(repo):
    scores, masks = expected_instances(repo("sam3"), "red ball", 0.0)
    assert len(scores) == 5
    threshold = float(np.sort(scores)[1:3].mean())
    scores, masks = expected_instances(repo("sam3"), "red ball", threshold)
    assert len(scores) == 3
    assert masks.any()
    labels = answer(repo("sam3"), instance_prompt("red ball"), threshold=threshold)
    np.testing.assert_array_equal(labels, painted(scores, masks))
    np.testing.assert_array_equal(labels > 0, masks.any(axis=0))
    meant = answer(repo("sam3"), referring_prompt({"red ball": (255, 0, 0)}), threshold=threshold)
    np.testing.assert_array_equal(meant, np.where(masks.any(axis=0), 0, -1))
    nothing = answer(repo("sam3"), instance_prompt("red ball"), threshold=0.999)
    assert (nothing.shape, nothing.dtype, nothing.max()) == (IMAGE.shape[:2], np.int32, 0)


def test_the_higher_score_lies_on_top_and_what_is_hidden_has_no_label():
    masks = np.zeros((3, 1, 6), bool)
    masks[0, 0, :4] = masks[1, 0, 1:3] = masks[2, 0, 3:] = True
    assert painted(np.array([0.6, 0.5, 0.9]), masks).tolist() == [[2, 2, 2, 1, 1, 1]]
    assert painted(np.array([0.6, 0.9, 0.5]), masks).tolist() == [[2, 1, 1, 2, 3, 3]]
    assert painted(np.zeros(0), np.zeros((0, 2, 2), bool)).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("task", ["instance", "referring"])
def test_sam_3_answers_phrases_of_a_data_set(repo, tmp_path, task):
    data = f"scenes:validation?n=2&ask={task}"
    run = evaluate(task, f"transformers:{repo('sam3')}?threshold=0.1", data, tmp_path / "run")
    assert list(run.records().status) == ["ok", "ok"]


def test_sam_3_of_a_video_repository_reads_single_pictures(repo, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = copied(repo("sam3"), tmp_path / "video")
    weights = load_file(folder / "model.safetensors")
    weights = {f"detector_model.{name}": value for name, value in weights.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps(
            {"architectures": ["Sam3VideoModel"], "model_type": "sam3_video", "detector_config": config}
        )
    )
    asked = instance_prompt("ball")
    np.testing.assert_array_equal(
        answer(folder, asked, threshold=0.1), answer(repo("sam3"), asked, threshold=0.1)
    )


def test_sam_3_refuses_what_it_cannot_be_asked(repo):
    with pytest.raises(InputError, match="the model reads 96: expected a short noun phrase"):
        answer(repo("sam3"), instance_prompt("z" * 120))
    with pytest.raises(InputError, match="answers instance, referring, not depth"):
        answer(repo("sam3"), depth_prompt())
    for threshold in (1, -0.1, "high"):
        with pytest.raises(InputError, match="threshold must be a score"):
            plugins.load("models", f"transformers:{repo('sam3')}?threshold={threshold}")
    with pytest.raises(InputError, match="threshold is of SAM 3's scores"):
        plugins.load("models", f"transformers:{repo('dpt')}?threshold=0.5")
    with pytest.raises(InputError, match="invariance is of depth"):
        plugins.load("models", f"transformers:{repo('sam3')}?invariance=none")


@pytest.mark.parametrize("name", ["SamModel", "Sam2Model", "Sam2VideoModel"])
def test_sam_and_sam_2_are_refused_with_what_they_are_asked_by(tmp_path, name):
    (tmp_path / "config.json").write_text(json.dumps({"architectures": [name]}))
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(
        InputError, match=f"a {name}, which is asked by points or boxes: .* take facebook/sam3"
    ):
        plugins.load("models", f"transformers:{tmp_path}")


@pytest.mark.parametrize(
    "config", [{"architectures": ["BertModel"]}, {"model_type": "BertModel"}, {"architectures": [[]]}, {}]
)
def test_other_architectures_are_refused_with_the_list_of_the_known(tmp_path, config):
    (tmp_path / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "evil.Model"}}))
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(InputError, match=r"not known here: known are DepthAnything.*Sam3VideoModel"):
        plugins.load("models", f"transformers:{tmp_path}")


def copied(folder, target):
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def rewritten(folder, change):
    """Change the weights of a repository in place."""
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    save_file(change(weights), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_damaged_weights_are_one_clear_line(repo, tmp_path):
    folder = copied(repo("glpn"), tmp_path / "cut")
    whole = (folder / "model.safetensors").read_bytes()
    for length in (len(whole) * 2 // 3, 100, 0):
        (folder / "model.safetensors").write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"cannot be loaded: |no safetensors file") as caught:
            plugins.load("models", f"transformers:{folder}")
        assert "\n" not in str(caught.value)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(DataError, match=r"holds its weights as pytorch_model\.bin only, which is pickled"):
        plugins.load("models", f"transformers:{folder}")
    (folder / "config.json").write_text("{")
    (folder / "pytorch_model.bin").rename(folder / "model.safetensors")
    with pytest.raises(DataError, match=r"config\.json cannot be read"):
        plugins.load("models", f"transformers:{folder}")


def test_weights_that_are_not_all_there_are_never_random_numbers(repo, tmp_path):
    folder = rewritten(
        copied(repo("glpn"), tmp_path / "part"),
        lambda weights: {name: value for name, value in weights.items() if "decoder" not in name},
    )
    with pytest.raises(DataError, match=r"lack \d+ of the \d+ that a GLPNForDepthEstimation has, as decoder"):
        plugins.load("models", f"transformers:{folder}")
    unused = "neck.fusion_stage.layers.0.residual_layer1."  # Intel/dpt-large has none of it
    folder = rewritten(
        copied(repo("dpt"), tmp_path / "large"),
        lambda weights: {name: value for name, value in weights.items() if not name.startswith(unused)},
    )
    np.testing.assert_array_equal(answer(folder, depth_prompt()), answer(repo("dpt"), depth_prompt()))


@pytest.mark.parametrize(
    ("name", "task", "data"),
    [
        ("relative", DISPARITY, ANALYTIC),
        ("depth-pro", "depth", ANALYTIC),
        ("mask2former", "semantic", "scenes:validation?n=2"),
        ("sam3", "instance", "scenes:validation?n=2&ask=instance"),
    ],
)
def test_weights_that_are_not_numbers_give_a_recorded_failure(repo, tmp_path, name, task, data):
    folder = rewritten(
        copied(repo(name), tmp_path / "nan"),
        lambda weights: {
            key: value * float("nan") if value.is_floating_point() else value
            for key, value in weights.items()
        },
    )
    rows = evaluate(task, f"transformers:{folder}", data, tmp_path / "run").records()
    assert list(rows.status) == ["failed", "failed"]
    assert rows.reason.str.contains("not finite").all()


@pytest.mark.parametrize(
    ("name", "told"), [("depth-pro", "preprocessor_config.json"), ("sam3", "processor_config.json")]
)
def test_settings_of_a_processor_that_cannot_be_used_are_named(repo, tmp_path, name, told):
    folder = copied(repo(name), tmp_path / "bad")
    for settings in ({}, {"size": 3}, {"size": {"height": 0, "width": 9}}, {"size": {"height": 9}},
                     {"size": {"height": 9, "width": 9}, "image_std": [1, 0, 1]},
                     {"size": {"height": 9, "width": 9}, "resample": 3}):  # fmt: skip
        whole = settings if name == "depth-pro" else {"image_processor": settings}
        (folder / told).write_text(json.dumps(whole))
        with pytest.raises(DataError, match=told.replace(".", r"\.")):
            plugins.load("models", f"transformers:{folder}")
    (folder / told).unlink()
    with pytest.raises(DataError, match=r"holds no processor_config\.json"):
        plugins.load("models", f"transformers:{folder}")


def test_a_model_says_what_it_is_and_half_precision_is_nearly_the_same(repo):
    model = plugins.load("models", f"transformers:{repo('metric')}?dtype=bfloat16")
    told = model.describe()
    assert told["about"] == "DepthAnythingForDepthEstimation of transformers"
    assert told["parameters"] == sum(weight.numel() for weight in model.reader.network.parameters())
    assert told["invariance"] == "none"
    assert (told["dtype"], told["device"]) == ("bfloat16", "cpu")
    assert model.reader.network.dtype == torch.bfloat16
    half = model.predict(sample(), depth_prompt())
    np.testing.assert_allclose(half, answer(repo("metric"), depth_prompt()), rtol=0.05, atol=0.2)
    for options, message in (
        ("dtype=int8", "dtype must be auto"),
        ("device=toaster", "device 'toaster' cannot be used"),
    ):
        with pytest.raises((InputError, DataError), match=message):
            plugins.load("models", f"transformers:{repo('metric')}?{options}")
    with pytest.raises(DataError, match="sample words has no image"):
        model.predict(Sample("words", None), depth_prompt())


def test_what_is_missing_is_named_with_the_command(monkeypatch):
    with pytest.raises(DataError, match="run  hf download depth-anything/not-on-disk --revision v1"):
        plugins.load("models", "transformers:depth-anything/not-on-disk?revision=v1")
    assert card("transformers").needs == ("transformers",)
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    with pytest.raises(MissingDependencyError, match=r"run  pip install 'vbanalysis\[transformers\]'"):
        plugins.load("models", "transformers:somebody/something")


def test_importing_the_modules_loads_no_library():
    program = (
        "import sys, vbanalysis.models.transformers, vbanalysis.models.depth_anything_3\n"
        "heavy = ['transformers', 'torch', 'huggingface_hub', 'depth_anything_3']\n"
        "print(*(name for name in heavy if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
