import inspect as introspect
import json
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from vbanalysis.cli.decode import classes, depth, instances, normals
from vbanalysis.codecs import ColormapCodec, DepthCodec, InstanceCodec, NormalCodec, PaletteCodec
from vbanalysis.codecs.degradations import Drift
from vbanalysis.images import read_rgb, write_png

METRES = np.geomspace(0.3, 60, 64 * 80).reshape(64, 80)
METRES[:6] = np.inf
METRES[6:9] = np.nan
PROMPT = 'Semantic segmentation with {"cat": "red", "dog": "blue", "hat": "yellow"}'


@pytest.fixture
def depth_png(tmp_path):
    write_png(tmp_path / "depth.png", DepthCodec().encode(METRES))
    return tmp_path / "depth.png"


def class_labels():
    labels = np.full((40, 60), -1, np.int32)
    labels[4:20, 5:25] = 0
    labels[22:38, 30:55] = 1
    return labels


@pytest.fixture
def mask_png(tmp_path):
    colours = {"cat": (255, 0, 0), "dog": (0, 0, 255), "hat": (255, 255, 0)}
    write_png(tmp_path / "mask.png", PaletteCodec(colours).encode(class_labels()))
    return tmp_path / "mask.png"


@pytest.fixture
def instances_png(tmp_path):
    labels = np.maximum(class_labels() + 1, 0)
    write_png(tmp_path / "instances.png", InstanceCodec(background=(10, 90, 20)).encode(labels))
    return tmp_path / "instances.png"


def test_depth_is_written_as_metres_and_summed_up(vbanalysis, depth_png, tmp_path):
    npy, tif = tmp_path / "d.npy", tmp_path / "d.tif"
    code, out, err = vbanalysis("decode", "depth", depth_png, "-o", npy, "-o", tif)
    assert (code, err) == (0, "")
    written = np.load(npy)
    assert written.dtype == np.float32
    np.testing.assert_allclose(written, METRES, rtol=0.02)
    np.testing.assert_array_equal(tifffile.imread(tif), written)
    assert "80 x 64, depth along KRYGCBMW" in out
    assert "infinite 9.38%" in out
    assert f"wrote {npy}" in out


def test_one_json_object_holds_the_same(vbanalysis, depth_png):
    code, out, err = vbanalysis("decode", "depth", depth_png, "--json")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert (facts["width"], facts["code"], facts["outputs"]) == (80, "KRYGCBMW", [])
    assert facts["valid"] == pytest.approx(61 / 64)
    assert facts["depth_m"]["median"] == pytest.approx(np.median(METRES[np.isfinite(METRES)]), rel=0.01)


def test_a_preview_keeps_every_pixel_in_its_place_and_says_that_it_is_one(vbanalysis, tmp_path):
    metres = np.tile(np.geomspace(0.5, 20, 400), (50, 1))
    metres[:5], metres[5:9] = np.inf, np.nan
    write_png(tmp_path / "wide.png", DepthCodec().encode(metres))
    _, out, _ = vbanalysis("decode", "depth", tmp_path / "wide.png", "-o", tmp_path / "p.png")
    assert "a preview for the eye" in out
    painted = read_rgb(tmp_path / "p.png")
    assert painted.shape[1] == 400
    assert painted.shape[0] > 50  # a scale stands below
    assert (painted[:5] == 255).all()
    assert (painted[5:9] == 0).all()
    near, far = painted[30, 20].astype(int), painted[30, 380].astype(int)
    assert near[2] > near[1]  # viridis: violet
    assert far[1] > far[2]  # yellow


def test_bgr_is_read_rightly_with_a_line_about_it(vbanalysis, tmp_path):
    write_png(tmp_path / "bgr.png", DepthCodec().encode(METRES)[..., ::-1])
    code, _, err = vbanalysis("decode", "depth", tmp_path / "bgr.png", "-o", tmp_path / "d.npy")
    assert code == 0
    assert "BGR" in err
    assert err.count("\n") == 1
    np.testing.assert_allclose(np.load(tmp_path / "d.npy"), METRES, rtol=0.02)


def test_what_several_walks_share_is_read_along_the_papers_with_a_line_about_it(vbanalysis, tmp_path):
    near = np.linspace(0.02, 0.79, 96 * 96).reshape(96, 96)
    write_png(tmp_path / "near.png", DepthCodec().encode(near))
    code, _, err = vbanalysis("decode", "depth", tmp_path / "near.png", "-o", tmp_path / "d.npy")
    assert code == 0
    assert err.count("\n") == 1
    assert "KRYGCBMW" in err
    np.testing.assert_allclose(np.load(tmp_path / "d.npy"), near, atol=0.003)


def test_what_follows_no_walk_is_refused_unless_one_is_named(vbanalysis, refused, mask_png):
    assert "--walk KRYGCBMW" in refused("decode", "depth", mask_png)
    assert vbanalysis("decode", "depth", mask_png, "--walk", "KRYGCBMW")[0] == 0


def test_mid_grey_all_over_has_no_depth(refused, tmp_path):
    write_png(tmp_path / "grey.png", np.full((20, 20, 3), 128, np.uint8))
    assert "mid-grey" in refused("decode", "depth", tmp_path / "grey.png")


@pytest.mark.parametrize(
    "chosen", [["--colormap", "plasma"], ["--prompt", "A depth map in plasma colormap."]]
)
def test_a_colour_map_is_chosen_by_name_or_by_the_prompt(vbanalysis, tmp_path, chosen):
    write_png(tmp_path / "map.png", ColormapCodec("plasma").encode(METRES))
    code, out, _ = vbanalysis("decode", "depth", tmp_path / "map.png", *chosen, "-o", tmp_path / "d.npy")
    assert code == 0
    assert "depth in plasma" in out
    written = np.load(tmp_path / "d.npy")
    np.testing.assert_allclose(written[12:50], METRES[12:50], rtol=0.05)


def test_a_linear_scale_of_a_map(vbanalysis, tmp_path):
    metres = np.linspace(1, 9, 400).reshape(20, 20)
    write_png(tmp_path / "map.png", ColormapCodec("gray", 1, 9).encode(metres))
    words = ("--colormap", "gray", "--vmin", "1", "--vmax", "9", "-o", tmp_path / "d.npy")
    assert vbanalysis("decode", "depth", tmp_path / "map.png", *words)[0] == 0
    np.testing.assert_allclose(np.load(tmp_path / "d.npy"), metres, atol=0.02)


def test_limits_make_unclear_pixels_unknown(vbanalysis, tmp_path):
    rgb = DepthCodec().encode(METRES)
    rgb[40:50, :10] = (255, 90, 90)
    write_png(tmp_path / "odd.png", rgb)
    vbanalysis("decode", "depth", tmp_path / "odd.png", "--max-residual", "30", "-o", tmp_path / "d.npy")
    written = np.load(tmp_path / "d.npy")
    assert np.isnan(written[40:50, :10]).all()
    assert np.isfinite(written[40:50, 10:]).all()


def test_drift_and_mixed_edges_are_mended_when_asked(vbanalysis, tmp_path):
    metres = np.geomspace(0.2, 300, 128 * 128).reshape(128, 128)
    metres[32:96, 32:96] = 0.5
    rgb = DepthCodec().encode(metres)
    rgb[32:96, 32] = (rgb[32:96, 31].astype(int) + rgb[32:96, 33]) // 2
    write_png(tmp_path / "drifted.png", Drift(gain=0.9, offset=12)(rgb))
    words = ("decode", "depth", tmp_path / "drifted.png", "--calibrate", "--repair-edges", "--json")
    facts = json.loads(vbanalysis(*words)[1])
    assert "fell" in facts["calibration"]
    assert 0 < facts["repaired"] < 0.05


def test_normals_are_unit_vectors_and_turn_into_another_frame(vbanalysis, tmp_path):
    vectors = np.random.default_rng(0).normal(size=(24, 30, 3))
    vectors[..., 2] = np.abs(vectors[..., 2]) + 1
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    rgb = NormalCodec().encode(vectors)
    rgb[:2] = 128
    write_png(tmp_path / "n.png", rgb)
    words = ("decode", "normals", tmp_path / "n.png", "--to", "opencv")
    outs = [word for kind in ("npy", "png") for word in ("-o", tmp_path / f"out.{kind}")]
    assert vbanalysis(*words, *outs)[0] == 0
    written = np.load(tmp_path / "out.npy")
    assert written.dtype == np.float32
    assert np.isnan(written[:2]).all()
    np.testing.assert_allclose(written[2:], vectors[2:] * (1, -1, -1), atol=0.02)
    assert (read_rgb(tmp_path / "out.png")[:2] == 128).all()


def test_another_convention_than_named_is_pointed_out(vbanalysis, tmp_path):
    y, x = np.mgrid[:64, :64] / 6.0
    raw = np.stack([np.sin(x), -np.sin(y), np.ones_like(x)], axis=-1)
    raw[..., 0] += 0.5 * np.sin(x + y)
    raw[..., 1] -= 0.5 * np.sin(x + y)
    vectors = raw / np.linalg.norm(raw, axis=-1, keepdims=True)
    write_png(tmp_path / "n.png", NormalCodec("opengl").encode(vectors))
    _, _, err = vbanalysis("decode", "normals", tmp_path / "n.png")
    assert err.count("\n") == 1
    assert "opengl" in err
    assert vbanalysis("decode", "normals", tmp_path / "n.png", "--convention", "opengl")[2] == ""
    prompt = "Predict surface normals in the OpenGL convention."
    assert vbanalysis("decode", "normals", tmp_path / "n.png", "--prompt", prompt)[2] == ""


@pytest.mark.parametrize("command", ["semantic", "referring"])
def test_classes_are_numbered_as_the_prompt_names_them(vbanalysis, mask_png, tmp_path, command):
    words = ("decode", command, mask_png, "--prompt", PROMPT)
    outs = [word for kind in ("npy", "tif", "png", "json") for word in ("-o", tmp_path / f"out.{kind}")]
    code, out, err = vbanalysis(*words, *outs)
    assert (code, err) == (0, "")
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), class_labels())
    assert np.load(tmp_path / "out.npy").dtype == np.int32
    assert "0 cat" in out
    assert "2 hat" in out
    assert "not painted" in out
    assert "-1 stored as 65535" in out
    in_16_bits = tifffile.imread(tmp_path / "out.tif")
    np.testing.assert_array_equal(in_16_bits, np.where(class_labels() < 0, 65535, class_labels()))
    np.testing.assert_array_equal(read_rgb(tmp_path / "out.png"), read_rgb(mask_png))


def test_masks_in_json_are_what_pycocotools_reads(vbanalysis, mask_png, tmp_path):
    coco = pytest.importorskip("pycocotools.mask")
    vbanalysis("decode", "semantic", mask_png, "--prompt", PROMPT, "-o", tmp_path / "out.json")
    content = json.loads((tmp_path / "out.json").read_text())
    assert (content["height"], content["width"], content["prompt"]) == (40, 60, PROMPT)
    cat, dog, hat = content["masks"]
    assert (dog["label"], dog["name"], dog["colour"]) == (1, "dog", [0, 0, 255])
    assert (dog["area"], dog["bbox"]) == (16 * 25, [30, 22, 25, 16])
    assert (hat["area"], hat["bbox"]) == (0, [0, 0, 0, 0])
    for entry in (cat, dog, hat):
        np.testing.assert_array_equal(coco.decode(entry["segmentation"]), class_labels() == entry["label"])


def test_classes_may_be_given_one_by_one(vbanalysis, mask_png, tmp_path):
    words = ["--class", "dog=blue", "--class", "a = b=#ff0000", "--background", "black"]
    vbanalysis("decode", "semantic", mask_png, *words, "-o", tmp_path / "out.npy")
    swapped = np.where(class_labels() < 0, -1, 1 - class_labels())
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), swapped)


def test_without_a_background_every_pixel_is_some_class(vbanalysis, mask_png):
    words = ("--class", "dog=blue", "--class", "cat=red", "--background", "none", "--json")
    assert json.loads(vbanalysis("decode", "semantic", mask_png, *words)[1])["unnamed"] == 0


def test_a_prompt_of_other_colours_is_doubted(vbanalysis, depth_png):
    _, _, err = vbanalysis("decode", "semantic", depth_png, "--class", "cat=#808080")
    assert "is this its prompt?" in err


def test_instances_are_numbered_from_1(vbanalysis, instances_png, tmp_path):
    words = ("decode", "instances", instances_png, "--background", "auto")
    outs = [word for kind in ("npy", "png", "json") for word in ("-o", tmp_path / f"out.{kind}")]
    code, out, err = vbanalysis(*words, *outs)
    assert (code, err) == (0, "")
    assert "2 instances" in out
    written = np.load(tmp_path / "out.npy")
    assert written.dtype == np.int32
    np.testing.assert_array_equal(written, class_labels() + 1)
    first, second = json.loads((tmp_path / "out.json").read_text())["masks"]
    assert (first["label"], first["bbox"], first["area"]) == (1, [5, 4, 20, 16], 320)
    assert second["label"] == 2
    assert (read_rgb(tmp_path / "out.png")[0, 0] == (10, 90, 20)).all()


def test_the_background_of_the_prompt_counts_and_a_missing_one_is_pointed_out(vbanalysis, instances_png):
    prompt = "Segment the birds, color them differently. The background is RGB(10, 90, 20)."
    code, out, err = vbanalysis("decode", "instances", instances_png, "--prompt", prompt, "--json")
    assert (code, err, json.loads(out)["count"]) == (0, "", 2)
    _, _, err = vbanalysis("decode", "instances", instances_png)
    assert "(10, 90, 20)" in err
    assert "--background" in err


def test_a_picture_without_instances_is_a_result_too(vbanalysis, tmp_path):
    write_png(tmp_path / "black.png", np.zeros((20, 20, 3), np.uint8))
    code, out, _ = vbanalysis("decode", "instances", tmp_path / "black.png", "-o", tmp_path / "o.json")
    assert code == 0
    assert "0 instances" in out
    assert json.loads((tmp_path / "o.json").read_text())["masks"] == []


def test_a_prompt_of_another_task_is_pointed_out(vbanalysis, depth_png):
    prompt = "Predict the surface normal of this scene."
    code, _, err = vbanalysis("decode", "depth", depth_png, "--prompt", prompt)
    assert code == 0
    assert "vbanalysis decode normals" in err


def png_header(width, height):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def make_hostile(folder, kind):
    path = folder / f"{kind}.png"
    picture = Image.fromarray(DepthCodec().encode(METRES))
    match kind:
        case "truncated":
            picture.save(path)
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        case "huge":
            path.write_bytes(png_header(100_000, 100_000))
        case "palette":
            picture.convert("P").save(path)
        case "16-bit":
            Image.fromarray(np.zeros((20, 20), np.uint16)).save(path)
        case "cmyk":
            picture.convert("CMYK").save(path, "JPEG")
        case "alpha":
            picture.convert("RGBA").save(path)
        case "text":
            path.write_text("no picture")
    return path


COMMANDS = (
    ("decode", "depth"),
    ("decode", "normals"),
    ("decode", "semantic", "--class", "a=red"),
    ("decode", "referring", "--class", "a=red"),
    ("decode", "instances"),
    ("inspect",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[-1] if len(words) < 3 else words[1])
@pytest.mark.parametrize(
    "kind", ["truncated", "huge", "palette", "16-bit", "cmyk", "alpha", "text", "missing"]
)
def test_a_hostile_picture_is_one_line_and_exit_code_2(refused, tmp_path, command, kind):
    path = make_hostile(tmp_path, kind)
    assert f"{kind}.png" in refused(*command, path)


def test_the_same_holds_of_the_installed_command(tmp_path):
    path = make_hostile(tmp_path, "truncated")
    ended = subprocess.run(
        [sys.executable, "-c", "from vbanalysis.cli import main; main()", "decode", "depth", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("depth", "-o", "out.jpg"), ".npy, .tif, .tiff or .png"),
        (("depth", "-o", "out"), "no suffix"),
        (("depth", "-o", "out.json"), "holds masks"),
        (("depth", "-o", "nowhere/out.npy"), "does not exist"),
        (("depth", "-o", "depth.png"), "the picture itself"),
        (("depth", "--walk", "KRYGCBWM"), "KRYGCBMW"),
        (("depth", "--lam", "-0.5"), "lam"),
        (("depth", "--colormap", "viridsi"), "viridsi"),
        (("depth", "--vmin", "1", "--vmax", "2"), "--colormap"),
        (("depth", "--colormap", "gray", "--vmin", "1"), "vmax"),
        (("depth", "--colormap", "gray", "--calibrate"), "--calibrate"),
        (("depth", "--max-residual", "-1"), "--max-residual"),
        (("depth", "--prompt", "A depth map in the viridsi colormap."), "viridsi"),
        (("normals", "--convention", "papr"), "paper"),
        (("normals", "--tolerance", "3"), "tolerance"),
        (("semantic",), "--prompt"),
        (("semantic", "--class", "cat"), "NAME=COLOUR"),
        (("semantic", "--class", "cat=reddd"), "reddd"),
        (("semantic", "--class", "a=red", "--class", "a=blue"), "twice"),
        (("semantic", "--class", "a=red", "--prompt", PROMPT), "not both"),
        (("semantic", "--class", "a=red", "--space", "hsv"), "hsv"),
        (("semantic", "--prompt", "Hello there"), "names no class"),
        (("semantic", "--prompt", '{"cat": "no colour"}'), "no colour"),
        (("instances", "--connectivity", "6"), "connectivity"),
        (("instances", "--background", "blurple-ish"), "blurple"),
        (("instances", "--prompt", " "), "empty"),
    ],
)
def test_what_cannot_be_used_is_one_line(refused, depth_png, monkeypatch, words, reason):
    monkeypatch.chdir(depth_png.parent)
    command, *rest = words
    assert reason in refused("decode", command, depth_png, *rest)


def test_an_unknown_suffix_is_refused_before_anything_is_written(refused, depth_png, tmp_path):
    refused("decode", "depth", depth_png, "-o", tmp_path / "d.npy", "-o", tmp_path / "d.xyz")
    assert not (tmp_path / "d.npy").exists()


def test_the_defaults_are_those_of_the_codecs():
    def defaults(command):
        return {name: p.default for name, p in introspect.signature(command).parameters.items()}

    depths, codec = defaults(depth), DepthCodec()
    assert (depths["lam"], depths["c"]) == (codec.lam, codec.c)
    assert (depths["max_residual"], depths["min_margin"]) == (codec.max_residual, codec.min_margin)
    assert defaults(normals)["tolerance"] == NormalCodec().tolerance
    assert defaults(classes)["space"] == PaletteCodec({"a": (1, 2, 3)}).space
    for name in ("tau", "min_area", "erosion", "gamma", "connectivity", "merge_area"):
        assert defaults(instances)[name] == getattr(InstanceCodec(), name)
