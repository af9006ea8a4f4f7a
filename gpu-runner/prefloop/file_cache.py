"""Files by their SHA-256 in a folder: what was downloaded or made once is not fetched again."""

import hashlib
import os
from pathlib import Path
from tempfile import NamedTemporaryFile

LIMIT_BYTES = 4 << 30


class FileCache:
    """`folder` may be shared by several runners: a file appears whole or not at all."""

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES):
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._written = 0
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, sha256: str) -> bytes | None:
        """None when it is not there, or is not what its name says (a truncated disk, a stray edit)."""
        path = self.folder / sha256
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        if hashlib.sha256(content).hexdigest() != sha256:
            path.unlink(missing_ok=True)
            return None
        os.utime(path)
        return content

    def put(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.folder / sha256
        if not path.exists():
            with NamedTemporaryFile(dir=self.folder, prefix=".new-", delete=False) as file:
                file.write(content)
            os.replace(file.name, path)
            # Looking through a folder of many pictures takes its time: now and then will do.
            self._written += len(content)
            if self._written > self.limit_bytes // 64:
                self._written = 0
                prune(self.folder, self.limit_bytes)
        return sha256


def prune(folder: Path, limit_bytes: int) -> None:
    """Forget the files that were not used for longest until the rest fits; the newest stays."""
    files = []
    for path in folder.iterdir():
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue  # another runner pruned it
        files.append((stat.st_mtime, stat.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files)[:-1]:
        if total <= limit_bytes:
            return
        path.unlink(missing_ok=True)
        total -= size
