"""One leased batch: rows to train on, a new adapter, its gates."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch

from prefloop.adapters.files import read_peft, write_peft
from prefloop.base import Base
from prefloop.contracts import DpoRecipe, Example, Gate, GateBounds, NotTrainableItem, OfsDpoRecipe
from prefloop.crash import crash_point
from prefloop.gates.check import check_gates
from prefloop.gates.samples import BaseAnswers
from prefloop.recipes.dpo import train_dpo
from prefloop.recipes.ofs_dpo import train_ofs_dpo
from prefloop.recipes.state_files import write_state_files
from prefloop.recipes.trained import Trained, read_start
from prefloop.text.encode import Encoded, Untrainable
from prefloop.text.reference_cache import ReferenceCache

# The longest curve that the contract takes.
MAX_LOSSES = 10_000


@dataclass(frozen=True)
class Learned:
    """A new adapter: its files by name, and what is published with it."""

    files: dict[str, bytes]
    losses: list[float]
    metrics: dict[str, float]
    gates: list[Gate]


def encode_rows(
    base: Base, examples: Sequence[Example], max_length: int
) -> tuple[list[Encoded], list[NotTrainableItem]]:
    """Rows that can be trained on, and the reasons of those that cannot."""
    rows, refused = [], []
    for example in examples:
        try:
            rows.append(base.encoder.encode(example, min(max_length, base.trunk.context)))
        except Untrainable as error:
            refused.append(
                NotTrainableItem.model_validate({"preference": example.preference, "reason": error.reason})
            )
    return rows, refused


def learn(
    base: Base,
    cache: ReferenceCache,
    base_answers: BaseAnswers,
    parent: Mapping[str, bytes] | None,
    rows: Sequence[Encoded],
    held_out: Sequence[Encoded],
    recipe: DpoRecipe | OfsDpoRecipe,
    bounds: GateBounds,
    lineage: Mapping[str, str | None],
    on_step: Callable[[], None],
) -> Learned:
    """Train on top of `parent` (its files; None: the base), then measure what is about to be published.

    `lineage` is written into the state, so that equal training in two places still gives two adapters.
    """
    started = time.perf_counter()
    trained = train(base, cache, parent, rows, recipe, on_step)
    files = write_peft(trained.adapter, base.trunk.layers, base.name, base.trunk.revision)
    files |= write_state_files(trained.tensors, trained.facts | {"lineage": dict(lineage)})
    train_seconds = time.perf_counter() - started
    crash_point("trained")

    # What is judged is what is served: the published bf16 weights, not the fp32 ones behind them.
    started = time.perf_counter()
    served = read_peft(files, base.trunk.layers).freeze()
    gates = check_gates(base, cache, base_answers, served, held_out, rows, bounds)
    finite = {name: value for name, value in trained.metrics.items() if math.isfinite(value)}
    metrics = finite | {
        "preferences": float(len(rows)),
        "trainSeconds": train_seconds,
        "gateSeconds": time.perf_counter() - started,
    }
    crash_point("gated")
    return Learned(files, thin(trained.losses, MAX_LOSSES), metrics, gates)


def train(
    base: Base,
    cache: ReferenceCache,
    parent: Mapping[str, bytes] | None,
    rows: Sequence[Encoded],
    recipe: DpoRecipe | OfsDpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    start = read_start(parent, base.trunk.layers, recipe) if parent else None

    def step() -> None:
        crash_point("step")
        on_step()

    if isinstance(recipe, OfsDpoRecipe):
        return train_ofs_dpo(base.trunk, cache, start, rows, recipe, step)
    return train_dpo(base.trunk, cache, start, rows, recipe, step)


def thin(values: Sequence[float], limit: int) -> list[float]:
    """Every n-th value, the last one included, so that at most `limit` remain."""
    stride = -(-len(values) // limit) or 1
    return list(values[::-1][::stride][::-1])


def describe_runtime(base: Base) -> str:
    device: Any = base.trunk.device.type
    return f"prefloop {version('prefloop')}, torch {torch.__version__}, {device}, {torch.get_num_threads()} threads"
