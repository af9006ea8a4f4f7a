"""What was run, kept by experiment, arm and seed, so that a run goes on where it was cut off.

One small file each; a file counts only for the code that made it: the experiment's source, this package and the base.
"""

import hashlib
import inspect
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import prefloop
from prefloop.text.trunk import TINY

FOLDER = Path(__file__).parent


class Results:
    """`folder`: of one experiment. identity: of the code that its files come from."""

    def __init__(self, folder: Path, identity: str):
        self.folder = folder
        self.identity = identity
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, name: str) -> dict[str, Any] | None:
        """None for what was not run, was cut short, or comes from other code."""
        try:
            found = json.loads((self.folder / f"{name}.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return found if found.get("identity") == self.identity else None

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        draft = self.folder / f"{name}.json.{os.getpid()}"
        draft.write_text(json.dumps({"identity": self.identity, **content}, indent=1) + "\n")
        draft.replace(self.folder / f"{name}.json")


def identity_of(module: ModuleType, quick: bool) -> str:
    """Changes whenever something changes that the figures depend on: the experiment, what it shares, the runner's
    numerics, the model."""
    digest = hashlib.sha256(f"quick {quick}".encode())
    digest.update(inspect.getsource(module).encode())
    for name in ("tiny.py", "context.py"):
        digest.update((FOLDER / name).read_bytes())
    package = Path(prefloop.__file__ or "").parent
    for part in ("objectives", "recipes", "text", "adapters", "tiny/world"):
        for path in sorted((package / part).glob("*.py")):
            digest.update(path.read_bytes())
    digest.update((TINY / "model.safetensors").read_bytes())
    return digest.hexdigest()[:16]
