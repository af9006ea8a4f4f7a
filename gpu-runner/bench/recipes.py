"""What a step of each method costs beside one of DPO, and what its formula makes it cost. --help lists the options.

The recipes' own training functions run on the same votes of the built-in world, with nothing known of any reference
beforehand, as the first epoch of a batch does. What a recipe draws and judges before it trains is not part of a step:
those methods train on votes that are made here. FLOPs are counted from what is run: 4 a weight and token through the frozen
trunk with a gradient (2 without), 6 a LoRA weight and token, 4 a head weight and scored token (2 without), a
multiply-add as two.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import TypeAdapter

from prefloop.base import Base, load_base, settle_arithmetic
from prefloop.contracts import Example, Recipe
from prefloop.recipes.methods import train_method
from prefloop.text import step as step_module
from prefloop.text.packing import Packed
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.trunk import Trunk
from prefloop.tiny.world import KINDS, sample_prompts

MICRO_BATCH = 4
# How each is run: DPO's own options where they differ. Methods that draw first train on the votes as they are.
METHODS: dict[str, dict[str, Any]] = {
    "dpo": {},
    "flex-dpo": {},
    "ln-dpo": {},
    "ofs-dpo": {},
    "curry-dpo": {"stages": 1},
    "mrdpo": {"rounds": 1, "resample": False, "ceWeight": 0.1},
    "simpo": {},
    "asft": {},
    "orpo": {},
    "sft": {},
    "srpo": {},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--votes", type=int, default=32)
    parser.add_argument("--runs", type=int, default=3, help="of every method, in turn")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    settle_arithmetic(None, "cpu")
    base = load_base("tiny", "fp32", "cpu")
    examples = votes(args.votes, args.seed)
    runs = []
    for number in range(-1, args.runs):  # the first round warms everything up
        for method in METHODS:
            seconds, flops, steps = measure(base, method, examples, args.seed)
            if number >= 0:
                runs.append(
                    {
                        "method": method,
                        "run": number,
                        "secondsPerStep": seconds / steps,
                        "flopsPerStep": flops / steps,
                    }
                )
    args.out.write_text(json.dumps({"runs": runs, "torch": torch.__version__}))


def votes(count: int, seed: int) -> list[Example]:
    """A whole scene over a flawed one, a third answer below both, and the whole one as known answer."""
    rng = random.Random(seed)
    found = []
    for number, prompt in enumerate(sample_prompts("scenes", count, seed, "train")):
        texts = [KINDS["scenes"].sample_answer(rng, prompt, flawed) for flawed in (False, True)]
        body = {
            "preference": f"h{number:040x}",
            "prompt": {"messages": prompt.messages, "answer": texts[0]},
            "completions": texts,
            "pairs": [{"chosen": 0, "rejected": 1, "p": 1.0, "weight": 1.0}],
            "ratings": [1.0, 0.0],
        }
        found.append(Example.model_validate(body))
    return found


def measure(base: Base, method: str, examples: Sequence[Example], seed: int) -> tuple[float, float, int]:
    """(seconds, FLOPs, steps) of one epoch over the votes, from a fresh adapter and an empty cache."""
    fields = {"method": method, "microBatch": MICRO_BATCH, "seed": seed} | METHODS[method]
    recipe = TypeAdapter[Recipe](Recipe).validate_python(fields)
    rows = [base.encoder.encode(example, recipe.max_length) for example in examples]
    steps = 0

    def on_step() -> None:
        nonlocal steps
        steps += 1

    with Counting(base.trunk, recipe.rank) as counted:
        train_method(base, ReferenceCache("bench"), None, rows[:MICRO_BATCH], recipe, lambda: None)
        counted.flops = 0.0
        started = time.perf_counter()
        train_method(base, ReferenceCache("bench"), None, rows, recipe, on_step)
        return time.perf_counter() - started, counted.flops, steps


class Counting:
    """Counts the FLOPs of everything that goes through `token_logps` while it is open."""

    def __init__(self, trunk: Trunk, rank: int):
        layers = trunk.layers.values()
        self.frozen = sum(layer.in_features * layer.out_features for layer in layers)
        self.lora = rank * sum(layer.in_features + layer.out_features for layer in layers)
        self.head = trunk.head.weight.numel()
        self.flops = 0.0
        self.plain: Callable = step_module.token_logps

    def __enter__(self) -> Self:
        step_module.token_logps = self._run
        return self

    def __exit__(self, *_: object) -> None:
        step_module.token_logps = self.plain

    def _run(self, trunk: Trunk, packed: Packed, policies: Sequence) -> torch.Tensor:
        graded = torch.is_grad_enabled()
        for policy in policies:
            self.flops += (4 if graded else 2) * (
                self.frozen * packed.tokens + self.head * packed.targets_S.numel()
            )
            self.flops += (6 if graded else 2) * self.lora * packed.tokens * (policy is not None)
        return self.plain(trunk, packed, policies)


if __name__ == "__main__":
    main()
