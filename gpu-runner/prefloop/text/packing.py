"""Lay prompts and their completions out as one row of tokens, without padding and with every prompt once.

A row may say how many tokens its prompt shares with others (a system's message; SRPO's question before its drafts): they
are then a segment of their own, laid out once for all rows that begin with them. It is the row that says so and not its
neighbours: its numbers are the same to the bit whatever else is packed, which cached references and resuming rest on.

Shapes: T packed tokens · N completions asked for · U distinct completions · S scored tokens (every token of every
distinct completion).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

Ids = Sequence[int]
Words = tuple[int, ...]


@dataclass(frozen=True)
class Segment:
    """Rows [start, stop) attend causally to themselves, and fully to the rows of `prefix` before them and of its own
    prefix before those. All that lies between a segment and what has it for a prefix has it for a prefix too."""

    start: int
    stop: int
    prefix: "Segment | None" = None

    @cached_property
    def path(self) -> "tuple[Segment, ...]":
        """Its prefixes, the first one first, and itself: one text from the beginning."""
        return (*self.prefix.path, self) if self.prefix else (self,)

    @property
    def rows(self) -> int:
        return self.stop - self.start

    @cached_property
    def keys(self) -> int:
        """Rows that its last row sees."""
        return sum(segment.rows for segment in self.path)

    def shifted(self, rows: int) -> "Segment":
        prefix = self.prefix.shifted(rows) if self.prefix else None
        return Segment(self.start + rows, self.stop + rows, prefix)


@dataclass(frozen=True)
class Packed:
    """One packed microbatch. Row t holds token `ids_T[t]` at position `positions_T[t]` of its own text."""

    ids_T: Tensor
    positions_T: Tensor
    segments: tuple[Segment, ...]
    scored_rows_S: Tensor  # the row whose hidden state predicts the scored token
    targets_S: Tensor  # the scored token; completion after completion, `lengths_U` of each
    distinct_N: Tensor  # completion asked for -> distinct completion
    lengths_U: Tensor  # tokens of each distinct completion
    completions_U: tuple[Segment, ...]  # where each distinct completion lies

    @property
    def tokens(self) -> int:
        return self.ids_T.numel()

    def repeated(self, times: int) -> "Packed":
        """The same rows `times` times, one copy after the other; completions are numbered copy by copy."""
        if times == 1:
            return self
        tokens, distinct = self.tokens, self.lengths_U.numel()
        shift = lambda x, by: torch.cat([x + i * by for i in range(times)])
        return Packed(
            self.ids_T.repeat(times),
            self.positions_T.repeat(times),
            tuple(s.shifted(i * tokens) for i in range(times) for s in self.segments),
            shift(self.scored_rows_S, tokens),
            self.targets_S.repeat(times),
            shift(self.distinct_N, distinct),
            self.lengths_U.repeat(times),
            tuple(s.shifted(i * tokens) for i in range(times) for s in self.completions_U),
        )

    def sum_by_completion(self, token_logps_S: Tensor) -> Tensor:
        """(..., S) values of tokens to (..., N) sums of the completions asked for, in their order."""
        # index_add would add in any order on a GPU, and a fresh adapter's margin is to be exactly 0
        by_token = token_logps_S.movedim(-1, 0).contiguous()
        sums_U = torch.segment_reduce(by_token, "sum", lengths=self.lengths_U, axis=0, unsafe=True)
        return sums_U.movedim(0, -1)[..., self.distinct_N]


def pack(
    rows: Sequence[tuple[Ids, Sequence[Ids]]],
    device: torch.device | str = "cpu",
    shared: Sequence[int] = (),
) -> Packed:
    """Pack (prompt ids, [completion ids, ...]) rows. shared: of each row, how many tokens of the prompt are a segment of
    their own; none if it is empty.

    What rows have in common is laid out once: a shared beginning, a prompt, a completion under one prompt.
    The first token of a completion is predicted by the last token of its prompt, so prompts may not be empty.

    Raises ValueError on an empty prompt or completion.
    """
    # {beginning: {rest of the prompt: {completion: its number among the distinct ones}}}
    trees: dict[Words, dict[Words, dict[Words, int]]] = {}
    wanted: list[tuple[Words, Words, Words]] = []
    for (prompt, completions), cut in zip(rows, shared or [0] * len(rows), strict=True):
        if not len(prompt):
            raise ValueError("empty prompt: its last token predicts the first token of the completion")
        head, rest = tuple(prompt[:cut]), tuple(prompt[cut:])
        leaves = trees.setdefault(head, {}).setdefault(rest, {})
        for completion in map(tuple, completions):
            if not completion:
                raise ValueError("empty completion")
            leaves.setdefault(completion, -1)
            wanted.append((head, rest, completion))

    ids: list[int] = []
    positions: list[int] = []
    segments: list[Segment] = []
    scored_rows: list[int] = []
    targets: list[int] = []
    completions_U: list[Segment] = []

    def lay(words: Words, prefix: Segment | None) -> Segment | None:
        if not words:
            return prefix
        segment = Segment(len(ids), len(ids) + len(words), prefix)
        segments.append(segment)
        ids.extend(words)
        positions.extend(range(segment.keys - segment.rows, segment.keys))
        return segment

    for head, prompts in trees.items():
        beginning = lay(head, None)
        for rest, leaves in prompts.items():
            asked = lay(rest, beginning)
            for completion in leaves:
                leaf = lay(completion, asked)
                assert asked is not None and leaf is not None
                leaves[completion] = len(completions_U)
                completions_U.append(leaf)
                scored_rows += [asked.stop - 1, *range(leaf.start, leaf.stop - 1)]
                targets += completion

    tensor = lambda x: torch.tensor(x, dtype=torch.long, device=device)
    return Packed(
        tensor(ids),
        tensor(positions),
        tuple(segments),
        tensor(scored_rows),
        tensor(targets),
        tensor([trees[head][rest][completion] for head, rest, completion in wanted]),
        tensor([leaf.rows for leaf in completions_U]),
        tuple(completions_U),
    )
