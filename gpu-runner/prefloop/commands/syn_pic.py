"""prefloop-runner syn-pic: rankings without people (Syn-Pic, arXiv 2410.18013): every prompt drawn by k generators, and
their pictures compared by n rewards.

FILE has one prompt a line, or, where its name ends in .jsonl, one JSON object { prompt } a line.
A generator is SOURCE[+ADAPTER][@steps=N,guidance=G]: tiny-diffusion, a diffusers folder or a hub id, perhaps with a folder
that has a LoRA file. All of them are in memory at once; those of one SOURCE share it.
A reward is [NAME=]tiny:ORACLE of the built-in world (cosy, royal, strange, wintry, modest), [NAME=]module:function, called
with (prompts, pictures as PIL.Image) for a number each, or [NAME=]http://…, sent { prompt, image: PNG in base64 } for
{ score }, with the key in PREFLOOP_REWARD_KEY.
FOLDER gets rankings.jsonl, rows { prompt, images, rewards, phi } that `prefloop-runner train` reads, phi being the share of
comparisons that a picture wins, and the pictures under their hashes. Rows are in the order of FILE and appear whole;
--resume goes on after the last one, whatever ended the command.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from prefloop.base import choose_device, load_image_base, settle_arithmetic
from prefloop.commands.arguments import read_arguments
from prefloop.commands.options import positive, positive_seconds
from prefloop.commands.progress import ProgressBar
from prefloop.commands.summary import write_summary
from prefloop.image.model import DTYPES
from prefloop.syn_pic.generator import Generator, load_generators, parse_generator
from prefloop.syn_pic.rankings import Rankings, ranking
from prefloop.syn_pic.reward import Reward, load_rewards

LONGEST = 4000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prompts", type=Path, required=True, metavar="FILE")
    several: dict[str, Any] = {"nargs": "+", "action": "extend", "required": True}
    parser.add_argument("--generator", **several, metavar="SOURCE", help="k of them, two or more")
    parser.add_argument("--reward", **several, metavar="REWARD", help="n of them")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on with the rankings in FOLDER")
    parser.add_argument("--batch-size", type=positive, default=8, help="prompts drawn at once (default: 8)")
    parser.add_argument(
        "--timeout", type=positive_seconds, default=60.0, help="of a reward's server, in seconds"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary at the end")
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="fp32")
    parser.add_argument(
        "--device", default="auto", help="cpu, cuda, cuda:1, …; auto: a GPU where there is one"
    )
    parser.add_argument("--threads", type=positive, help="CPU threads; the same number gives the same bits")


def main(argv: Sequence[str]) -> int:
    args = read_arguments("syn-pic", __doc__, add_arguments, argv)
    named = [parse_generator(text) for text in args.generator]
    if len(named) < 2:
        raise ValueError("--generator: one picture is preferred to nothing: name two or more")
    rewards = load_rewards(args.reward, args.timeout)
    prompts = read_prompts(args.prompts)
    device = choose_device(args.device)
    settle_arithmetic(args.threads, device)
    generators = load_generators(named, lambda source: load_image_base(source, args.dtype, device))
    rankings = Rankings(args.out)
    identity = identity_of(prompts, generators, rewards, args.seed) | {"batchSize": args.batch_size}
    rows = rankings.begin(identity, args.resume)
    bar = ProgressBar("prompts", len(prompts), len(rows))
    while len(rows) < len(prompts):
        # what is drawn at once stays the same after a kill, and with it every bit
        start = len(rows) // args.batch_size * args.batch_size
        made = make_rows(
            prompts[start : start + args.batch_size], start, generators, rewards, args.seed, rankings
        )
        new = made[len(rows) - start :]
        rankings.add(new)
        rows += new
        bar.advance(len(new))
    figures = measure(rows)
    write_summary(args.json, "syn-pic", figures, [args.seed])
    print(" · ".join(f"{name} {value:.4g}" for name, value in figures.items()), f"· {args.out}")
    return 0


def make_rows(
    prompts: Sequence[str],
    start: int,
    generators: Sequence[Generator],
    rewards: Sequence[Reward],
    seed: int,
    rankings: Rankings,
) -> list[dict[str, Any]]:
    """One a prompt, the first of which is number `start`. Raises ValueError for a generator or a reward that fails."""
    drawn_kB = [
        one.draw(prompts, [seed_of(seed, start + i, place) for i in range(len(prompts))])
        for place, one in enumerate(generators)
    ]
    paths_Bk = [[rankings.add_picture(drawn_B[i]) for drawn_B in drawn_kB] for i in range(len(prompts))]
    k = len(generators)
    flat = [Image.fromarray(drawn_B[i]) for i in range(len(prompts)) for drawn_B in drawn_kB]
    asked = [prompt for prompt in prompts for _ in range(k)]
    scores = {reward.name: reward.of(asked, flat) for reward in rewards}
    return [
        ranking(prompt, paths_Bk[i], {name: said[i * k : i * k + k] for name, said in scores.items()})
        for i, prompt in enumerate(prompts)
    ]


def seed_of(seed: int, row: int, place: int) -> int:
    """Every picture has a noise of its own, whatever is drawn at once."""
    return int.from_bytes(hashlib.sha256(f"{seed} {row} {place}".encode()).digest()[:6])


def identity_of(
    prompts: Sequence[str], generators: Sequence[Generator], rewards: Sequence[Reward], seed: int
) -> dict[str, Any]:
    """What rows depend on, as a folder of rankings keeps it."""
    drawing = [
        {
            "name": one.named.name,
            "weights": one.identity,
            "steps": one.named.steps,
            "guidance": one.named.guidance,
        }
        for one in generators
    ]
    return {
        "prompts": hashlib.sha256(json.dumps(prompts).encode()).hexdigest(),
        "generators": drawing,
        "rewards": [reward.name for reward in rewards],
        "seed": seed,
    }


def read_prompts(path: Path) -> list[str]:
    """Raises ValueError, naming the line, for what is no prompt."""
    lines = path.read_text(encoding="utf-8").split("\n")
    prompts = [
        _prompt(line, path.suffix == ".jsonl", f"{path}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not prompts:
        raise ValueError(f"{path} has no prompt")
    return prompts


def _prompt(line: str, is_json: bool, where: str) -> str:
    prompt: Any = line.strip()
    if is_json:
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{where}: is no JSON: {error}") from error
        prompt = row.get("prompt") if isinstance(row, dict) else None
    if not isinstance(prompt, str) or not prompt.strip():
        raise ValueError(f"{where}: is no object with a prompt, which is a text")
    if len(prompt) > LONGEST:
        raise ValueError(f"{where}: the prompt has {len(prompt)} characters, at most {LONGEST} fit")
    return prompt


def measure(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Means over the prompts: φ of each generator, each reward of each, by its place from 1; comparisons that nobody wins."""
    k = len(rows[0]["images"])
    figures: dict[str, float] = {"prompts": len(rows), "pictures": len(set(_pictures(rows)))}
    mean = lambda values: sum(values) / len(rows)
    figures["ties"] = mean(1 - 2 * sum(row["phi"]) / k for row in rows)
    for place in range(k):
        figures[f"phi.{place + 1}"] = mean(row["phi"][place] for row in rows)
    for name in rows[0]["rewards"]:
        for place in range(k):
            figures[f"reward.{name}.{place + 1}"] = mean(row["rewards"][name][place] for row in rows)
    return figures


def _pictures(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield from row["images"]
