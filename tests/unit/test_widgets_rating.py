"""Blind rating without a browser: pairs, order and sides, votes that last, what a browser gets to know."""

import json
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from PIL import Image, PngImagePlugin

from vbanalysis.errors import DataError, ImageError, InputError
from vbanalysis.images import photo_size, read_photo, write_png
from vbanalysis.widgets.rating import (
    Pair,
    RatingDesk,
    RatingSession,
    Vote,
    VotesFile,
    export_votes,
    pairs_of_folders,
    pairs_of_table,
    standing_votes,
    trials,
)

MODELS = ("secretive", "hushhush")


def picture(value, shape=(6, 8)):
    return np.full((*shape, 3), value, np.uint8)


@pytest.fixture
def folders(tmp_path):
    """Two folders of nine pictures; those of the first model are dark, those of the second bright."""
    for model, level in zip(MODELS, (20, 220), strict=True):
        (tmp_path / model).mkdir()
        for k in range(9):
            write_png(tmp_path / model / f"p{k}.png", picture(level + k))
    return tmp_path / MODELS[0], tmp_path / MODELS[1]


@pytest.fixture
def pairs(folders):
    return pairs_of_folders(*folders, prompts={"p3": "a red\tball\non the  floor"})


@pytest.fixture
def votes(tmp_path):
    return tmp_path / "votes"


def all_of(session, choose=lambda trial: "left"):
    while session.current is not None:
        assert session.vote(choose(session.current), 1.5)


# Pairs


def test_pictures_of_one_name_are_a_pair_whatever_their_format(folders):
    (folders[1] / "p0.png").unlink()
    Image.fromarray(picture(220)).save(folders[1] / "p0.JPG")
    pairs = pairs_of_folders(*folders, names=("x", "y"), prompts={"p1": "a  ball"})
    assert [pair.id for pair in pairs] == [f"p{k}" for k in range(9)]
    assert pairs[0].models == ("x", "y")
    assert pairs[0].pictures[1].name == "p0.JPG"
    assert pairs[1].prompt == "a ball"


def test_a_picture_without_a_partner_is_named(folders):
    (folders[1] / "p4.png").unlink()
    with pytest.raises(InputError, match=r"hushhush has no picture for 'p4'"):
        pairs_of_folders(*folders)


@pytest.mark.parametrize("broken", ["missing", "cut", "empty"])
def test_a_missing_or_damaged_picture_is_named_before_anybody_rates(pairs, votes, broken):
    path = pairs[2].pictures[1]
    data = path.read_bytes()
    path.unlink()
    if broken != "missing":
        path.write_bytes(data[: len(data) // 2] if broken == "cut" else b"")
    with pytest.raises(ImageError, match=r"p2\.png"):
        RatingSession(pairs, votes, "Ann")


def test_sizes_that_would_tell_the_models_apart_are_refused(folders):
    write_png(folders[0] / "p5.png", picture(0, (6, 9)))
    with pytest.raises(InputError, match=r"'p5' differ in size \(height x width 6 x 9 and 6 x 8\)"):
        pairs_of_folders(*folders)


def test_two_pictures_of_one_name_in_a_folder_are_refused(folders):
    Image.fromarray(picture(1)).save(folders[0] / "p1.jpg")
    with pytest.raises(DataError, match=r"p1\.jpg and p1\.png"):
        pairs_of_folders(*folders)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"id": "p\t1"}, "an id must be printable"),
        ({"id": " "}, "an id must be printable"),
        ({"models": ("a\n", "b")}, "a model name must be printable"),
        ({"models": ("a", "a")}, "give names, one a model"),
    ],
)
def test_names_that_a_table_could_not_hold_are_refused(pairs, votes, changes, told):
    bad = Pair(**{**vars(pairs[0]), **changes})
    with pytest.raises(InputError, match=told):
        RatingSession([bad], votes, "Ann")


def test_pairs_of_one_id_and_no_pairs_are_refused(pairs, votes):
    with pytest.raises(InputError, match="several pairs are called 'p0'"):
        RatingSession([*pairs, pairs[0]], votes, "Ann")
    with pytest.raises(InputError, match="there are no pairs"):
        RatingSession([], votes, "Ann")


def test_a_table_lists_pairs_with_paths_below_its_folder(folders, tmp_path):
    table = tmp_path / "pairs.tsv"
    head = "pair_id\tprompt\tmodel_a\tpicture_a\tmodel_b\tpicture_b\n"
    table.write_text(head + 'one\ta "ball"\tA\tsecretive/p0.png\tB\thushhush/p0.png\n')
    (pair,) = pairs_of_table(table)
    assert (pair.id, pair.prompt, pair.models) == ("one", 'a "ball"', ("A", "B"))
    assert pair.pictures == (folders[0] / "p0.png", folders[1] / "p0.png")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"pair_id\tprompt\none\ta ball\n", "line 2 of .* lacks model_a, picture_a"),
        (b"pair_id\tprompt\tmodel_a\tpicture_a\tmodel_b\tpicture_b\na\tb\tc\td\te\tf\tg\n", "it has more"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"", "there are no pairs"),
    ],
)
def test_a_table_that_is_none_says_why(tmp_path, text, told):
    path = tmp_path / "pairs.tsv"
    path.write_bytes(text)
    with pytest.raises((DataError, InputError), match=told):
        pairs_of_table(path)
    with pytest.raises(DataError, match="does not exist"):
        pairs_of_table(tmp_path / "none.tsv")


def test_the_size_of_a_photo_is_that_of_its_upright_pixels(tmp_path):
    tag = Image.Exif()
    tag[274] = 6
    Image.fromarray(picture(9, (4, 10))).save(tmp_path / "turned.jpg", exif=tag)
    assert photo_size(tmp_path / "turned.jpg") == read_photo(tmp_path / "turned.jpg").shape[:2] == (10, 4)


# Order and sides


def test_each_rater_has_an_order_and_sides_of_their_own_that_stay(pairs):
    def seen(rater, seed=0, pairs=pairs):
        return [(trial.pair.id, trial.left) for trial in trials(pairs, rater, seed)]

    assert seen("Ann") == seen("Ann", pairs=pairs[::-1])
    assert len({tuple(seen(*who)) for who in (("Ann", 0), ("Ben", 0), ("Ann", 1))}) == 3
    assert sorted(name for name, _ in seen("Ann")) == [pair.id for pair in pairs]


def test_each_model_is_on_the_left_in_half_of_the_pairs(pairs):
    odd = []
    for rater in map(str, range(40)):
        lefts = Counter(trial.left for trial in trials(pairs, rater))
        assert sorted(lefts.values()) == [4, 5]
        odd.append(lefts[MODELS[0]] == 5)
        assert set(Counter(trial.left for trial in trials(pairs[:8], rater)).values()) == {4}
    assert 8 < sum(odd) < 32  # who has the one more is drawn too


def test_a_seed_that_is_none_is_refused(pairs):
    with pytest.raises(InputError, match="seed must be a whole number"):
        trials(pairs, "Ann", -1)


def test_rating_leaves_the_global_generator_alone(pairs):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    trials(pairs, "Ann")
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


# Votes


def test_a_vote_is_on_the_disk_before_the_next_pair(pairs, votes):
    session = RatingSession(pairs, votes, "Ann")
    first = session.current
    assert session.vote("right", 2.25)
    (vote,) = standing_votes(votes)
    assert vote[:7] == (first.pair.id, first.pair.prompt, first.left, first.right, "right", "Ann", 2.25)
    assert session.current.pair.id != first.pair.id
    assert (session.done, session.total) == (1, 9)


def test_the_left_picture_is_of_the_left_model(pairs, votes):
    session = RatingSession(pairs, votes, "Ann")
    level = dict(zip(MODELS, (20, 220), strict=True))
    while (trial := session.current) is not None:
        k = int(trial.pair.id[1:])
        assert [each[0, 0, 0] for each in session.pictures()] == [
            level[trial.left] + k,
            level[trial.right] + k,
        ]
        session.vote("tie", 0.0)


def test_a_rater_goes_on_where_they_stopped(pairs, votes):
    whole = [trial.pair.id for trial in RatingSession(pairs, votes, "Ann").trials]
    for k in range(9):
        session = RatingSession(pairs, votes, "Ann")
        assert session.current.pair.id == whole[k]
        session.vote("tie", 1.0)
    assert RatingSession(pairs, votes, "Ann").current is None
    assert not session.vote("left", 1.0)
    assert [vote.pair_id for vote in session.votes] == whole


def test_an_undo_is_a_line_and_outlives_a_restart(pairs, votes):
    session = RatingSession(pairs, votes, "Ann")
    assert not session.undo()
    asked = [trial.pair.id for trial in session.trials]
    for _ in range(3):
        session.vote("left", 1.0)
    assert session.undo()
    assert session.undo()
    session = RatingSession(pairs, votes, "Ann")
    assert session.current.pair.id == asked[1]
    session.vote("right", 1.0)
    assert session.current.pair.id == asked[2]
    assert session.undo()
    assert session.undo()
    assert session.current.pair.id == asked[0]
    assert not session.undo()
    assert not RatingSession(pairs, votes, "Ann").votes
    (path,) = votes.iterdir()
    assert len(path.read_text().splitlines()) == 1 + 4 + 4


def test_what_is_taken_back_comes_next_though_the_set_has_grown(pairs, votes):
    few = RatingSession(pairs[:3], votes, "Ann")
    all_of(few)
    grown = RatingSession(pairs, votes, "Ann")
    assert grown.done == 3
    last = grown.votes[-1].pair_id
    assert grown.undo()
    assert grown.current.pair.id == last
    assert RatingSession(pairs, votes, "Ann").current.pair.id == last


@pytest.mark.parametrize("lost", [1, 20, 10_000])
def test_a_line_cut_short_by_a_kill_is_dropped_and_the_pair_asked_again(pairs, votes, lost):
    session = RatingSession(pairs, votes, "Ann")
    session.vote("left", 1.0)
    before = session.current.pair.id
    session.vote("right", 1.0)
    (path,) = votes.iterdir()
    data = path.read_bytes()
    path.write_bytes(data[: max(len(data) - lost, 3)])
    session = RatingSession(pairs, votes, "Ann")
    if lost < 10_000:
        assert session.current.pair.id == before
    all_of(session)
    assert len(standing_votes(votes)) == 9


@pytest.mark.skipif(os.name != "posix", reason="kills by a signal")
def test_no_vote_that_was_taken_is_lost_by_a_kill(pairs, votes):
    program = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from vbanalysis.widgets.rating import RatingSession, pairs_of_folders\n"
        f"pairs = pairs_of_folders(*{[str(path.parent) for path in pairs[0].pictures]!r})\n"
        f"session = RatingSession(pairs, {str(votes)!r}, 'Ann')\n"
        "for _ in range(5): session.vote('tie', 1.0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == -9
    assert RatingSession(pairs, votes, "Ann").done == 5


def test_a_vote_that_the_disk_does_not_take_does_not_count(pairs, votes, monkeypatch):
    session = RatingSession(pairs, votes, "Ann")
    session.vote("left", 1.0)
    (path,) = votes.iterdir()
    data, trial = path.read_bytes(), session.current

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DataError, match="No space left"):
            session.vote("right", 1.0)
    assert path.read_bytes() == data
    assert session.current is trial
    assert session.vote("tie", 1.0)
    assert [vote.choice for vote in standing_votes(votes)] == ["left", "tie"]


def test_two_windows_of_one_rater_never_judge_a_pair_twice(pairs, votes):
    one, two = RatingSession(pairs, votes, "Ann"), RatingSession(pairs, votes, "Ann")
    assert one.vote("left", 1.0)
    assert not two.vote("right", 1.0)
    assert two.done == 1
    assert two.vote("right", 1.0)
    assert one.undo()
    assert one.done == two.done - 1 == 1
    assert [vote.choice for vote in standing_votes(votes)] == ["left"]


def test_raters_have_a_file_each_whatever_their_names(pairs, votes):
    names = ["../../etc/passwd", "Ann", "ann ", "Äñ / b", "a" * 60, ".."]
    for name in names:
        all_of(RatingSession(pairs[:2], votes, name))
    assert len(list(votes.iterdir())) == len(names)
    assert {vote.rater for vote in standing_votes(votes)} == {name.strip() for name in names}
    assert list(votes.parent.glob("**/passwd*")) == []


@pytest.mark.parametrize("name", ["", "  ", "a\tb", "a\nb", "x" * 61, None, 7])
def test_a_name_that_cannot_be_kept_is_refused(votes, name):
    with pytest.raises(InputError, match="a rater's name must have 1 to 60"):
        VotesFile(votes, name)


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[1]",
        b'{"undo": "never"}',
        b'{"vote": {"pair_id": "p0"}}',
        b'{"vote": {"pair_id": "p0", "prompt": "", "left": "a", "right": "b", "choice": "up",'
        b' "rater": "Ann", "seconds": 1, "time": ""}, "pictures": ["", ""]}',
        b'{"vote": {"pair_id": "p0", "prompt": "", "left": "a", "right": "b", "choice": "tie",'
        b' "rater": "Ann", "seconds": NaN, "time": ""}, "pictures": ["", ""]}',
        b"\xff\xff",
    ],
)
def test_a_damaged_votes_file_is_an_error_that_names_the_line(votes, line):
    votes.mkdir()
    path = votes / "Ann.votes.jsonl"
    path.write_bytes(b'{"rater": "Ann", "version": 1}\n' + line + b"\n")
    with pytest.raises(DataError, match=r"line 2 of .*Ann\.votes\.jsonl is no vote"):
        VotesFile(votes, "Ann")


def test_a_file_of_another_rater_or_time_is_not_gone_on_with(votes):
    votes.mkdir()
    (votes / "Ann.votes.jsonl").write_text('{"rater": "ann", "version": 1}\n')
    with pytest.raises(DataError, match="holds the votes of 'ann'"):
        VotesFile(votes, "Ann")
    (votes / "Ann.votes.jsonl").write_text('{"rater": "Ann", "version": 2}\n')
    with pytest.raises(DataError, match="in version 2"):
        VotesFile(votes, "Ann")


def test_a_votes_folder_that_is_none_is_told(pairs, votes):
    votes.write_text("a file")
    with pytest.raises(DataError, match=r"cannot be (read|written)"):
        RatingSession(pairs, votes, "Ann").vote("tie", 1.0)


def test_votes_on_other_pictures_are_not_gone_on_with(pairs, votes):
    session = RatingSession(pairs, votes, "Ann")
    session.vote("left", 1.0)
    judged = next(pair for pair in pairs if pair.id == session.votes[0].pair_id)
    write_png(judged.pictures[0], picture(99))
    with pytest.raises(DataError, match="is about other pictures"):
        RatingSession(pairs, votes, "Ann")


@pytest.mark.parametrize(
    ("choice", "seconds"), [("up", 1.0), ("tie", -1.0), ("tie", float("nan")), ("tie", None)]
)
def test_no_vote_that_means_nothing_is_kept(pairs, votes, choice, seconds):
    session = RatingSession(pairs, votes, "Ann")
    with pytest.raises(InputError):
        session.vote(choice, seconds)
    assert session.done == 0
    assert not votes.exists()


# Export


def test_an_export_has_a_row_a_standing_vote_in_the_readers_columns(pairs, votes, tmp_path):
    for rater, choice in (("Ben", "right"), ("Ann", "skip")):
        session = RatingSession(pairs, votes, rater)
        all_of(session, lambda trial, choice=choice: choice)
        session.undo()
    assert export_votes(votes, tmp_path / "votes.tsv") == 16
    table = pd.read_csv(tmp_path / "votes.tsv", sep="\t", keep_default_na=False)
    assert list(table.columns) == ["pair_id", "prompt", "left", "right", "choice", "rater", "seconds", "time"]
    assert table.rater.tolist() == ["Ann"] * 8 + ["Ben"] * 8
    assert table.prompt[table.pair_id == "p3"].eq("a red ball on the floor").all()
    assert set(table.left) | set(table.right) == set(MODELS)
    assert pd.to_datetime(table.time, utc=True).notna().all()


def test_there_is_nothing_to_export_where_nobody_rated(votes, tmp_path):
    with pytest.raises(DataError, match="holds no votes"):
        export_votes(votes, tmp_path / "votes.tsv")


# What a browser gets to know


def everything(value):
    """All text and bytes in what is sent to a browser."""
    if isinstance(value, dict):
        return b" ".join(everything(each) for each in (*value.keys(), *value.values()))
    return value if isinstance(value, bytes) else str(value).encode()


def test_nothing_that_is_shown_says_whose_a_picture_is(folders, votes):
    for folder in folders:  # generators like to write themselves into their files
        told = PngImagePlugin.PngInfo()
        told.add_text("model", folder.name)
        Image.fromarray(picture(50)).save(folder / "p0.png", pnginfo=told)
        Image.fromarray(picture(60)).save(folder / "p1.png", pnginfo=told)
    desk = RatingDesk(pairs_of_folders(*folders), votes)
    sent = [desk.shown()]
    desk.act({"do": "start", "rater": "Ann"})
    while desk.shown()["stage"] == "pair":
        sent.append(desk.shown())
        desk.act({"do": "vote", "choice": "left", "serial": desk.shown()["serial"], "seconds": 1})
    assert len(sent) == 1 + 9
    sent.append(desk.shown())
    desk.session.trials[0].pair.pictures[0].unlink()
    desk.act({"do": "undo"})
    for _ in range(9):
        desk.act({"do": "undo"})
    sent.append(desk.shown())
    assert "cannot be read" in sent[-1]["message"]
    text = everything({str(k): each for k, each in enumerate(sent)})
    for secret in (*MODELS, "p0", ".png", str(folders[0].parent)):
        assert secret.encode() not in text, secret
    assert "p0.png" in str(desk.problem) or desk.session.trials[0].pair.id in str(desk.problem)


def test_a_desk_asks_for_a_name_and_says_what_is_wrong_with_it(pairs, votes):
    desk = RatingDesk(pairs, votes)
    assert desk.shown()["stage"] == "name"
    desk.act({"do": "start", "rater": "\n"})
    assert desk.shown()["stage"] == "name"
    assert "a rater's name must have" in desk.shown()["message"]
    desk.act({"do": "start", "rater": "Ann"})
    assert (desk.shown()["stage"], desk.shown()["rater"], desk.shown()["message"]) == ("pair", "Ann", "")


def test_a_key_pressed_twice_votes_once(pairs, votes):
    desk = RatingDesk(pairs, votes, "Ann")
    vote = {"do": "vote", "choice": "left", "serial": desk.shown()["serial"], "seconds": 1.0}
    desk.act(vote)
    desk.act(vote)
    assert desk.shown()["done"] == 1


@pytest.mark.parametrize(
    "asked",
    [None, [], "vote", {}, {"do": "exec"}, {"do": "vote"}, {"do": "vote", "serial": 0, "choice": "up"},
     {"do": "vote", "serial": 0, "choice": "left", "seconds": "soon"}, {"do": "start", "rater": "Eve"}],
)  # fmt: skip
def test_what_no_browser_of_ours_would_ask_changes_nothing(pairs, votes, asked):
    desk = RatingDesk(pairs, votes, "Ann")
    desk.act(asked)
    assert (desk.shown()["done"], desk.shown()["rater"]) == (0, "Ann")
    assert not votes.exists()


def test_a_full_disk_is_told_without_names(pairs, votes, monkeypatch):
    desk = RatingDesk(pairs, votes, "Ann")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    desk.act({"do": "vote", "choice": "left", "serial": 0, "seconds": 1.0})
    assert desk.shown()["done"] == 0
    assert desk.shown()["message"] == "That was not kept. Tell whoever set this up."
    assert "No space left" in str(desk.problem)


def test_the_desk_shows_the_pictures_of_the_session(pairs, votes, tmp_path):
    desk = RatingDesk(pairs, votes, "Ann")
    shown = desk.shown()
    for side, pixels in zip(("left", "right"), desk.session.pictures(), strict=True):
        (tmp_path / "seen.png").write_bytes(shown[side])
        assert np.array_equal(read_photo(tmp_path / "seen.png"), pixels)


# The view


def test_the_widget_passes_on_what_the_browser_says(pairs, votes):
    pytest.importorskip("anywidget")
    from vbanalysis.widgets import rate

    widget = rate(pairs, votes, "Ann", question="Which is sharper?")
    assert widget.shown["question"] == "Which is sharper?"
    asked = {"do": "vote", "choice": "tie", "serial": widget.shown["serial"], "seconds": 3.0}
    widget._handle_custom_msg(asked, [])
    assert widget.shown["done"] == 1
    assert widget.desk.session.votes[0].choice == "tie"
    state = {key: value for key, value in widget.get_state().items() if not key.startswith("_")}
    assert not any(secret.encode() in everything(state) for secret in MODELS)


def test_the_keys_of_the_view_are_those_of_the_text():
    from pathlib import Path

    from vbanalysis.widgets.rating import view

    script = Path(view.__file__).with_name("rating.js").read_text()
    for needed in (
        "data-lm-suppress-shortcuts",
        "ArrowLeft",
        "ArrowRight",
        "Backspace",
        "alt: `${side} picture`",
    ):
        assert needed in script


def test_importing_the_explorers_brings_in_no_widgets():
    program = (
        "import sys, vbanalysis.widgets, vbanalysis.widgets.rating\n"
        "print(*{'ipywidgets', 'anywidget', 'traitlets', 'torch', 'matplotlib'} & set(sys.modules))"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert outcome.stdout.split() == []


def test_a_missing_package_is_named_with_what_installs_it(pairs, votes, monkeypatch):
    from vbanalysis.errors import MissingDependencyError
    from vbanalysis.widgets import rate

    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingDependencyError, match="'anywidget': run  pip install"):
        rate(pairs, votes, "Ann")


# The commands


class Artist:
    """Draws in grey what the embedded generator would take seconds for."""

    def __init__(self, weights):
        self.level = {"base": 10, "tuned": 200}[weights]

    def sample_many(self, images, instructions, *, seeds):
        assert images == [None] * len(instructions)
        return [picture(self.level + seed, (64, 64)) for seed in seeds]


def test_drawings_of_two_weights_are_pairs(tmp_path, vbanalysis, refused, monkeypatch):
    monkeypatch.setattr("vbanalysis.mini.model.Mini", Artist)
    code, out, _ = vbanalysis("rating", "draw", tmp_path / "drawn", "-n", 2)
    assert (code, out.startswith("wrote 2 pairs by base and tuned")) == (0, True)
    pairs = pairs_of_table(tmp_path / "drawn" / "pairs.tsv")
    for k, pair in enumerate(pairs):
        assert pair.models == ("base", "tuned")
        assert pair.prompt
        assert [read_photo(path)[0, 0, 0] for path in pair.pictures] == [10 + k, 200 + k]
    assert len(pairs) == 2
    assert "is not empty" in refused("rating", "draw", tmp_path / "drawn", "-n", 1)


def test_votes_are_exported_by_a_command(pairs, votes, tmp_path, vbanalysis, refused):
    assert "holds no votes" in refused("rating", "export", votes, "-o", tmp_path / "votes.tsv")
    all_of(RatingSession(pairs, votes, "Ann"))
    assert vbanalysis("rating", "export", votes, "-o", tmp_path / "votes.tsv")[0] == 0
    assert len((tmp_path / "votes.tsv").read_text().splitlines()) == 10


def test_the_journal_is_json_line_by_line(pairs, votes):
    RatingSession(pairs, votes, "Ann").vote("tie", 1.0)
    (path,) = votes.iterdir()
    head, line = map(json.loads, path.read_text().splitlines())
    assert head == {"rater": "Ann", "version": 1}
    assert Vote(**line["vote"]).choice == "tie"
    assert len(line["pictures"]) == 2
