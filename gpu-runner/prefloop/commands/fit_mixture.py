"""prefloop-runner fit-mixture: the personal mixture of a domain, from the votes of its people.

--votes FILE has one JSON object a line: {userKey, chosen: [K numbers], rejected: [K numbers], weight?}, log-ratios per token
under the K adapters of --basis, in their order. Fitted are what people have in common (the prior) and what a log-ratio counts
(the scale). How far the model is bent for a preference (the strength) cannot be told from votes: with --tried FILE it is the
best of what `try-mixture` measured on generated answers, rows {strength, maxWeight, winRate, sound, lengthRatio} (share of answers
that are sound, mean length over the base's); without it half of the people get weights whose absolute values sum up to at most 1.
FOLDER gets encoder.json, which `prefloop encoders publish` registers.
"""

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from prefloop.canonical_json import canonical_sha
from prefloop.commands.arguments import read_arguments
from prefloop.commands.summary import write_summary
from prefloop.contracts import MixtureInput
from prefloop.taste.calibrate import Bounds, Calibration, Measured, best_of
from prefloop.taste.posterior import Contrasts, Taste, contrasts, predict_preference, taste_posterior
from prefloop.taste.prior import feature_scale, fit_prior
from prefloop.taste.vote_file import read_rows

SHOWN_VOTES = (0, 1, 2, 4, 8, 16)
MAX_WEIGHT = 1.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--votes", type=Path, required=True, metavar="FILE", help="JSONL")
    parser.add_argument("--basis", nargs="+", required=True, metavar="NAME=SHA", help="adapters, in order")
    parser.add_argument("--domain", required=True, metavar="DOMAIN", help="that it is published for")
    parser.add_argument("--tried", type=Path, metavar="FILE", help="JSONL: what strengths did to answers")
    parser.add_argument("--min-sound", type=float, default=0.9, help="share of sound answers that is kept")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary at the end")


def main(argv: Sequence[str]) -> int:
    args = read_arguments("fit-mixture", __doc__, add_arguments, argv)
    basis = [read_basis(text) for text in args.basis]
    people = list(read_people(args.votes, len(basis)).values())
    scale = feature_scale(people)
    scaled = [scaled_by(scale, votes) for votes in people]
    figures = {"people": float(len(people)), "votes": float(sum(len(one.weight_V) for one in people))}
    figures |= foretold(scaled, len(basis))
    prior = fit_prior(scaled, len(basis))
    if args.tried:
        chosen = calibration_of(args.tried, Bounds(args.min_sound))
    else:
        chosen = Calibration(usual_strength(scaled, prior), MAX_WEIGHT)
    said = describe(args.domain, basis, prior, scale, chosen, figures)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "encoder.json").write_text(json.dumps(said.model_dump(mode="json", by_alias=True)) + "\n")
    write_summary(args.json, "fit-mixture", figures, seeds=[])
    print(" · ".join(f"{name} {value:.4g}" for name, value in figures.items()), f"· {args.out}")
    return 0


def read_basis(text: str) -> dict[str, str]:
    name, found, sha = text.partition("=")
    if not found:
        raise ValueError(f"--basis: {text!r} is not NAME=SHA")
    return {"name": name, "adapter": sha}


def read_people(path: Path, size: int) -> dict[str, Contrasts]:
    """Everybody's votes in file order, by userKey. Raises ValueError, naming the line, for a row that is none."""
    rows: dict[str, list[tuple[list[float], float]]] = defaultdict(list)
    for where, row in read_rows(path):
        if not len(row["chosen"]) == len(row["rejected"]) == size:
            raise ValueError(f"{where}: a vote has {size} log-ratios a side, one for each of the basis")
        difference = [one - other for one, other in zip(row["chosen"], row["rejected"], strict=True)]
        rows[row["userKey"]].append((difference, row["weight"]))
    if len(rows) < 2:
        raise ValueError(f"{path}: what people have in common cannot be told from {len(rows)} of them")
    return {
        user: contrasts([one for one, _ in votes], size, weight=[weight for _, weight in votes])
        for user, votes in rows.items()
    }


def scaled_by(scale: float, votes: Contrasts) -> Contrasts:
    return Contrasts(scale * votes.difference_VK, votes.probability_V, votes.weight_V)


def foretold(people: Sequence[Contrasts], size: int) -> dict[str, float]:
    """accuracy.N: of the votes after the first N, foretold from those; the prior is fitted to everybody else's, in two halves."""
    priors = [fit_prior(people[1 - half :: 2], size) for half in (0, 1)]
    figures = {}
    for count in SHOWN_VOTES:
        right = [
            0.5 + 0.5 * float(np.sign(predict_preference(taste, difference_K) - 0.5))
            for at, votes in enumerate(people)
            for taste in [taste_posterior(votes.first(count), priors[at % 2])]
            for difference_K in votes.difference_VK[count:]
        ]
        if right:
            figures[f"accuracy.{count}"] = math.fsum(right) / len(right)
    return figures


def usual_strength(people: Sequence[Contrasts], prior: Taste) -> float:
    """By which half of the people get weights of at most 1 in sum."""
    sums = [float(np.abs(taste_posterior(votes, prior).mean_K).sum()) for votes in people]
    middle = float(np.median(sums))
    return 1 / middle if middle > 0 else 1.0


def calibration_of(path: Path, bounds: Bounds) -> Calibration:
    """The best of what was tried. Raises ValueError, naming the line, for a row that is none, and where none is in bounds."""
    tried: dict[Calibration, Measured] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
            numbers = [
                float(row[name]) for name in ("strength", "maxWeight", "winRate", "sound", "lengthRatio")
            ]
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"{path}:{number}: is no {{strength, maxWeight, winRate, sound, lengthRatio}}"
            ) from error
        if not all(math.isfinite(one) for one in numbers):
            raise ValueError(f"{path}:{number}: has a number that is not finite")
        tried[Calibration(*numbers[:2])] = Measured(*numbers[2:])
    if not tried:
        raise ValueError(f"{path}: nothing was tried")
    try:
        return best_of(tried, bounds)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def describe(
    domain: str,
    basis: Sequence[Mapping[str, str]],
    prior: Taste,
    scale: float,
    chosen: Calibration,
    metrics: Mapping[str, float],
) -> MixtureInput:
    """As the edge takes it, hashed as the edge hashes it. Raises ValueError for what the contract refuses."""
    said: dict[str, Any] = {
        "kind": "mixture",
        "domain": domain,
        "space": canonical_sha([one["adapter"] for one in basis]),
        "featureSize": len(basis),
        "basis": [dict(one) for one in basis],
        "prior": {"mean": prior.mean_K.tolist(), "precision": prior.precision_KK.tolist()},
        "scale": scale,
        "strength": chosen.strength,
        "maxWeight": chosen.most,
    }
    return MixtureInput.model_validate(said | {"sha": canonical_sha(said), "metrics": dict(metrics)})
