"""`prefloop-runner train` with a text model."""

import argparse
from collections.abc import Callable, Mapping, Sequence

from prefloop.adapters.files import read_peft, write_peft
from prefloop.base import load_base
from prefloop.commands.example_file import read_examples
from prefloop.commands.train_work import Files, Work
from prefloop.contracts import Recipe
from prefloop.gates.accuracy import measure_accuracy
from prefloop.gates.interval import Measured
from prefloop.gates.scored import score_rows
from prefloop.learn import encode_rows, train
from prefloop.recipes.state_files import write_state_files
from prefloop.text.encode import Encoded


def prepare(args: argparse.Namespace, recipe: Recipe, device: str) -> Work:
    base = load_base(args.model, args.dtype, device, args.revision)
    rows, refused = encode_rows(base, list(read_examples(args.data)), recipe)
    cache = base.reference_cache(args.out / "references")

    def train_batch(
        parent: Mapping[str, bytes] | None, chosen: Sequence[Encoded], on_step: Callable[[], None]
    ) -> tuple[Files, dict[str, float]]:
        trained = train(base, cache, parent, chosen, recipe, on_step)
        files = write_peft(trained.adapter, base.trunk.layers, base.name, base.trunk.revision)
        return files | write_state_files(trained.tensors, trained.facts), trained.metrics

    def held_out(files: Mapping[str, bytes]) -> dict[str, float]:
        kept, _ = encode_rows(base, list(read_examples(args.held_out)), recipe)
        adapter = read_peft(files, base.trunk.layers).freeze()
        return held_out_figures(measure_accuracy(score_rows(base.trunk, cache, adapter, kept)))

    return Work(rows, refused, train_batch, held_out)


def held_out_figures(measured: Measured | None) -> dict[str, float]:
    """Accuracy of the base is ½ by definition: its implicit reward is 0 everywhere."""
    if measured is None:
        return {}
    return {
        "heldOut": measured.n,
        "heldOutAccuracy": measured.value,
        "heldOutLow": measured.low,
        "heldOutHigh": measured.high,
    }
