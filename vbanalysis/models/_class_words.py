"""Class names of published networks, and the classes of a benchmark that they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from vbanalysis.models._file_card import same_words

SYNONYMS = (
    ("person", "people", "pedestrian", "human"),
    ("car", "automobile"),
    ("bicycle", "bike"),
    ("motorcycle", "motorbike"),
    ("airplane", "aeroplane", "plane"),
    ("sofa", "couch"),
    ("television", "tv", "television receiver", "tvmonitor"),
    ("refrigerator", "fridge", "icebox"),
    ("sidewalk", "pavement"),
    ("window", "windowpane"),
    ("table", "dining table", "diningtable"),
    ("plant", "potted plant", "pottedplant"),
    ("mountain", "mount"),
    ("trash can", "ashcan", "garbage can", "rubbish bin"),
)
"""Words for one thing, as ADE20K, Cityscapes, COCO, NYU and Pascal VOC have them."""

_COCO_SUFFIX = re.compile(r"(-other)?-merged$|-other$|-stuff$")


def names_of(label: str) -> tuple[str, ...]:
    """What a network's label means, the most literal first.

    The label itself; the parts of a list with commas, as ADE20K has them; without COCO's suffixes `-merged`,
    `-other` and `-stuff`; then the `SYNONYMS` of all these. Compared as by `same_words`, `-` and `_` as a
    space.

    >>> names_of("sidewalk, pavement")
    ('sidewalk, pavement', 'sidewalk', 'pavement')
    >>> names_of("tree-merged")
    ('tree-merged', 'tree')
    """
    literal = [label, *label.split(",")] if "," in label else [label]
    names = [name.strip() for name in literal]
    names += [short for name in names if (short := _COCO_SUFFIX.sub("", name)) != name]
    plain = {_plain(name) for name in names}
    for group in SYNONYMS:
        if plain & set(group):
            names += [word for word in group if word not in plain]
    return tuple(dict.fromkeys(names))


def places(labels: Sequence[str], asked: Sequence[str]) -> np.ndarray:
    """For each label of a network, its place among the classes asked for, or -1; int32.

    A label that is asked for literally is taken so, before any rule of `names_of`.
    """
    wanted = {_plain(name): place for place, name in reversed(list(enumerate(asked)))}
    found = [
        next((wanted[_plain(name)] for name in names_of(label) if _plain(name) in wanted), -1)
        for label in labels
    ]
    return np.array(found, np.int32)


def _plain(name: str) -> str:
    return same_words(re.sub(r"[-_]", " ", name))
