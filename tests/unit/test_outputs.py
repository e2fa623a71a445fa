import numpy as np
import pytest

from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.images import write_png
from vbanalysis.plugins import load


@pytest.fixture
def folder(tmp_path):
    for name, level in (("b.png", 10), ("a.png", 200)):
        write_png(tmp_path / name, np.full((8, 9, 3), level, np.uint8))
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def test_a_folder_of_pictures_is_read_by_name_and_without_prompts(folder):
    outputs = load("datasets", f"outputs:{folder}")
    assert [sample.id for sample in outputs] == ["a.png", "b.png"]
    assert outputs["b.png"].output[0, 0, 0] == 10
    assert outputs[0].prompt is None
    assert outputs[0].image is None


def test_a_table_gives_prompts_and_inputs(folder):
    (folder / "prompts.csv").write_text("output,prompt,input\nb.png,Predict the surface normal.,a.png\n")
    (sample,) = load("datasets", f"outputs:{folder}")
    assert sample.prompt == "Predict the surface normal."
    assert sample.image[0, 0, 0] == 200


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("output,prompt\nmissing.png,x\n", "line 2: there is no file missing.png"),
        ("picture,prompt\nb.png,x\n", "line 2: the column 'output'"),
        ("output,prompt\na.png,x\nb.png,The cat is <255,0,0>.\n", "line 3: more cells .* double quotes"),
    ],
)
def test_a_damaged_table_is_an_error_that_names_the_line(folder, table, message):
    (folder / "prompts.csv").write_text(table)
    with pytest.raises(DataError, match=message):
        load("datasets", f"outputs:{folder}")


def test_a_table_in_another_encoding_is_an_error(folder):
    (folder / "prompts.csv").write_bytes(b"output,prompt\nb.png,\xff\xfe\n")
    with pytest.raises(DataError, match="UTF-8"):
        load("datasets", f"outputs:{folder}")


def test_what_is_no_folder_of_pictures_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no picture"):
        load("datasets", f"outputs:{tmp_path}")
    with pytest.raises(DataError, match="no folder"):
        load("datasets", f"outputs:{tmp_path}/elsewhere")
    with pytest.raises(InputError, match="outputs:FOLDER"):
        load("datasets", "outputs")


def test_a_damaged_picture_is_an_error_when_it_is_read(folder):
    (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    outputs = load("datasets", f"outputs:{folder}")
    assert outputs["b.png"].output.shape == (8, 9, 3)
    with pytest.raises(ImageError, match=r"a\.png"):
        outputs["a.png"]
