"""What a step of each method costs beside one of DPO, and what its formula makes it cost. --help lists the options.

The recipes' own training functions run on votes of the built-in world, the same ones where they can, with nothing known of
any reference beforehand, as the first epoch of a batch does: its references are part of the time. What a recipe draws before
it trains is not: the time of `draw_answers` is taken off. PPO draws within its steps and is left out. FLOPs are counted
from what is run: 4 a weight and token through the frozen trunk with a gradient (2 without), 6 a LoRA weight and token, 4 a
head weight and scored token (2 without), a multiply-add as two.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import TypeAdapter

from prefloop.adapters.lora import new_adapter
from prefloop.base import Base, load_base, settle_arithmetic
from prefloop.contracts import Example, Recipe
from prefloop.recipes import egida, rebirth, step_dpo
from prefloop.recipes.methods import train_method
from prefloop.recipes.trained import Start
from prefloop.text import step as step_module
from prefloop.text.packing import Packed
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.trunk import Trunk
from prefloop.tiny.world import KINDS, Prompt, sample_prompts

MICRO_BATCH = 4
DRAWING = (egida, rebirth, step_dpo)
# How each is run: DPO's own options where they differ.
METHODS: dict[str, dict[str, Any]] = {
    "dpo": {},
    "flex-dpo": {},
    "ln-dpo": {},
    "ofs-dpo": {},
    "cofs-dpo": {"memory": 4, "fitSteps": 1},
    "curry-dpo": {"stages": 1},
    "mrdpo": {"rounds": 1, "resample": False, "ceWeight": 0.1},
    "simpo": {},
    "asft": {},
    "orpo": {},
    "sft": {},
    "srpo": {},
    "step-dpo": {"checker": {"type": "tiny"}},
    "egida": {"judge": {"type": "tiny"}, "samples": 1, "maxTokens": 80},
    "rebirth": {"samples": 1, "maxTokens": 120},
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
    scenes = scene_votes(args.votes, args.seed)
    votes = {
        "step-dpo": step_votes(args.votes, args.seed),
        "egida": attack_votes(args.votes, args.seed),
    }
    runs = []
    for number in range(-1, args.runs):  # the first round warms everything up
        for method in METHODS:
            seconds, flops, steps = measure(base, method, votes.get(method, scenes), args.seed)
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


def scene_votes(count: int, seed: int) -> list[Example]:
    """A whole scene over a flawed one, and the whole one as known answer."""
    rng = random.Random(seed)
    found = []
    for prompt in sample_prompts("scenes", count, seed, "train"):
        texts = [KINDS["scenes"].sample_answer(rng, prompt, flawed) for flawed in (False, True)]
        known = {"answer": texts[0], "topic": "scenes"}
        found.append(vote(len(found), prompt, texts, prompt=known, ratings=[1.0, 0.0]))
    return found


def step_votes(count: int, seed: int) -> list[Example]:
    """After a right first step, the next one right over wrong."""
    rng = random.Random(seed)
    found: list[Example] = []
    for prompt in sample_prompts("sums", 8 * count, seed, "train"):
        lines = KINDS["sums"].sample_answer(rng, prompt, False).splitlines(keepends=True)
        if len(found) < count and len(lines) > 2:
            other = KINDS["sums"].sample_answer(rng, prompt, True).splitlines(keepends=True)
            if lines[0] == other[0] and lines[1] != other[1]:
                found.append(vote(len(found), prompt, [lines[1], other[1]], prefix=lines[0]))
    return found


def attack_votes(count: int, seed: int) -> list[Example]:
    """A refusal of what is forbidden over an answer to it."""
    rng = random.Random(seed)
    asked = [p for p in sample_prompts("refusals", 8 * count, seed, "train") if p.facts["forbidden"]][:count]
    texts = [[KINDS["refusals"].sample_answer(rng, p, flawed) for flawed in (False, True)] for p in asked]
    return [vote(number, *one) for number, one in enumerate(zip(asked, texts, strict=True))]


def vote(
    number: int, asked: Prompt, completions: Sequence[str], prompt: Mapping[str, str] = {}, **more: Any
) -> Example:
    body = {
        "preference": f"h{number:040x}",
        "prompt": {"messages": asked.messages, **prompt},
        "completions": list(completions),
        "pairs": [{"chosen": 0, "rejected": 1, "p": 1.0, "weight": 1.0}],
    }
    return Example.model_validate(body | more)


def measure(base: Base, method: str, examples: Sequence[Example], seed: int) -> tuple[float, float, int]:
    """(seconds, FLOPs, steps) of one epoch over the votes, from a fresh adapter and an empty cache."""
    fields = {"method": method, "microBatch": MICRO_BATCH, "seed": seed} | METHODS[method]
    recipe = TypeAdapter[Recipe](Recipe).validate_python(fields)
    rows = [base.encoder.encode(example, recipe.max_length) for example in examples]
    start = None
    if method == "rebirth":
        start = Start(new_adapter(base.trunk.layers, recipe.rank, recipe.lora_alpha, seed), {}, {})
    steps = 0

    def on_step() -> None:
        nonlocal steps
        steps += 1

    with Counting(base.trunk, recipe.rank) as counted, Drawing() as drawing:
        train_method(base, ReferenceCache("bench"), start, rows[:MICRO_BATCH], recipe, lambda: None)
        counted.flops = drawing.seconds = 0.0
        started = time.perf_counter()
        train_method(base, ReferenceCache("bench"), start, rows, recipe, on_step)
        return time.perf_counter() - started - drawing.seconds, counted.flops, steps


class Drawing:
    """Times what the recipes draw while it is open."""

    def __init__(self):
        self.seconds = 0.0
        self.plain: Callable = egida.draw_answers

    def __enter__(self) -> Self:
        for recipe in DRAWING:
            recipe.draw_answers = self._run
        return self

    def __exit__(self, *_: object) -> None:
        for recipe in DRAWING:
            recipe.draw_answers = self.plain

    def _run(self, *args: Any) -> Any:
        started = time.perf_counter()
        drawn = self.plain(*args)
        self.seconds += time.perf_counter() - started
        return drawn


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
