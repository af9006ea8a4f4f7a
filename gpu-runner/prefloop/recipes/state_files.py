"""The runner's state as files, none of them larger than what the edge takes in one upload.

A twin of rank 16 on a model of half a billion parameters has 210 MB of weights and moments; a Worker's request body ends
at 100 MB. So the tensors are laid out one after the other and cut: `state.safetensors`, `state-2.safetensors`, …
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from prefloop.adapters.files import STATE, read_state, write_state

# The edge takes 95 MB; the rest is for the header.
PART_BYTES = 94_000_000
MOST_PARTS = 12
PARTS = (STATE, *(f"state-{number}.safetensors" for number in range(2, MOST_PARTS + 1)))


def write_state_files(
    tensors: Mapping[str, Tensor], facts: Mapping[str, Any], part_bytes: int = PART_BYTES
) -> dict[str, bytes]:
    """{file name: bytes}. Of each tensor its numbers are kept, not its shape. Raises ValueError for more than `MOST_PARTS` files."""
    parts: list[dict[str, Tensor]] = [{}]
    room = part_bytes
    for name, shaped in tensors.items():
        tensor, start = shaped.reshape(-1), 0
        while start < tensor.numel():
            if room < tensor.element_size():
                parts.append({})
                room = part_bytes
            piece = tensor[start : start + room // tensor.element_size()]
            # Where it begins tells the pieces of one tensor apart.
            parts[-1][f"{name}@{start}"] = piece
            start += piece.numel()
            room -= piece.numel() * piece.element_size()
    if len(parts) > MOST_PARTS:
        raise ValueError(
            f"the state makes {len(parts)} files of {part_bytes} bytes, at most {MOST_PARTS} are taken"
        )
    return {
        file: write_state(part, {**facts, "parts": len(parts)})
        for file, part in zip(PARTS, parts, strict=False)
    }


def read_state_files(files: Mapping[str, bytes]) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """(flat tensors, facts) of `write_state_files`; None where there is no state. Raises ValueError for a broken one."""
    if STATE not in files:
        return None
    _, facts = read_state(files[STATE])
    pieces: dict[str, dict[int, Tensor]] = {}
    for file in PARTS[: facts.get("parts", 1)]:
        if file not in files:
            raise ValueError(f"the state has {facts['parts']} files, and {file} is missing")
        for label, piece in read_state(files[file])[0].items():
            name, _, start = label.rpartition("@")
            pieces.setdefault(name, {})[int(start)] = piece
    return {name: torch.cat([found[at] for at in sorted(found)]) for name, found in pieces.items()}, facts
