"""Tensors that cost a network to make, kept by content: in memory, and in a folder across restarts.

A key says what the numbers are of; `made_by` what they were made by: weights and arithmetic, which never change.
"""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from prefloop.adapters.tensor_file import tensor_file
from prefloop.file_cache import LIMIT_BYTES, prune

MEMORY_BYTES = 1 << 30
_CHECK_BYTES = 16

Tensors = dict[str, Tensor]


class TensorCache:
    """At most so many bytes each; what was not used for longest makes room. A file appears whole or not at all, and one that is
    not what was written is made again."""

    def __init__(
        self,
        made_by: str,
        folder: Path | None = None,
        memory_bytes: int = MEMORY_BYTES,
        disk_bytes: int = LIMIT_BYTES,
    ):
        self.folder, self.memory_bytes, self.disk_bytes = folder, memory_bytes, disk_bytes
        self._seed = hashlib.blake2b(made_by.encode(), digest_size=32).digest()
        self._known: OrderedDict[str, Tensors] = OrderedDict()
        self._bytes = self._written = 0
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str, make: Callable[[], Tensors]) -> Tensors:
        """On the CPU."""
        name = hashlib.blake2b(key.encode(), key=self._seed, digest_size=20).hexdigest()
        if name in self._known:
            self._known.move_to_end(name)
            return self._known[name]
        found = self._read(name)
        if found is None:
            found = {part: tensor.detach().cpu().contiguous() for part, tensor in make().items()}
            self._write(name, found)
        self._known[name] = found
        self._bytes += _size(found)
        while self._bytes > self.memory_bytes and len(self._known) > 1:
            self._bytes -= _size(self._known.popitem(last=False)[1])
        return found

    def _read(self, name: str) -> Tensors | None:
        if self.folder is None:
            return None
        path = self.folder / name
        try:
            content = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:
            return None
        check, content = content[:_CHECK_BYTES], content[_CHECK_BYTES:]
        if _check(content) != check:
            return None
        try:
            return load(content)
        except SafetensorError:
            return None

    def _write(self, name: str, tensors: Tensors) -> None:
        if self.folder is None:
            return
        content = tensor_file(tensors, {"format": "pt"})
        with NamedTemporaryFile(dir=self.folder, prefix=".new-", delete=False) as file:
            file.write(_check(content) + content)
        os.replace(file.name, self.folder / name)
        # Looking through the folder costs as much as a small network: now and then will do.
        self._written += len(content)
        if self._written > self.disk_bytes // 64:
            self._written = 0
            prune(self.folder, self.disk_bytes)


def _check(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_CHECK_BYTES).digest()


def _size(tensors: Tensors) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
