"""Adapters as files: the PEFT folder that every engine reads, and the runner's own state to go on from.

The PEFT folder is `adapter_model.safetensors` (`base_model.model.PATH.lora_A.weight` [r, in], `….lora_B.weight`
[out, r], bf16 for serving) and `adapter_config.json` with stable keys only. Equal tensors give equal bytes, so equal
adapters have equal hashes. Nothing here is ever a pickle.
"""

import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from prefloop.adapters.adapted_linear import AdaptedLinear
from prefloop.adapters.lora import Adapter, empty_adapter
from prefloop.adapters.tensor_file import read_metadata, tensor_file

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
STATE = "state.safetensors"

_PREFIX = "base_model.model."


def write_peft(
    adapter: Adapter,
    layers: Mapping[str, AdaptedLinear],
    base_model: str,
    revision: str | None = None,
    dtype: torch.dtype = torch.bfloat16,
) -> dict[str, bytes]:
    """{file name: bytes} of a PEFT folder. `layers`: those of the trunk that the adapter was made for."""
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_model,
        "revision": revision,
        "r": adapter.r,
        "lora_alpha": adapter.alpha,
        "target_modules": target_modules(adapter, layers),
        "lora_dropout": 0.0,
        "bias": "none",
        # GPT-2's Conv1D keeps its weight [in, out].
        "fan_in_fan_out": any(layers[path].transposed for path in adapter.pairs),
        "inference_mode": True,
        "modules_to_save": None,
        "use_rslora": False,
        "use_dora": False,
        "rank_pattern": {},
        "alpha_pattern": {},
        "init_lora_weights": True,
        "layers_to_transform": None,
    }
    return {
        WEIGHTS: tensor_file(tensors_of(adapter, _PREFIX, dtype), {"format": "pt"}),
        CONFIG: (json.dumps(config, indent=2, sort_keys=True) + "\n").encode(),
    }


def read_peft(files: Mapping[str, bytes], layers: Mapping[str, AdaptedLinear]) -> Adapter:
    """The adapter of a PEFT folder, fp32, on the trunk's device. `files`: {file name: bytes}.

    Raises ValueError, by name, for a missing or broken file, a kind of adapter that is more than a plain LoRA, a layer
    the trunk does not have, a shape or rank that does not fit, and values that are not finite.
    """
    config = _read_config(files)
    return adapter_of(
        read_tensors(files, WEIGHTS), WEIGHTS, _PREFIX, config["r"], config["lora_alpha"], layers
    )


def adapter_of(
    tensors: Mapping[str, Tensor],
    file: str,
    prefix: str,
    rank: int,
    alpha: float,
    layers: Mapping[str, AdaptedLinear],
) -> Adapter:
    """The adapter of tensors `{prefix}PATH.lora_A.weight` and `….lora_B.weight`. file: its name, for the errors.

    Raises ValueError as `read_peft` does."""
    pairs: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        path, side = _parse_name(name, prefix, file)
        if path not in layers:
            raise ValueError(f"{file}: {name} belongs to a layer that this base model does not have")
        layer = layers[path]
        wanted = (rank, layer.in_features) if side == "A" else (layer.out_features, rank)
        if tuple(tensor.shape) != wanted:
            raise ValueError(f"{file}: {name} has shape {list(tensor.shape)}, this base needs {list(wanted)}")
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{file}: {name} has values that are not finite")
        pairs.setdefault(path, {})[side] = tensor
    for path, sides in pairs.items():
        if len(sides) != 2:
            raise ValueError(f"{file}: {path} has lora_{next(iter(sides))} only")
    if not pairs:
        raise ValueError(f"{file} holds no LoRA weights")
    # In the model's order: the flat buffer of a state read back must mean what it meant.
    order = [path for path in layers if path in pairs]
    sizes = {path: (layers[path].in_features, layers[path].out_features) for path in order}
    adapter = empty_adapter(sizes, rank, alpha, next(iter(layers.values())).weight.device)
    with torch.no_grad():
        for path, (a_rI, b_Or) in adapter.pairs.items():
            a_rI.copy_(pairs[path]["A"])
            b_Or.copy_(pairs[path]["B"])
    return adapter


def tensors_of(adapter: Adapter, prefix: str, dtype: torch.dtype) -> dict[str, Tensor]:
    """{name: tensor} as `adapter_of` reads them."""
    tensors: dict[str, Tensor] = {}
    for path, (a_rI, b_Or) in adapter.pairs.items():
        tensors[f"{prefix}{path}.lora_A.weight"] = a_rI.detach().to(dtype)
        tensors[f"{prefix}{path}.lora_B.weight"] = b_Or.detach().to(dtype)
    return tensors


def write_state(tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> bytes:
    """The runner's own state: tensors as they are, and `facts` as JSON in the header."""
    return tensor_file(tensors, {"format": "pt", "prefloop": json.dumps(facts, sort_keys=True)})


def read_state(content: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(tensors, facts) of `write_state`. Raises ValueError for anything else."""
    tensors = read_tensors({STATE: content}, STATE)
    facts = read_metadata(content).get("prefloop")
    if facts is None:
        raise ValueError(f"{STATE} was not written by this runner: its header has no facts")
    return tensors, json.loads(facts)


def read_tensors(files: Mapping[str, bytes], name: str) -> dict[str, Tensor]:
    if name not in files:
        raise ValueError(f"the adapter has no {name}")
    try:
        return load(files[name])
    except SafetensorError as error:
        raise ValueError(f"{name} is not a safetensors file: {error}") from error


def target_modules(adapter: Adapter, layers: Mapping[str, AdaptedLinear]) -> list[str]:
    """Short names where they mean exactly these layers; whole paths otherwise (PEFT takes both)."""
    names = {path.rpartition(".")[2] for path in adapter.pairs}
    meant = {path for path in layers if path.rpartition(".")[2] in names}
    return sorted(names if meant == set(adapter.pairs) else adapter.pairs)


def _read_config(files: Mapping[str, bytes]) -> dict[str, Any]:
    if CONFIG not in files:
        raise ValueError(f"the adapter has no {CONFIG}")
    try:
        config = json.loads(files[CONFIG])
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{CONFIG} is not JSON: {error}") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise ValueError(f"{CONFIG}: peft_type must be LORA")
    for key in ("use_rslora", "use_dora", "modules_to_save", "rank_pattern", "alpha_pattern", "lora_bias"):
        if config.get(key):
            raise ValueError(f"{CONFIG}: {key} is not supported: a plain LoRA is")
    if config.get("bias", "none") != "none":
        raise ValueError(f"{CONFIG}: bias must be none")
    for key in ("r", "lora_alpha"):
        if (
            not isinstance(config.get(key), int | float)
            or isinstance(config[key], bool)
            or not config[key] > 0
        ):
            raise ValueError(f"{CONFIG}: {key} must be a positive number")
    return config


def _parse_name(name: str, prefix: str, file: str) -> tuple[str, str]:
    path, dot, side = name.removesuffix(".weight").rpartition(".lora_")
    if not name.startswith(prefix) or not name.endswith(".weight") or not dot or side not in ("A", "B"):
        raise ValueError(f"{file}: {name} is no LoRA weight: {prefix}PATH.lora_A.weight is")
    return path.removeprefix(prefix), side
