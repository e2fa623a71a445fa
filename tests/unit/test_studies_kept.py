import pandas as pd
import pytest

from vbanalysis.errors import DataError, InputError
from vbanalysis.studies.arms import equal_terms, trained_arms
from vbanalysis.studies.kept import read_kept, results_dir, write_kept

TABLE = pd.DataFrame({"who": ["a", "b"], "value": [0.5, 1 / 3]})


def test_a_result_is_kept_with_the_command_that_made_it(tmp_path):
    path = tmp_path / "x.tsv"
    write_kept(path, TABLE, "vbanalysis study x -n 3")
    kept = read_kept(path)
    assert kept.command == "vbanalysis study x -n 3"
    assert kept.table.who.tolist() == ["a", "b"]
    assert kept.table.value.tolist() == [0.5, 0.33333]


@pytest.mark.parametrize("command", ["", " ", "two\nlines"])
def test_a_result_without_its_command_is_refused(tmp_path, command):
    with pytest.raises(InputError, match="one line"):
        write_kept(tmp_path / "x.tsv", TABLE, command)


def test_nothing_is_not_kept(tmp_path):
    with pytest.raises(InputError, match="no rows"):
        write_kept(tmp_path / "x.tsv", TABLE[:0], "vbanalysis study x")


def test_an_unknown_result_is_answered_with_those_that_there_are():
    with pytest.raises(InputError, match="no kept result 'nothing'"):
        read_kept("nothing")


@pytest.mark.parametrize("text", ["who\tvalue\na\t1\n", "", "# made by: x\n"])
def test_a_damaged_result_is_an_error(tmp_path, text):
    path = tmp_path / "x.tsv"
    path.write_text(text)
    with pytest.raises(DataError, match=r"x\.tsv"):
        read_kept(path)


@pytest.mark.parametrize("path", sorted(results_dir().glob("*.tsv")), ids=lambda path: path.stem)
def test_every_shipped_result_can_be_read_and_made_again(path):
    kept = read_kept(path.stem)
    assert len(kept.table)
    assert kept.command.startswith("vbanalysis ")


def test_arms_of_one_comparison_differ_in_one_thing():
    table = equal_terms(["pictures", "canonical"])
    assert table[~table.equal].setting.tolist() == ["canonical_focal"]
    table = equal_terms(["pictures", "numbers"])
    assert set(table[~table.equal].setting) == {"head", "network"}
    table = equal_terms(["broad", "narrow"])
    assert set(table[~table.equal].setting) == {"split", "expressions"}


def test_an_arm_that_was_not_trained_says_how(tmp_path):
    with pytest.raises(InputError, match="vbanalysis mini control broad --seed 1"):
        trained_arms(["broad"], tmp_path)
