"""Safetensors bytes that depend on nothing but what they hold.

The library writes a header's metadata in an order that changes from call to call, so equal files would have unequal
hashes. Here tensors come by size of their type (which keeps them aligned), then by name; keys are sorted.
"""

import json
from collections.abc import Mapping

import torch
from torch import Tensor

_NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def read_metadata(content: bytes) -> dict[str, str]:
    """Of the header of a file that was found to be one."""
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")]).get("__metadata__", {})


def tensor_file(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """8 bytes of header length, the header as JSON, the tensors one after the other."""
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    order = sorted(held, key=lambda name: (-held[name].element_size(), name))
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    parts, at = [], 0
    for name in order:
        tensor = held[name]
        parts.append(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
        span = [at, at := at + len(parts[-1])]
        header[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": span}
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((len(text).to_bytes(8, "little"), text, *parts))
