"""prefloop-runner train: one recipe on a file of examples, in batches, as the loop would train them as they came.

FILE has one JSON object a line: an Example of the contract, or TRL's prompt, chosen, rejected (text, or messages), with
p, weight, topic and answer beside it where a method needs them.
FOLDER gets the adapter as PEFT reads it, metrics.jsonl (a row a batch), notTrainable.jsonl (rows left out, and why), and
a checkpoint after every batch, from which --resume goes on: the outcome is that of a training that was never interrupted.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from prefloop.adapters.files import CONFIG, WEIGHTS, read_peft, write_peft
from prefloop.base import Base, choose_device, load_base, settle_arithmetic
from prefloop.commands.checkpoints import Checkpoints
from prefloop.commands.example_file import read_examples
from prefloop.commands.options import add_model, positive
from prefloop.commands.progress import ProgressBar
from prefloop.commands.summary import write_summary
from prefloop.contracts import Recipe
from prefloop.gates.accuracy import measure_accuracy
from prefloop.gates.scored import score_rows
from prefloop.learn import encode_rows, train
from prefloop.recipes.state_files import write_state_files
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recipe",
        default="ofs-dpo",
        metavar="NAME|JSON",
        help="a method (dpo, ofs-dpo, simpo, …) with its defaults, or a recipe as JSON",
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="JSONL")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--held-out", type=Path, metavar="FILE", help="JSONL: accuracy on these, before and after"
    )
    parser.add_argument(
        "--batch-size", type=positive, default=256, help="preferences of a batch (default: 256)"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in FOLDER")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary at the end")
    add_model(parser)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="prefloop-runner train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    args = parser.parse_args(argv)
    recipe = parse_recipe(args.recipe)
    checkpoints = Checkpoints(args.out)
    identity = {
        "recipe": recipe.model_dump(mode="json", by_alias=True),
        "data": hashlib.sha256(args.data.read_bytes()).hexdigest(),
        "batchSize": args.batch_size,
    }
    done = checkpoints.latest()
    if done and not args.resume:
        raise ValueError(
            f"{args.out} holds a training already: --resume goes on with it, another folder begins anew"
        )
    if done and done[1]["identity"] != identity:
        raise ValueError(
            f"{args.out} holds a training of another recipe, file or batch size: it cannot be resumed"
        )

    device = choose_device(args.device)
    settle_arithmetic(args.threads, device)
    base = load_base(args.model, args.dtype, device, args.revision)
    rows, refused = encode_rows(base, list(read_examples(args.data)), recipe)
    args.out.mkdir(parents=True, exist_ok=True)
    write_rows(args.out / "notTrainable.jsonl", [item.model_dump(mode="json") for item in refused])
    if not rows:
        reasons = Counter(item.reason for item in refused)
        counted = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        raise ValueError(
            f"{args.data} has no row that {recipe.method} can train on ({counted or 'it is empty'}): see "
            f"{args.out / 'notTrainable.jsonl'}"
        )

    cache = base.reference_cache(args.out / "references")
    files, batches = run(base, cache, recipe, rows, checkpoints, identity, done, args)
    for name in (WEIGHTS, CONFIG):
        (args.out / name).write_bytes(files[name])
    figures = {"preferences": len(rows), "notTrainable": len(refused), "batches": len(batches)}
    figures |= {"loss": batches[-1]["loss"]}
    if args.held_out:
        held_out, _ = encode_rows(base, list(read_examples(args.held_out)), recipe)
        figures |= held_out_figures(base, cache, files, held_out)
    write_summary(args.json, "train", figures, [recipe.seed])
    print(" · ".join(f"{name} {value:.4g}" for name, value in figures.items()), f"· {args.out}")
    return 0


def run(
    base: Base,
    cache: ReferenceCache,
    recipe: Recipe,
    rows: Sequence[Encoded],
    checkpoints: Checkpoints,
    identity: dict[str, Any],
    done: tuple[dict[str, bytes], dict[str, Any]] | None,
    args: argparse.Namespace,
) -> tuple[dict[str, bytes], list[dict[str, float]]]:
    """Batch after batch, each from the files of the one before: (the last files, the metrics of every batch)."""
    files: dict[str, bytes] | None = done[0] if done else None
    batches: list[dict[str, float]] = done[1]["batches"] if done else []
    bar = ProgressBar(
        "preferences", recipe.epochs * len(rows), recipe.epochs * len(batches) * args.batch_size
    )
    for start in range(len(batches) * args.batch_size, len(rows), args.batch_size):
        chosen = rows[start : start + args.batch_size]
        trained = train(base, cache, files, chosen, recipe, lambda: bar.advance(recipe.micro_batch))
        files = write_peft(trained.adapter, base.trunk.layers, base.name, base.trunk.revision)
        files |= write_state_files(trained.tensors, trained.facts)
        batches.append(trained.metrics)
        checkpoints.save(len(batches), files, {"identity": identity, "batches": batches})
        write_rows(args.out / "metrics.jsonl", batches)
    assert files is not None
    return files, batches


def held_out_figures(
    base: Base, cache: ReferenceCache, files: dict[str, bytes], rows: Sequence[Encoded]
) -> dict[str, float]:
    """Accuracy of the base is ½ by definition: its implicit reward is 0 everywhere."""
    scored = score_rows(base.trunk, cache, read_peft(files, base.trunk.layers).freeze(), rows)
    measured = measure_accuracy(scored)
    if measured is None:
        return {}
    return {
        "heldOut": measured.n,
        "heldOutAccuracy": measured.value,
        "heldOutLow": measured.low,
        "heldOutHigh": measured.high,
    }


def parse_recipe(text: str) -> Recipe:
    """A method's name, or the JSON of a recipe. Raises ValueError, naming what is wrong."""
    source = text if text.lstrip().startswith("{") else json.dumps({"method": text})
    try:
        return TypeAdapter[Recipe](Recipe).validate_json(source)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"--recipe: {'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}") from error


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
