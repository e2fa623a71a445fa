import pytest

from vbanalysis.errors import InputError
from vbanalysis.listed import Listed
from vbanalysis.types import Sample


class Letters(Listed):
    name = "letters"

    def __init__(self, ids):
        self.ids = ids
        self.was_read = []

    def read(self, place):
        self.was_read.append(place)
        return Sample(self.ids[place], None)


def test_samples_are_read_when_asked_for_and_only_then():
    letters = Letters(["alpha", "beta", "gamma"])
    assert len(letters) == 3
    assert letters["beta"].id == letters[1].id == letters[-2].id == "beta"
    samples = iter(letters)
    next(samples)
    assert letters.was_read == [1, 1, 1, 0]


def test_what_is_not_there_is_an_error_that_helps():
    letters = Letters(["alpha", "beta", "gamma"])
    with pytest.raises(IndexError, match="holds 3 samples"):
        letters[3]
    with pytest.raises(InputError, match="no sample 'betta' in letters: did you mean 'beta'"):
        letters["betta"]
    with pytest.raises(InputError, match="they go from 'alpha' to 'gamma'"):
        letters["7"]
    with pytest.raises(InputError, match="from none to none"):
        Letters([])["7"]
