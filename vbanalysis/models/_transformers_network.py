"""Networks of transformers, and what stands before them, read from a folder and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vbanalysis.errors import DataError, InputError
from vbanalysis.models._hub import title
from vbanalysis.models._torch import check_device, dtype_of, loading

_UNUSED = "fusion_stage.layers.0.residual_layer1."
"""DPT's first fusion layer has nothing to add to what comes in, so `Intel/dpt-large` has no such weights."""


def loaded(folder: Path, architecture: str, *, device: str, dtype: str) -> Any:
    """A network for inference.

    Args:
        folder: Of a repository.
        architecture: Name of a class of transformers.
        device: As torch names it.
        dtype: Of the weights, see `dtype_of`.

    Raises:
        InputError: The installed transformers has no such class, or there is no such dtype or device.
        DataError: The weights are damaged or incomplete.
    """
    import transformers

    kind = getattr(transformers, architecture, None)
    if kind is None:
        raise InputError(
            f"transformers {transformers.__version__} has no {architecture}: "
            "run  pip install --upgrade transformers"
        )
    check_device(device)
    with loading(f"the network of {title(folder)}"):
        network, report = kind.from_pretrained(
            str(folder),
            dtype=dtype_of(dtype, folder),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
        network = network.to(device).eval()
    wanted = {name for name, _ in network.named_parameters()}
    absent = sorted(name for name in report["missing_keys"] if name in wanted and _UNUSED not in name)
    if absent:
        raise DataError(
            f"the weights of {title(folder)} lack {len(absent)} of the {len(wanted)} that a {architecture} "
            f"has, as {absent[0]}: they would be random numbers"
        )
    return network


def processor(folder: Path, **settings: Any) -> Any:
    """The image processor of a repository, in its PIL form, which gives the same on every machine.

    Raises:
        DataError: Its settings are missing or damaged.
    """
    from transformers import AutoImageProcessor

    with loading(f"the image processor of {title(folder)}"):
        return AutoImageProcessor.from_pretrained(
            str(folder), backend="pil", local_files_only=True, trust_remote_code=False, **settings
        )


def tokenizer(folder: Path) -> Any:
    """The tokenizer of a repository.

    Raises:
        DataError: Its files are missing or damaged.
    """
    from transformers import AutoTokenizer

    with loading(f"the tokenizer of {title(folder)}"):
        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)


def finite(outputs: Any, *names: str) -> Any:
    """Outputs of a network, with those named as float32 on the CPU.

    Raises:
        DataError: One that is there holds NaN or an infinite number.
    """
    for name in names:
        value = outputs.get(name)
        if value is None:
            continue
        outputs[name] = value.float().cpu()
        if not bool(outputs[name].isfinite().all()):
            raise DataError(
                f"the network gave numbers that are not finite as {name}: try dtype=float32, or its weights "
                "are damaged"
            )
    return outputs
