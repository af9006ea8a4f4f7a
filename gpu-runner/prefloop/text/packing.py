"""Lay prompts and their completions out as one row of tokens, without padding and with every prompt once.

Shapes: T packed tokens · N completions asked for · U distinct completions · S scored tokens (every token of every
distinct completion).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Ids = Sequence[int]


@dataclass(frozen=True)
class Segment:
    """Rows [start, stop) attend causally to themselves, and fully to the rows of `prefix` before them."""

    start: int
    stop: int
    prefix: "Segment | None" = None

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
        )

    def sum_by_completion(self, token_logps_S: Tensor) -> Tensor:
        """(..., S) values of tokens to (..., N) sums of the completions asked for, in their order."""
        # index_add would add in any order on a GPU, and a fresh adapter's margin is to be exactly 0
        by_token = token_logps_S.movedim(-1, 0).contiguous()
        sums_U = torch.segment_reduce(by_token, "sum", lengths=self.lengths_U, axis=0, unsafe=True)
        return sums_U.movedim(0, -1)[..., self.distinct_N]


def pack(rows: Sequence[tuple[Ids, Sequence[Ids]]], device: torch.device | str = "cpu") -> Packed:
    """Pack (prompt ids, [completion ids, ...]) rows.

    A prompt that several rows share is laid out once, and so is a completion that occurs twice under one prompt.
    The first token of a completion is predicted by the last token of its prompt, so prompts may not be empty.

    Raises ValueError on an empty prompt or completion.
    """
    groups: dict[tuple[int, ...], dict[tuple[int, ...], int]] = {}
    wanted: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    for prompt, completions in rows:
        if not len(prompt):
            raise ValueError("empty prompt: its last token predicts the first token of the completion")
        group = groups.setdefault(tuple(prompt), {})
        for completion in completions:
            if not len(completion):
                raise ValueError("empty completion")
            group.setdefault(tuple(completion), len(group))
            wanted.append((tuple(prompt), tuple(completion)))

    ids: list[int] = []
    positions: list[int] = []
    segments: list[Segment] = []
    scored_rows: list[int] = []
    targets: list[int] = []
    lengths: list[int] = []
    number: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    for prompt, group in groups.items():
        head = Segment(len(ids), len(ids) + len(prompt))
        segments.append(head)
        ids += prompt
        positions += range(len(prompt))
        for completion in group:
            start = len(ids)
            number[prompt, completion] = len(lengths)
            scored_rows += [head.stop - 1, *range(start, start + len(completion) - 1)]
            targets += completion
            lengths.append(len(completion))
            segments.append(Segment(start, start + len(completion), head))
            ids += completion
            positions += range(len(prompt), len(prompt) + len(completion))

    tensor = lambda x: torch.tensor(x, dtype=torch.long, device=device)
    return Packed(
        tensor(ids),
        tensor(positions),
        tuple(segments),
        tensor(scored_rows),
        tensor(targets),
        tensor([number[pair] for pair in wanted]),
        tensor(lengths),
    )
