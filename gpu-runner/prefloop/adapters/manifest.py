"""The name of an adapter: the hash of what its files are."""

import hashlib
from collections.abc import Mapping


def manifest_sha(sha256_by_name: Mapping[str, str]) -> str:
    """SHA-256 of one line "SHA256  NAME\\n" per file, sorted by name: what `sha256sum` prints."""
    manifest = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sha256_by_name.items()))
    return hashlib.sha256(manifest.encode()).hexdigest()
