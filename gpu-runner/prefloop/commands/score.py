"""prefloop-runner score: log-probabilities of the completions in a file, under an adapter and under its base.

FILE has one JSON object a line: { prompt, completion }, { prompt, chosen, rejected } or { prompt, completions }, each
prompt a text or messages. Every row gives one line: { row, tokens, base, adapter? } with a number per completion (nats,
summed over its tokens, the end token included), or { row, error }.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import torch

from prefloop.adapters.files import CONFIG, WEIGHTS, read_peft
from prefloop.adapters.lora import Adapter
from prefloop.base import Base
from prefloop.commands.arguments import read_arguments
from prefloop.commands.options import add_model, load_model
from prefloop.commands.summary import write_summary
from prefloop.text.encode import Untrainable
from prefloop.text.packing import pack
from prefloop.text.step import completion_logps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="JSONL")
    parser.add_argument("--adapter", type=Path, metavar="FOLDER", help="a PEFT folder; none: the base alone")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSONL (default: standard output)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary at the end")
    add_model(parser)


def main(argv: Sequence[str]) -> int:
    args = read_arguments("score", __doc__, add_arguments, argv)
    base = load_model(args)
    adapter = read_adapter(base, args.adapter) if args.adapter else None
    figures = {"rows": 0, "errors": 0, "tokens": 0, "base": 0.0} | ({"adapter": 0.0} if adapter else {})
    with args.data.open(encoding="utf-8") as data, open_out(args.out) as out:
        for scored in score_lines(base, adapter, data):
            print(json.dumps(scored), file=out)
            figures["rows"] += 1
            figures["errors"] += "error" in scored
            figures["tokens"] += sum(scored.get("tokens", []))
            for side in ("base", "adapter"):
                if side in scored:
                    figures[side] += sum(scored[side])
    for side in ("base", "adapter"):
        if side in figures:
            # nats per token
            figures[side] /= max(figures["tokens"], 1)
    write_summary(args.json, "score", figures, seeds=[])
    print(" · ".join(f"{name} {value:.6g}" for name, value in figures.items()), file=sys.stderr)
    return 0


def score_lines(base: Base, adapter: Adapter | None, lines: TextIO) -> Iterator[dict[str, Any]]:
    policies = [None, adapter] if adapter else [None]
    for number, line in enumerate(line for line in lines if line.strip()):
        try:
            prompt, completions = encode_row(base, json.loads(line))
        except ValueError as error:
            yield {"row": number, "error": str(error)}
            continue
        with torch.no_grad():
            logps = completion_logps(
                base.trunk, pack([(prompt, completions)], base.trunk.device), policies
            ).tolist()
        scored = {"row": number, "tokens": [len(completion) for completion in completions], "base": logps[0]}
        yield scored | ({"adapter": logps[1]} if adapter else {})


def encode_row(base: Base, row: Any) -> tuple[list[int], list[list[int]]]:
    """(prompt ids, completion ids). Raises ValueError for what is no row of the three forms, or does not fit."""
    if not isinstance(row, dict) or "prompt" not in row:
        raise ValueError("is no object with a prompt")
    texts = row.get("completions") or [
        row[name] for name in ("completion", "chosen", "rejected") if name in row
    ]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError("has no completion, chosen and rejected, or completions, as texts")
    prompt = {"text": row["prompt"]} if isinstance(row["prompt"], str) else row["prompt"]
    prompt_ids = base.encoder.prompt_ids(prompt)
    completions = [base.encoder.completion_ids(text) for text in texts]
    if not prompt_ids:
        raise Untrainable("untokenizable", "the prompt has no tokens")
    if (longest := len(prompt_ids) + max(map(len, completions))) > base.trunk.context:
        raise Untrainable("tooLong", f"{longest} tokens, at most {base.trunk.context} fit")
    return prompt_ids, completions


def read_adapter(base: Base, folder: Path) -> Adapter:
    return read_peft(
        {name: (folder / name).read_bytes() for name in (WEIGHTS, CONFIG)}, base.trunk.layers
    ).freeze()


def open_out(path: Path | None) -> TextIO:
    return (
        path.open("w", encoding="utf-8")
        if path
        else open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False)
    )
