"""The loop: lease → train → gate → publish, forever. The only place that catches."""

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prefloop.contracts import AdapterInput, CompletionResult, Dismissal, Failure, Lease
from prefloop.crash import crash_point
from prefloop.edge import Edge
from prefloop.edge_errors import (
    AccessRefused,
    BaseModelMismatch,
    EdgeError,
    EdgeUnreachable,
    LeaseLost,
    StaleParent,
)
from prefloop.file_cache import FileCache
from prefloop.gates.check import HELD_OUT_ROWS
from prefloop.head import fetch_head
from prefloop.held_lease import HeldLease, Stopping
from prefloop.learner import Learner
from prefloop.publish import describe, publish

# log(event, **facts): facts are numbers and short texts
Log = Callable[..., None]


@dataclass(frozen=True)
class Workplace:
    """What a runner works with. `name` is for people; `files` is a cache that may be lost."""

    edge: Edge
    learner: Learner
    name: str
    files: FileCache
    log: Log


@dataclass
class Totals:
    """What one run did."""

    batches: int = 0
    preferences: int = 0
    not_trainable: int = 0
    live: int = 0
    failed: int = 0
    lost: int = 0
    train_seconds: float = 0.0
    gate_seconds: float = 0.0

    def figures(self) -> dict[str, float]:
        return {
            "batches": self.batches,
            "preferences": self.preferences,
            "notTrainable": self.not_trainable,
            "live": self.live,
            "failed": self.failed,
            "lost": self.lost,
            "trainSeconds": self.train_seconds,
            "gateSeconds": self.gate_seconds,
        }


def run(
    place: Workplace,
    domains: Sequence[str],
    totals: Totals,
    *,
    until_idle: float | None = None,
    once: bool = False,
    poll: float = 1.0,
) -> None:
    """Until `edge.stop` is set; with `until_idle`, until nothing was leased for so many seconds; with `once`, one batch.

    domains: only these; none: all of the base model. What was done is added to `totals`.
    Raises AccessRefused, BaseModelMismatch and EdgeUnreachable, which no further batch could get past.
    """
    idle_since = time.monotonic()
    while not place.edge.stop.is_set():
        sent_at = time.monotonic()
        lease = place.edge.lease(place.learner.name, place.name, list(domains))
        if lease is not None:
            work(place, HeldLease(place.edge, lease, sent_at), totals)
            idle_since = time.monotonic()
        elif until_idle is not None and time.monotonic() - idle_since >= until_idle:
            break
        if once:
            break
        if lease is None:
            place.edge.stop.wait(poll)


def work(place: Workplace, held: HeldLease, totals: Totals) -> None:
    """One batch, to whatever end."""
    lease = held.lease
    place.log(
        "leased",
        domain=lease.domain,
        batch=lease.batch,
        attempt=lease.attempt,
        preferences=len(lease.examples),
    )
    crash_point("leased")
    try:
        with held:
            learn_and_publish(place, held, totals)
    except LeaseLost as error:
        totals.lost += 1
        place.log("lost", domain=lease.domain, batch=lease.batch, reason=str(error))
    except Stopping:
        give_back(place, lease, "the runner was stopped", blameless=True)
    except (AccessRefused, BaseModelMismatch, EdgeUnreachable) as error:
        give_back(place, lease, str(error), blameless=True)
        raise
    except Exception as error:  # noqa: BLE001 - whatever a batch does, the next one is tried
        totals.failed += 1
        reason = f"{type(error).__name__}: {error}"
        place.log(
            "failed", domain=lease.domain, batch=lease.batch, reason=reason, trace=traceback.format_exc()
        )
        give_back(place, lease, reason)


def learn_and_publish(place: Workplace, held: HeldLease, totals: Totals) -> None:
    lease = held.lease
    rows, not_trainable = place.learner.read(lease, held.check)
    for item in not_trainable:
        place.log("notTrainable", domain=lease.domain, preference=item.preference, reason=item.reason)
    totals.not_trainable += len(not_trainable)
    if not rows:
        place.edge.dismiss(lease.batch, Dismissal(fence=lease.fence, not_trainable=not_trainable))
        place.log("dismissed", domain=lease.domain, batch=lease.batch, notTrainable=len(not_trainable))
        return

    place.learner.check(lease.recipe)
    held_out = place.edge.held_out(lease.domain, HELD_OUT_ROWS)
    held_out_rows = place.learner.read_held_out(held_out, lease.recipe)
    fingerprint = place.learner.fingerprint
    parent = lease.parent
    while True:
        learned = place.learner.learn(
            fetch_head(place.edge, place.files, parent, fingerprint),
            rows,
            held_out_rows,
            lease,
            {"domain": lease.domain, "parent": parent},
            held.check,
        )
        adapter = describe(lease, parent, learned, fingerprint, place.learner.runtime)
        try:
            result = publish(place.edge, place.files, lease, adapter, learned.files, not_trainable)
        except StaleParent:
            parent = place.edge.domain(lease.domain).head
            place.log("staleParent", domain=lease.domain, batch=lease.batch, head=parent)
        else:
            return count(place, lease, adapter, result, len(rows), totals)


def count(
    place: Workplace, lease: Lease, adapter: AdapterInput, result: CompletionResult, rows: int, totals: Totals
) -> None:
    metrics = adapter.metrics or {}
    totals.batches += 1
    totals.preferences += rows
    totals.live += result.live
    totals.train_seconds += metrics["trainSeconds"]
    totals.gate_seconds += metrics["gateSeconds"]
    place.log(
        "published",
        domain=lease.domain,
        batch=lease.batch,
        adapter=adapter.sha,
        preferences=rows,
        loss=metrics["loss"],
        live=result.live,
        reason=result.reason,
        trainSeconds=metrics["trainSeconds"],
        gateSeconds=metrics["gateSeconds"],
    )


def give_back(place: Workplace, lease: Lease, reason: str, blameless: bool = False) -> None:
    """The edge gives the batch to the next runner at once; where it cannot be told, the lease expires by itself."""
    reason = reason.encode(errors="replace").decode().replace("\0", "")[:1000]
    try:
        place.edge.fail(lease.batch, Failure(fence=lease.fence, reason=reason, blameless=blameless))
    except EdgeError as error:
        place.log("notGivenBack", domain=lease.domain, batch=lease.batch, reason=str(error))
    else:
        place.log("givenBack", domain=lease.domain, batch=lease.batch, reason=reason)
