"""prefloop-runner fit-encoder: a user encoder from people's votes, for the edge and for PPD.

--votes FILE has one JSON object a line: {userKey, chosen: [F numbers], rejected: [F numbers], weight?}, features of what a
person chose and of what they did not. --world tiny has simulated people of the built-in image world pick instead, and
gives the encoder its five rewards to blend with.
--teacher FOLDER is any Hugging Face image-text-to-text model; rows then have caption, chosenImage and rejectedImage too (files
beside FILE). It is shown four votes of a person at a time and asked to describe their taste; from the embedding of the same votes
the mean of its last layer's hidden states must be told. --teacher-share says how much that counts, beside foretelling votes.
FOLDER gets encoder.onnx for the edge, encoder.safetensors for the runner, and encoder.json, which says what they are and
is what `prefloop encoders publish` registers.
"""

import argparse
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from prefloop.adapters.manifest import manifest_sha
from prefloop.base import choose_device, settle_arithmetic
from prefloop.commands.arguments import read_arguments
from prefloop.commands.options import positive, share
from prefloop.commands.progress import ProgressBar
from prefloop.commands.summary import write_summary
from prefloop.contracts import SetEncoderInput
from prefloop.taste.features import load_feature_encoder
from prefloop.taste.fit import (
    DrawVotes,
    FitOptions,
    Fitted,
    Lessons,
    accuracy,
    fit_set_encoder,
    taught_loss,
)
from prefloop.taste.lessons import count_readings, read_lessons
from prefloop.taste.onnx_file import FILE as ONNX
from prefloop.taste.onnx_file import write_onnx
from prefloop.taste.set_encoder import FILE as WEIGHTS
from prefloop.taste.set_encoder import SetEncoder, SetEncoderShape, write_set_encoder
from prefloop.taste.teacher import load_teacher
from prefloop.taste.vote_file import VoteFile, read_votes
from prefloop.taste.votes import SpriteVotes, drawing_features, reward_tastes

SHOWN_VOTES = (1, 2, 4, 8, 16)
MEASURED_PEOPLE = 2000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--votes", type=Path, metavar="FILE", help="JSONL")
    source.add_argument("--world", choices=["tiny"], help="simulated people of the built-in image world")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--domain", default="sprites", metavar="DOMAIN", help="that it is published for")
    parser.add_argument(
        "--features", default="tiny", metavar="NAME|FOLDER", help="with --world: what sees the pictures"
    )
    parser.add_argument("--space", metavar="SHA", help="with --votes: the features' space")
    parser.add_argument("--pick-among", type=positive, default=4, metavar="K", help="with --world")
    parser.add_argument("--tokens", type=positive, default=4)
    parser.add_argument("--width", type=positive, default=16, help="numbers of a token")
    parser.add_argument("--hidden", type=positive, default=128)
    parser.add_argument("--steps", type=positive, default=FitOptions.steps)
    parser.add_argument("--people", type=positive, default=FitOptions.people, help="of a step")
    parser.add_argument("--support", type=positive, default=FitOptions.support, help="most votes to know by")
    parser.add_argument(
        "--teacher", metavar="NAME|FOLDER", help="with --votes: a vision-language model to learn from"
    )
    parser.add_argument("--teacher-share", type=share, default=0.5, help="above 0; 1: from it alone")
    parser.add_argument(
        "--teacher-device", default="auto", help="cpu, cuda, …; auto: a GPU where there is one"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=positive)
    parser.add_argument("--parity", type=Path, metavar="FILE", help="write sets of votes and what they say")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary at the end")


def main(argv: Sequence[str]) -> int:
    args = read_arguments("fit-encoder", __doc__, add_arguments, argv)
    settle_arithmetic(args.threads, "cpu")
    options = FitOptions(args.steps, args.people, args.support, seed=args.seed)
    world: SpriteVotes | None = None
    taught = kept = None
    if args.teacher and not args.votes:
        raise ValueError("--teacher needs --votes: it is shown pictures of a file")
    if args.world:
        seen = load_feature_encoder(args.features)
        world = SpriteVotes(drawing_features(seen), args.pick_among, args.seed)
        draw, space = world.drawer(2 * args.support), seen.space
    elif args.space is None:
        raise ValueError("--votes needs --space: the hash of what made the features")
    else:
        file = read_votes(args.votes)
        draw, space = file.draw, args.space
        if args.teacher:
            taught, kept = ask_teacher(args, file)
    size = draw(1, torch.Generator()).chosen_BVF.shape[2]
    shape = SetEncoderShape(size, args.tokens, args.width, args.hidden)
    fitted = fit_set_encoder(draw, shape, options, taught)
    figures = measure(fitted, draw, args.seed)
    if taught and kept:
        figures |= measure_taught(fitted, taught, kept)
    rewards = reward_embeddings(fitted.encoder, world) if world else []
    write_encoder(args.out, fitted.encoder, args.domain, space, rewards, figures)
    if args.parity:
        write_parity(args.parity, fitted.encoder, args.seed)
    write_summary(args.json, "fit-encoder", figures, [args.seed])
    print(" · ".join(f"{name} {value:.4g}" for name, value in figures.items()), f"· {args.out}")
    return 0


def ask_teacher(args: argparse.Namespace, file: VoteFile) -> tuple[Lessons, Lessons]:
    """(what is taught, what is kept to see what was learned)."""
    device = choose_device(args.teacher_device)
    settle_arithmetic(args.threads, device)
    teacher = load_teacher(args.teacher, device)
    bar = ProgressBar("readings", count_readings(file))
    lessons = read_lessons(file, teacher, args.teacher_share, lambda: bar.advance(1))
    settle_arithmetic(args.threads, "cpu")
    return lessons


def measure(fitted: Fitted, draw: DrawVotes, seed: int) -> dict[str, float]:
    """Accuracy on votes of people drawn anew, by how many votes they are known; the last steps' mean loss."""
    votes = draw(MEASURED_PEOPLE, torch.Generator().manual_seed(seed + 1_000_003))
    most = votes.weight_BV.shape[1] // votes.each - 1
    found = {f"accuracy.{n}": accuracy(fitted, votes, n)[0] for n in SHOWN_VOTES if n <= most}
    last = fitted.losses[-100:]
    return {"loss": sum(last) / len(last)} | found


def measure_taught(fitted: Fitted, taught: Lessons, kept: Lessons) -> dict[str, float]:
    """Squared error on what the teacher says, 1 for its mean: of what was learned, and of people who were kept from it."""
    assert fitted.telling is not None
    told = {"taught": taught, "taughtKept": kept}
    return {
        name: float(taught_loss(fitted.encoder, fitted.telling, one, slice(None)))
        for name, one in told.items()
        if len(one.said_RD)
    }


def reward_embeddings(encoder: SetEncoder, world: SpriteVotes) -> list[dict[str, Any]]:
    """Of 64 certain picks by each reward, as if it were somebody."""
    generator = torch.Generator().manual_seed(64)
    found = []
    for name, taste_K in reward_tastes().items():
        votes = world.of(taste_K[None], 64, generator, noise=0.0)
        tokens_1NU, _ = encoder.embed(votes.chosen_BVF, votes.rejected_BVF, votes.weight_BV)
        found.append({"name": name, "values": tokens_1NU.flatten().tolist()})
    return found


def write_encoder(
    folder: Path,
    encoder: SetEncoder,
    domain: str,
    space: str,
    rewards: list[dict[str, Any]],
    metrics: dict[str, float],
) -> SetEncoderInput:
    """The three files; what is said of them is checked against the contract."""
    files = {ONNX: write_onnx(encoder), WEIGHTS: write_set_encoder(encoder)}
    hashes = {name: sha256(content).hexdigest() for name, content in files.items()}
    said = SetEncoderInput.model_validate(
        {
            "kind": "set",
            "sha": manifest_sha(hashes),
            "domain": domain,
            "space": space,
            "featureSize": encoder.feature_size,
            "metrics": metrics,
            "tokens": encoder.tokens,
            "width": encoder.width,
            "prior": encoder.prior.flatten().tolist(),
            "priorUncertainty": encoder.prior_uncertainty,
            "rewards": rewards,
            "files": [
                {"name": name, "sha256": hashes[name], "bytes": len(content)}
                for name, content in sorted(files.items())
            ],
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "encoder.json").write_text(json.dumps(said.model_dump(mode="json", by_alias=True)) + "\n")
    return said


def write_parity(path: Path, encoder: SetEncoder, seed: int, sets: int = 1000) -> None:
    """So many random sets of 1 to 64 votes, and what they say here: for the edge to say the same."""
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for _ in range(sets):
        count = int(torch.randint(1, 65, (), generator=generator))
        features = torch.randn((2, 1, count, encoder.feature_size), generator=generator)
        chosen, rejected = features * encoder.spread_F + encoder.center_F
        weight = torch.rand((1, count), generator=generator)
        tokens, uncertainty = encoder.embed(chosen, rejected, weight)
        rows.append(
            {
                "chosen": chosen[0].tolist(),
                "rejected": rejected[0].tolist(),
                "weight": weight[0].tolist(),
                "embedding": tokens.flatten().tolist(),
                "uncertainty": uncertainty.tolist(),
            }
        )
    path.write_text(json.dumps({"sets": rows}))
