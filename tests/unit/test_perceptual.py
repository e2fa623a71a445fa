"""Extractors and scores: the embedded one, tiny real classes of transformers, and stand-ins."""

import hashlib
import json
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from vbanalysis import plugins
from vbanalysis.errors import DataError, InputError, PluginError
from vbanalysis.perceptual import Extractor, PictureDistance, TextImageScore, inception, lpips
from vbanalysis.perceptual.vqascore import QUESTION

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.usefixtures("one_thread")

PICTURES = [np.random.default_rng(k).integers(0, 256, (40, 50, 3)).astype(np.uint8) for k in range(3)]
TEXT = (
    "<pad> <unk> <s> </s> <image> Yes No Does this figure show Please answer yes or no. USER: ASSISTANT: a "
    'red blue ball "a ball"? "red"? ye s'
)
WORDS = TEXT.split()
CHAT = (
    "{% for m in messages %}USER: {% for c in m['content'] %}{% if c['type'] == 'image' %}<image> "
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endfor %} ASSISTANT:"
)


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_the_embedded_judge_gives_the_same_features_alone_and_together():
    extractor = plugins.load("extractors", "mini-judge?batch=2", Extractor)
    found = extractor.features(PICTURES)
    assert found.shape == (3, 128)
    assert found.dtype == np.float64
    assert extractor.features(PICTURES[1:2])[0] == pytest.approx(found[1], abs=1e-4)
    # Its last layer makes of the channels what the judge says, so these are the penultimate ones.
    network = extractor._network
    assert network.head[2].in_channels == 64


@pytest.mark.parametrize(
    ("pictures", "word"),
    [
        ([], "at least one"),
        ([PICTURES[0].astype(float)], "got float64"),
        ([PICTURES[0][..., 0]], "place 0"),
        ([np.zeros((0, 4, 3), np.uint8)], "empty"),
        (["a.png"], "got str"),
    ],
)
def test_what_is_no_picture_is_refused(pictures, word):
    with pytest.raises(InputError, match=word):
        plugins.load("extractors", "mini-judge", Extractor).features(pictures)


def words_tokenizer():
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    model = tokenizers.models.WordLevel({word: k for k, word in enumerate(WORDS)}, unk_token="<unk>")
    plain = tokenizers.Tokenizer(model)
    plain.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=plain, unk_token="<unk>", pad_token="<pad>", bos_token="<s>", eos_token="</s>",
        additional_special_tokens=["<image>"],
    )  # fmt: skip


def vision(transformers):
    return transformers.CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=28,
        patch_size=14, projection_dim=8,
    )  # fmt: skip


def image_processor(transformers):
    return transformers.CLIPImageProcessorPil(
        size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("clip")
    torch.manual_seed(0)
    text = transformers.CLIPTextConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=12, projection_dim=8, pad_token_id=0, eos_token_id=3,
        bos_token_id=2,
    )  # fmt: skip
    config = transformers.CLIPConfig(
        text_config=text.to_dict(), vision_config=vision(transformers).to_dict(), projection_dim=8
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    image_processor(transformers).save_pretrained(folder)
    words_tokenizer().save_pretrained(folder)
    return folder


def test_clipscore_is_the_cosine_of_the_librarys_own_embeddings(clip):
    transformers = pytest.importorskip("transformers")
    score = plugins.load("scores", f"clipscore:{clip}?batch=2", TextImageScore)
    prompts = ["a red ball </s>", "a blue ball </s>", "a </s>"]
    found = score.score(PICTURES, prompts)
    network = transformers.CLIPModel.from_pretrained(clip).eval()
    for value, picture, prompt in zip(found, PICTURES, prompts, strict=True):
        pixels = image_processor(transformers)(images=[picture], return_tensors="pt")["pixel_values"]
        words = words_tokenizer()([prompt], return_tensors="pt")["input_ids"]
        with torch.no_grad():
            said = network(input_ids=words, pixel_values=pixels)
        cosine = float((said.image_embeds * said.text_embeds).sum())
        assert value == pytest.approx(2.5 * max(cosine, 0), abs=1e-5)
    assert "2.5 max(cos, 0)" in score.protocol


def test_long_prompts_are_cut_to_what_the_network_reads(clip):
    score = plugins.load("scores", f"clipscore:{clip}", TextImageScore)
    assert np.isfinite(score.score(PICTURES[:1], ["a red ball " * 40])).all()
    with pytest.raises(InputError, match="as many prompts"):
        score.score(PICTURES, ["a"])


def test_features_are_the_librarys_own(clip, tmp_path):
    transformers = pytest.importorskip("transformers")
    extractor = plugins.load("extractors", f"transformers:{clip}?batch=2", Extractor)
    found = extractor.features(PICTURES)
    pixels = image_processor(transformers)(images=PICTURES, return_tensors="pt")["pixel_values"]
    network = transformers.CLIPVisionModelWithProjection.from_pretrained(clip).eval()
    with torch.no_grad():
        assert found == pytest.approx(network(pixels).image_embeds.numpy(), abs=1e-5)
    torch.manual_seed(1)
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2, image_size=28, patch_size=14
    )
    encoder = transformers.Dinov2Model(config).eval()
    encoder.save_pretrained(tmp_path)
    image_processor(transformers).save_pretrained(tmp_path)
    found = plugins.load("extractors", f"transformers:{tmp_path}", Extractor).features(PICTURES)
    with torch.no_grad():
        assert found == pytest.approx(encoder(pixels).pooler_output.numpy(), abs=1e-5)


@pytest.mark.parametrize(
    ("kind", "spec"), [("extractors", "transformers"), ("scores", "clipscore"), ("scores", "vqascore")]
)
def test_another_network_or_none_is_refused(kind, spec, tmp_path):
    pytest.importorskip("transformers")
    with pytest.raises(DataError, match="hf download nobody/nothing"):
        plugins.load(kind, f"{spec}:nobody/nothing")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(DataError, match=r"is a bert|cannot be loaded"):
        plugins.load(kind, f"{spec}:{tmp_path}")


@pytest.fixture(scope="module")
def llava(tmp_path_factory):
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("llava")
    torch.manual_seed(2)
    text = transformers.LlamaConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2,
    )  # fmt: skip
    config = transformers.LlavaConfig(
        vision_config=vision(transformers), text_config=text, image_token_id=4, image_seq_length=4
    )
    transformers.LlavaForConditionalGeneration(config).save_pretrained(folder)
    both = transformers.LlavaProcessor(
        image_processor=image_processor(transformers), tokenizer=words_tokenizer(), patch_size=14,
        vision_feature_select_strategy="default", image_token="<image>", num_additional_image_tokens=1,
        chat_template=CHAT,
    )  # fmt: skip
    both.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("answer", ["Yes", "ye s"])
def test_vqascore_is_the_chance_of_the_answer_token_by_token(llava, answer):
    transformers = pytest.importorskip("transformers")
    score = plugins.load("scores", f"vqascore:{llava}?answer={answer.replace(' ', '%20')}", TextImageScore)
    found = score.score(PICTURES[:2], ["a ball", "red"])
    network = transformers.LlavaForConditionalGeneration.from_pretrained(llava).eval()
    both = transformers.AutoProcessor.from_pretrained(llava, backend="pil")
    for value, picture, prompt in zip(found, PICTURES, ["a ball", "red"], strict=False):
        text = f"USER: <image> {QUESTION.format(prompt)} ASSISTANT:"
        given = dict(both(images=[picture], text=[text], return_tensors="pt"))
        chance = 1.0
        for token in both.tokenizer(answer, add_special_tokens=False)["input_ids"]:
            with torch.no_grad():
                chance *= float(network(**given).logits[0, -1].softmax(dim=-1)[token])
            given["input_ids"] = torch.cat([given["input_ids"], torch.tensor([[token]])], dim=1)
            given["attention_mask"] = torch.ones_like(given["input_ids"])
        assert value == pytest.approx(chance, abs=1e-6)
    assert QUESTION in score.protocol


def test_a_model_without_a_chat_form_is_refused_and_one_must_be_named(llava, tmp_path):
    transformers = pytest.importorskip("transformers")
    with pytest.raises(InputError, match="vqascore:REPO"):
        plugins.load("scores", "vqascore")
    transformers.LlavaForConditionalGeneration.from_pretrained(llava).save_pretrained(tmp_path)
    both = transformers.AutoProcessor.from_pretrained(llava, backend="pil")
    both.save_pretrained(tmp_path)
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(DataError, match="chat template"):
        plugins.load("scores", f"vqascore:{tmp_path}")


def test_inception_asks_for_its_file_its_packages_and_the_right_file(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="toshas/torch-fidelity"):
        plugins.load("extractors", "inception")
    with pytest.raises(DataError, match="no file"):
        plugins.load("extractors", f"inception:{tmp_path / 'none.pth'}")
    file = tmp_path / "weights.pth"
    file.write_bytes(b"weights")
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(PluginError, match="pip install torch-fidelity torchvision"):
        plugins.load("extractors", f"inception:{file}")
    stand_in(monkeypatch, [])
    with pytest.raises(DataError, match="not the published file"):
        plugins.load("extractors", f"inception:{file}")


def stand_in(monkeypatch, calls):
    """As torch-fidelity calls its network: (B, 3, H, W) uint8 in, a tuple of features out."""

    class Network(torch.nn.Module):
        def __init__(self, name, features, feature_extractor_weights_path):
            super().__init__()
            calls.append((name, features, feature_extractor_weights_path))

        def forward(self, batch):
            assert batch.dtype == torch.uint8
            calls.append(tuple(batch.shape))
            return (batch.float().mean(dim=(2, 3)).repeat(1, 683)[:, :2048],)

    module = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = Network
    monkeypatch.setitem(sys.modules, "torch_fidelity", ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", module)


def test_inception_is_asked_as_torch_fidelity_wants_it(tmp_path, monkeypatch):
    calls = []
    stand_in(monkeypatch, calls)
    file = tmp_path / "weights.pth"
    file.write_bytes(b"weights")
    monkeypatch.setattr(inception, "_DIGEST", hashlib.sha256(b"weights").hexdigest()[:8])
    extractor = plugins.load("extractors", f"inception:{file}?batch=2", Extractor)
    found = extractor.features(PICTURES)
    assert found.shape == (3, 2048)
    assert found[:, 0] == pytest.approx([picture[..., 0].mean() for picture in PICTURES], rel=1e-5)
    assert calls == [("inception-v3-compat", ["2048"], str(file)), (2, 3, 40, 50), (1, 3, 40, 50)]
    calls.clear()
    extractor.features([PICTURES[0], PICTURES[1][:20]])
    assert calls == [(1, 3, 40, 50), (1, 3, 20, 50)]


def test_lpips_says_what_it_needs_and_which_networks_there_are(monkeypatch):
    with pytest.raises(InputError, match="alex, vgg, squeeze"):
        plugins.load("scores", "lpips:resnet")
    monkeypatch.setattr(
        lpips.importlib.util, "find_spec", lambda name: None if name == "torchvision" else SimpleNamespace()
    )
    with pytest.raises(PluginError, match="torchvision"):
        plugins.load("scores", "lpips")


def test_lpips_asks_torchmetrics_with_pictures_from_minus_one_to_one(monkeypatch):
    module = pytest.importorskip("torchmetrics.functional.image.lpips")
    asked = []

    def measured(one, other, net_type):
        asked.append((one.shape, float(one.min()), float(one.max()), net_type))
        return (one - other).abs().mean()

    monkeypatch.setattr(module, "learned_perceptual_image_patch_similarity", measured)
    monkeypatch.setattr(lpips.importlib.util, "find_spec", lambda name: SimpleNamespace())
    distance = plugins.load("scores", "lpips:vgg", PictureDistance)
    black, white = np.zeros((8, 9, 3), np.uint8), np.full((8, 9, 3), 255, np.uint8)
    assert distance.distance([black, black], [black, white]).tolist() == [0, 2]
    assert asked[0] == ((1, 3, 8, 9), -1, -1, "vgg")
    with pytest.raises(InputError, match="one size"):
        distance.distance([black], [white[:5]])
    with pytest.raises(InputError, match="as many others"):
        distance.distance([black], [white, white])
