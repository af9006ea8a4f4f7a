"""Client of the edge API. Retries live here and nowhere else.

Every call made here may be repeated: a lease whose answer was lost expires by itself, files are named by their hash,
a repeated completion gets the first answer again. So a network error, a 429 or a 5xx is waited out with jittered,
growing pauses; any other refusal is raised at once, as the class its code maps to.
"""

import itertools
import math
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from prefloop.contracts import (
    AdapterRecord,
    Completion,
    CompletionResult,
    Dismissal,
    Domain,
    DomainList,
    EncoderRecord,
    Failure,
    Heartbeat,
    HeartbeatResult,
    HeldOut,
    Lease,
    LeaseRequest,
)
from prefloop.edge_errors import EdgeError, EdgeUnreachable, refusal

Model = TypeVar("Model", bound=BaseModel)

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 15.0
BUG_SECONDS = 60.0


class Edge:
    """The calls a runner makes. Thread-safe: the heartbeat thread shares the client with the loop.

    `patience` is how long one call is retried, in seconds; `stop` ends any pause at once, and the retrying with it.
    `report` is told when the edge becomes unreachable, once, and when it answers again.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        patience: float = math.inf,
        stop: threading.Event | None = None,
        report: Callable[[str], None] = lambda message: None,
        jitter: random.Random | None = None,
        transport: httpx.BaseTransport | None = None,
    ):
        self.url = url.rstrip("/")
        self.patience = patience
        self.stop = stop or threading.Event()
        self.report = report
        self.jitter = jitter or random.Random()
        self.is_down = False
        self.http = httpx.Client(
            base_url=f"{self.url}/v1/",
            headers={"authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(120, connect=10),
            transport=transport,
        )

    def close(self) -> None:
        self.http.close()

    def domains(self) -> list[Domain]:
        return _read(DomainList, self._call("GET", "domains")).items

    def domain(self, domain: str) -> Domain:
        return _read(Domain, self._call("GET", f"domains/{domain}"))

    def lease(self, base_model: str, runner: str, domains: list[str] | None = None) -> Lease | None:
        """The next batch to train, or None when nothing waits."""
        body = LeaseRequest.model_validate(
            {"baseModel": base_model, "runner": runner} | ({"domains": domains} if domains else {})
        )
        answer = self._call("POST", "batches/lease", body)
        return None if answer.status_code == 204 else _read(Lease, answer)

    def heartbeat(self, batch: str, fence: int) -> HeartbeatResult:
        """Asked once: the heartbeat thread comes again by itself. Raises LeaseLost, EdgeUnreachable."""
        body = Heartbeat(fence=fence)
        answer = self._call("POST", f"batches/{batch}/heartbeat", body, attempts=1)
        return _read(HeartbeatResult, answer)

    def complete(self, batch: str, completion: Completion) -> CompletionResult:
        """Publish and consume in one atomic call. Raises LeaseLost, StaleParent; repeating it is safe."""
        answer = self._call("POST", f"batches/{batch}/complete", completion)
        return _read(CompletionResult, answer)

    def fail(self, batch: str, failure: Failure) -> None:
        """Give the batch back with the reason. A lease that cannot be given back expires by itself."""
        self._call("POST", f"batches/{batch}/fail", failure, attempts=3)

    def dismiss(self, batch: str, dismissal: Dismissal) -> None:
        self._call("POST", f"batches/{batch}/dismiss", dismissal)

    def held_out(self, domain: str, limit: int) -> HeldOut:
        answer = self._call("GET", f"domains/{domain}/held-out?limit={limit}")
        return _read(HeldOut, answer)

    def adapter(self, sha: str) -> AdapterRecord:
        return _read(AdapterRecord, self._call("GET", f"adapters/{sha}"))

    def download(self, sha: str, name: str) -> bytes:
        """One file of an adapter. Its hash is the caller's to check."""
        return self._call("GET", f"adapters/{sha}/files/{name}").content

    def image(self, sha256: str) -> bytes:
        """A picture of the project. Its hash is the caller's to check."""
        return self._call("GET", f"images/{sha256}").content

    def encoder(self, sha: str) -> EncoderRecord:
        return _read(EncoderRecord, self._call("GET", f"encoders/{sha}"))

    def encoder_file(self, sha: str, name: str) -> bytes:
        """One file of a user encoder. Its hash is the caller's to check."""
        return self._call("GET", f"encoders/{sha}/files/{name}").content

    def upload(self, sha256: str, name: str, content: bytes) -> None:
        """Store a file under its hash; the same file again is a replay."""
        self._call("PUT", f"adapters/files/{sha256}?name={name}", content=content)

    def _call(
        self,
        method: str,
        path: str,
        body: BaseModel | None = None,
        *,
        content: bytes | None = None,
        attempts: float = math.inf,
    ) -> httpx.Response:
        headers = {}
        if body is not None:
            content = body.model_dump_json(by_alias=True, exclude_unset=True).encode()
            headers["content-type"] = "application/json"
        elif content is not None:
            headers["content-type"] = "application/octet-stream"
        start = time.monotonic()
        for attempt in itertools.count(1):
            try:
                answer = self.http.request(method, path, content=content, headers=headers)
                trouble = f"HTTP {answer.status_code}"
            except httpx.TransportError as error:
                answer, trouble = None, str(error) or type(error).__name__
            if answer is not None and answer.status_code != 429 and answer.status_code < 500:
                self._say_up()
                if answer.is_success:
                    return answer
                raise refusal(answer)
            self._say_down(trouble)
            pause = max(_retry_after(answer), _pause(attempt, self.jitter))
            # A 500 that stays is the edge's bug, not its absence: waiting for ever would hide it.
            patience = min(self.patience, BUG_SECONDS) if trouble == "HTTP 500" else self.patience
            if attempt >= attempts or time.monotonic() - start + pause > patience or self.stop.wait(pause):
                raise EdgeUnreachable("unreachable", f"the edge at {self.url} does not answer: {trouble}")
        raise AssertionError("counting never ends")

    def _say_down(self, trouble: str) -> None:
        if not self.is_down:
            self.is_down = True
            self.report(f"the edge at {self.url} does not answer ({trouble}); waiting for it")

    def _say_up(self) -> None:
        if self.is_down:
            self.is_down = False
            self.report(f"the edge at {self.url} answers again")


def _read(model: type[Model], answer: httpx.Response) -> Model:
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = (
            f"the edge's answer is no {model.__name__} ({where}: {first['msg']}): is it of another version?"
        )
        raise EdgeError("invalid_answer", message, answer.status_code) from error


def _pause(attempt: int, jitter: random.Random) -> float:
    """Seconds before the next attempt: doubling, capped, and spread out so that runners do not return as one."""
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 10)) * jitter.uniform(
        0.5, 1
    )


def _retry_after(answer: httpx.Response | None) -> float:
    seconds = answer.headers.get("retry-after", "") if answer is not None else ""
    return min(float(seconds), 300.0) if seconds.isdigit() else 0.0
