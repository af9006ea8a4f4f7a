"""What was run, kept by experiment, arm and seed, so that a run goes on where it was cut off.

One small file each; a file counts only for the code that made it: the experiment's source, this package and the base.
"""

import ast
import hashlib
import inspect
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import prefloop
from prefloop.text.trunk import TINY

FOLDER = Path(__file__).parent
# Part of the packages below, and without a say in what an experiment measures.
BESIDE = ("needs", "methods", "text_stream", "fingerprint")


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
    """Changes whenever code changes that the figures depend on: the experiment, what it shares, the runner's numerics, the
    model. Comments and docstrings do not count."""
    digest = hashlib.sha256(f"quick {quick}".encode())
    # an experiment names in ALSO what it depends on beyond what all of them share
    for part in (module, *getattr(module, "ALSO", ())):
        digest.update(_code(inspect.getsource(part)))
    # and in FILES which weights beside the tiny language model
    for path in getattr(module, "FILES", ()):
        digest.update(path.read_bytes())
    digest.update(_shared())
    return digest.hexdigest()[:16]


@cache
def _shared() -> bytes:
    """What all experiments depend on; read once, before the workers are made."""
    digest = hashlib.sha256()
    package = Path(prefloop.__file__ or "").parent
    shared = [FOLDER / "tiny.py", FOLDER / "context.py"]
    for part in ("objectives", "recipes", "text", "adapters", "tiny/world"):
        shared += sorted((package / part).glob("*.py"))
    for path in shared:
        if path.stem not in BESIDE:
            digest.update(_code(path.read_text()))
    digest.update((TINY / "model.safetensors").read_bytes())
    return digest.digest()


def _code(source: str) -> bytes:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            first.value.value = ""
    return ast.dump(tree).encode()
