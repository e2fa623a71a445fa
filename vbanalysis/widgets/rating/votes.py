"""Votes on the disk: a file a rater, one line a vote or an undo, each there for good before it counts.

Lines are only added. Who was killed in the middle of one finds it gone, and is asked again. Several windows
of one rater may write at once: each first reads what the others wrote, under a lock.
"""

from __future__ import annotations

import json
import math
import os
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args
from urllib.parse import quote

from vbanalysis.errors import DataError, InputError
from vbanalysis.models._lock import alone
from vbanalysis.paths import replacing, shown

Choice = Literal["left", "right", "tie", "skip"]
CHOICES: tuple[Choice, ...] = get_args(Choice)

_LONGEST_NAME = 60
_SUFFIX = ".votes.jsonl"


class Vote(NamedTuple):
    """One rater's word on one pair; the fields are the columns of an export.

    Attributes:
        pair_id: The pair.
        prompt: What both models were asked.
        left: Name of the model on the left.
        right: And on the right.
        choice: The side that is better, or a tie, or that the rater would not say.
        rater: Who says so.
        seconds: From when the pictures were seen to the answer.
        time: Of the answer, ISO 8601 in UTC.
    """

    pair_id: str
    prompt: str
    left: str
    right: str
    choice: Choice
    rater: str
    seconds: float
    time: str


class VotesFile:
    """The votes of one rater.

    Args:
        folder: Of all raters' files; made if it is not there.
        rater: Any printable name of at most 60 characters.

    Raises:
        InputError: The name cannot be used.
        DataError: The file cannot be read, is of another rater, or a line of it is damaged.
    """

    def __init__(self, folder: str | os.PathLike[str], rater: str) -> None:
        self.rater = rater_name(rater)
        # A name may hold slashes; capitals count, though some file systems think otherwise.
        self.path = Path(folder) / f"{quote(self.rater, safe=' ')}{_SUFFIX}"
        self._standing: dict[str, Vote] = {}
        self._digests: dict[str, tuple[str, str]] = {}
        self._again: list[str] = []
        self._read_to = 0
        self._lines = 0
        self.refresh()

    @property
    def votes(self) -> tuple[Vote, ...]:
        """Those that stand, in the order in which they were given."""
        return tuple(self._standing.values())

    @property
    def asked_again(self) -> tuple[str, ...]:
        """Ids of the pairs whose vote was taken back, the latest last."""
        return tuple(self._again)

    def digests(self, pair_id: str) -> tuple[str, str]:
        """Of the left and the right picture that the vote on a pair, by its `pair_id`, was about."""
        return self._digests[pair_id]

    def refresh(self) -> None:
        """Read what was added since; a last line without an end is not there.

        Raises:
            DataError: As the class.
        """
        try:
            with self.path.open("rb") as file:
                self._catch_up(file)
        except FileNotFoundError:
            return
        except OSError as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                f"{shown(self.path)} cannot be read ({error.strerror}): choose another folder for the votes"
            ) from error

    def add(self, vote: Vote, digests: tuple[str, str]) -> bool:
        """Write a vote, unless the pair was answered in another window; whether it was written.

        Args:
            vote: By this rater.
            digests: Of the left and the right picture.

        Raises:
            DataError: The file cannot be written, or as the class. The vote does not count then.
        """
        with self._writing() as append:
            if vote.pair_id in self._standing:
                return False
            append({"vote": vote._asdict(), "pictures": list(digests)})
        return True

    def undo(self, among: Mapping[str, Any]) -> str | None:
        """Take the latest vote back that is about one of the pairs; its id, or None where there is none.

        Args:
            among: The pairs, by id.

        Raises:
            DataError: As `add`.
        """
        with self._writing() as append:
            latest = next((name for name in reversed(self._standing) if name in among), None)
            if latest is not None:
                append({"undo": latest, "time": now()})
        return latest

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b", buffering=0) as file, alone(file):
                self._catch_up(file)
                file.truncate(self._read_to)
                yield lambda entry: self._append(file, entry)
        except OSError as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                f"{shown(self.path)} cannot be written ({error.strerror}): this vote is not kept; make room, "
                "or choose another folder for the votes"
            ) from error

    def _append(self, file: Any, entry: Mapping[str, Any]) -> None:
        entries = [entry] if self._lines else [{"rater": self.rater, "version": 1}, entry]
        line = b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in entries)
        try:
            left = line
            while left:  # a full disk may take a part, and says why at the next
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(self._read_to)
            raise
        if self._read_to == 0:
            _sync_folder(self.path.parent)
        self._read_to += len(line)
        for each in entries:
            self._take(each)

    def _catch_up(self, file: Any) -> None:
        size = file.seek(0, os.SEEK_END)
        if size < self._read_to:  # somebody emptied or replaced it
            self._standing, self._digests, self._again = {}, {}, []
            self._read_to = self._lines = 0
        file.seek(self._read_to)
        for line in file.read().split(b"\n")[:-1]:  # what follows the last line break was cut short
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise DataError(
                    f"line {self._lines + 1} of {shown(self.path)} is no vote: remove the line, or choose "
                    "another folder for the votes"
                ) from error
            self._read_to += len(line) + 1

    def _take(self, entry: Mapping[str, Any]) -> None:
        if self._lines == 0:
            if entry["rater"] != self.rater or entry["version"] != 1:
                raise DataError(
                    f"{shown(self.path)} holds the votes of {entry['rater']!r} in version "
                    f"{entry['version']!r}, not of {self.rater!r} in version 1: choose another name or folder"
                )
        elif "undo" in entry:
            del self._standing[entry["undo"]]
            self._again.append(entry["undo"])
        else:
            vote = Vote(**entry["vote"])
            if vote.choice not in CHOICES or vote.rater != self.rater or vote.pair_id in self._standing:
                raise ValueError("no vote that could have been given here")
            if not all(text.isprintable() for text in (*vote[:4], vote.time)):
                raise ValueError("no text of one line")
            checked_seconds(vote.seconds)
            left, right = entry["pictures"]
            self._standing[vote.pair_id] = vote
            self._digests[vote.pair_id] = (left, right)
            if vote.pair_id in self._again:
                self._again.remove(vote.pair_id)
        self._lines += 1


def standing_votes(folder: str | os.PathLike[str]) -> tuple[Vote, ...]:
    """The votes of all raters in a folder that were not taken back, rater by rater.

    Args:
        folder: Of the votes, as `rate` was given it.

    Raises:
        DataError: There is none, or a file is damaged.
    """
    from urllib.parse import unquote

    names = sorted(unquote(path.name.removesuffix(_SUFFIX)) for path in Path(folder).glob(f"*{_SUFFIX}"))
    if not names:
        raise DataError(f"{shown(folder)} holds no votes: give the folder that was given to rate()")
    return tuple(vote for name in names for vote in VotesFile(folder, name).votes)


def export_votes(folder: str | os.PathLike[str], path: str | os.PathLike[str]) -> int:
    """Write the standing votes of all raters as a tab-separated table, whole or not at all.

    The columns are the fields of `Vote`. No field is quoted: none can hold a tab or a line break.

    Args:
        folder: Of the votes, as `rate` was given it.
        path: Of the table; one that is there is replaced.

    Returns:
        Votes written.

    Raises:
        DataError: There are none, a file is damaged, or the table cannot be written.
    """
    votes = standing_votes(folder)
    rows = [Vote._fields, *((*vote[:6], f"{vote.seconds:.3f}", vote.time) for vote in votes)]
    with replacing(path) as file:
        file.write("".join("\t".join(row) + "\n" for row in rows).encode())
    return len(votes)


def rater_name(name: str) -> str:
    """A name as it is kept: composed characters, no blanks at the ends.

    Raises:
        InputError: It is blank, too long or not printable.
    """
    plain = unicodedata.normalize("NFC", name).strip() if isinstance(name, str) else ""
    if not plain or not plain.isprintable() or len(plain) > _LONGEST_NAME:
        raise InputError(
            f"a rater's name must have 1 to {_LONGEST_NAME} printable characters, got {str(name)[:80]!r}"
        )
    return plain


def one_of_choices(choice: Any) -> Choice:
    """A choice.

    Raises:
        InputError: It is none of `CHOICES`.
    """
    if choice not in CHOICES:
        raise InputError(f"choice must be one of {', '.join(CHOICES)}, got {choice!r}")
    return choice


def checked_seconds(seconds: Any) -> float:
    """A time to answer.

    Raises:
        InputError: It is no finite number of at least 0.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        raise InputError(f"seconds must be a finite number of at least 0, got {seconds!r}")
    return round(float(seconds), 3)


def now() -> str:
    """The time in UTC to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _sync_folder(folder: Path) -> None:
    """A new file's name is on the disk only once its folder is."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
