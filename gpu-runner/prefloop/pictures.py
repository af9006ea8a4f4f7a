"""Pictures that were compared, and the user encoders of domains, as the edge has them. What this machine has seen is not
fetched again."""

import hashlib
from collections.abc import Callable

from prefloop.contracts import SetEncoderInput
from prefloop.edge import Edge
from prefloop.edge_errors import EdgeError
from prefloop.file_cache import FileCache
from prefloop.taste.set_encoder import FILE, SetEncoder, read_set_encoder


def fetch_picture(edge: Edge, cache: FileCache, sha256: str) -> bytes:
    """Raises LookupError where the edge has none (any more), and ValueError when it hands out another one."""

    def ask() -> bytes:
        try:
            return edge.image(sha256)
        except EdgeError as error:
            if error.code == "not_found":
                raise LookupError(f"the edge has no picture {sha256[:12]}") from error
            raise

    return _kept(cache, sha256, f"picture {sha256[:12]}", ask)


def fetch_encoder(edge: Edge, cache: FileCache, sha: str) -> SetEncoder:
    """Raises ValueError for one that is no network, and when the edge hands out bytes that do not have the file's hash."""
    encoder = edge.encoder(sha).encoder
    if not isinstance(encoder, SetEncoderInput):
        raise ValueError(f"user encoder {sha[:12]} is a {encoder.kind}: ppd needs a set encoder")
    hashes = {file.name: file.sha256 for file in encoder.files}
    if FILE not in hashes:
        raise ValueError(f"user encoder {sha[:12]} was published without its {FILE}, which training needs")
    named = f"{FILE} of user encoder {sha[:12]}"
    return read_set_encoder(_kept(cache, hashes[FILE], named, lambda: edge.encoder_file(sha, FILE)))


def _kept(cache: FileCache, sha256: str, named: str, ask: Callable[[], bytes]) -> bytes:
    content = cache.get(sha256)
    if content is None:
        content = ask()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"{named} does not have the hash it is listed under")
        cache.put(content)
    return content
