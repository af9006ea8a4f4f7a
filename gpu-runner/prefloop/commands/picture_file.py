"""Rows of a JSONL file as votes on pictures: the contract's own Example, a pair of files, a list of them, or the columns of
Pick-a-Pic and of ImageReward (`picture_columns`).

    an Example, whose `images` are hashes of files in the folder of pictures
    {prompt, chosen: FILE, rejected: FILE, p?, weight?, userKey?, support?}
    {prompt, images: [FILE…], phi: […] or ratings: […], userKey?, support?}     as `prefloop-runner syn-pic` writes it

A FILE is a path beside the JSONL file.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from prefloop.commands.picture_columns import renamed
from prefloop.contracts import Example
from prefloop.image.picture import picture_sha

# Beside the vote itself, where a row has them.
_MORE = ("userKey", "support")


class PictureFiles:
    """Pictures of a folder by their hash; a file's name is its hash, with or without an ending, or was named by a row."""

    def __init__(self, folder: Path | None) -> None:
        self._paths: dict[str, Path] = {}
        if folder is not None:
            if not folder.is_dir():
                raise ValueError(f"{folder} is not a folder of pictures")
            self._paths = {path.stem: path for path in folder.iterdir() if len(path.stem) == 64}

    def add(self, path: Path) -> str:
        """Its hash. Raises ValueError where there is no such file."""
        try:
            sha256 = picture_sha(path.read_bytes())
        except OSError as error:
            raise ValueError(f"cannot read the picture {path.name}: {error.strerror}") from error
        self._paths[sha256] = path
        return sha256

    def fetch(self, sha256: str) -> bytes:
        """Raises LookupError for one that is not there, or is not what its name says."""
        content = self._paths[sha256].read_bytes()
        if picture_sha(content) != sha256:
            raise LookupError(f"{self._paths[sha256].name} is not the picture that its name says")
        return content


def read_pictures(path: Path, files: PictureFiles) -> Iterator[tuple[Example, list[float] | None]]:
    """(vote, φ where the row says it) in file order. Raises ValueError, naming the line, for what is none of the forms."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield _to_vote(json.loads(line), path.parent, files)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"])
                raise ValueError(f"{path}:{number}: {where}: {first['msg']}") from error
            except ValueError as error:
                raise ValueError(f"{path}:{number}: {error}") from error


def _to_vote(row: Any, folder: Path, files: PictureFiles) -> tuple[Example, list[float] | None]:
    if not isinstance(row, dict):
        raise ValueError("is not a JSON object")
    if "preference" in row:
        return Example.model_validate(row), None
    row = renamed(row, folder)
    if not isinstance(row.get("prompt"), str):
        raise ValueError("has no prompt, which is a text")
    if {"chosen", "rejected"} <= row.keys():
        images = [files.add(folder / str(row[side])) for side in ("chosen", "rejected")]
        pairs = [{"chosen": 0, "rejected": 1, "p": row.get("p", 1.0), "weight": row.get("weight", 1.0)}]
        return _example(row, images, pairs), None
    if not isinstance(row.get("images"), list) or not ({"phi", "ratings"} & row.keys()):
        raise ValueError("is no Example, and has neither chosen and rejected nor images with phi or ratings")
    values = row["phi"] if "phi" in row else row["ratings"]
    images = [files.add(folder / str(one)) for one in row["images"]]
    if not isinstance(values, list) or len(values) != len(images):
        raise ValueError("has another number of phi or ratings than of images")
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in values):
        raise ValueError("phi and ratings must be numbers")
    if "phi" in row and not all(0 <= v <= 1 for v in values):
        raise ValueError("phi must lie in [0, 1]")
    return _example(row, images, _pairs(values)), values if "phi" in row else None


def _pairs(values: list[float]) -> list[dict[str, float]]:
    """Every two pictures, sharing the weight of one; equal ones are a tie."""
    two = list(combinations(range(len(values)), 2))
    ordered = [(i, j) if values[i] >= values[j] else (j, i) for i, j in two]
    return [
        {"chosen": i, "rejected": j, "p": 0.5 if values[i] == values[j] else 1.0, "weight": 1 / len(two)}
        for i, j in ordered
    ]


def _example(row: Mapping[str, Any], images: list[str], pairs: list[dict[str, float]]) -> Example:
    canonical = json.dumps([row["prompt"], images, pairs, row.get("userKey")], sort_keys=True).encode()
    return Example.model_validate(
        {
            "preference": "h" + hashlib.sha256(canonical).hexdigest()[:40],
            "prompt": {"text": row["prompt"]},
            "completions": [],
            "images": images,
            "pairs": pairs,
            **{name: row[name] for name in _MORE if name in row},
        }
    )
