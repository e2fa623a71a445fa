"""The model card of the embedded generator: its tables, written from the weights and the results."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd

from vbanalysis.errors import DataError
from vbanalysis.mini.weights import read_told
from vbanalysis.paths import replacing, shown
from vbanalysis.studies.report_card import against_targets, generation_kept


def write_card(table: pd.DataFrame, folder: Path) -> None:
    """Write `results.tsv`, and the tables of `CARD.md` between their marks.

    Args:
        table: Rows of `report_card`.
        folder: Of the card, `data/mini` as a rule.

    Raises:
        DataError: The card is missing or lacks a mark.
    """
    path = folder / "CARD.md"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read ({error.strerror})") from error
    # The card is written from the figures as the table keeps them, so that nothing is rounded twice.
    kept = table.to_csv(sep="\t", index=False, float_format="%.5g", lineterminator="\n")
    table = pd.read_csv(io.StringIO(kept), sep="\t")
    blocks = {
        "files": files_table(folder),
        "targets": against_targets(table),
        "generation": generation_kept(table),
    }
    for name, block in blocks.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        if begin not in text or end not in text:
            raise DataError(f"{shown(path)} lacks the marks {begin.strip()} and {end}: put them back")
        before, rest = text.split(begin, 1)
        text = before + begin + _markdown(block) + "\n" + end + rest.split(end, 1)[1]
    with replacing(folder / "results.tsv") as file:
        file.write(kept.encode())
    with replacing(path) as file:
        file.write(text.encode())


def files_table(folder: Path) -> pd.DataFrame:
    """The weights below a folder: name, megabytes, exercises seen, minutes of training, what they are for."""
    rows = []
    for path in sorted((folder / "weights").glob("*.safetensors")):
        told = read_told(path)
        stage = json.loads(told.get("stage", "{}"))
        rows.append(
            {
                "name": path.stem,
                "MB": f"{path.stat().st_size / 1e6:.1f}",
                "exercises": told.get("samples", ""),
                "minutes": f"{float(told.get('seconds', 'nan')) / 60:.0f}",
                "for": stage.get("about", "reads drawings for the score"),
            }
        )
    return pd.DataFrame(rows)


def _markdown(table: pd.DataFrame) -> str:
    lines = [list(table.columns), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
