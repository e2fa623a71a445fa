"""The suite: which notebooks there are, what each answers, and how far each profile goes.

`suite.yaml` stands beside the notebooks that it lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from vbanalysis.errors import SuiteError
from vbanalysis.suite._parameters import Parameter, nearest, read_parameters

FILE = "suite.yaml"
ProfileName = Literal["quick", "full"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _ProfileEntry(_Strict):
    time_limit_s: float = Field(gt=0, allow_inf_nan=False)
    parameters: dict[str, Any] = {}


class _Profiles(_Strict):
    quick: _ProfileEntry
    full: _ProfileEntry


class _NotebookEntry(_Strict):
    # A name is a file name and the first half of NOTEBOOK.parameter, so it holds no dot and no slash.
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    question: Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
    profiles: _Profiles


class _SuiteFile(_Strict):
    notebooks: list[_NotebookEntry] = Field(min_length=1)

    @field_validator("notebooks")
    @classmethod
    def _unique(cls, entries: list[_NotebookEntry]) -> list[_NotebookEntry]:
        names = [entry.name for entry in entries]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"listed twice: {', '.join(sorted(twice))}")
        return entries


@dataclass(frozen=True)
class Profile:
    """How far a notebook goes.

    Attributes:
        parameters: By name, those that differ from the notebook's own defaults.
        time_limit_s: Seconds after which a run of it is ended.
    """

    parameters: Mapping[str, Any]
    time_limit_s: float


@dataclass(frozen=True)
class Notebook:
    """A notebook of the suite.

    Attributes:
        name: File name without `.ipynb`.
        path: Of the notebook.
        question: What it answers.
        profiles: `quick` and `full`.
    """

    name: str
    path: Path
    question: str
    profiles: Mapping[ProfileName, Profile]

    def parameters(self) -> tuple[Parameter, ...]:
        """What its `parameters` cell declares, read anew at each call.

        Raises:
            SuiteError: The notebook is missing or its cell is not as it should be.
        """
        return read_parameters(self.path)


@dataclass(frozen=True)
class Suite:
    """The notebooks of a folder.

    Attributes:
        folder: Where they lie.
        notebooks: In the order of its `suite.yaml`.
    """

    folder: Path
    notebooks: tuple[Notebook, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each notebook."""
        return tuple(notebook.name for notebook in self.notebooks)

    def select(self, only: Iterable[str] = ()) -> tuple[Notebook, ...]:
        """The notebooks that some names mean, in the order of the suite.

        Args:
            only: Names or beginnings of names; all notebooks where it is empty.

        Raises:
            SuiteError: A name means no notebook.
        """
        wanted = tuple(only)
        for name in wanted:
            if not name or not any(known.startswith(name) for known in self.names):
                raise SuiteError(f"no notebook is named {name!r}{nearest(name, self.names, 'the suite has')}")
        return tuple(
            notebook
            for notebook in self.notebooks
            # An exact name means that notebook alone, even where it begins the name of another.
            if not wanted
            or any(
                notebook.name == name or (name not in self.names and notebook.name.startswith(name))
                for name in wanted
            )
        )


def load_suite(path: str | Path | None = None) -> Suite:
    """Read a `suite.yaml`.

    Args:
        path: The folder that holds it, or the file; by default `notebooks/` of the
            checkout that the current folder, or else the package, belongs to.

    Raises:
        SuiteError: There is none, or it says what it should not.
    """
    import yaml

    file = _find(path)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        entries = _SuiteFile.model_validate(content).notebooks
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SuiteError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SuiteError(f"{file}: {place}: {first['msg']}, got {first['input']!r:.80}") from None
    return Suite(file.parent, tuple(_notebook(entry, file.parent) for entry in entries))


def _notebook(entry: _NotebookEntry, folder: Path) -> Notebook:
    profiles: dict[ProfileName, Profile] = {}
    for name in get_args(ProfileName):
        profile = getattr(entry.profiles, name)
        profiles[name] = Profile(profile.parameters, profile.time_limit_s)
    return Notebook(entry.name, folder / f"{entry.name}.ipynb", entry.question, profiles)


def _find(path: str | Path | None) -> Path:
    if path is not None:
        named = Path(path).expanduser().resolve()
        file = named if named.is_file() else named / FILE
        if not file.is_file():
            raise SuiteError(f"there is no {FILE} in {named}: name the folder that holds the notebooks")
        return file
    here = Path.cwd()
    package = Path(__file__).resolve().parents[2]
    for folder in (here, *here.parents, package):
        file = folder / "notebooks" / FILE
        if file.is_file():
            return file
    raise SuiteError(
        f"no notebooks/{FILE} in {here} or above it: run this inside a checkout of vbanalysis, "
        "or name the folder with --notebooks DIR"
    )
