"""One leased batch: rows to train on, a new adapter, its gates."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import torch

from prefloop.adapters.files import read_peft, write_peft
from prefloop.base import Base
from prefloop.contracts import Example, Gate, GateBounds, NotTrainableItem, Recipe
from prefloop.crash import crash_point
from prefloop.gates.check import check_gates
from prefloop.gates.samples import BaseAnswers
from prefloop.mitigation import mitigate
from prefloop.recipes.kinds import longest_row, text_recipe
from prefloop.recipes.methods import train_method
from prefloop.recipes.needs import check_needs
from prefloop.recipes.state_files import write_state_files
from prefloop.recipes.trained import Trained, read_start
from prefloop.text.encode import Encoded, Untrainable
from prefloop.text.reference_cache import ReferenceCache

# The longest curve that the contract takes.
MAX_LOSSES = 10_000


@dataclass(frozen=True)
class Learned:
    """A new adapter: its files by name, and what is published with it. encoder: the user encoder that it was trained with."""

    files: dict[str, bytes]
    losses: list[float]
    metrics: dict[str, float]
    gates: list[Gate]
    encoder: str | None = None


def encode_rows(
    base: Base,
    examples: Sequence[Example],
    recipe: Recipe,
    on_row: Callable[[], None] = lambda: None,
) -> tuple[list[Encoded], list[NotTrainableItem]]:
    """Rows that the recipe can train on, and the reasons of those that it cannot."""
    rows, refused = [], []
    longest = longest_row(recipe, base.trunk.context)
    for example in examples:
        on_row()
        try:
            check_needs(example, recipe)
            rows.append(base.encoder.encode(example, longest))
        except Untrainable as error:
            refused.append(
                NotTrainableItem.model_validate({"preference": example.preference, "reason": error.reason})
            )
    return rows, refused


def encode_held_out(base: Base, examples: Sequence[Example], recipe: Recipe) -> list[Encoded]:
    """What gates look at: pairs, whatever the recipe is."""
    rows = []
    longest = longest_row(recipe, base.trunk.context)
    for example in examples:
        try:
            row = base.encoder.encode(example, longest)
        except Untrainable:
            continue
        if row.pairs:
            rows.append(row)
    return rows


def learn(
    base: Base,
    cache: ReferenceCache,
    base_answers: BaseAnswers,
    parent: Mapping[str, bytes] | None,
    rows: Sequence[Encoded],
    held_out: Sequence[Encoded],
    recipe: Recipe,
    bounds: GateBounds,
    lineage: Mapping[str, str | None],
    on_step: Callable[[], None],
) -> Learned:
    """Train on top of `parent` (its files; None: the base), then measure what is about to be published.

    `lineage` is written into the state, so that equal training in two places still gives two adapters.
    """
    started = time.perf_counter()
    used = mitigate(base, cache, parent, rows, held_out, recipe, bounds)
    trained = train(base, cache, parent, rows, used, on_step)
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
        "mitigated": float(used is not recipe),
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
    recipe: Recipe,
    on_step: Callable[[], None],
) -> Trained:
    start = read_start(parent, base.trunk.layers, text_recipe(recipe)) if parent else None

    def step() -> None:
        crash_point("step")
        on_step()

    return train_method(base, cache, start, rows, recipe, step)


def thin(values: Sequence[float], limit: int) -> list[float]:
    """Every n-th value, the last one included, so that at most `limit` remain."""
    stride = -(-len(values) // limit) or 1
    return list(values[::-1][::stride][::-1])


def describe_runtime(device: torch.device) -> str:
    threads = torch.get_num_threads()
    return f"prefloop {version('prefloop')}, torch {torch.__version__}, {device.type}, {threads} threads"
