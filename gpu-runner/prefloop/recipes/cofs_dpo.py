"""COFS-DPO (Qi et al. 2024, arXiv 2406.05534): OFS-DPO topic after topic, and one combination for all of them.

Each topic has a fast and a slow adapter of its own, which go on where that topic was last trained; of each topic's votes
a small memory is kept. What is published is Σ w_d ΔW_d over the topics' F-role adapters, exact, with weights w_d ≥ 0
fitted to the mean DPO loss over the memories. The paper's own way to the weights is not known: this one is ours.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from prefloop.adapters.combine import combine, weight_gradients
from prefloop.adapters.lora import Adapter, moved
from prefloop.contracts import CofsDpoRecipe, OfsDpoRecipe, Pair
from prefloop.objectives.dpo import dpo
from prefloop.recipes.ofs_dpo import FAST, adapters_of, train_ofs_dpo
from prefloop.recipes.reference import base_reference
from prefloop.recipes.trained import Start, Trained, form_of
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import at_pairs, completion_logps, pair_batch
from prefloop.text.trunk import Trunk

# Votes of the memories that one step of the fit looks at, and its learning rate on log w.
FIT_ROWS = 32
FIT_RATE = 0.1


@dataclass
class Topic:
    """tensors, facts: the state of its OFS-DPO. memory: some of its votes."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    memory: list[Encoded] = field(default_factory=list)


def train_cofs_dpo(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: CofsDpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    """One batch, its topics in the order in which they first come."""
    topics = read_topics(start) if start else {}
    plain = OfsDpoRecipe.model_validate(_shared(recipe))
    trained: list[Trained] = []
    for name, members in by_topic(rows).items():
        topic = topics.setdefault(name, Topic())
        trained.append(train_ofs_dpo(trunk, cache, _start_of(trunk, topic, plain), members, plain, on_step))
        topic.tensors, topic.facts = trained[-1].tensors, trained[-1].facts
        topic.memory = remember([*topic.memory, *members], recipe.memory)
    adapters = [_chased(trunk, topic, plain) for topic in topics.values()]
    weights, fitted = fit_weights(trunk, cache, adapters, [topic.memory for topic in topics.values()], recipe)
    metrics = _mean_metrics(trained) | {"topics": float(len(topics)), "memoryLoss": fitted}
    tensors, facts = write_topics(topics)
    return Trained(
        combine(adapters, weights).freeze(),
        tensors,
        facts | {"form": form_of(recipe), "weights": weights},
        [loss for one in trained for loss in one.losses],
        metrics,
    )


def by_topic(rows: Sequence[Encoded]) -> dict[str, list[Encoded]]:
    groups: dict[str, list[Encoded]] = {}
    for row in rows:
        assert row.example is not None and row.example.prompt.topic is not None
        groups.setdefault(row.example.prompt.topic, []).append(row)
    return groups


def remember(rows: Sequence[Encoded], size: int) -> list[Encoded]:
    """A uniform sample of all votes that ever came: those with the smallest hashes, whatever order they came in."""
    unique = {row.preference: row for row in rows}
    return sorted(unique.values(), key=lambda row: hashlib.sha256(row.preference.encode()).digest())[:size]


def fit_weights(
    trunk: Trunk,
    cache: ReferenceCache,
    adapters: Sequence[Adapter],
    memories: Sequence[Sequence[Encoded]],
    recipe: CofsDpoRecipe,
) -> tuple[list[float], float]:
    """(weights, mean DPO loss over the topics that they reach). Adam on log w, from every adapter at full strength."""
    log_weights_D = torch.zeros(len(adapters), requires_grad=True)
    optimizer = torch.optim.Adam([log_weights_D], lr=FIT_RATE)
    each = max(1, FIT_ROWS // len(memories))
    losses = []
    for step in range(recipe.fit_steps):
        weights = log_weights_D.exp().tolist()
        combined = combine(adapters, weights)
        rows = [memory[(step * each + i) % len(memory)] for memory in memories for i in range(each)]
        losses.append(_backward(trunk, cache, combined, rows, recipe.beta))
        slopes_D = weight_gradients(combined, adapters, weights)
        log_weights_D.grad = slopes_D.to(log_weights_D) * log_weights_D.detach().exp()
        optimizer.step()
    last = losses[-len(losses) // 4 :]
    return log_weights_D.exp().tolist(), sum(last) / len(last)


def _backward(
    trunk: Trunk, cache: ReferenceCache, adapter: Adapter, rows: Sequence[Encoded], beta: float
) -> float:
    batch = pair_batch(rows, trunk.device)
    logps_N = completion_logps(trunk, batch.packed, [adapter])[0]
    pairs = at_pairs(batch, logps_N, base_reference(trunk, cache, rows)(batch))
    loss = dpo(pairs, beta, p_B=batch.p_B, weight_B=batch.weight_B).losses_B.sum() / len(rows)
    loss.backward()
    return loss.item()


def _shared(recipe: CofsDpoRecipe) -> dict[str, Any]:
    """The recipe that each topic is trained by."""
    fields = recipe.model_dump(exclude={"method", "memory", "fit_steps"})
    return {**fields, "method": "ofs-dpo"}


def _start_of(trunk: Trunk, topic: Topic, recipe: OfsDpoRecipe) -> Start | None:
    if not topic.tensors:
        return None
    return Start(moved(_chased(trunk, topic, recipe), trunk.device), topic.tensors, topic.facts)


def _chased(trunk: Trunk, topic: Topic, recipe: OfsDpoRecipe) -> Adapter:
    fast, slow = adapters_of(trunk, topic.tensors, recipe)
    return (fast if topic.facts["roles"]["chased"] == FAST else slow).freeze()


def _mean_metrics(trained: Sequence[Trained]) -> dict[str, float]:
    """Over the topics, by their pairs; counts are summed."""
    sums = ("steps", "skippedSteps", "pairs", "tokens", "headRows", "roleSwaps", "accuracyBeforeCount")
    pairs = [one.metrics["pairs"] for one in trained]
    means: dict[str, float] = {}
    for name in dict.fromkeys(name for one in trained for name in one.metrics):
        known = [(one.metrics[name], n) for one, n in zip(trained, pairs, strict=True) if name in one.metrics]
        total = sum(value * (1 if name in sums else n) for value, n in known)
        means[name] = total if name in sums else total / sum(n for _, n in known)
    return means


def write_topics(topics: dict[str, Topic]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    tensors: dict[str, Tensor] = {}
    facts: list[dict[str, Any]] = []
    for number, (name, topic) in enumerate(topics.items()):
        tensors |= {f"{number}.{key}": tensor for key, tensor in topic.tensors.items()}
        kept = [
            [row.preference, row.prompt, row.completions, [pair.model_dump() for pair in row.pairs]]
            for row in topic.memory
        ]
        tensors[f"{number}.memory"] = torch.frombuffer(
            bytearray(json.dumps(kept).encode()), dtype=torch.uint8
        )
        facts.append({"name": name, "facts": topic.facts})
    return tensors, {"topics": facts}


def read_topics(start: Start) -> dict[str, Topic]:
    """Raises ValueError for an adapter without this method's state: one combination cannot be taken apart again."""
    if not start.facts.get("topics"):
        raise ValueError("cofs-dpo cannot go on from another method's adapter: begin a new line for it")
    topics = {}
    for number, known in enumerate(start.facts["topics"]):
        prefix = f"{number}."
        tensors = {
            key.removeprefix(prefix): tensor
            for key, tensor in start.tensors.items()
            if key.startswith(prefix)
        }
        kept = json.loads(bytes(tensors.pop("memory").tolist()))
        topics[known["name"]] = Topic(
            tensors,
            known["facts"],
            [
                Encoded(
                    preference,
                    tuple(prompt),
                    tuple(map(tuple, completions)),
                    tuple(Pair.model_validate(pair) for pair in pairs),
                )
                for preference, prompt, completions, pairs in kept
            ],
        )
    return topics
