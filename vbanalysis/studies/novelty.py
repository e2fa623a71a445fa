"""Questions of each kind of novelty: other words on known scenes, known words on other scenes.

The narrow arm is tuned on its own domain, rooms through one kind of lens, with expressions that tell things
apart by attribute. A novelty changes one thing of that. What the broad arm was tuned on decides how much it
says: a novelty that only the narrow arm never met tells what its slice left out, one that neither met tells
whether breadth helps beyond itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypeVar

import numpy as np

from vbanalysis.codecs import PaletteCodec
from vbanalysis.errors import InputError
from vbanalysis.instructions import NOTATIONS, STYLES, referring_prompt, words_and_colours
from vbanalysis.mini.language.novel import NOVEL_KINDS, novel_expressions
from vbanalysis.mini.language.phrases import Spot, denoted, own_nouns, pick, seen_spots
from vbanalysis.mini.language.referring import Referring, expressions
from vbanalysis.mini.world.graph import Scene
from vbanalysis.mini.world.layout import WITHHELD, make_scene, visible_things
from vbanalysis.mini.world.render import View, render
from vbanalysis.studies.questions import SIZE
from vbanalysis.types import Instruction, Rgb

OWN = "own"
"""The group of what the narrow arm was tuned for: attribute expressions on its own domain."""

SEED = 1001
"""Of the scenes that are asked about; trainings have seeds of one digit, so none was tuned on."""

Side = Literal["own", "language", "domain"]


class Novelty(NamedTuple):
    """One kind of novelty.

    Attributes:
        side: What is new: the words or the scenes.
        neither: Whether the broad arm never met it in tuning either.
        about: In words.
    """

    side: Side
    neither: bool
    about: str


NOVELTIES: Mapping[str, Novelty] = {
    OWN: Novelty("own", False, "rooms through lenses of 55 to 65 degrees, things told apart by attribute"),
    "relation": Novelty("language", False, "ball to the left of the blue chair"),
    "size": Novelty("language", False, "largest ball"),
    "order": Novelty("language", False, "second ball from the left"),
    "paraphrase": Novelty("language", True, "ball painted red"),
    "synonym": Novelty("language", True, "red sphere"),
    "negation": Novelty("language", True, "ball that is not red"),
    "counting": Novelty("language", True, "two chairs; object that is the only one of its kind"),
    "exception": Novelty("language", True, "nearest object other than the red ball"),
    "reasoning": Novelty("language", True, "object made for sitting on"),
    "open": Novelty("domain", False, "open ground in place of a room"),
    "lenses": Novelty("domain", False, "rooms, 30 to 50 and 70 to 110 degrees"),
    "fov-wide": Novelty("domain", True, "rooms, 110 to 130 degrees"),
    "fov-narrow": Novelty("domain", True, "rooms, 18 to 30 degrees"),
    "textures": Novelty("domain", True, "patterns and colours of surfaces that no training has"),
    "crowded": Novelty("domain", True, "nine to fourteen things"),
    "combinations": Novelty("domain", True, "a kind in the colour that no training shows it in"),
}
"""The groups of questions; all but the first are new to the narrow arm, in one thing each."""

_SPLITS = {
    OWN: "train-rooms",
    "open": "heldout",
    "lenses": "heldout",
    "fov-wide": "fov-wide",
    "fov-narrow": "fov-narrow",
    "textures": "novel-textures",
    "crowded": "crowded",
    "combinations": "novel-combinations",
}

_LEGEND: tuple[Rgb, ...] = (
    (255, 0, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255), (0, 255, 0), (255, 165, 0),
)  # fmt: skip
"""Colours that have a name, so that every notation can write them."""

_APART = 64.0
_FEWEST_THINGS = 2
_MOST_SCENES = 300  # looked through for one question: most rooms have other lenses
_USUAL = (55.0, 65.0)  # degrees, of the narrow arm's lens

_T = TypeVar("_T")


class Asked(NamedTuple):
    """A question with its truth: one or two expressions, a colour each.

    Attributes:
        scene: Id of the scene, the unit that was drawn.
        group: Key of `NOVELTIES`.
        view: What is seen.
        expressions: What is named; the first one is of the group.
        colours: One each.
        style: Of the prompt.
        notation: Of its colours.
    """

    scene: str
    group: str
    view: View
    expressions: tuple[Referring, ...]
    colours: tuple[Rgb, ...]
    style: str
    notation: str

    @property
    def legend(self) -> dict[str, Rgb]:
        """The colour of each expression."""
        return {each.text: rgb for each, rgb in zip(self.expressions, self.colours, strict=True)}

    @property
    def truth(self) -> np.ndarray:
        """(H, W) int32: k is expression k, -1 none."""
        labels = np.full(self.view.instances.shape, -1, np.int32)
        for k, each in enumerate(self.expressions):
            labels[np.isin(self.view.instances, [thing + 1 for thing in each.things])] = k
        return labels

    def prompt(self, legend: Mapping[str, Rgb]) -> Instruction:
        """The question in its own wording, with a legend."""
        return referring_prompt(legend, self.style, self.notation)

    def labels(self, rgb: np.ndarray) -> np.ndarray:
        """What an answer says, (H, W) int32 as `truth`."""
        return np.asarray(PaletteCodec(self.legend).decode(rgb).labels)


class Twin(NamedTuple):
    """A question in words of the group, and plain ones that mean the same things of the same scene.

    Attributes:
        asked: The question.
        plain: By attribute, as the narrow arm was taught: one question for each thing that is meant, in
            the same colour and wording; none where the scene is what is new.
    """

    asked: Asked
    plain: tuple[Asked, ...]


def twins(group: str, n: int) -> list[Twin]:
    """The first `n` questions of a group with one expression each, one a scene.

    Raises:
        InputError: An unknown group, or hardly any scene has such a question.
    """
    found = []
    for scene, view, rng in _drawn(group, n):
        spots = seen_spots(scene, view.instances)
        options = _options(group, scene, view, spots)
        if not options:
            continue
        expression = options[int(rng.integers(len(options)))]
        plain = []
        if NOVELTIES[group].side == "language":
            plain = [
                Referring(pick(rng, own_nouns(scene, k, spots)), "attribute", (k,)) for k in expression.things
            ]
        wording = _wording(rng, [expression, *plain], 1)
        asked = Asked(scene.id, group, view, (expression,), *wording)
        found.append(Twin(asked, tuple(asked._replace(expressions=(each,)) for each in plain)))
        if len(found) == n:
            break
    return _enough(found, group, n)


def pairs(group: str, n: int) -> list[Asked]:
    """The first `n` questions of a group that name a second thing by attribute, of the same kind if they can.

    Raises:
        InputError: As for `twins`.
    """
    found = []
    for scene, view, rng in _drawn(group, n):
        spots = seen_spots(scene, view.instances)
        options = _options(group, scene, view, spots)
        if not options:
            continue
        first = options[int(rng.integers(len(options)))]
        second = _companion(scene, view, spots, first, rng)
        if second is None:
            continue
        both = (first, second)
        found.append(Asked(scene.id, group, view, both, *_wording(rng, both, 2)))
        if len(found) == n:
            break
    return _enough(found, group, n)


def _drawn(group: str, n: int) -> Iterator[tuple[Scene, View, np.random.Generator]]:
    """Scenes of a group with at least two visible things, each with its own random numbers."""
    if group not in NOVELTIES:
        raise InputError(f"group {group!r} is unknown: use one of {', '.join(NOVELTIES)}")
    if n < 1:
        raise InputError(f"n must be at least 1, got {n}")
    domain = group if NOVELTIES[group].side == "domain" else OWN
    for number in range(_MOST_SCENES * n):
        scene = make_scene(_SPLITS[domain], number, SEED)
        if not _belongs(domain, scene):
            continue
        view = _seen(domain, number)
        if len(visible_things(scene, view.instances)) >= _FEWEST_THINGS:
            yield scene, view, np.random.default_rng([SEED, list(NOVELTIES).index(group), number])


@lru_cache(maxsize=4096)
def _seen(domain: str, number: int) -> View:
    """Kept, for all kinds of words are asked about the same scenes."""
    return render(make_scene(_SPLITS[domain], number, SEED), SIZE)


def _belongs(domain: str, scene: Scene) -> bool:
    """Whether a scene of the domain's split differs from the narrow arm's own domain in that one thing."""
    low, high = _USUAL
    usual = low <= scene.camera.hfov_deg <= high
    if domain == "open":
        return scene.room is None and usual
    if domain == "lenses":
        return scene.room is not None and not low - 5 <= scene.camera.hfov_deg <= high + 5
    return scene.room is not None and (usual or domain.startswith("fov-"))


def _options(group: str, scene: Scene, view: View, spots: dict[int, Spot]) -> list[Referring]:
    """The expressions of a group that name, of a scene, what plain ones can name too."""
    visible = visible_things(scene, view.instances)
    if NOVELTIES[group].side != "language":
        found = expressions(scene, spots, "attribute", visible)
        return [each for each in found if group != "combinations" or _withheld(scene, each)]
    if group in NOVEL_KINDS:
        found = novel_expressions(scene, spots, group, visible)
    else:
        found = expressions(scene, spots, group, visible)
    if group == "relation":
        # The noun before the relation must not do alone.
        found = [e for e in found if len(denoted(scene, scene.things[e.things[0]].kind, spots)) > 1]
    return [each for each in found if all(own_nouns(scene, k, spots) for k in each.things)]


def _withheld(scene: Scene, expression: Referring) -> bool:
    thing = scene.things[expression.things[0]]
    return WITHHELD[thing.kind] == thing.colour and expression.text == f"{thing.colour} {thing.kind}"


def _companion(
    scene: Scene, view: View, spots: dict[int, Spot], first: Referring, rng: np.random.Generator
) -> Referring | None:
    """Another thing by attribute, one of the same kind before others, the larger before the smaller."""
    kind = scene.things[first.things[0]].kind
    rest = [k for k in visible_things(scene, view.instances) if k not in first.things]
    for k in sorted(rest, key=lambda k: (scene.things[k].kind != kind, -spots[k].size)):
        names = own_nouns(scene, k, spots)
        if names:
            return Referring(pick(rng, names), "attribute", (k,))
    return None


def _wording(
    rng: np.random.Generator, named: Sequence[Referring], count: int
) -> tuple[tuple[Rgb, ...], str, str]:
    """Colours clear of those that the words speak of, a style and a notation."""
    spoken = [rgb for each in named for _, rgb in words_and_colours(each.text) if rgb is not None]
    clear = [
        rgb for rgb in _LEGEND if all(np.linalg.norm(np.subtract(rgb, other)) >= _APART for other in spoken)
    ]
    chosen = tuple(clear[int(k)] for k in rng.permutation(len(clear))[:count])
    styles = STYLES["referring"]
    return chosen, styles[int(rng.integers(len(styles)))], NOTATIONS[int(rng.integers(len(NOTATIONS)))]


def _enough(found: list[_T], group: str, n: int) -> list[_T]:
    if len(found) < n:
        raise InputError(
            f"only {len(found)} of {_MOST_SCENES * n} scenes have a question of the group {group!r}"
        )
    return found
