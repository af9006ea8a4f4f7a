"""What `prefloop-runner train` does batch by batch, whatever the kind of model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefloop.contracts import NotTrainableItem

Files = dict[str, bytes]


@dataclass(frozen=True)
class Work:
    """rows: what is trained on, in file order; refused: the rest. train: (files of the parent, rows, on_step) → (files,
    metrics). held_out: figures of the files on the held-out file."""

    rows: Sequence[Any]
    refused: Sequence[NotTrainableItem]
    train: Callable[
        [Mapping[str, bytes] | None, Sequence[Any], Callable[[], None]], tuple[Files, dict[str, float]]
    ]
    held_out: Callable[[Mapping[str, bytes]], dict[str, float]]
