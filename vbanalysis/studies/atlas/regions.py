"""What is wrong with the objects of a mask: which are missed, made up, merged, split, or of a wrong class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from vbanalysis.studies.atlas.answered import HALF

_FEWEST_PIXELS = 8  # of a class, for its colour to say anything of the legend


def outline_px(shape: tuple[int, int]) -> int:
    """How near a true boundary an error is one of the outline: a 32nd of the short side, 2 pixels at 64."""
    return max(1, round(min(shape) / 32))


def legend(labels: np.ndarray, truth: np.ndarray, n: int) -> np.ndarray:
    """The exchange of classes that puts a legend right; none where fewer than two classes are exchanged.

    One class that is read as another may just be confused. Two or more of which each is read as another one
    that no third claims, by most of their pixels, are an exchange.

    Args:
        labels: (H, W) int32 read.
        truth: (H, W) int32.
        n: Classes.

    Returns:
        (n + 1,) int32: what each read label means; the last is for -1 and says -1.
    """
    order = np.arange(n + 1, dtype=np.int32)
    order[n] = -1
    known = (truth >= 0) & (labels >= -1)
    counts = np.bincount(
        truth[known] * (n + 1) + np.where(labels[known] < 0, n, labels[known]), minlength=n * (n + 1)
    ).reshape(n, n + 1)
    total, most = counts.sum(axis=1), counts.argmax(axis=1)
    there = total >= _FEWEST_PIXELS
    moved = there & (most != np.arange(n)) & (most < n) & (counts.max(axis=1) > HALF * total)
    claimed = np.bincount(most[there], minlength=n + 1)
    moved &= claimed[most] == 1
    true, read = np.flatnonzero(moved), most[moved]
    if len(true) < 2:
        return order
    order[read] = true
    # An exchange loses no label: those that nothing is read as any more stand for those that are free.
    order[np.setdiff1d(true, read)] = np.setdiff1d(read, true)
    return order


def semantic_regions(labels: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Wrong pixels by their cause, (H, W) bool each and disjoint.

    An object is a connected region of one true class. If less than half of it is read right, it is `missed`
    where it is read mostly as something that touches it, or as nothing, and of `wrong_class` otherwise. A
    region of one read class of which less than half is right is `hallucinated`, where no such object is. What
    else lies near a true boundary is `outline`; the rest has no cause here.
    """
    from scipy.ndimage import binary_dilation

    known = truth >= 0
    wrong = known & (labels != truth)
    missed, confused, made_up = (np.zeros(truth.shape, bool) for _ in range(3))
    for value in np.unique(truth[wrong]):
        for region in _regions(truth == value):
            here = region & wrong
            if here.sum() <= HALF * region.sum():
                continue
            read = labels[here]
            most = int(np.bincount(read + 1).argmax()) - 1
            beside = truth[binary_dilation(region) & ~region]
            (missed if most < 0 or (beside == most).any() else confused)[here] = True
    explained = missed | confused
    for value in np.unique(labels[wrong & ~explained]):
        if value < 0:
            continue
        for region in _regions((labels == value) & known):
            here = region & wrong
            if here.sum() > HALF * region.sum():
                made_up |= here & ~explained
    outline = wrong & ~explained & ~made_up & _near_boundary(truth)
    return {"missed": missed, "wrong_class": confused, "hallucinated": made_up, "outline": outline}


def referring_regions(marked: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Wrong pixels of one mask by their cause, (H, W) bool each and disjoint.

    True regions of which less than half is marked are `missed`; marked regions of which less than half is
    right are `hallucinated`. If there is both, and no true region is found, the model took another object for
    the one that was meant: all of it is `wrong_object`. What else lies near the true boundary is `outline`.
    """
    wrong = marked != truth
    missed, made_up = np.zeros(truth.shape, bool), np.zeros(truth.shape, bool)
    found = False
    for region in _regions(truth):
        if (region & marked).sum() < HALF * region.sum():
            missed |= region & wrong
        else:
            found = True
    for region in _regions(marked):
        if (region & truth).sum() < HALF * region.sum():
            made_up |= region & wrong
    nothing = np.zeros(truth.shape, bool)
    another = nothing
    if missed.any() and made_up.any() and not found:
        another, missed, made_up = missed | made_up, nothing, nothing
    outline = wrong & ~another & ~missed & ~made_up & _near_boundary(truth)
    return {"wrong_object": another, "missed": missed, "hallucinated": made_up, "outline": outline}


def instance_repairs(
    labels: np.ndarray, truth: np.ndarray
) -> Mapping[str, Callable[[np.ndarray], np.ndarray]]:
    """What puts instances right, by cause, in the order in which the repairs are made.

    By the answer as it is: a marked instance with less than half of it on true ones is `hallucinated`, and
    taken away. One that holds most of two or more true ones is `merged`, and parted along the truth. True
    ones within which two or more marked ones lie mostly are `split`, and these are joined. True ones of
    which less than half is marked are `missed`, and added. `outline`: pixels near a true boundary become
    true.

    Args:
        labels: (H, W) int, 0 is none.
        truth: (H, W) int, 0 is none.
    """
    rows, columns = int(labels.max()) + 1, int(truth.max()) + 1
    joint = np.bincount((labels * columns + truth).ravel(), minlength=rows * columns).reshape(rows, columns)
    area, true_area = joint.sum(axis=1), joint.sum(axis=0)
    marked, true = range(1, rows), range(1, columns)
    made_up = [k for k in marked if area[k] > 0 and joint[k, 1:].sum() < HALF * area[k]]
    held = {k: [t for t in true if true_area[t] and joint[k, t] > HALF * true_area[t]] for k in marked}
    merged = {k: each for k, each in held.items() if len(each) > 1}
    within = {t: [k for k in marked if area[k] and joint[k, t] > HALF * area[k]] for t in true}
    split = {t: each for t, each in within.items() if len(each) > 1}
    missed = [t for t in true if true_area[t] and joint[1:, t].sum() < HALF * true_area[t]]
    free = rows + 1

    def parted(now: np.ndarray) -> np.ndarray:
        now = now.copy()
        for k, each in merged.items():
            here = now == k
            now[here] = free + _nearest_of(truth, each)[here]
        return now

    def joined(now: np.ndarray) -> np.ndarray:
        now = now.copy()
        for each in split.values():
            now[np.isin(now, each)] = each[0]
        return now

    def added(now: np.ndarray) -> np.ndarray:
        lost = np.isin(truth, missed)
        return np.where(lost, free + columns + truth, now)

    def outlined(now: np.ndarray) -> np.ndarray:
        """Each pixel near a boundary goes to what most of its true instance is read as, or to nothing."""
        band = _near_boundary(truth)
        whole = np.bincount((now * columns + truth).ravel(), minlength=(int(now.max()) + 1) * columns)
        read_as = whole.reshape(-1, columns).argmax(axis=0)
        read_as[0] = 0
        return np.where(band, read_as[truth], now)

    return {
        "hallucinated": lambda now: np.where(np.isin(now, made_up), 0, now),
        "merged": parted,
        "split": joined,
        "missed": added,
        "outline": outlined,
    }


def _nearest_of(truth: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    """The label of the nearest pixel of any of these true instances."""
    from scipy.ndimage import distance_transform_edt

    rows, columns = distance_transform_edt(
        ~np.isin(truth, labels), return_distances=False, return_indices=True
    )
    return np.asarray(truth[rows, columns])


def _regions(mask: np.ndarray) -> list[np.ndarray]:
    from scipy.ndimage import label

    numbered, count = label(mask, structure=np.ones((3, 3)))
    return [numbered == k for k in range(1, count + 1)]


def _near_boundary(truth: np.ndarray) -> np.ndarray:
    from scipy.ndimage import binary_dilation, maximum_filter, minimum_filter

    values = truth.astype(np.int32)
    edge = maximum_filter(values, 3) != minimum_filter(values, 3)
    wider = outline_px((truth.shape[0], truth.shape[1])) - 1
    return np.asarray(binary_dilation(edge, iterations=wider) if wider else edge)
