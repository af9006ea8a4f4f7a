"""Our training step on the benchmark's pairs: the same functions that the recipes call. --help lists the options."""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers
from recorder import Recorder
from safetensors.torch import load_file
from torch import Tensor

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.adapters.update import adamw
from prefloop.base import load_base, settle_arithmetic
from prefloop.commands.example_file import read_examples
from prefloop.objectives.dpo import dpo
from prefloop.objectives.margins import PairLogps
from prefloop.objectives.ofs_dpo import ofs_dpo
from prefloop.recipes.reference import base_reference
from prefloop.text.encode import Encoded
from prefloop.text.step import Outcome, PairBatch, check_start, pair_batch, reference_logps, train_step
from prefloop.text.trunk import Trunk

BATCH = 4
MAX_LENGTH = 512
BETA = 0.1
MAX_GRAD_NORM = 1.0
ALPHA, SLOW_RATIO = 0.3, 0.2  # of the twin


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True, help="JSON lines: prompt, chosen, rejected")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--dtype", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--reference", choices=("online", "cached"), default="online")
    parser.add_argument("--twin", action="store_true", help="fast and slow adapter (OFS-DPO) in one pass")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    args = parser.parse_args()

    recorder = Recorder(args.device)
    settle_arithmetic(None, args.device)
    base = load_base(str(args.model), args.dtype, args.device)
    trunk = base.trunk
    rows = [base.encoder.encode(example, MAX_LENGTH) for example in read_examples(args.pairs)]
    policies = [initial_adapter(trunk, args.model) for _ in range(2 if args.twin else 1)]
    rates = [args.learning_rate, SLOW_RATIO * args.learning_rate]
    optimizers = [adamw(policy, rate) for policy, rate in zip(policies, rates, strict=False)]
    recorder.loaded([*trunk.model.parameters(), *(policy.flat for policy in policies)])

    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    cache = base.reference_cache(None) if args.reference == "cached" else None
    if cache is not None:
        with recorder.timed("reference"):
            base_reference(trunk, cache, rows)
    check_start(trunk, pair_batch(rows[:2], trunk.device), policies)

    tokens = head_rows = 0
    recorder.start()
    for encoded in batches:
        batch = pair_batch(encoded, trunk.device)
        reference_N = reference_logps(trunk, batch, cache)
        objective = chase if args.twin else plain
        metrics = train_step(trunk, batch, policies, optimizers, objective, reference_N, MAX_GRAD_NORM)
        assert not metrics.skipped, "a step was not finite"
        tokens += metrics.tokens
        head_rows += metrics.head_rows
        recorder.step(metrics.loss)
    recorder.write(
        args.out,
        tokens=tokens,
        headRows=head_rows,
        ids=digest(rows),
        lengths=[[len(row.prompt), *map(len, row.completions)] for row in rows],
        versions={"torch": torch.__version__, "transformers": transformers.__version__},
    )


def initial_adapter(trunk: Trunk, model: Path) -> Adapter:
    weights = load_file(model / "initial-lora.safetensors")
    adapter = new_adapter(trunk.layers, r=16, alpha=32, seed=0)
    with torch.no_grad():
        for path, (a_rI, b_Or) in adapter.pairs.items():
            a_rI.copy_(weights.pop(f"{path}.lora_A"))
            b_Or.copy_(weights.pop(f"{path}.lora_B"))
    assert not weights, f"the model has no place for {list(weights)}"
    return adapter


def plain(batch: PairBatch, pairs: Sequence[PairLogps], _: Tensor) -> Outcome:
    losses = dpo(pairs[0], BETA, p_B=batch.p_B, weight_B=batch.weight_B)
    return Outcome(losses.losses_B, losses, BETA * pairs[0].log_ratio_margin_B.detach())


def chase(batch: PairBatch, pairs: Sequence[PairLogps], _: Tensor) -> Outcome:
    losses = ofs_dpo(pairs[0], pairs[1], BETA, ALPHA, p_B=batch.p_B, weight_B=batch.weight_B)
    total_B = losses.fast.losses_B + losses.slow.losses_B
    return Outcome(total_B, losses.fast, BETA * pairs[0].log_ratio_margin_B.detach())


def digest(rows: Sequence[Encoded]) -> str:
    """One hash of the token ids of every pair, to compare with the other side's."""
    ids = [[row.prompt, *row.completions] for row in rows]
    return hashlib.sha256(json.dumps(ids, separators=(",", ":")).encode()).hexdigest()


if __name__ == "__main__":
    main()
