"""Publishing: files first, each under its hash, then one call that commits adapter and consumption together."""

import hashlib
from collections.abc import Mapping, Sequence

from prefloop.adapters.lora import Layer, target_paths
from prefloop.adapters.manifest import manifest_sha
from prefloop.contracts import (
    AdapterFile,
    AdapterInput,
    Completion,
    CompletionResult,
    Lease,
    NotTrainableItem,
)
from prefloop.crash import crash_point
from prefloop.edge import Edge
from prefloop.file_cache import FileCache
from prefloop.learn import Learned
from prefloop.recipes.kinds import LoraRecipe
from prefloop.recipes.state_files import MOST_PARTS, PART_BYTES


def check_state_size(layers: Mapping[str, Layer], recipe: LoraRecipe) -> None:
    """Raises ValueError, before any training, when the state would be larger than what the edge takes."""
    targets = recipe.targets if isinstance(recipe.targets, str) else list(recipe.targets)
    chosen = [layers[path] for path in target_paths(layers, targets)]
    numbers = recipe.rank * sum(layer.in_features + layer.out_features for layer in chosen)
    policies = 2 if recipe.method in ("ofs-dpo", "cofs-dpo") else 1
    # fp32 weights and two moments
    size, most = 12 * policies * numbers, MOST_PARTS * PART_BYTES
    if size > most:
        raise ValueError(
            f"rank {recipe.rank} makes a state of {size / 1e6:.0f} MB and the edge takes {most / 1e6:.0f} MB: "
            f"rank {recipe.rank * most // size} fits, and so do fewer targets"
        )


def describe(
    lease: Lease, parent: str | None, learned: Learned, fingerprint: str, runtime: str
) -> AdapterInput:
    """What is said of the adapter to the edge. Its sha is that of its files' manifest."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in learned.files.items()}
    files = [
        AdapterFile.model_validate({"name": name, "sha256": hashes[name], "bytes": len(content)})
        for name, content in sorted(learned.files.items())
    ]
    return AdapterInput(
        sha=manifest_sha(hashes),
        parent=parent,
        base_model=lease.base_model,
        base_fingerprint=fingerprint,
        recipe=lease.recipe,
        files=files,
        metrics=learned.metrics,
        losses=learned.losses,
        gates=learned.gates,
        runtime=runtime,
        **({"encoder": learned.encoder} if learned.encoder else {}),
    )


def publish(
    edge: Edge,
    cache: FileCache,
    lease: Lease,
    adapter: AdapterInput,
    files: Mapping[str, bytes],
    not_trainable: Sequence[NotTrainableItem],
) -> CompletionResult:
    """Raises LeaseLost, StaleParent; nothing of the batch is consumed then, and what was uploaded harms nobody."""
    for file in adapter.files:
        content = files[file.name]
        cache.put(content)
        edge.upload(file.sha256, file.name, content)
        crash_point("uploaded")
    completion = Completion(fence=lease.fence, adapter=adapter, not_trainable=list(not_trainable))
    result = edge.complete(lease.batch, completion)
    crash_point("completed")
    return result
