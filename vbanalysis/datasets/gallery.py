"""`gallery`: the 30 published outputs on Vision Banana's project page, with inputs and prompts.

The only pictures known to come from the model itself. The page states no licence, so the project
ships their hashes and prompts alone; each user fetches the pictures, for use on that machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple, cast, get_args

from vbanalysis.datasets.registry import FileStatus, RemoteFile, RemoteFiles, read_registry, read_tsv
from vbanalysis.errors import DataError, InputError
from vbanalysis.images import read_photo, read_rgb
from vbanalysis.paths import data_dir
from vbanalysis.types import Sample, Task

COMMIT = "8a80aedc1be264fc414d11ae9bf68d8eaf79b4a3"
"""The state of the page's repository that the registry was made from."""

REPOSITORY = "vision-banana/vision-banana.github.io"
LICENCE = "none stated: for local runs only, not to be passed on"


class Entry(NamedTuple):
    """One published output: the paths of the pictures, and what the model was asked."""

    id: str
    output: str
    input: str
    task: Task
    prompt: str


class Gallery:
    """The published outputs that are at hand, as samples.

    A sample's `image` is the input photograph, upright; `output` is the generated picture, byte
    for byte the published one. Every file's hash is checked when it is first read.

    Args:
        task: Keep one of `depth`, `normals`, `semantic`, `instance` and `referring`; all unless given.

    Raises:
        InputError: There is no such task in the gallery.
    """

    name = "gallery"

    def __init__(self, task: str | None = None) -> None:
        entries = _entries()
        tasks = list(dict.fromkeys(entry.task for entry in entries))
        if task is not None and task not in tasks:
            raise InputError(f"task must be one of {', '.join(tasks)} for the gallery, got {task!r}")
        self.task = task
        self.entries = tuple(entry for entry in entries if task in (None, entry.task))
        self._remote = RemoteFiles(
            name=self.name,
            folder="vision-banana-gallery",
            base_url=f"https://raw.githubusercontent.com/{REPOSITORY}/{COMMIT}/",
            files=read_registry(data_dir() / "gallery" / "pictures.tsv"),
        )

    def __len__(self) -> int:
        """Number of outputs at hand."""
        return len(self._at_hand())

    def __iter__(self) -> Iterator[Sample]:
        """The outputs at hand, read one at a time.

        Raises:
            DataError: None is at hand, or a file is damaged.
        """
        at_hand = self._at_hand()
        if not at_hand:
            raise DataError(self._none_at_hand())
        return (self._read(entry) for entry in at_hand)

    def __getitem__(self, key: int | str) -> Sample:
        """An output by its place among those at hand, or by an id such as `depth/depth_banana_1`.

        Raises:
            IndexError: There are fewer outputs at hand.
            InputError: There is no such id.
            DataError: The output's files are missing or damaged.
        """
        if isinstance(key, str):
            for entry in self.entries:
                if entry.id == key:
                    return self._read(entry)
            raise InputError(f"no sample {key!r} in the gallery: there are {', '.join(self.ids())}")
        at_hand = self._at_hand()
        if not at_hand:
            raise DataError(self._none_at_hand())
        return self._read(at_hand[key])

    def ids(self) -> tuple[str, ...]:
        """The ids of all outputs, at hand or not."""
        return tuple(entry.id for entry in self.entries)

    def missing(self) -> tuple[str, ...]:
        """The ids of the outputs that are not at hand."""
        at_hand = set(self._at_hand())
        return tuple(entry.id for entry in self.entries if entry not in at_hand)

    def describe(self) -> dict[str, Any]:
        """Counts, licence, source and what is on disk."""
        files = [self._remote.files[path] for path in self._paths()]
        on_disk = [file for file in files if self._remote.locate(file.path) is not None]
        return {
            "name": self.name,
            "about": "published outputs of Vision Banana, with inputs and prompts",
            "samples": len(self.entries),
            "samples_at_hand": len(self),
            "files": len(files),
            "files_at_hand": len(on_disk),
            "bytes": sum(file.bytes for file in files),
            "bytes_at_hand": sum(file.bytes for file in on_disk),
            "licence": LICENCE,
            "source": f"https://github.com/{REPOSITORY}/tree/{COMMIT}",
        }

    def fetch(
        self,
        *,
        base_url: str | None = None,
        retries: int = 2,
        on_file: Callable[[RemoteFile], None] | None = None,
    ) -> list[RemoteFile]:
        """Fetch the pictures that are not at hand; see `RemoteFiles.fetch`."""
        return self._remote.fetch(self._paths(), base_url=base_url, retries=retries, on_file=on_file)

    def verify(self) -> list[FileStatus]:
        """The state of every picture, each one hashed."""
        return [self._remote.status(path) for path in self._paths()]

    def _paths(self) -> list[str]:
        # Several outputs may share an input.
        return list(dict.fromkeys(path for entry in self.entries for path in (entry.input, entry.output)))

    def _at_hand(self) -> list[Entry]:
        located = {path for path in self._paths() if self._remote.locate(path) is not None}
        return [entry for entry in self.entries if {entry.input, entry.output} <= located]

    def _none_at_hand(self) -> str:
        return (
            f"none of the {len(self.entries)} outputs of the gallery is on disk: fetch them with  "
            f"{self._remote.command}  or set VBANALYSIS_CACHE to a folder that holds vision-banana-gallery/"
        )

    def _read(self, entry: Entry) -> Sample:
        return Sample(
            id=entry.id,
            image=read_photo(self._remote.verified(entry.input)),
            output=read_rgb(self._remote.verified(entry.output)),
            prompt=entry.prompt,
            task=entry.task,
            info={
                "licence": LICENCE,
                "source": f"https://github.com/{REPOSITORY}/blob/{COMMIT}/{entry.output}",
                "output_path": self._remote.verified(entry.output),
            },
        )


def load(argument: str | None = None, *, task: str | None = None) -> Gallery:
    """Factory of the spec strings `gallery`, `gallery:depth` and `gallery?task=depth`.

    Raises:
        InputError: The task is unknown, or two different ones are given.
    """
    if argument is not None and task is not None and argument != task:
        raise InputError(f"the gallery takes one task, got {argument!r} and {task!r}: give one of them")
    return Gallery(task=argument if argument is not None else task)


def _entries() -> list[Entry]:
    rows = read_tsv(data_dir() / "gallery" / "outputs.tsv")
    unknown = sorted({row["task"] for row in rows} - set(get_args(Task)))
    if unknown:
        raise DataError(f"outputs.tsv of the gallery names unknown tasks: {', '.join(unknown)}")
    return [
        Entry(_id(row["output"]), row["output"], row["input"], cast(Task, row["task"]), row["prompt"])
        for row in rows
    ]


def _id(output: str) -> str:
    """`files/images/depth/depth_banana_1.png` -> `depth/depth_banana_1`."""
    path = PurePosixPath(output)
    return f"{path.parent.name}/{path.stem}"
