"""Log-probabilities of the reference, kept by content: the base's weights never change, so neither do its answers.

The key is a hash of what the number depends on: the reference (base weights, its adapter, the arithmetic), the prompt's
ids, the completion's ids. In memory, bounded; with a file, across restarts too.
"""

import hashlib
import os
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

_RECORD = struct.Struct("<16sf")


class ReferenceCache:
    """At most `capacity` numbers; the oldest make room. `reference` names the reference and its arithmetic.

    The file is a log of 20-byte records: a kill loses at most the last one, and what does not end on a record is cut.
    """

    def __init__(self, reference: str, file: Path | None = None, capacity: int = 1_000_000):
        if capacity < 1:
            raise ValueError("a cache without capacity keeps nothing")
        self.capacity = capacity
        self._seed = hashlib.blake2b(reference.encode(), digest_size=32).digest()
        self._known: dict[bytes, float] = {}
        self._log = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._read(file)
            self._log = file.open("ab")

    def __len__(self) -> int:
        return len(self._known)

    def key(self, prompt: Sequence[int], completion: Sequence[int]) -> bytes:
        digest = hashlib.blake2b(key=self._seed, digest_size=16)
        digest.update(struct.pack(f"<q{len(prompt)}q", len(prompt), *prompt))
        digest.update(struct.pack(f"<{len(completion)}q", *completion))
        return digest.digest()

    def get(self, key: bytes) -> float | None:
        """Summed log-probability, nats."""
        return self._known.get(key)

    def put(self, items: Iterable[tuple[bytes, float]]) -> None:
        for key, logp in items:
            if key not in self._known:
                self._known[key] = logp
                if self._log:
                    self._log.write(_RECORD.pack(key, logp))
        if self._log:
            self._log.flush()
        while len(self._known) > self.capacity:
            del self._known[next(iter(self._known))]

    def _read(self, file: Path) -> None:
        content = file.read_bytes() if file.exists() else b""
        whole = len(content) - len(content) % _RECORD.size
        for key, logp in _RECORD.iter_unpack(content[:whole]):
            self._known[key] = logp
        while len(self._known) > self.capacity:
            del self._known[next(iter(self._known))]
        if len(self._known) * _RECORD.size != len(content):
            draft = file.with_name(f"{file.name}.{os.getpid()}")
            draft.write_bytes(b"".join(_RECORD.pack(*item) for item in self._known.items()))
            draft.replace(file)
