"""The rate at which this machine multiplies the benchmark model's own matrices: what the FLOP floor is divided by.

    python gemm.py --model FOLDER --tokens 1200 --scored 700 --dtype fp32 --out FILE

Every product of a training step on the frozen weights, forward and backward to the inputs, at the step's real number of
rows: 24 of a decoder layer's and the head's two. One rate for all of them together, as a step does them one after the other.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import linear

from prefloop.adapters.gemm import use_exact_products

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--tokens", type=int, required=True, help="rows through the decoder layers")
    parser.add_argument("--scored", type=int, required=True, help="rows through the head")
    parser.add_argument("--dtype", choices=tuple(DTYPES), default="fp32")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    config = json.loads((args.model / "config.json").read_text())
    products = step_products(config, args.tokens, args.scored, DTYPES[args.dtype])
    rates = {"torch": measure(products, args.seconds)}
    if args.dtype == "fp32" and use_exact_products():
        rates["oneDNN"] = measure(products, args.seconds)
    args.out.write_text(json.dumps({"flopsPerSecond": max(rates.values()), "by": rates}))


def step_products(config: dict, tokens: int, scored: int, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
    """(x, W) of every linear(x, W), in a step's order; the layers' weights are distinct, as the model's are."""
    hidden, inner, vocab = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    head_dim = config.get("head_dim") or hidden // config["num_attention_heads"]
    queries, keys = config["num_attention_heads"] * head_dim, config["num_key_value_heads"] * head_dim
    shapes = [(hidden, queries), (hidden, keys), (hidden, keys), (queries, hidden)]
    shapes += [(hidden, inner), (hidden, inner), (inner, hidden)]
    weights = [(tokens, i, o) for _ in range(config["num_hidden_layers"]) for i, o in shapes]
    weights.append((scored, hidden, vocab))
    forward = [(torch.randn(n, i, dtype=dtype), torch.randn(o, i, dtype=dtype)) for n, i, o in weights]
    backward = [(torch.randn(x.shape[0], w.shape[0], dtype=dtype), w.t()) for x, w in reversed(forward)]
    return forward + backward


@torch.no_grad()
def measure(products: list[tuple[Tensor, Tensor]], seconds: float) -> float:
    """FLOP a second of the fastest pass in that time: a floor is divided by what the machine can do."""
    flops = sum(2 * x.shape[0] * w.shape[0] * w.shape[1] for x, w in products)
    best, end = float("inf"), time.perf_counter() + seconds
    while best == float("inf") or time.perf_counter() < end:
        started = time.perf_counter()
        for x, w in products:
            linear(x, w)
        best = min(best, time.perf_counter() - started)
    return flops / best


if __name__ == "__main__":
    main()
