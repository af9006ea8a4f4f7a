"""An adapter of an image model as one file, in diffusers' own format: `pipeline.load_lora_weights(folder)` reads it.

`pytorch_lora_weights.safetensors` holds `unet.PATH.lora_A.weight` [r, in] and `….lora_B.weight` [out, r] (`transformer.`
for SD3), bf16 for serving, and says rank and alpha in its header. PPD's user attention is a file beside it, or alone:
`user_attention.safetensors` holds `PATH.key` and `PATH.value` [inner width, numbers of a token], fp32, and says in its header
how loud users are (`personalize.Loudness`); `openness.*`, where they are, what captions leave open (`openness`). Equal tensors
give equal bytes.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch

from prefloop.adapters.files import adapter_of, read_tensors, target_modules, tensors_of
from prefloop.adapters.lora import Adapter
from prefloop.adapters.tensor_file import read_metadata, tensor_file
from prefloop.image.model import ImageModel
from prefloop.image.openness import PREFIX, Openness, read_openness
from prefloop.image.personalize import (
    Loudness,
    UserAttention,
    cross_attentions,
    empty_user_attention,
    install,
)

WEIGHTS = "pytorch_lora_weights.safetensors"
USERS = "user_attention.safetensors"
# diffusers' name for what it keeps in the header.
_METADATA = "lora_adapter_metadata"


def write_lora(adapter: Adapter, model: ImageModel, dtype: torch.dtype = torch.bfloat16) -> dict[str, bytes]:
    """{file name: bytes}."""
    config = {
        "r": adapter.r,
        "lora_alpha": adapter.alpha,
        "target_modules": target_modules(adapter, model.layers),
        "lora_dropout": 0.0,
        "bias": "none",
    }
    prefix = model.part
    said = json.dumps({f"{prefix}.{name}": value for name, value in config.items()}, sort_keys=True)
    tensors = tensors_of(adapter, f"{prefix}.", dtype)
    return {WEIGHTS: tensor_file(tensors, {"format": "pt", _METADATA: said})}


def read_lora(files: Mapping[str, bytes], model: ImageModel) -> Adapter:
    """fp32, on the model's device. Raises ValueError, by name, for a missing or broken file, a header that does not say rank
    and alpha, a layer that the model does not have, shapes that do not fit, and values that are not finite."""
    tensors = read_tensors(files, WEIGHTS)
    config = _read_header(files[WEIGHTS], model.part)
    return adapter_of(tensors, WEIGHTS, f"{model.part}.", config["r"], config["lora_alpha"], model.layers)


def _read_header(content: bytes, part: str) -> dict[str, Any]:
    try:
        said = json.loads(read_metadata(content).get(_METADATA, "null"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{WEIGHTS}: its {_METADATA} is not JSON: {error}") from error
    config = {}
    for key in ("r", "lora_alpha"):
        value = said.get(f"{part}.{key}") if isinstance(said, dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise ValueError(f"{WEIGHTS}: its header must say {part}.{key}, a positive number")
        config[key] = value
    return config


def write_user_attention(attention: UserAttention) -> dict[str, bytes]:
    """{file name: bytes}."""
    tensors = {
        f"{path}.{side}": weight.detach().float()
        for path, pair in attention.pairs.items()
        for side, weight in zip(("key", "value"), pair, strict=True)
    }
    if attention.openness:
        tensors |= attention.openness.tensors()
    said = {"format": "pt", "width": str(attention.width)}
    loudness = {
        name: str(value) for name, value in asdict(attention.loudness).items() if math.isfinite(value)
    }
    return {USERS: tensor_file(tensors, said | loudness)}


def read_user_attention(files: Mapping[str, bytes], model: ImageModel) -> UserAttention:
    """On the model's device; the model's cross-attentions can take users from now on.

    Raises ValueError, by name, for a missing or broken file, an attention that the model does not have or that is
    missing, shapes that do not fit, values that are not finite, and a loudness that is no positive number.
    """
    tensors = read_tensors(files, USERS)
    inner = {path: int(a.to_q.out_features) for path, a in cross_attentions(model).items()}
    openness = {name: tensors.pop(name) for name in sorted(tensors) if name.startswith(PREFIX)}
    wanted = {f"{path}.{side}" for path in inner for side in ("key", "value")}
    if odd := sorted(wanted ^ tensors.keys()):
        raise ValueError(f"{USERS}: {odd[0]} is {'missing' if odd[0] in wanted else 'not of this model'}")
    width = next(iter(tensors.values())).shape[-1]
    attention = empty_user_attention(inner, width, model.device)
    with torch.no_grad():
        for path, pair in attention.pairs.items():
            for side, weight in zip(("key", "value"), pair, strict=True):
                found = tensors[f"{path}.{side}"]
                if found.shape != weight.shape:
                    raise ValueError(
                        f"{USERS}: {path}.{side} is {list(found.shape)}, and {list(weight.shape)} fits"
                    )
                if not bool(torch.isfinite(found).all()):
                    raise ValueError(f"{USERS}: {path}.{side} has values that are not finite")
                weight.copy_(found)
    attention.loudness = _read_loudness(read_metadata(files[USERS]))
    attention.openness = _read_openness(openness, model)
    install(model)
    return attention


def _read_openness(tensors: Mapping[str, torch.Tensor], model: ImageModel) -> Openness | None:
    if broken := [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]:
        raise ValueError(f"{USERS}: {broken[0]} has values that are not finite")
    try:
        found = read_openness({name: tensor.to(model.device) for name, tensor in tensors.items()})
    except ValueError as error:
        raise ValueError(f"{USERS}: {error}") from error
    depth = model.denoiser.config.cross_attention_dim
    if found and len(found.center_D) != depth:
        raise ValueError(
            f"{USERS}: openness.center is of captions of {len(found.center_D)} numbers a token, the model's have {depth}"
        )
    return found


def _read_loudness(said: Mapping[str, str]) -> Loudness:
    found = {name: said[name] for name in ("strength", "max_loudness") if name in said}
    for name, text in found.items():
        try:
            fits = 0 < float(text) < math.inf
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"{USERS}: its header must say {name}, a positive number")
    return Loudness(**{name: float(text) for name, text in found.items()})
