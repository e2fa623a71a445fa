"""Prompts read back into settings, and built so that they can be."""

import time
from typing import get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vbanalysis.errors import InstructionError
from vbanalysis.instructions import (
    CITYSCAPES,
    COLORMAPS,
    NOTATIONS,
    STYLES,
    cityscapes_prompt,
    depth_prompt,
    edit_prompt,
    generation_prompt,
    instance_prompt,
    normals_prompt,
    parse,
    parse_colour,
    referring_prompt,
    semantic_prompt,
)
from vbanalysis.types import Frame, Instruction

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
BLACK, WHITE, CYAN, YELLOW = (0, 0, 0), (255, 255, 255), (0, 255, 255), (255, 255, 0)


def published(count, prompt, task, classes, background=None, colormap=None):
    """One row: how often a prompt was used, its text, and what a person reads in it."""
    one = isinstance(classes, str)
    names, colours = ((classes,), ()) if one else (tuple(classes), tuple(classes.values()))
    return count, Instruction(task, prompt, names, colours, background, colormap)


# The prompts of the project page, each with the number of published outputs that it was given for.
GALLERY = [
    published(1, "Generate a metric depth map of the provided image.", "depth", {}),
    published(3, "Generate a metric depth map of the input image.", "depth", {}),
    published(
        1,
        "Predict the metric depth of this scene as an image. Visualized in the rainbow colormap.",
        "depth",
        {},
        None,
        "rainbow",
    ),
    published(
        2,
        "Predict the metric depth of this scene as an image. Visualized in the rainbow (black-red-yellow-"
        "green-cyan-blue-violet-white) color palette.",
        "depth",
        {},
        None,
        "rainbow",
    ),
    published(
        1,
        "Generate an instance segmentation visualization of this image. Each price tag is colored "
        "differently.",
        "instance",
        "price tag",
    ),
    published(
        1,
        'This image is a segmentation task derived from the input. The "crescent"-shaped croissant '
        "instances are each represented by a unique, solid color. Background is RGB(88, 50, 82).",
        "instance",
        "crescent-shaped croissant",
        (88, 50, 82),
    ),
    published(
        1,
        "Generate an instance segmentation visualization of this image. Each piece of garlic is colored "
        "differently.",
        "instance",
        "piece of garlic",
    ),
    published(
        1,
        "Generate an instance segmentation visualization of this image. Each piece of beef is colored "
        "differently.",
        "instance",
        "piece of beef",
    ),
    published(
        1,
        "This image shows segmentation masks for the basketballs from the input image. The background is "
        "set to #10aa05. Each basketball instance is represented by a solid circular mask, and a "
        "different color is used for each mask.",
        "instance",
        "basketball",
        (16, 170, 5),
    ),
    published(
        1,
        "This image shows segmentation masks for the balls from the input image. The background is set to"
        " white color. Each ball is represented by a different color.",
        "instance",
        "ball",
        WHITE,
    ),
    published(
        1,
        "Segment the wine bottles, make sure different colors for different wine brands. The background "
        "will be black.",
        "instance",
        "wine bottles",
        BLACK,
    ),
    published(
        1,
        "Generate an instance segmentation visualization of the input image. Segment all the price on the"
        " price tags, color them differently.",
        "instance",
        "price on the price tags",
    ),
    published(1, "Predict the surface normal of this scene.", "normals", {}),
    published(4, "Generate a surface normal map of the input image.", "normals", {}),
    published(
        1,
        "A segmentation map image. The area that corresponds to the man in pink t shirt is rendered solid"
        " white; the other man is rendered in green.",
        "referring",
        {"man in pink t shirt": WHITE, "other man": GREEN},
    ),
    published(
        1,
        "A segmentation map image. The stretching cat is rendered in green, the cat that is cleaning "
        "itself is in cyan.",
        "referring",
        {"stretching cat": GREEN, "cat that is cleaning itself": CYAN},
    ),
    published(
        1,
        "This image shows segmentation masks from the given image. The background is black color. The "
        "chef's names in both Chinese and English are rendered as cyan color.",
        "referring",
        {"chef's names in both Chinese and English": CYAN},
        BLACK,
    ),
    published(
        1,
        "A segmentation map of the input image. The pig not in the glass is rendered cyan, and the pig in"
        " the glass reflection is rendered yellow.",
        "referring",
        {"pig not in the glass": CYAN, "pig in the glass reflection": YELLOW},
    ),
    published(
        1,
        "This image shows segmentation masks from the given image. The background is black color. The "
        "game control device is represented by a solid yellow.",
        "referring",
        {"game control device": YELLOW},
        BLACK,
    ),
    published(
        1,
        'Generate a visualization image of semantic segmentation, using this color mapping: {"cat ears": '
        '<255, 165, 0>, "exit sign": <0, 0, 255>, "background": <125, 0, 125>}',
        "semantic",
        {"cat ears": (255, 165, 0), "exit sign": BLUE},
        (125, 0, 125),
    ),
    published(
        1,
        'Generate a semantic segmentation visualization image, using this color mapping: {"cat": "red", '
        '"lock": "pink", "exit sign": "light purple", "background": "yellow"}',
        "semantic",
        {"cat": RED, "lock": (255, 192, 203), "exit sign": (212, 196, 227)},
        YELLOW,
    ),
    published(
        1,
        "Generate a semantic segmentation visualization of the input. The menu is #80C000. The dessert is"
        " #800000. The patterns on the wall is #40FFC0",
        "semantic",
        {"menu": (128, 192, 0), "dessert": (128, 0, 0), "patterns on the wall": (64, 255, 192)},
    ),
    published(
        1,
        "This image is a per-pixel class labeling of the input. The macaron cakes are represented by "
        "(255, 255, 0). The round plates are represented by (255, 192, 128). The slice cakes are depicted"
        " in (64, 192, 64). The flowers are shown in (128, 0, 64). The tongs are (255, 0, 192).",
        "semantic",
        {
            "macaron cakes": YELLOW,
            "round plates": (255, 192, 128),
            "slice cakes": (64, 192, 64),
            "flowers": (128, 0, 64),
            "tongs": (255, 0, 192),
        },
    ),
    published(
        1,
        "Conduct per-class semantic segmentation for the given image. The sitting person are represented "
        "by (255, 255, 0). The standing and walking people are represented by (255, 192, 128). The ocean "
        "is depicted in (64, 192, 64). The street lights are in (128, 0, 64). The sky is in (255, 0, "
        "192). The fence is in (0, 0, 255). The backpack is in (255, 0, 0).",
        "semantic",
        {
            "sitting person": YELLOW,
            "standing and walking people": (255, 192, 128),
            "ocean": (64, 192, 64),
            "street lights": (128, 0, 64),
            "sky": (255, 0, 192),
            "fence": BLUE,
            "backpack": RED,
        },
    ),
]


@pytest.mark.parametrize("expected", [row[1] for row in GALLERY])
def test_each_published_prompt_is_read_as_a_person_reads_it(expected):
    assert parse(expected.text) == expected
    assert parse(expected.text, expected.task) == expected


def test_all_thirty_published_prompts_are_held():
    assert sum(count for count, _ in GALLERY) == 30


@pytest.mark.parametrize(
    "mapping",
    [
        '{"cat": "red", "exit sign": "blue"}',
        "{'cat': 'red', 'exit sign': 'blue',}",
        "{cat: red, exit sign: blue}",
        "{cat = (255, 0, 0); exit sign = #00f}",
        '{"cat": <255, 0, 0>, "exit sign": [0, 0, 255]',
        '```json\n{\n  "cat": "#ff0000",\n  "exit sign": "rgb(0, 0, 255)"\n}\n```',
        '```\n{"cat": 0xff0000\n "exit sign" -> RGB(0, 0, 255)\n```',
        "{“cat”: “red”, “exit sign”: “blue”}",
        "{`cat` => red, `exit sign` => blue}",
        "\n- cat: red\n- exit sign: blue",
        "\ncat = red\nexit sign = blue",
        " cat -> red; exit sign -> blue.",
        "\n1. cat: red\n2. exit sign: #0000ff.\n",
    ],
)
def test_mappings_and_their_near_misses_are_read(mapping):
    instruction = parse(f"Generate a semantic segmentation with this color mapping: {mapping}")
    assert instruction.task == "semantic"
    assert instruction.classes == ("cat", "exit sign")
    assert instruction.colours == (RED, BLUE)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ('"man, tall (left)"', "man, tall (left)"),
        ("'the boy's hat'", "the boy's hat"),
        (r'"5\" pipe"', '5" pipe'),
        ('"a: b {c}"', "a: b {c}"),
    ],
)
def test_keys_of_a_mapping_are_kept_as_written(key, name):
    assert parse(f"Semantic segmentation: {{{key}: red}}").classes == (name,)


@pytest.mark.parametrize(
    ("statement", "name", "rgb"),
    [
        ("The cat is green.", "cat", GREEN),
        ("the cat will be drawn in a solid green color", "cat", GREEN),
        ("A cat has the color green.", "cat", GREEN),
        ("The cat should be green (0, 250, 0).", "cat", (0, 250, 0)),
        ("The cat is represented by #00fa00 (green).", "cat", (0, 250, 0)),
        ('The cat is shown in "light purple".', "cat", (212, 196, 227)),
        ("Render the cat in green.", "cat", GREEN),
        ("Please highlight the cat using the color green!", "cat", GREEN),
        ("The pixels belonging to the cat are green.", "cat", GREEN),
        ("The man who is in red is rendered in green.", "man who is in red", GREEN),
        ("The man in pink, who is tall, is green.", "man in pink, who is tall", GREEN),
        ("The man whose shirt is red, is green", "man whose shirt is red", GREEN),
        ("The dog (left), cat and mouse are green.", "dog (left), cat and mouse", GREEN),
        ("St. Bernard is green.", "St. Bernard", GREEN),
        ('The "rock, which is red and old" is green.', "rock, which is red and old", GREEN),
        ("The red\ncar is\ngreen.", "red car", GREEN),
        ("The picture with a frame is green.", "picture with a frame", GREEN),
    ],
)
def test_a_name_may_hold_colours_commas_and_relative_clauses(statement, name, rgb):
    instruction = parse(f"A segmentation map. {statement}")
    assert (instruction.classes, instruction.colours) == ((name,), (rgb,))


@pytest.mark.parametrize(
    "prompt",
    [
        "Create a segmentation mask image where the cat is red and the dog is blue.",
        "Create segmentation masks: the cat is red, the dog is blue",
        "Segmentation with the cat in red and the dog in blue.",
        "Segment the image so that the cat is red while the dog is blue.",
    ],
)
def test_the_order_to_segment_is_no_part_of_a_name(prompt):
    assert parse(prompt).classes == ("cat", "dog")


@pytest.mark.parametrize(
    "words",
    [
        "The background is set to #7d007d.",
        "Background: <125, 0, 125>",
        "The rest is (125, 0, 125).",
        "The rest of the image is rgb(125, 0, 125).",
        "The background in this photo is rgb(125, 0, 125).",
        "Everything else will be shown in #7d007d.",
        "All other pixels are #7d007d.",
        "The remaining areas are rendered in #7d007d.",
        "Set the background to #7d007d.",
        "Leave the background #7d007d.",
        "Set the image background to be #7d007d.",
        "The background should remain #7d007d.",
        "Everything else #7d007d.",
        "Use a #7d007d background.",
        "background = #7d007d",
        "Draw it on a #7d007d background.",
    ],
)
def test_the_background_is_never_a_class(words):
    given_colours = parse(f"A segmentation map. The cat is red. {words}")
    assert (given_colours.classes, given_colours.background) == (("cat",), (125, 0, 125))
    own_colours = parse(f"Instance segmentation. Each cat is colored differently. {words}")
    assert (own_colours.classes, own_colours.background) == (("cat",), (125, 0, 125))


@pytest.mark.parametrize(
    ("prompt", "concept"),
    [
        ("Segment each cup in a different color on a white background.", "cup"),
        ("Find each cup and mask every cup with a unique color.", "cup"),
        ("Instance segmentation of all the cups in this image.", "cups"),
        ("Segmentation masks for every blue car, in distinct colors.", "blue car"),
        ("Instance segmentation. The cups are colored differently.", "cups"),
        ('Instance segmentation. Each of the "cup, which is red" instances has its own color.', None),
    ],
)
def test_an_instance_prompt_has_one_concept_and_no_colours(prompt, concept):
    instruction = parse(prompt)
    assert instruction.task == "instance"
    assert instruction.classes == (concept or "cup, which is red",)
    assert instruction.colours == ()


@pytest.mark.parametrize(
    ("words", "colormap"),
    [
        ("in grayscale", "gray"),
        ("using the Viridis colormap", "viridis"),
        ("with a plasma color palette", "plasma"),
        ("(inferno colour map)", "inferno"),
        ("as a grey scale image", "gray"),
        ("in the turbo colormap", "turbo"),
        ("of the rainbow over the fields", None),
        ("as a color map", None),
    ],
)
def test_a_depth_prompt_may_name_its_colour_map(words, colormap):
    assert parse(f"Generate a metric depth map {words}").colormap == colormap


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        ("Make the sky purple.", "edit"),
        ("Make the car red.", "edit"),
        ("Make the background blue.", "edit"),
        ("Change the shirt to blue", "edit"),
        ("Paint the sky pink", "edit"),
        ("Color the car red. The sky is blue.", "edit"),
        ("The car is red. Make it blue.", "edit"),
        ("Please remove the man in red.", "edit"),
        ("A photo of a red car.", "generation"),
        ("Photo of a street. The car is red.", "generation"),
        ("Draw a red ball on a blue table.", "generation"),
        ("Draw a dog. The dog is red.", "generation"),
        ("A house where the door is red", "generation"),
        ("A cat on a table. The cat is red.", "generation"),
        ("Three balloons, each a different color, over a field", "generation"),
        ("The man whose shirt is red walks", "generation"),
        ("The cat is redish.", "generation"),
        ("Old car: 16:9, cinematic", "generation"),
        ("The clock shows 10:30, two men wait", "generation"),
        ('A sign that says "cat: red"', "generation"),
        ("A photo of a red cat on a black background", "generation"),
        ('A sign that says "instance segmentation"', "generation"),
    ],
)
def test_other_prompts_are_edits_or_generations(prompt, task):
    assert parse(prompt) == Instruction(task, prompt)


@pytest.mark.parametrize(
    ("prompt", "classes", "colours", "background"),
    [
        ("The cat is red.", ("cat",), (RED,), None),
        ("The cat is red. The dog is #00ff00.", ("cat", "dog"), (RED, GREEN), None),
        ("A cat is red, a dog is green.", ("cat", "dog"), (RED, GREEN), None),
        ("The sky is solid white. The background is set to #10aa05.", ("sky",), (WHITE,), (16, 170, 5)),
        ("Everything else is black. The cat is red.", ("cat",), (RED,), BLACK),
        ("The cat is red. Make the background black.", ("cat",), (RED,), BLACK),
        ("Render the cat in red. The dog is green.", ("cat", "dog"), (RED, GREEN), None),
        ("cat: red; dog: #0f0", ("cat", "dog"), (RED, GREEN), None),
        ("- cat -> red\n- dog -> green", ("cat", "dog"), (RED, GREEN), None),
        ("cat = (255, 0, 0), dog = <0, 255, 0>", ("cat", "dog"), (RED, GREEN), None),
    ],
)
def test_colours_stated_without_a_word_for_the_task_are_semantic(prompt, classes, colours, background):
    expected = Instruction("semantic", prompt, classes, colours, background)
    assert parse(prompt) == parse(prompt, "semantic") == expected


@pytest.mark.parametrize(
    ("prompt", "concept", "background"),
    [
        ("Each price tag is colored differently.", "price tag", None),
        ("Each cup has its own color. The background is white.", "cup", WHITE),
        ("The cups are each shown in a unique color.", "cups", None),
        ("Color each cup differently.", "cup", None),
    ],
)
def test_own_colours_without_a_word_for_the_task_are_instances(prompt, concept, background):
    assert parse(prompt) == Instruction("instance", prompt, (concept,), background=background)


def test_the_task_can_be_given_where_the_wording_leaves_it_open():
    assert parse("The cat is red.").task == "semantic"
    assert parse("The cat is red.", "generation") == Instruction("generation", "The cat is red.")
    assert parse("The cat is red.", "referring").classes == ("cat",)
    assert parse("As seen by a lidar.", "depth") == Instruction("depth", "As seen by a lidar.")


@pytest.mark.parametrize(
    ("words", "convention"),
    [
        ("in OpenGL convention", "opengl"),
        ("(Open GL)", "opengl"),
        ("in the OpenGL's right-handed camera convention", "opengl"),
        ("in the OpenCV camera coordinate system", "opencv"),
        ('in the "open cv" convention', "opencv"),
        ("as DSINE paints them", "dsine"),
        ("in the left-handed frame of dsine", "dsine"),
        ("in the diode convention", "diode"),
        ("like DIODE", "diode"),
        ("in the paper's convention", "paper"),
        ("by the convention of the paper", "paper"),
        ("in the usual camera convention", None),
        ("of the diode on the paper", None),
        ("of the left hand", None),
    ],
)
def test_a_normals_prompt_may_name_its_convention(words, convention):
    prompt = f"Predict surface normals {words}"
    expected = Instruction("normals", prompt, convention=convention)
    assert parse(prompt) == parse(prompt, "normals") == expected


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("", "empty"),
        ("cat: #ff0000; dog: #12", "'#12' is not a colour in hex.*taken as semantic"),
        ("The cat is #12.", "'#12' is not a colour in hex"),
        ("The cat is (300, 0, 0).", "'300' in '\\(300, 0, 0\\)'"),
        ("The cat is red. The dog is smaragd.", "'The dog is smaragd.'"),
        ("The background is black.", "names no class"),
        (
            "Surface normals in DirectX convention",
            "at 'DirectX convention': 'DirectX' is no known convention",
        ),
        ("A DirectX normal map", "'DirectX' is no known"),
        ("Surface normals in the Blender convention", "at 'Blender convention': 'Blender' is no known"),
        ("Surface normals in Blender's camera convention", "at 'Blender camera convention'"),
        ("Surface normals by the convention of Blender", "at 'convention of Blender'"),
        ("Surface normals in the world coordinate system", "'world' is no known"),
        ("Left-handed surface normals", "at 'Left-handed surface normals'"),
        ("OpenGL normals, left-handed", "the frame of OpenGL is not left-handed"),
        (
            "Normals in OpenGL or OpenCV",
            "two conventions, opengl and opencv, in 'Normals in OpenGL or OpenCV'",
        ),
        (" \n ", "empty"),
        ("Generate a semantic segmentation of the image.", "names no class"),
        ("Semantic segmentation: {}", "names no class"),
        ("Semantic segmentation. The background is black.", "names no class"),
        ('Semantic segmentation: {"cat": "smaragd"}', "for 'cat': 'smaragd' is not a known colour"),
        ('Semantic segmentation: {"cat": (300, 0, 0)}', "for 'cat': '300' in"),
        ('Semantic segmentation: {"red": "cat"}', "for 'red': 'cat' is not a known colour"),
        ("Semantic segmentation: {cat, dog: red}", "at 'cat, dog: red}'"),
        ("Semantic segmentation: {: red}", "expected a name"),
        ('Semantic segmentation: {"cat": "red", "Cat": "blue"}', "'Cat' comes twice"),
        ('Semantic segmentation: {"cat": "red", "dog": "#f00"}', "'cat' and 'dog' both have the colour"),
        ('Semantic segmentation: {"cat": "red", "background": "red"}', "'background' and 'cat' both"),
        ("A segmentation map. The cat is smaragd.", "at 'The cat is smaragd.'"),
        ("A segmentation map. The cat is smaragd. The dog is red.", "'The cat is smaragd.'"),
        ("A segmentation map. The cat is smaragd, the dog is red.", "'The cat is smaragd'"),
        ("A segmentation map. The dog is red, the cat is smaragd.", "the cat is smaragd"),
        ("Semantic segmentation. cat: red, dog: smaragd", "dog: smaragd"),
        ("Semantic segmentation:\ncat: smaragd\ndog: red", "'cat: smaragd'"),
        ('Semantic segmentation: {"cat": {"r": 1}}', "for 'cat': expected a colour, got '{"),
        ("Segment the red car. It is rendered in blue.", "what 'It' refers to"),
        ("Instance segmentation of the cups. Set the background to smaragd.", "'smaragd.'"),
        (
            "Instance segmentation of the cups. The background remains as it is.",
            "'it is.' in 'The background remains",
        ),
        ("A segmentation map. The cat is rendered in (255, 0, 999).", "'999'"),
        ("A segmentation map. The cat and dog are in red and blue respectively.", "and blue respectively"),
        ("A segmentation map. Is red.", "expected the name"),
        ("A segmentation map. The cat is red. The background is blue. The rest is white.", "two colours"),
        ("Instance segmentation. Each cat is colored differently. The background is furry.", "'furry.'"),
        ("Instance segmentation of this image.", "names nothing to separate"),
        ("A depth map in the smaragd colormap", "'smaragd' is no known colour map"),
        ("A depth map in viridis colors and in grayscale", "two colour maps"),
        ("A depth map in the rainbow (black-blue-white) colormap", "'\\(black-blue-white\\)'"),
        ("A depth map where near is white and far is black", "near is white"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_quotes_the_place(prompt, said):
    with pytest.raises(InstructionError, match=said):
        parse(prompt)


def test_a_wrong_kind_of_argument_is_an_error():
    with pytest.raises(InstructionError, match="must be a string, got NoneType"):
        parse(None)
    with pytest.raises(InstructionError, match="task 'deep' is unknown: use one of depth, normals"):
        parse("A depth map", "deep")


# Builders -----------------------------------------------------------------------------------------------


WORDS = [
    "cat",
    "man in pink",
    "the",
    "a",
    "and",
    "is",
    "red",
    "who is",
    "which",
    "background",
    "(left)",
    "each",
    "instance",
    "depth map",
    "semantic",
    "segment",
    ",",
    ".",
    ";",
    ":",
    '"',
    "'s",
    "“",
    "{",
    "}",
    "mask",
    "\\",
]
names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join) | st.text(
    min_size=1, max_size=12
)
colours = st.tuples(*[st.integers(0, 255)] * 3)
palettes = st.dictionaries(names, colours, min_size=1, max_size=5)
named = ["red", "green", "blue", "light purple", "dark gray", "robin's egg blue", "pale pink", "orange"]


def usable(palette, background=None):
    """Whether the names and colours of a palette can stand in one prompt at all."""
    plain = [" ".join(name.split()).casefold() for name in palette]
    values = [*palette.values(), *([background] if background is not None else [])]
    return (
        all(plain)
        and len(set(plain)) == len(plain)
        and len(set(values)) == len(values)
        and not any(name in ("background", "the background", "bg") for name in plain)
    )


@pytest.mark.parametrize("style", STYLES["semantic"])
@settings(deadline=None, derandomize=True, max_examples=60)
@given(palettes, st.sampled_from(NOTATIONS[:-1]), st.none() | colours)
def test_semantic_prompts_are_read_back_as_built(style, palette, notation, background):
    assume(usable(palette, background))
    instruction = semantic_prompt(palette, style, notation, background)
    assert parse(instruction.text) == instruction
    assert instruction.classes == tuple(" ".join(name.split()) for name in palette)
    assert instruction.colours == tuple(palette.values())
    assert (instruction.task, instruction.background) == ("semantic", background)


@pytest.mark.parametrize("style", STYLES["referring"])
@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(names, min_size=1, max_size=3), st.permutations(named), st.booleans())
def test_referring_prompts_are_read_back_as_built(style, descriptions, order, with_background):
    palette = dict(zip(descriptions, order, strict=False))
    background = "white" if with_background else None
    assume(usable(palette))
    instruction = referring_prompt(palette, style, background=background)
    assert parse(instruction.text) == instruction
    assert instruction.task == "referring"
    assert instruction.colours == tuple(parse_colour(colour) for colour in palette.values())
    assert instruction.background == (WHITE if with_background else None)


@pytest.mark.parametrize("style", STYLES["instance"])
@settings(deadline=None, derandomize=True, max_examples=60)
@given(names, st.none() | colours, st.sampled_from(NOTATIONS[:-1]))
def test_instance_prompts_are_read_back_as_built(style, noun, background, notation):
    assume(noun.split())
    instruction = instance_prompt(noun, style, background, notation)
    assert parse(instruction.text) == instruction
    assert instruction == Instruction(
        "instance", instruction.text, (" ".join(noun.split()),), background=background
    )


@pytest.mark.parametrize("colormap", [None, *COLORMAPS])
@pytest.mark.parametrize("style", STYLES["depth"])
def test_depth_prompts_are_read_back_as_built(style, colormap):
    instruction = depth_prompt(style, colormap)
    assert parse(instruction.text) == instruction
    assert instruction.colormap == colormap


def test_the_rainbow_can_be_spelled_out():
    text = depth_prompt("predict", "rainbow", spelled=True).text
    assert text == GALLERY[3][1].text


@pytest.mark.parametrize("convention", [None, *get_args(Frame)])
@pytest.mark.parametrize("style", STYLES["normals"])
def test_normals_prompts_are_read_back_as_built(style, convention):
    instruction = normals_prompt(style, convention)
    assert parse(instruction.text) == instruction
    assert instruction == Instruction("normals", instruction.text, convention=convention)


@pytest.mark.parametrize("style", STYLES["generation"])
@pytest.mark.parametrize(
    "caption",
    ["A red ball in a room.", "Two cats on a rug. The black cat is behind the white cat.", "Paris at night"],
)
def test_generation_prompts_are_read_back_as_built(style, caption):
    instruction = generation_prompt(caption, style)
    assert parse(instruction.text) == instruction == Instruction("generation", instruction.text)
    assert instruction.text.endswith(caption[1:])


def test_only_an_article_or_a_number_becomes_small_inside_of_a_sentence():
    assert generation_prompt("An orange ball.", "draw").text == "Draw an orange ball."
    assert generation_prompt("Paris at night.", "picture").text == "A picture of Paris at night."
    assert generation_prompt("An orange ball.", "caption").text == "An orange ball."


def test_an_order_is_an_edit_prompt_and_a_description_is_none():
    assert edit_prompt("Make the red ball blue.") == Instruction("edit", "Make the red ball blue.")
    with pytest.raises(InstructionError, match="read as generation"):
        edit_prompt("A red ball in a room.")
    with pytest.raises(InstructionError, match="read as depth"):
        generation_prompt("Depth map of a room.")
    with pytest.raises(InstructionError, match="style 'sketch' is unknown for generation"):
        generation_prompt("A red ball.", "sketch")


def test_builders_write_the_published_prompts_word_for_word():
    known = {expected.text for _, expected in GALLERY}
    assert depth_prompt().text in known
    assert normals_prompt("predict").text in known
    assert instance_prompt("price tag").text in known
    ears = {"cat ears": (255, 165, 0), "exit sign": BLUE}
    assert semantic_prompt(ears, "json", "angle", (125, 0, 125)).text in known
    lock = {"cat": "red", "lock": "pink", "exit sign": "light purple"}
    assert semantic_prompt(lock, "json-short", "name", "yellow").text in known


def test_the_cityscapes_prompt_holds_the_19_classes_in_the_order_of_their_train_ids():
    instruction = cityscapes_prompt()
    assert len(instruction.classes) == 19
    assert instruction.classes[0] == "road"
    assert instruction.classes[-1] == "bicycle"
    assert dict(zip(instruction.classes, instruction.colours, strict=True)) == CITYSCAPES
    assert instruction.colours[13] == (0, 0, 142)  # car, train id 13


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: depth_prompt("paint"), "style 'paint' is unknown for depth: use one of generate"),
        (lambda: depth_prompt(colormap="smaragd"), "'smaragd' is no known colour map"),
        (lambda: depth_prompt(colormap="viridis", spelled=True), "spelled needs colormap='rainbow'"),
        (lambda: normals_prompt(convention="blender"), "convention 'blender' is unknown: use one of paper"),
        (lambda: semantic_prompt({}), "classes is empty"),
        (lambda: semantic_prompt({" ": "red"}), "class name is empty"),
        (lambda: semantic_prompt({"cat": "smaragd"}), "'smaragd' is not a known colour"),
        (lambda: semantic_prompt({"cat": (0, 0, 256)}), "'256'"),
        (lambda: semantic_prompt({"cat": RED, "dog": "red"}), "both have the colour"),
        (lambda: semantic_prompt({"the background": RED}), "background=..."),
        (lambda: semantic_prompt({"a cat": RED, "a  cat": BLUE}), "differ only in blanks"),
        (lambda: semantic_prompt({"cat": RED}, notation="cmyk"), "notation 'cmyk' is unknown"),
        (lambda: semantic_prompt({"cat": (1, 2, 3)}, notation="name"), "no CSS or XKCD name"),
        (lambda: instance_prompt(""), "class name is empty"),
        (lambda: referring_prompt({"cat": RED}, "json"), "style 'json' is unknown for referring"),
    ],
)
def test_what_cannot_be_built_is_an_error(build, said):
    with pytest.raises(InstructionError, match=said):
        build()


# Anything at all ----------------------------------------------------------------------------------------


PIECES = [
    "the cat",
    "is",
    "in",
    "red",
    "blue",
    "(255, 0, 0)",
    "<1,2,3>",
    "#ff0000",
    "#12",
    "{",
    "}",
    '"',
    "'",
    ":",
    "=",
    "->",
    ",",
    ".",
    ";",
    "\n",
    "and",
    "while",
    "background",
    "segment",
    "mask",
    "semantic",
    "instance",
    "each",
    "different color",
    "depth map",
    "rainbow",
    "normals",
    "who",
    "set to",
    "on a",
    "\\",
    "“",
    "```",
    "rgb(",
    "%",
    "light",
    "where",
    "all",
    "300",
    "0x1",
    "OpenGL",
    "DirectX",
    "convention",
    "left-handed",
    "a photo of",
    "make it",
]
prompts = st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join)
openings = st.sampled_from(["", "Semantic segmentation. ", "A segmentation map. ", "Instance segmentation. "])


def attempt(prompt, task):
    """The instruction, or the message of the error that says why there is none."""
    try:
        return parse(prompt, task)
    except InstructionError as error:
        return str(error)


@settings(deadline=None, derandomize=True, max_examples=600)
@given(
    openings,
    prompts,
    st.sampled_from([None, "semantic", "referring", "instance", "depth", "normals", "edit"]),
)
def test_any_text_is_an_instruction_or_a_typed_error(opening, prompt, task):
    instruction = attempt(opening + prompt, task)
    if isinstance(instruction, str):
        assert instruction
        return
    assert instruction.text == opening + prompt
    assert task is None or instruction.task == task
    assert len(set(instruction.colours)) == len(instruction.colours)


@pytest.mark.parametrize(
    "opening",
    ["", "Semantic segmentation. ", "Instance segmentation. ", "Depth map. ", "Surface normals. "],
)
@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a-",
        "a ",
        " ",
        "\n",
        "is ",
        "is in ",
        "and ",
        "the cat is red, ",
        "each is ",
        "segment all ",
        '"',
        '\\"',
        "'",
        "{",
        "{}",
        "{a:red",
        ": ",
        "(1,",
        "#",
        "1, ",
        "light ",
        "that ",
        "background ",
        "on a red background ",
        "rainbow (",
        "the background is ",
        "each cup differently ",
        "who is red ",
        "open gl ",
        "the camera convention ",
    ],
)
def test_long_prompts_take_time_in_proportion(opening, unit):
    prompt = opening + (unit * 20_000)[:20_000]
    start = time.perf_counter()
    result = attempt(prompt, None)
    assert time.perf_counter() - start < 5
    assert isinstance(result, Instruction) or len(result) < 600
