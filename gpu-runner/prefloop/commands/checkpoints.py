"""Checkpoints of a training on a file: each is a folder that appears whole, under its number, or not at all."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

_PROGRESS = "progress.json"


class Checkpoints:
    """`folder`/checkpoint-NNNNN/: the adapter's files, its state, and how far the training was. The last one is kept."""

    def __init__(self, folder: Path):
        self.folder = folder

    def latest(self) -> tuple[dict[str, bytes], dict[str, Any]] | None:
        """(files by name, progress)."""
        found = self._all()
        if not found:
            return None
        files = {path.name: path.read_bytes() for path in found[-1].iterdir()}
        return files, json.loads(files.pop(_PROGRESS))

    def save(self, number: int, files: dict[str, bytes], progress: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        older = self._all()
        draft = self.folder / f".draft-{os.getpid()}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        for name, content in (files | {_PROGRESS: json.dumps(progress, indent=2).encode()}).items():
            (draft / name).write_bytes(content)
        draft.rename(self.folder / f"checkpoint-{number:05}")
        for path in older:
            shutil.rmtree(path)

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob("checkpoint-*"))
