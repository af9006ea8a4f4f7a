"""What the tiny LM does: `python -m prefloop.tiny.report [--model FOLDER] [--json FILE]`.

Samples answers to held-out prompts at temperature 1 and prints the share that parses and the share of each deliberate
flaw, with 95 % Wilson intervals, and the spread of styles among the replies.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
from collections import Counter
from pathlib import Path
from typing import Any

from prefloop.tiny import sampling
from prefloop.tiny.world import KINDS, Prompt, replies, sample_prompts

BUILT_IN = Path(__file__).parent / "lm"
STYLES = ("greeting", "empathy", "reason", "layout", "steps", "closing", "emoji")
Figure = dict[str, float | int]


def share(hits: int, n: int) -> Figure:
    """A proportion with its 95 % Wilson score interval; of nothing, all is possible."""
    if n == 0:
        return {"value": 0.0, "low": 0.0, "high": 1.0, "n": 0}
    z = 1.959964
    middle = (hits + z * z / 2) / (n + z * z)
    width = z * math.sqrt(hits * (n - hits) / n + z * z / 4) / (n + z * z)
    return {"value": hits / n, "low": max(0.0, middle - width), "high": min(1.0, middle + width), "n": n}


def measure(kind: str, prompts: list[Prompt], answers: list[str]) -> dict[str, Figure]:
    """`parses.KIND` and `flaws.KIND.FLAW`: the latter among the answers in which the flaw could be."""
    verdicts = [KINDS[kind].judge(prompt, text) for prompt, text in zip(prompts, answers, strict=True)]
    figures = {f"parses.{kind}": share(sum(verdict.parsed for verdict in verdicts), len(verdicts))}
    for flaw in KINDS[kind].FLAWS:
        found = [verdict.flaws[flaw] for verdict in verdicts if verdict.parsed and flaw in verdict.flaws]
        figures[f"flaws.{kind}.{flaw}"] = share(sum(found), len(found))
    return figures


def measure_styles(prompts: list[Prompt], answers: list[str]) -> dict[str, dict[str, float]]:
    """How often each style occurs among the replies that parse."""
    found = [f for p, a in zip(prompts, answers, strict=True) if (f := replies.parse(p, a))]
    counts = {style: Counter(str(f[style]) for f in found) for style in STYLES}
    return {style: {k: round(n / len(found), 3) for k, n in sorted(c.items())} for style, c in counts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m prefloop.tiny.report", description="Measures the tiny LM."
    )
    parser.add_argument("--model", type=Path, default=BUILT_IN, help="a folder made by build_lm")
    parser.add_argument("--replies", type=int, default=1000)
    parser.add_argument("--others", type=int, default=500, help="answers of each other kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--show", type=int, default=0, help="print so many answers of each kind")
    options = parser.parse_args()
    model, tokenizer = sampling.load(options.model)
    figures: dict[str, Figure] = {}
    styles: dict[str, Any] = {}
    for kind in KINDS:
        n = options.replies if kind == replies.KIND else options.others
        prompts = sample_prompts(kind, n, f"report:{options.seed}", "held_out")
        answers = sampling.sample_answers(model, tokenizer, prompts, options.seed)
        figures |= measure(kind, prompts, answers)
        if kind == replies.KIND:
            styles = measure_styles(prompts, answers)
        for prompt, text in list(zip(prompts, answers, strict=True))[: options.show]:
            print(f"--- {prompt.text}\n{text}")
    for key, figure in figures.items():
        print(f"{key:32} {figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}] of {figure['n']}")
    for style, shares in styles.items():
        print(f"{style:32} " + "  ".join(f"{name} {value:.2f}" for name, value in shares.items()))
    if options.json:
        summary = {
            "name": "tiny-lm",
            "command": f"python -m prefloop.tiny.report --replies {options.replies} --others {options.others}"
            f" --seed {options.seed}",
            "machine": platform.platform(),
            "seeds": [options.seed],
            "figures": figures,
            "styles": styles,
        }
        options.json.write_text(json.dumps(summary, indent=2) + "\n")


if __name__ == "__main__":
    main()
