"""A server of the product on a port of its own, in this process, and a client of it."""

import hashlib
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import uvicorn

from prefloop.adapters.manifest import manifest_sha
from prefloop.serve.app import Server, create_app
from prefloop.text.completion import Completion

FINGERPRINT = "f" * 64


def publish(folder: Path, files: dict[str, bytes]) -> str:
    """Put an adapter's files where `from_folder` looks for them; returns its sha."""
    sha = manifest_sha({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
    (folder / sha).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / sha / name).write_bytes(content)
    return sha


class Running:
    """A server on a port of its own, and a client of it."""

    def __init__(self, server: Server):
        self.server = server
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            create_app(server),
            log_level="error",
            lifespan="on",
            timeout_graceful_shutdown=120,
            timeout_keep_alive=75,  # as the command's: at uvicorn's 5 s, which are httpx's too, one may meet a closed connection
        )
        self.uvicorn = uvicorn.Server(config)
        self.thread = threading.Thread(target=partial(self.uvicorn.run, sockets=[listener]), daemon=True)
        self.thread.start()
        self.http = httpx.Client(base_url=self.url, timeout=300)
        self.steps: threading.Semaphore | None = None

    def stepwise(self) -> threading.Semaphore:
        """From now on a decoding step waits until it is released."""
        decoder = self.server.engine.decoder
        steps, step = threading.Semaphore(0), decoder.step

        def released() -> list[Completion]:
            steps.acquire()
            return step()

        decoder.step = released
        self.steps = steps
        return steps

    def in_flight(self) -> int:
        return self.http.get("/health").json()["inFlight"]

    def wait_for(self, what: Callable[[], bool]) -> None:
        for _ in range(12000):
            if what():
                return
            time.sleep(0.01)
        raise AssertionError("it did not happen within 120 s")

    def chat(self, **fields: object) -> httpx.Response:
        body = {"model": "base", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8} | fields
        return self.http.post("/v1/chat/completions", json=body)

    def stop(self) -> None:
        if self.steps:
            self.steps.release(100_000)
        self.http.close()
        self.uvicorn.should_exit = True
        self.thread.join(timeout=120)
        assert not self.thread.is_alive()


# options of `assemble`, or `sources` -> a running server
Start = Callable[..., Running]
