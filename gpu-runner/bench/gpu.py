"""Our LoRA-DPO step beside TRL's on a GPU: a random Llama of 1.1 billion parameters, batches of 4 pairs, length 512.

    python bench/gpu.py --data DIR --json FILE [--peers-python PYTHON] [--pairs 128] [--variants ours.cached.bf16,…]

What `npm run bench -- train` measures on a CPU, for a machine that has CUDA and need not have Node: DIR holds gsm8k/ as
there, PYTHON is an environment with TRL (peers/requirements.lock). Every variant is a process of its own, one after the
other; times are of its steps without the first ones, in which kernels are compiled. Memory is what training adds on the
GPU. The interval is a bootstrap over the steps (95 %).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
BATCH = 4
VARIANTS = {
    f"{name}.{dtype}": [program, "--dtype", dtype, *options]
    for name, program, options in (
        ("ours.online", "train.py", []),
        ("ours.cached", "train.py", ["--reference", "cached"]),
        ("ours.twin.cached", "train.py", ["--reference", "cached", "--twin"]),
        ("trl.default", "peers/train.py", []),
        ("trl.tuned", "peers/train.py", ["--tuned"]),
    )
    for dtype in ("bf16", "fp32")
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--peers-python", default=sys.executable)
    parser.add_argument("--pairs", type=int, default=128)
    parser.add_argument("--warm-up", type=int, default=6, help="steps that are not timed")
    parser.add_argument("--device", default="cuda", help="cpu only shows that it works")
    parser.add_argument("--size", default="billion", help="of the model: make_model.py")
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        seed = ["--seed", args.seed]
        texts, pairs = (args.data / "gsm8k" / name for name in ("train.jsonl", "pairs.jsonl"))
        model = folder / "model"
        form = ["--texts", texts, "--out", model, "--size", args.size, "--device", args.device]
        run(sys.executable, "make_model.py", *form, *seed)
        chosen = folder / "pairs.jsonl"
        choice = ["--model", model, "--pairs", pairs, "--count", args.pairs, "--out", chosen]
        run(sys.executable, "pairs.py", *choice, *seed)
        results: dict[str, dict[str, Any]] = {}
        for name in args.variants.split(","):
            program, *options = VARIANTS[name]
            python = args.peers_python if program.startswith("peers") else sys.executable
            out = folder / f"{name}.json"
            job = [*options, "--model", model, "--pairs", chosen, "--out", out, "--device", args.device]
            started = time.perf_counter()
            try:
                run(python, program, *job)
            except subprocess.CalledProcessError as error:
                print(f"{name}: failed\n{error.stderr[-3000:]}", flush=True)
                continue
            print(f"{name}: {time.perf_counter() - started:.0f} s in all", flush=True)
            results[name] = json.loads(out.read_text())
            print(name, describe(results[name], args.warm_up), flush=True)
            write(args, results)


def run(python: str, program: str, *options: object) -> None:
    subprocess.run(
        [python, str(HERE / program), *map(str, options)], check=True, capture_output=True, text=True
    )


def describe(result: dict[str, Any], warm_up: int) -> dict[str, Any]:
    """Pairs a second with its interval, and the bytes that training adds."""
    seconds = np.array(result["stepSeconds"][warm_up:])
    drawn = np.random.default_rng(0).choice(seconds, (2000, len(seconds)))
    low, high = np.quantile(BATCH / drawn.mean(1), (0.025, 0.975)).tolist()
    return {
        "pairsPerSecond": BATCH / seconds.mean().item(),
        "low": low,
        "high": high,
        "steps": len(seconds),
        "medianStepSeconds": statistics.median(seconds.tolist()),
        "memoryBytes": result["devicePeak"] - result["deviceLoaded"],
        "firstLosses": result["losses"][:3],
    }


def write(args: argparse.Namespace, results: dict[str, dict[str, Any]]) -> None:
    rows = {name: describe(result, args.warm_up) for name, result in results.items()}
    figures: dict[str, Any] = {}
    for name, row in rows.items():
        rate = {"value": row["pairsPerSecond"], "low": row["low"], "high": row["high"], "n": row["steps"]}
        figures[f"pairsPerSecond.{name}"] = rate
        figures[f"memoryGB.{name}"] = row["memoryBytes"] / 1e9
    for dtype in ("bf16", "fp32"):
        for peer in ("trl.default", "trl.tuned"):
            ours, theirs = results.get(f"ours.cached.{dtype}"), results.get(f"{peer}.{dtype}")
            if ours and theirs:
                one, other = rows[f"ours.cached.{dtype}"], rows[f"{peer}.{dtype}"]
                figures[f"speedup.{peer}.{dtype}"] = one["pairsPerSecond"] / other["pairsPerSecond"]
                figures[f"memoryRatio.{peer}.{dtype}"] = one["memoryBytes"] / other["memoryBytes"]
                both = zip(ours["losses"], theirs["losses"], strict=False)
                figures[f"parity.{peer}.{dtype}"] = max(abs(a - b) for a, b in list(both)[:20])
    summary = {
        "name": "gpu",
        "command": f"python bench/gpu.py --data DIR --size {args.size} --pairs {args.pairs}",
        "machine": (torch.cuda.get_device_name() if args.device == "cuda" else "CPU")
        + ", "
        + ", ".join(sorted({f"{k} {v}" for one in results.values() for k, v in one["versions"].items()})),
        "seeds": [args.seed],
        "figures": figures,
    }
    args.json.write_text(json.dumps(summary, indent=2) + "\n")


if __name__ == "__main__":
    main()
