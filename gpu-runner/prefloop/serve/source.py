"""Where adapters come from: a folder, or the edge. What is handed on is, to the byte, what the sha names.

An adapter's folder may hold more than the two files that serving needs; the manifest covers every file of its own.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from prefloop.adapters.files import CONFIG
from prefloop.adapters.files import WEIGHTS as PEFT_WEIGHTS
from prefloop.adapters.manifest import manifest_sha
from prefloop.edge import Edge
from prefloop.edge_errors import AccessRefused, EdgeError, EdgeUnreachable
from prefloop.image.files import USERS
from prefloop.image.files import WEIGHTS as LORA_WEIGHTS
from prefloop.recipes.state_files import PARTS
from prefloop.serve.errors import ServeError


@dataclass(frozen=True)
class Kind:
    """files: of an adapter, those that serving reads. needs_all: or any one of them."""

    files: tuple[str, ...]
    needs_all: bool

    def missing(self, names: Collection[str]) -> list[str]:
        absent = [name for name in self.files if name not in names]
        return absent if self.needs_all or len(absent) == len(self.files) else []


TEXT = Kind((CONFIG, PEFT_WEIGHTS), needs_all=True)
PICTURES = Kind((LORA_WEIGHTS, USERS), needs_all=False)

# sha -> the needed files' contents by name, or None where it is not known. Raises ServeError.
Source = Callable[[str], dict[str, bytes] | None]


def from_folder(root: Path, kind: Kind = TEXT) -> Source:
    """root/SHA/ holds each adapter's files, as PEFT or diffusers write them."""
    covered = (*kind.files, *PARTS)

    def fetch(sha: str) -> dict[str, bytes] | None:
        if not (folder := root / sha).is_dir():
            return None
        files = {name: path.read_bytes() for name in covered if (path := folder / name).is_file()}
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        _check_manifest(sha, hashes, kind)
        return {name: files[name] for name in kind.files if name in files}

    return fetch


def from_edge(edge: Edge, fingerprint: str, kind: Kind = TEXT) -> Source:
    """Adapters of the base with this fingerprint only."""

    def fetch(sha: str) -> dict[str, bytes] | None:
        try:
            record = edge.adapter(sha)
            if record.sha != sha:
                raise ServeError(422, "hash_mismatch", f"The edge answered with another adapter than {sha}.")
            listed = {file.name: file.sha256 for file in record.files}
            _check_manifest(sha, listed, kind)
            if record.base_fingerprint != fingerprint:
                raise ServeError(
                    409,
                    "base_model_mismatch",
                    f"Adapter {sha} was trained on another base than this server holds: {record.base_model} with "
                    f"fingerprint {record.base_fingerprint[:12]}…, here {fingerprint[:12]}….",
                )
            files = {name: edge.download(sha, name) for name in kind.files if name in listed}
        except EdgeError as error:
            if error.code == "not_found":
                return None
            raise _as_serve_error(error) from error
        for name, content in files.items():
            if hashlib.sha256(content).hexdigest() != listed[name]:
                raise ServeError(
                    422, "hash_mismatch", f"{name} of adapter {sha} is not the file that was published."
                )
        return files

    return fetch


def _check_manifest(sha: str, sha256_by_name: Mapping[str, str], kind: Kind) -> None:
    if missing := kind.missing(sha256_by_name):
        raise ServeError(422, "adapter_missing_file", f"Adapter {sha} has no {' and no '.join(missing)}.")
    if manifest_sha(sha256_by_name) != sha:
        raise ServeError(
            422, "hash_mismatch", f"The files of adapter {sha} are not those that its sha names."
        )


def _as_serve_error(error: EdgeError) -> ServeError:
    if isinstance(error, EdgeUnreachable):
        return ServeError(503, "edge_unreachable", str(error), 5)
    if isinstance(error, AccessRefused):
        return ServeError(502, "edge_refused", f"The edge refuses this server's key: {error}")
    return ServeError(502, "edge_failed", f"The edge's answer is of no use: {error}")
