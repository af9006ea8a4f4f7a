"""One training step: encoded rows → one packed pass → log-probabilities → objective → backward → AdamW.

Any number of policies (adapters) share the pass over the frozen base: two for OFS-DPO, one for DPO. The reference is
the base with the adapters off, under no_grad, cached by content where a cache is given.

Shapes: P policies · N completions of the microbatch · B pairs among them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.objectives.margins import PairLogps, PairLosses
from prefloop.text.encode import Encoded
from prefloop.text.packing import Packed, pack
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.scored_logps import scored_logps
from prefloop.text.trunk import Trunk


@dataclass(frozen=True)
class PairBatch:
    """A microbatch. chosen_B, rejected_B index the N completions; p_B, weight_B as in `objectives.margins`."""

    rows: tuple[Encoded, ...]
    packed: Packed
    chosen_B: Tensor
    rejected_B: Tensor
    p_B: Tensor
    weight_B: Tensor

    @property
    def completions(self) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """(prompt ids, completion ids) of the N completions."""
        return [(row.prompt, completion) for row in self.rows for completion in row.completions]


def pair_batch(rows: Sequence[Encoded], device: torch.device | str = "cpu") -> PairBatch:
    """Pack rows; a prompt shared by several of them is run once. Raises ValueError without rows."""
    if not rows:
        raise ValueError("a microbatch needs at least one row")
    packed = pack([(row.prompt, row.completions) for row in rows], device)
    chosen, rejected, p, weight, first = [], [], [], [], 0
    for row in rows:
        for pair in row.pairs:
            chosen.append(first + pair.chosen)
            rejected.append(first + pair.rejected)
            p.append(pair.p)
            weight.append(pair.weight)
        first += len(row.completions)
    index = lambda x: torch.tensor(x, dtype=torch.long, device=device)
    number = lambda x: torch.tensor(x, dtype=torch.float32, device=device)
    return PairBatch(tuple(rows), packed, index(chosen), index(rejected), number(p), number(weight))


def completion_logps(trunk: Trunk, packed: Packed, policies: Sequence[Adapter | None]) -> Tensor:
    """(P, N) summed log-probabilities, nats, fp32; None is the bare base. Differentiable in the adapters.

    All policies run in one pass: the base's products see the rows of all of them at once.
    """
    all_rows = packed.repeated(len(policies))
    hidden_TH = trunk.packed_hidden(all_rows, [(packed.tokens, policy) for policy in policies])
    token_logps_S = scored_logps(hidden_TH, trunk.head, all_rows.scored_rows_S, all_rows.targets_S)
    return all_rows.sum_by_completion(token_logps_S).view(len(policies), -1)


@torch.no_grad()
def reference_logps(trunk: Trunk, batch: PairBatch, cache: ReferenceCache | None = None) -> Tensor:
    """(N,) summed log-probabilities of the base. With a cache, only rows that it does not know are run."""
    if cache is None:
        return completion_logps(trunk, batch.packed, [None])[0]
    keys = [cache.key(prompt, completion) for prompt, completion in batch.completions]
    unknown: list[tuple[tuple[int, ...], Sequence[tuple[int, ...]]]] = []
    new_keys: list[bytes] = []
    first = 0
    for row in batch.rows:
        row_keys = keys[first : first + len(row.completions)]
        first += len(row.completions)
        if any(cache.get(key) is None for key in row_keys):
            unknown.append((row.prompt, row.completions))
            new_keys += row_keys
    if unknown:
        packed = pack(unknown, trunk.device)
        cache.put(zip(new_keys, completion_logps(trunk, packed, [None])[0].tolist(), strict=True))
    return torch.tensor([cache.get(key) for key in keys], dtype=torch.float32, device=trunk.device)


def at_pairs(batch: PairBatch, policy_N: Tensor, reference_N: Tensor) -> PairLogps:
    return PairLogps(
        policy_N[batch.chosen_B],
        policy_N[batch.rejected_B],
        reference_N[batch.chosen_B],
        reference_N[batch.rejected_B],
    )


def check_start(trunk: Trunk, batch: PairBatch, policies: Sequence[Adapter]) -> None:
    """Refuse to train unless fresh adapters give margin exactly 0 against the reference on the very same rows.

    Anything else means that the reference is not the model that training starts from: the commonest silent fault of
    preference training. Each policy runs in a pass of the reference's shape, since a kernel may sum in another order for
    another shape. Raises ValueError.
    """
    with torch.no_grad():
        reference_N = completion_logps(trunk, batch.packed, [None])[0]
        for policy in policies:
            policy_N = completion_logps(trunk, batch.packed, [policy])[0]
            margin_B = at_pairs(batch, policy_N, reference_N).log_ratio_margin_B
            if not bool((margin_B == 0).all()):
                worst = margin_B.abs().max().item()
                raise ValueError(
                    f"the margin at step 0 is {worst:g} and not 0: the reference is not where training starts"
                )


@dataclass(frozen=True)
class Outcome:
    """What an objective gives back: the loss to differentiate, (B,) or a sum of such, and what is reported.

    losses_B: of all policies together. reported: of the policy whose numbers are shown. margin_B: its m, detached."""

    losses_B: Tensor
    reported: PairLosses
    margin_B: Tensor


Objective = Callable[[Sequence[PairLogps], Tensor, Tensor], Outcome]


@dataclass(frozen=True)
class StepMetrics:
    """Means over the pairs of one step; docs/metrics.md explains each. `skipped`: not finite, nothing was changed."""

    loss: float
    accuracy: float
    margin: float
    rewards_chosen: float
    rewards_rejected: float
    logps_chosen: float
    logps_rejected: float
    length_chosen: float
    length_rejected: float
    slope: float
    grad_norm: float
    pairs: int
    tokens: int
    head_rows: int
    skipped: bool


def train_step(
    trunk: Trunk,
    batch: PairBatch,
    policies: Sequence[Adapter],
    optimizers: Sequence[torch.optim.Optimizer],
    objective: Objective,
    reference_N: Tensor,
    max_grad_norm: float,
) -> StepMetrics:
    """The loss is the mean over preferences; gradients are clipped for each policy by itself."""
    for policy in policies:
        assert policy.flat.grad is not None
        policy.flat.grad.zero_()

    # forward
    logps_PN = completion_logps(trunk, batch.packed, policies)
    outcome = objective(
        [at_pairs(batch, policy_N, reference_N) for policy_N in logps_PN], batch.p_B, batch.weight_B
    )
    loss = outcome.losses_B.sum() / len(batch.rows)

    # backward
    loss.backward()
    norms = torch.stack([policy.flat.grad.norm() for policy in policies if policy.flat.grad is not None])

    # update, unless something is not finite
    finite = bool(torch.isfinite(loss)) and bool(torch.isfinite(norms).all())
    if finite:
        for policy, optimizer, norm in zip(policies, optimizers, norms, strict=True):
            assert policy.flat.grad is not None
            policy.flat.grad.mul_((max_grad_norm / (norm + 1e-6)).clamp(max=1.0))
            optimizer.step()
    return _measure(batch, outcome, logps_PN.detach(), norms, len(policies), skipped=not finite)


@torch.no_grad()
def _measure(
    batch: PairBatch, outcome: Outcome, logps_PN: Tensor, norms: Tensor, policies: int, skipped: bool
) -> StepMetrics:
    """Everything in one transfer from the device."""
    lengths_N = batch.packed.lengths_U[batch.packed.distinct_N].float()
    sided_B = torch.sign(batch.p_B - 0.5) * outcome.margin_B
    chosen_B, rejected_B = logps_PN[0][batch.chosen_B], logps_PN[0][batch.rejected_B]
    measured = {
        "loss": outcome.reported.losses_B.detach().sum() / len(batch.rows),
        "accuracy": (0.5 + 0.5 * torch.sign(sided_B)).mean(),
        "margin": outcome.margin_B.mean(),
        "rewards_chosen": outcome.reported.chosen_rewards_B.mean(),
        "rewards_rejected": outcome.reported.rejected_rewards_B.mean(),
        "logps_chosen": chosen_B.mean(),
        "logps_rejected": rejected_B.mean(),
        "length_chosen": lengths_N[batch.chosen_B].mean(),
        "length_rejected": lengths_N[batch.rejected_B].mean(),
        "slope": torch.sigmoid(-outcome.margin_B).mean(),
        "grad_norm": norms.max(),
    }
    return StepMetrics(
        **dict(zip(measured, torch.stack(list(measured.values())).tolist(), strict=True)),
        pairs=batch.chosen_B.numel(),
        tokens=batch.packed.tokens * policies,
        head_rows=batch.packed.scored_rows_S.numel() * policies,
        skipped=skipped,
    )


def adamw(adapter: Adapter, learning_rate: float, weight_decay: float = 0.0) -> torch.optim.AdamW:
    """Over the adapter's one flat buffer."""
    return torch.optim.AdamW([adapter.flat], lr=learning_rate, weight_decay=weight_decay, fused=True)
