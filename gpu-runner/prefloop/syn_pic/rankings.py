"""A folder of ranked pictures, which grows by whole rows: whatever ends the command, what is there can be gone on from.

rankings.jsonl      {prompt, images: [images/SHA.png…], rewards: {NAME: [one a picture]}, phi: [one a picture]}
images/SHA.png      every picture under the SHA-256 of its file
syn-pic.json        what the rows are made from
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from prefloop.image.picture import picture_sha
from prefloop.objectives.rank_dpo import preference_probability

ROWS, IMAGES, IDENTITY = "rankings.jsonl", "images", "syn-pic.json"


def ranking(prompt: str, images: Sequence[str], rewards: dict[str, list[float]]) -> dict[str, Any]:
    """A row. rewards: by name, one number an image."""
    values_1kn = torch.tensor(list(rewards.values()), dtype=torch.float64).T[None]
    phi_k = preference_probability(values_1kn)[0].tolist()
    return {
        "prompt": prompt,
        "images": list(images),
        "rewards": rewards,
        "phi": [round(phi, 6) for phi in phi_k],
    }


class Rankings:
    """folder: made where it is missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / IMAGES).mkdir(parents=True, exist_ok=True)

    def begin(self, identity: dict[str, Any], resume: bool) -> list[dict[str, Any]]:
        """The rows that are there already, whole ones only.

        Raises ValueError where the folder holds rankings that are not to be gone on with, or are of something else.
        """
        kept = self.folder / IDENTITY
        if not kept.exists():
            if (self.folder / ROWS).exists():
                raise ValueError(f"{self.folder} has a {ROWS} and no {IDENTITY}: it was made otherwise")
            _write_whole(kept, (json.dumps(identity, indent=2) + "\n").encode())
            return []
        if not resume:
            raise ValueError(
                f"{self.folder} holds rankings already: --resume goes on with them, another folder begins anew"
            )
        before = json.loads(kept.read_text(encoding="utf-8"))
        if other := [name for name in identity if before.get(name) != identity[name]]:
            raise ValueError(f"{self.folder} holds rankings of other {other[0]}: they cannot be gone on with")
        return self._repair()

    def add_picture(self, picture_HW3: NDArray[np.uint8]) -> str:
        """Its path in the folder."""
        file = io.BytesIO()
        Image.fromarray(picture_HW3).save(file, "PNG")
        path = f"{IMAGES}/{picture_sha(file.getvalue())}.png"
        if not (self.folder / path).exists():
            _write_whole(self.folder / path, file.getvalue())
        return path

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """They are on the disk when this returns."""
        with (self.folder / ROWS).open("ab") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _repair(self) -> list[dict[str, Any]]:
        """The rows; what a kill left of a row or a picture that was being written is removed."""
        for draft in (self.folder / IMAGES).glob(".*"):
            draft.unlink()
        path = self.folder / ROWS
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            os.truncate(path, len(whole))
        return [json.loads(line) for line in whole.splitlines()]


def _write_whole(path: Path, content: bytes) -> None:
    """Under its name only once all of it is on the disk."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
