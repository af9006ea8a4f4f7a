"""What training did to the likelihood of the very answers it trained on.

Shapes: N completions of a pack · S scored tokens.
"""

from collections.abc import Sequence

import torch

from papers.context import Context
from papers.tiny import recipe_of, rows_of
from prefloop.adapters.lora import Adapter
from prefloop.contracts import Example
from prefloop.text.step import pair_batch, token_logps

ROWS = 16


@torch.no_grad()
def fork_figures(context: Context, adapter: Adapter, votes: Sequence[Example]) -> dict[str, float]:
    """chosenChange, rejectedChange: mean change of log π, nats per answer. unseenChange: of the probability of all words
    but the two with which chosen and rejected part, at the place where they do."""
    rows = rows_of(context, votes, recipe_of(method="dpo"))
    sums = dict.fromkeys(("chosenChange", "rejectedChange", "unseenChange"), 0.0)
    for start in range(0, len(rows), ROWS):
        batch = pair_batch(rows[start : start + ROWS])
        after_S, before_S = token_logps(context.base.trunk, batch.packed, [adapter, None])
        change_N = batch.packed.sum_by_completion(after_S - before_S)
        sums["chosenChange"] += change_N[batch.chosen_B].sum().item()
        sums["rejectedChange"] += change_N[batch.rejected_B].sum().item()
        seen = [x_S[batch.forks_B2].exp().sum(1) for x_S in (after_S, before_S)]
        sums["unseenChange"] += (seen[1] - seen[0]).sum().item()
    return {name: total / len(rows) for name, total in sums.items()}
