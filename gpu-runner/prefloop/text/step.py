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
from prefloop.adapters.update import update
from prefloop.objectives.margins import PairLogps
from prefloop.text.encode import Encoded
from prefloop.text.packing import Packed, pack
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.scored_logps import scored_logps
from prefloop.text.step_metrics import Outcome, PairFacts, StepMetrics, pair_means, to_host
from prefloop.text.trunk import Trunk


@dataclass(frozen=True)
class PairBatch:
    """A microbatch. chosen_B, rejected_B index the N completions; p_B, weight_B as in `objectives.margins`.

    forks_B2: where the two completions of a pair part, as indices of the S scored tokens: (chosen's, rejected's).
    lessons_K index the completions to be imitated."""

    rows: tuple[Encoded, ...]
    packed: Packed
    chosen_B: Tensor
    rejected_B: Tensor
    p_B: Tensor
    weight_B: Tensor
    forks_B2: Tensor
    lessons_K: Tensor

    @property
    def preferences(self) -> int:
        """How many there are: several rows may come from one."""
        return len({row.preference for row in self.rows})

    @property
    def completions(self) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """(prompt ids, completion ids) of the N completions."""
        return [(row.prompt, completion) for row in self.rows for completion in row.completions]


def pair_batch(rows: Sequence[Encoded], device: torch.device | str = "cpu") -> PairBatch:
    """Pack rows; a prompt shared by several of them is run once. Raises ValueError without rows."""
    if not rows:
        raise ValueError("a microbatch needs at least one row")
    packed = pack_rows(rows, device)
    starts_N = (packed.lengths_U.cumsum(0) - packed.lengths_U)[packed.distinct_N].tolist()
    chosen, rejected, p, weight, forks, lessons, first = [], [], [], [], [], [], 0
    for row in rows:
        for pair in row.pairs:
            at = _fork(row.completions[pair.chosen], row.completions[pair.rejected])
            forks.append((starts_N[first + pair.chosen] + at, starts_N[first + pair.rejected] + at))
            chosen.append(first + pair.chosen)
            rejected.append(first + pair.rejected)
            p.append(pair.p)
            weight.append(pair.weight)
        lessons += [first + lesson for lesson in row.lessons]
        first += len(row.completions)
    index = lambda x: torch.tensor(x, dtype=torch.long, device=device)
    number = lambda x: torch.tensor(x, dtype=torch.float32, device=device)
    return PairBatch(
        tuple(rows),
        packed,
        index(chosen),
        index(rejected),
        number(p),
        number(weight),
        index(forks).view(-1, 2),
        index(lessons),
    )


def pack_rows(rows: Sequence[Encoded], device: torch.device | str) -> Packed:
    return pack([(row.prompt, row.completions) for row in rows], device, [row.shared for row in rows])


def _fork(one: Sequence[int], other: Sequence[int]) -> int:
    """The first place where two completions differ; the last common one where a step goes on from the other."""
    shorter = min(len(one), len(other))
    return next((i for i in range(shorter) if one[i] != other[i]), shorter - 1)


def token_logps(trunk: Trunk, packed: Packed, policies: Sequence[Adapter | None]) -> Tensor:
    """(P, S) log-probabilities of the scored tokens, nats, fp32; None is the bare base. Differentiable in the adapters.

    All policies run in one pass: the base's products see the rows of all of them at once.
    """
    all_rows = packed.repeated(len(policies))
    hidden_TH = trunk.packed_hidden(all_rows, [(packed.tokens, policy) for policy in policies])
    token_logps_S = scored_logps(hidden_TH, trunk.head, all_rows.scored_rows_S, all_rows.targets_S)
    return token_logps_S.view(len(policies), -1)


def completion_logps(trunk: Trunk, packed: Packed, policies: Sequence[Adapter | None]) -> Tensor:
    """(P, N) log-probabilities summed over the completions' tokens, as `token_logps`."""
    return packed.sum_by_completion(token_logps(trunk, packed, policies))


@torch.no_grad()
def reference_logps(
    trunk: Trunk, batch: PairBatch, cache: ReferenceCache | None = None, adapter: Adapter | None = None
) -> Tensor:
    """(N,) summed log-probabilities of the base, or of a frozen adapter that is the reference of `cache`.

    With a cache, only rows that it does not know are run."""
    if cache is None:
        return completion_logps(trunk, batch.packed, [adapter])[0]
    keys = [cache.key(prompt, completion) for prompt, completion in batch.completions]
    unknown: list[Encoded] = []
    new_keys: list[bytes] = []
    first = 0
    for row in batch.rows:
        row_keys = keys[first : first + len(row.completions)]
        first += len(row.completions)
        if any(cache.get(key) is None for key in row_keys):
            unknown.append(row)
            new_keys += row_keys
    if unknown:
        packed = pack_rows(unknown, trunk.device)
        cache.put(zip(new_keys, completion_logps(trunk, packed, [adapter])[0].tolist(), strict=True))
    return torch.tensor([cache.get(key) for key in keys], dtype=torch.float32, device=trunk.device)


def at_pairs(batch: PairBatch, policy_N: Tensor, reference_N: Tensor) -> PairLogps:
    lengths_N = batch.packed.lengths_U[batch.packed.distinct_N].to(policy_N.dtype)
    return PairLogps(
        policy_N[batch.chosen_B],
        policy_N[batch.rejected_B],
        reference_N[batch.chosen_B],
        reference_N[batch.rejected_B],
        lengths_N[batch.chosen_B],
        lengths_N[batch.rejected_B],
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


# (batch, the pairs under each policy, (P, N) log-probabilities of all completions) → what to differentiate and show
Objective = Callable[[PairBatch, Sequence[PairLogps], Tensor], Outcome]


def train_step(
    trunk: Trunk,
    batch: PairBatch,
    policies: Sequence[Adapter],
    optimizers: Sequence[torch.optim.Optimizer],
    objective: Objective,
    reference_N: Tensor,
    max_grad_norm: float,
    masks: Sequence[Tensor] = (),
) -> StepMetrics:
    """The loss is the mean over preferences. masks: as in `adapters.update`."""
    token_logps_PS = token_logps(trunk, batch.packed, policies)
    logps_PN = batch.packed.sum_by_completion(token_logps_PS)
    outcome = objective(batch, [at_pairs(batch, policy_N, reference_N) for policy_N in logps_PN], logps_PN)
    loss = outcome.losses_B.sum() / batch.preferences
    norms, finite = update(loss, [policy.flat for policy in policies], optimizers, max_grad_norm, masks)
    return _measure(batch, outcome, loss, logps_PN[0], token_logps_PS[0], norms, not finite)


@torch.no_grad()
def _measure(
    batch: PairBatch,
    outcome: Outcome,
    loss: Tensor,
    logps_N: Tensor,
    token_logps_S: Tensor,
    norms: Tensor,
    skipped: bool,
) -> StepMetrics:
    """`loss` is what is shown: the reported losses alone where there are pairs."""
    lengths_N = batch.packed.lengths_U[batch.packed.distinct_N].float()
    forks_B2 = token_logps_S[batch.forks_B2]
    facts = PairFacts(
        logps_N[batch.chosen_B],
        logps_N[batch.rejected_B],
        lengths_N[batch.chosen_B],
        lengths_N[batch.rejected_B],
        forks_B2[:, 0],
        forks_B2[:, 1],
    )
    reported_B = outcome.reported.losses_B
    shown = reported_B.sum() / batch.preferences if reported_B.numel() else loss
    values = {"loss": shown, "gradNorm": norms.max()} | pair_means(outcome, batch.p_B, facts)
    measured = to_host(values | (outcome.extra or {}))
    return StepMetrics(
        measured.pop("loss"),
        measured,
        pairs=batch.p_B.numel(),
        tokens=batch.packed.tokens * norms.numel(),
        head_rows=batch.packed.scored_rows_S.numel() * norms.numel(),
        skipped=skipped,
    )
