import pytest
import torch

from vbanalysis.errors import InstructionError
from vbanalysis.mini.tokens import BUCKETS, LONGEST, text_batch, tokenize


@pytest.mark.parametrize("spelling", ["red", "#ff0000", "(255, 0, 0)", "[255, 0, 0]", "RGB(255, 0, 0)"])
def test_a_colour_is_one_token_with_its_value_however_it_is_spelled(spelling):
    rgb = [token.rgb for token in tokenize(f"The cat is {spelling}.")]
    assert [value for value in rgb if value is not None] == [(255, 0, 0)]


def test_any_colour_is_read_not_only_the_named_ones():
    assert (1, 2, 3) in [token.rgb for token in tokenize("The cat is #010203.")]


def test_a_word_is_the_same_rows_of_the_table_on_every_machine():
    assert tokenize("depth")[0].hashes == (444, 347)


def test_no_word_is_hashed_to_the_row_of_the_padding():
    rows = [row for k in range(3000) for token in tokenize(f"word{k}") for row in token.hashes]
    assert (min(rows), max(rows)) == (1, BUCKETS - 1)


def test_a_prompt_that_is_too_long_is_refused():
    with pytest.raises(InstructionError, match=f"at most {LONGEST}"):
        tokenize("word " * (LONGEST + 1))


def test_prompts_of_one_batch_are_padded_and_their_colours_found():
    batch = text_batch([tokenize("The cat is #ff0000, the dog #0000ff."), tokenize("A cat"), []])
    assert batch.mask.sum(dim=1).tolist() == [8, 2, 1]
    assert batch.offered.tolist() == [[True, True], [False, False], [False, False]]
    assert batch.places[0].tolist() == [3, 6]
    found = batch.rgb[0, batch.places[0]]
    torch.testing.assert_close(found, torch.tensor([[1.0, -1, -1], [-1, -1, 1]]))
    assert batch.is_colour.sum().item() == 2
