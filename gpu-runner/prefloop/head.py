"""The adapters that batches are trained on top of, as the edge has them."""

import hashlib
from collections.abc import Sequence

from prefloop.edge import Edge
from prefloop.edge_errors import BaseModelMismatch
from prefloop.file_cache import FileCache


def fetch_head(edge: Edge, cache: FileCache, sha: str | None, fingerprint: str) -> dict[str, bytes] | None:
    """Its files by name; None for the base itself. What this machine has seen is not fetched again.

    Raises BaseModelMismatch when the adapter belongs to another base than the one of `fingerprint`, and ValueError
    when the edge hands out bytes that do not have the file's hash.
    """
    if sha is None:
        return None
    record = edge.adapter(sha)
    check_fingerprint(sha, record.base_model, record.base_fingerprint, fingerprint)
    files = {}
    for file in record.files:
        content = cache.get(file.sha256)
        if content is None:
            content = edge.download(sha, file.name)
            if hashlib.sha256(content).hexdigest() != file.sha256:
                raise ValueError(
                    f"{file.name} of adapter {sha[:12]} does not have the hash it is listed under"
                )
            cache.put(content)
        files[file.name] = content
    return files


def check_fingerprint(sha: str, base_model: str, theirs: str, ours: str) -> None:
    if theirs != ours:
        raise BaseModelMismatch(
            "base_model_mismatch",
            f"adapter {sha[:12]} was trained on another {base_model} ({theirs[:12]}, this one is {ours[:12]}): "
            "its weights or its tokenizer differ; run with that model and revision",
        )


def check_domains(edge: Edge, base_model: str, fingerprint: str, domains: Sequence[str]) -> list[str]:
    """The domains that a runner with this base would serve; looked at before the first lease, so that no batch pays
    for a wrong command line. `domains`: only these; none: all of the base model.

    Raises ValueError for a domain that does not exist, BaseModelMismatch when one that was named, or the head of one
    that is served, belongs to another base.
    """
    known = {domain.id: domain for domain in edge.domains()}
    if unknown := [name for name in domains if name not in known]:
        raise ValueError(f"the project has no domain {', '.join(unknown)}")
    for name in domains:
        if (theirs := known[name].base_model) != base_model:
            raise BaseModelMismatch(
                "base_model_mismatch",
                f"domain {name} belongs to the base model {theirs}, this runner holds {base_model}",
            )
    served = [known[name] for name in domains or known if known[name].base_model == base_model]
    for domain in served:
        if domain.head is not None:
            record = edge.adapter(domain.head)
            check_fingerprint(domain.head, record.base_model, record.base_fingerprint, fingerprint)
    return [domain.id for domain in served]
