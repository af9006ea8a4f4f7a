"""prefloop-runner materialise: a personal mixture as one adapter, for engines that cannot mix per request.

What comes out is a PEFT folder of at most --rank ranks (vLLM's max_lora_rank, say): the closest one to Σ weight · ΔW, by singular
values. Before it is written, both are asked about the preferences in --data, which nobody trained on: an adapter that agrees with
them less often than the exact mixture by more than --most points is refused, and nothing is written. Rows are the contract's
examples or TRL's prompt, chosen, rejected.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from prefloop.adapters.combine import combine, shrink
from prefloop.adapters.files import read_peft, write_peft
from prefloop.adapters.lora import Adapter
from prefloop.adapters.mixture import mix, parts_of
from prefloop.base import Base
from prefloop.commands.arguments import read_arguments
from prefloop.commands.example_file import read_examples
from prefloop.commands.options import add_model, load_model, positive
from prefloop.commands.score import read_adapter
from prefloop.commands.summary import write_summary
from prefloop.contracts import Example
from prefloop.gates.accuracy import measure_accuracy
from prefloop.gates.scored import score_rows
from prefloop.text.encode import Encoded, Untrainable
from prefloop.text.reference_cache import ReferenceCache

# Points of accuracy that may be lost.
MOST = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--basis", type=Path, nargs="+", required=True, metavar="FOLDER", help="PEFT folders")
    parser.add_argument("--weights", type=float, nargs="+", required=True, metavar="W", help="one for each")
    parser.add_argument("--rank", type=positive, required=True, help="that the engine takes")
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="JSONL, held out")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--most", type=float, default=MOST, help=f"points of accuracy it may lose (default: {MOST:g})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary at the end")
    add_model(parser)


def main(argv: Sequence[str]) -> int:
    args = read_arguments("materialise", __doc__, add_arguments, argv)
    base = load_model(args)
    basis = [read_adapter(base, folder) for folder in args.basis]
    rows = encode(base, read_examples(args.data), str(args.data))
    files, figures = materialise(base, basis, args.weights, args.rank, rows, args.model, args.revision)
    write_summary(args.json, "materialise", figures, seeds=[])
    said = " · ".join(f"{name} {value:.4g}" for name, value in figures.items())
    if not figures["lostPoints"] <= args.most:
        raise ValueError(f"loses more than {args.most:g} points at rank {args.rank}, not written: {said}")
    args.out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (args.out / name).write_bytes(content)
    print(f"{said} · {args.out}")
    return 0


def materialise(
    base: Base,
    basis: Sequence[Adapter],
    weights: Sequence[float],
    rank: int,
    rows: Sequence[Encoded],
    model: str,
    revision: str | None = None,
) -> tuple[dict[str, bytes], dict[str, float]]:
    """(files of a PEFT folder, {rank, lostSquares, exactAccuracy, accuracy, lostPoints}).

    What is measured is read back from the files: bf16 counts as a loss too. lostSquares: share of Σ‖ΔW‖². Raises ValueError for
    weights of another number than the basis, a mixture of nothing, and rows that take no side.
    """
    if len(basis) != len(weights):
        raise ValueError(f"{len(basis)} adapters need as many weights, not {len(weights)}")
    kept = parts_of(mix(basis, weights))
    if not kept:
        raise ValueError("all weights are zero: that mixture is the base")
    exact = combine([adapter for adapter, _ in kept], [weight for _, weight in kept]).freeze()
    small, lost = shrink(exact, rank)
    layers = base.trunk.layers
    files = write_peft(small, layers, model, revision)
    cache = ReferenceCache("materialise")
    found = [
        measure_accuracy(score_rows(base.trunk, cache, adapter, rows))
        for adapter in (exact, read_peft(files, layers).freeze())
    ]
    if found[0] is None or found[1] is None:
        raise ValueError("no held-out preference takes a side: what is lost cannot be told")
    exact_accuracy, accuracy = found[0].value, found[1].value
    return files, {
        "rank": float(small.r),
        "lostSquares": lost,
        "exactAccuracy": exact_accuracy,
        "accuracy": accuracy,
        "lostPoints": 100 * (exact_accuracy - accuracy),
    }


def encode(base: Base, examples: Iterable[Example], where: str) -> list[Encoded]:
    """Raises ValueError where none of them can be compared."""
    rows = []
    for example in examples:
        try:
            rows.append(base.encoder.encode(example, base.trunk.context))
        except Untrainable:
            continue
    if not rows:
        raise ValueError(f"{where}: no preference in it fits the model")
    return rows
