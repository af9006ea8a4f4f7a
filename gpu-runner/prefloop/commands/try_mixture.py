"""prefloop-runner try-mixture: what strengths of a personal mixture do to answers; what `fit-mixture --tried` chooses from.

--mixture FOLDER has the encoder.json of a first `fit-mixture`, --basis the PEFT folders of its adapters, --votes the votes that it was
fitted to. For each strength and largest sum of weights, people (each known by 1, 2, 4, 8 or 16 of their rows) get answers to the prompts
through their mixture, and these are judged beside answers of the base. The judge says how much a person likes an answer, or that it is
not sound; so is one that did not come to an end. It is `tiny` (a userKey names a persona of the built-in world, as warm/1) or your own
MODULE:FUNCTION, called with (userKey, prompts, an answer to each), which answers with a number or None for each.

--out gets {strength, maxWeight, winRate, sound, lengthRatio} a line: how often people like theirs better than one of the base to the
same prompt (ties half, what is not sound loses), the share that is sound, the mean length of those over the base's.
"""

import argparse
import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from prefloop.commands.arguments import read_arguments
from prefloop.commands.evaluate import Settings, read_prompts
from prefloop.commands.fit_mixture import read_people, scaled_by
from prefloop.commands.log_ratios import sha_of
from prefloop.commands.mixture_trial import Trial, answers_of_base, measure, share_sound
from prefloop.commands.options import add_model, load_model, positive
from prefloop.commands.score import read_adapter
from prefloop.commands.summary import write_summary
from prefloop.contracts import MixtureInput
from prefloop.judges.liking import load_liking
from prefloop.taste.calibrate import Calibration
from prefloop.taste.posterior import Contrasts, Numbers, Taste, taste_posterior

STRENGTHS, MOST = (0.25, 0.5, 1.0, 2.0, 4.0), (1.5, 2.0, 2.5)
# Rows that people are known by, in turn: a strength must be right for few votes and for many.
KNOWN = (1, 2, 4, 8, 16)
# Of the base's sound answers, how many a mixture may lose: what is suggested for --min-sound.
LOST = 0.05


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mixture", type=Path, required=True, metavar="FOLDER", help="with an encoder.json")
    parser.add_argument("--basis", type=Path, nargs="+", required=True, metavar="FOLDER", help="PEFT folders")
    parser.add_argument("--votes", type=Path, required=True, metavar="FILE", help="JSONL, as of fit-mixture")
    parser.add_argument("--prompts", type=Path, required=True, metavar="FILE", help="JSONL of { prompt }")
    parser.add_argument("--judge", default="tiny", metavar="tiny|MODULE:FUNCTION", help="who likes what")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSONL")
    parser.add_argument("--strengths", type=float, nargs="+", default=STRENGTHS, metavar="S")
    parser.add_argument("--max-weights", type=float, nargs="+", default=MOST, metavar="W")
    parser.add_argument("--people", type=positive, default=20, help="of the file, at most (default: 20)")
    parser.add_argument(
        "--against", type=positive, default=8, help="answers of the base to a prompt (default: 8)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--temperature", type=float, default=1.0, help="as the domain draws")
    parser.add_argument("--top-p", type=float, default=1.0)
    parser.add_argument("--max-tokens", type=positive, default=256)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary at the end")
    add_model(parser)


def main(argv: Sequence[str]) -> int:
    args = read_arguments("try-mixture", __doc__, add_arguments, argv)
    likes = load_liking(args.judge)
    mixture = read_mixture(args.mixture / "encoder.json")
    check_basis(mixture, args.basis)
    people = list(read_people(args.votes, len(args.basis)).items())[: args.people]
    tastes = {
        user: taste_of(mixture, votes.first(KNOWN[at % len(KNOWN)]))
        for at, (user, votes) in enumerate(people)
    }
    base = load_model(args)
    basis = [read_adapter(base, folder) for folder in args.basis]
    if not (asked := list(read_prompts(base, args.prompts))):
        raise ValueError(f"{args.prompts} has no prompt")
    settings = Settings(args.temperature, args.top_p, args.max_tokens)
    trial = Trial(base, basis, asked, tastes, likes, settings, args.seed)

    theirs = answers_of_base(trial, args.against)
    if not (base_sound := share_sound(theirs)):
        raise ValueError(f"judge {likes.name} finds no answer of the base sound: nothing can be compared")
    with args.out.open("w", encoding="utf-8") as out:
        for strength, most in product(args.strengths, args.max_weights):
            found = measure(trial, Calibration(strength, most), theirs)
            measured = {"winRate": found.win_rate, "sound": found.sound, "lengthRatio": found.length_ratio}
            row = {"strength": strength, "maxWeight": most} | measured
            print(json.dumps(row), file=out, flush=True)
            print(" · ".join(f"{name} {value:.3g}" for name, value in row.items()), flush=True)
    figures = {"people": len(tastes), "prompts": len(asked), "baseSound": base_sound}
    write_summary(args.json, "try-mixture", figures, [args.seed])
    suggested = f"fit-mixture --tried {args.out} --min-sound {max(0.0, base_sound - LOST):.3f}"
    print(f"{base_sound:.3f} of the base's own answers are sound: {suggested}")
    return 0


def read_mixture(path: Path) -> MixtureInput:
    """Raises ValueError for what is none."""
    try:
        return MixtureInput.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def check_basis(mixture: MixtureInput, folders: Sequence[Path]) -> None:
    """Raises ValueError unless the folders are the mixture's adapters, in their order."""
    named = [one.adapter for one in mixture.basis]
    found = [sha_of(folder) for folder in folders]
    if found != named:
        wrong = next((k for k, sha in enumerate(named) if found[k : k + 1] != [sha]), len(named))
        raise ValueError(
            f"--basis: the mixture has {len(named)} adapters, and place {wrong + 1} is another one"
        )


def taste_of(mixture: MixtureInput, votes: Contrasts) -> Numbers:
    prior = Taste(np.array(mixture.prior.mean), np.array(mixture.prior.precision))
    return taste_posterior(scaled_by(mixture.scale, votes), prior).mean_K
