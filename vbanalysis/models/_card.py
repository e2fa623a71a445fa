"""What a model says of itself before it is loaded."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from vbanalysis import plugins
from vbanalysis.errors import PluginError
from vbanalysis.types import Task

Role = Literal["generator", "specialist", "reference"]
"""A generator paints, a specialist gives numbers, a reference knows more than the picture."""

Step = Literal["presence", "reasoner"]


@dataclass(frozen=True)
class Card:
    """What is known of every model that a factory makes: its module's `CARD`, or one of its `CARDS` by name.

    Attributes:
        about: In a line.
        role: What it is.
        tasks: That it answers.
        licence: Of the weights, or whose terms hold.
        steps: Of a pipeline that it can take, see `Presence` and `Reasoner`.
        needs: Packages, by the name that is imported, that are not of the base installation.
        extra: Of vbanalysis that installs them, as in `pip install 'vbanalysis[EXTRA]'`.
        weights: Where the weights come from: `"none"`, `"shipped"`, a command that fetches them, or words.
        offline: Whether it answers without a network, once it has its weights.
        memory_mb: That it needs at most, roughly; None where that depends on the weights chosen.
        example: A spec string.
        at_hand: Says whether the weights are on this machine; None where `weights` are shipped or there are
            none, or where that depends on the weights chosen.
        keys: Environment variables of which one must hold the key of a service.
    """

    about: str
    role: Role
    tasks: tuple[Task, ...]
    licence: str
    steps: tuple[Step, ...] = ()
    needs: tuple[str, ...] = ()
    extra: str | None = None
    weights: str = "none"
    offline: bool = True
    memory_mb: int | None = None
    example: str = ""
    at_hand: Callable[[], bool] | None = None
    keys: tuple[str, ...] = ()

    def wanting(self) -> str | None:
        """What has to be done before it answers, or None where it is ready as far as can be told."""
        if self.missing():
            packages = " ".join(self.missing())
            return f"pip install 'vbanalysis[{self.extra}]'" if self.extra else f"install {packages}"
        if self.at_hand is not None and not self.at_hand():
            return self.weights
        if self.keys and not any(os.environ.get(name, "").strip() for name in self.keys):
            return f"set {self.keys[0]}"
        return None

    def missing(self) -> tuple[str, ...]:
        """Those of `needs` that are not installed; nothing is imported but the parents of a dotted name."""
        return tuple(name for name in self.needs if not _installed(name))


def card(name: str) -> Card | None:
    """The card of an installed model, or None where its module has none; the module is imported.

    Args:
        name: Of the model, as a spec string begins.

    Raises:
        PluginError: No such model, or its module cannot be imported.
    """
    infos = [info for info in plugins.available("models") if info.name == name]
    if not infos:
        plugins.provenance("models", name)  # says what there is
    info = infos[0]
    if info.error is not None:
        raise PluginError(f"model {name!r} of {info.distribution}: {info.error}")
    try:
        module = importlib.import_module(info.target.partition(":")[0])
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"model {name!r} of {info.distribution} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    found = getattr(module, "CARDS", {}).get(name, getattr(module, "CARD", None))
    return found if isinstance(found, Card) else None


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of the parent
        return False
