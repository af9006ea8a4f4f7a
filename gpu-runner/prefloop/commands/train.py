"""prefloop-runner train: one recipe on a file of examples, in batches, as the loop would train them as they came.

FILE has one JSON object a line: an Example of the contract, or TRL's prompt, chosen, rejected (text, or messages), with
p, weight, topic and answer beside it where a method needs them. For a model that draws, an Example has pictures of
--images; or chosen and rejected are files beside FILE; or there are images with phi or ratings, as syn-pic writes them; or the
columns of Pick-a-Pic or of ImageReward.
FOLDER gets the adapter as PEFT or diffusers reads it, metrics.jsonl (a row a batch), notTrainable.jsonl (rows left out,
and why), and a checkpoint after every batch, from which --resume goes on: the outcome is that of a training that was
never interrupted.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from prefloop.base import choose_device, draws_pictures, settle_arithmetic
from prefloop.commands import train_images, train_texts
from prefloop.commands.arguments import read_arguments
from prefloop.commands.checkpoints import Checkpoints
from prefloop.commands.options import add_model, positive
from prefloop.commands.progress import ProgressBar
from prefloop.commands.summary import write_summary
from prefloop.commands.train_work import Work
from prefloop.contracts import Recipe
from prefloop.recipes.state_files import PARTS


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
    pictures = parser.add_argument_group("pictures")
    pictures.add_argument("--images", type=Path, metavar="FOLDER", help="pictures, named by their sha256")
    pictures.add_argument("--encoder", type=Path, metavar="FOLDER", help="ppd: the user encoder")
    pictures.add_argument(
        "--support", type=Path, metavar="FILE", help="ppd: JSONL, the votes that people are known by"
    )
    add_model(parser)


def main(argv: Sequence[str]) -> int:
    args = read_arguments("train", __doc__, add_arguments, argv)
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
    prepare = train_images.prepare if draws_pictures(args.model, args.revision) else train_texts.prepare
    work = prepare(args, recipe, device)
    args.out.mkdir(parents=True, exist_ok=True)
    write_rows(args.out / "notTrainable.jsonl", [item.model_dump(mode="json") for item in work.refused])
    if not work.rows:
        reasons = Counter(item.reason for item in work.refused)
        counted = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        raise ValueError(
            f"{args.data} has no row that {recipe.method} can train on ({counted or 'it is empty'}): see "
            f"{args.out / 'notTrainable.jsonl'}"
        )

    files, batches = run(work, recipe, checkpoints, identity, done, args)
    for name in files.keys() - set(PARTS):
        (args.out / name).write_bytes(files[name])
    figures = {"preferences": len(work.rows), "notTrainable": len(work.refused), "batches": len(batches)}
    figures |= {"loss": batches[-1]["loss"]}
    if args.held_out:
        figures |= work.held_out(files)
    write_summary(args.json, "train", figures, [recipe.seed])
    print(" · ".join(f"{name} {value:.4g}" for name, value in figures.items()), f"· {args.out}")
    return 0


def run(
    work: Work,
    recipe: Recipe,
    checkpoints: Checkpoints,
    identity: dict[str, Any],
    done: tuple[dict[str, bytes], dict[str, Any]] | None,
    args: argparse.Namespace,
) -> tuple[dict[str, bytes], list[dict[str, float]]]:
    """Batch after batch, each from the files of the one before: (the last files, the metrics of every batch)."""
    files: dict[str, bytes] | None = done[0] if done else None
    batches: list[dict[str, float]] = done[1]["batches"] if done else []
    first = min(len(batches) * args.batch_size, len(work.rows))
    bar = ProgressBar("preferences", recipe.epochs * len(work.rows), recipe.epochs * first)
    for start in range(first, len(work.rows), args.batch_size):
        chosen = work.rows[start : start + args.batch_size]
        held = step_sizes(len(chosen), recipe.micro_batch, recipe.epochs)
        files, metrics = work.train(files, chosen, lambda held=held: bar.advance(next(held, 0)))
        bar.advance(sum(held))
        batches.append(metrics)
        checkpoints.save(len(batches), files, {"identity": identity, "batches": batches})
        write_rows(args.out / "metrics.jsonl", batches)
    assert files is not None
    return files, batches


def step_sizes(rows: int, size: int, epochs: int) -> Iterator[int]:
    """Preferences that the steps of a batch hold, one after another. Some methods take more steps, which add nothing to
    what is counted, or fewer: what is left when a batch ends is counted then."""
    return (min(size, rows - start) for _ in range(epochs) for start in range(0, rows, size))


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
