"""Pipelines of diffusers, read from a folder and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vbanalysis.errors import DataError
from vbanalysis.models._hub import read_config, title
from vbanalysis.models._torch import check_device, dtype_of, loading
from vbanalysis.models._transformers_network import loaded


def loaded_pipeline(folder: Path, *, device: str, dtype: str) -> Any:
    """A pipeline for inference, of the class that its `model_index.json` names.

    Its networks are loaded one by one, since diffusers as a whole does not tell which weights a file lacked:
    a text encoder's would be left at random numbers.

    Args:
        folder: Of a repository.
        device: As torch names it.
        dtype: Of the weights, see `dtype_of`.

    Raises:
        InputError: The device cannot be used, or there is no such dtype.
        DataError: It is no pipeline that diffusers has, or its weights are damaged or incomplete.
    """
    import diffusers

    check_device(device)
    index = read_config(folder / "model_index.json")
    told = index.get("_class_name")
    kind = getattr(diffusers, told, None) if isinstance(told, str) else None
    if kind is None:
        raise DataError(
            f"{title(folder)} asks for the pipeline {told!r}, which diffusers {diffusers.__version__} does "
            "not have; code out of a repository is not run"
        )
    number = dtype_of(dtype, folder)
    with loading(f"the pipeline of {title(folder)}"):
        networks = {
            name: _network(folder / name, stated[0], stated[1], number)
            for name, stated in index.items()
            if isinstance(stated, list)
            and stated[:1] in (["diffusers"], ["transformers"])
            and (folder / name / "config.json").is_file()  # schedulers and tokenizers have none
        }
        pipeline = kind.from_pretrained(
            str(folder), dtype=number, use_safetensors=True, local_files_only=True, **networks
        ).to(device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _network(folder: Path, library: str, architecture: str, dtype: Any) -> Any:
    """One network of a pipeline, with all its weights."""
    import diffusers

    if library == "transformers":
        return loaded(folder, architecture, device="cpu", dtype=str(dtype).removeprefix("torch."))
    kind = getattr(diffusers, architecture)
    network, report = kind.from_pretrained(
        str(folder), dtype=dtype, use_safetensors=True, local_files_only=True, output_loading_info=True
    )
    if absent := sorted(report["missing_keys"]):
        raise DataError(
            f"the weights of {folder.name} in {title(folder.parent)} lack {len(absent)} that a "
            f"{architecture} has, as {absent[0]}: they would be random numbers"
        )
    return network
