"""A leased batch and the thread that renews it, by the server's clock."""

import threading
import time
from types import TracebackType
from typing import Self

from prefloop.contracts import HeartbeatResult, Lease
from prefloop.edge import Edge
from prefloop.edge_errors import EdgeError, EdgeUnreachable


class Stopping(Exception):
    """The runner was asked to stop: the batch goes back."""


class HeldLease:
    """Use as a context manager around the work on `lease`; `check` between steps raises what ends that work.

    The runner's own clock is never compared with the server's: every answer says how long the lease still has, and
    that much is counted from the moment the question was sent. A heartbeat that the edge refuses is the end of the
    lease; one that gets no answer is not, the edge decides when it is back.
    """

    def __init__(self, edge: Edge, lease: Lease, sent_at: float):
        self.edge = edge
        self.lease = lease
        self.lost: EdgeError | None = None
        self._ends_at = sent_at + (lease.expires_at - lease.now) / 1000
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        """Raises LeaseLost when the edge said so, Stopping when the runner is to stop."""
        if self.lost is not None:
            raise self.lost
        if self.edge.stop.is_set():
            raise Stopping

    def _renew(self) -> None:
        while not self._done.wait(max(0.2, (self._ends_at - time.monotonic()) / 3)):
            sent_at = time.monotonic()
            try:
                answer: HeartbeatResult = self.edge.heartbeat(self.lease.batch, self.lease.fence)
            except EdgeUnreachable:
                continue
            except EdgeError as error:
                self.lost = error
                return
            self._ends_at = sent_at + (answer.expires_at - answer.now) / 1000
