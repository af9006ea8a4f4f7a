"""The decoder on a thread of its own; requests come from, and answers go to, an asyncio loop.

All that touches the model happens on that thread: decoding steps, and the runs of `Engine.run` between two of them.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from tokenizers import Tokenizer

from prefloop.serve.errors import ServeError
from prefloop.text.completion import Completion, Request, Watch
from prefloop.text.decode import Decoder
from prefloop.text.text_stream import TextStream

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Piece:
    """What one token added to completion `index`: settled text, perhaps none."""

    index: int
    text: str
    token: int
    logp: float
    model_logp: float


@dataclass(frozen=True)
class Done:
    """Completion `index` is finished; `rest`: settled text that no Piece brought."""

    index: int
    rest: str
    completion: Completion


Event = Piece | Done


class Ticket:
    """A request being answered. Iterate over its events; the last ones are its `n` Dones. `close` it in any case.

    live: every Piece is wanted, not only the Dones.
    """

    def __init__(self, engine: "Engine", request: Request, stop: Sequence[str], live: bool):
        self.engine = engine
        self.request = request
        self.live = live
        self.open = request.n  # completions whose Done was not delivered
        self.events: asyncio.Queue[Event | ServeError] = asyncio.Queue()
        watched = live or stop
        self.streams = [TextStream(engine.tokenizer, stop) for _ in range(request.n)] if watched else []
        self.completions: list[Completion] = []  # the engine thread's

    async def __aiter__(self) -> AsyncIterator[Event]:
        left = self.request.n
        while left:
            event = await self.events.get()
            if isinstance(event, ServeError):
                raise event
            left -= isinstance(event, Done)
            yield event

    def text(self, completion: Completion) -> str:
        """Of a finished completion."""
        if self.streams:
            return self.streams[completion.index].text
        return self.engine.tokenizer.decode(completion.token_ids, skip_special_tokens=True)

    def close(self) -> None:
        """Give back what is not finished: its rows are free after the step that is running."""
        self.engine.close(self)


class Engine:
    """`start` and everything else but the thread's own work is called on one asyncio loop.

    make_decoder: called at start, and again after a step that failed, whose state cannot be trusted.
    queue: completions that may wait for a slot; what comes on top is refused.
    """

    def __init__(self, make_decoder: Callable[[], Decoder], tokenizer: Tokenizer, queue: int):
        self.make_decoder = make_decoder
        self.decoder = make_decoder()
        self.tokenizer = tokenizer
        self.queue = queue
        self.in_flight = 0
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._tickets: dict[int, Ticket] = {}  # by id of a completion: the engine thread's
        self._events: list[tuple[Ticket, Event | ServeError]] = []
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Let the running step end; what is unfinished stays so."""
        self._stopping = True
        self._jobs.put(lambda: None)
        await asyncio.to_thread(self._thread.join)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, request: Request, stop: Sequence[str] = (), live: bool = False) -> Ticket:
        """Queue a request. `stop`: strings that end a completion and are not part of it.

        Raises ServeError: 400 for what does not fit the decoder, 503 when too many wait.
        """
        try:
            self.decoder.check(request)
        except ValueError as error:
            raise ServeError(400, "context_overflow", str(error)) from error
        self._take(request.n)
        ticket = Ticket(self, request, stop, live)
        self._jobs.put(lambda: self._submit(ticket))
        return ticket

    @contextmanager
    def room_for(self, completions: int) -> Iterator[None]:
        """Count what is written beside the decoder with what it writes. Raises ServeError 503 when too many wait."""
        self._take(completions)
        try:
            yield
        finally:
            self.in_flight -= completions

    def _take(self, completions: int) -> None:
        if self.in_flight + completions > self.decoder.slots + self.queue:
            raise ServeError(503, "overloaded", "Too many requests are waiting: try again in a moment.", 1)
        self.in_flight += completions

    def close(self, ticket: Ticket) -> None:
        if ticket.open:
            self.in_flight -= ticket.open
            ticket.open = 0
            self._jobs.put(lambda: self._cancel(ticket))

    def _deliver(self, events: Sequence[tuple[Ticket, Event | ServeError]]) -> None:
        for ticket, event in events:
            if not ticket.open:
                continue
            ticket.events.put_nowait(event)
            finished = ticket.open if isinstance(event, ServeError) else int(isinstance(event, Done))
            ticket.open -= finished
            self.in_flight -= finished

    async def run(self, function: Callable[[], T]) -> T:
        """Run a function on the engine thread, between two steps."""
        future: asyncio.Future[T] = self._loop.create_future()

        def job() -> None:
            try:
                result, error = function(), None
            except Exception as caught:  # noqa: BLE001 - raised again where it was asked for
                result, error = None, caught
            self._loop.call_soon_threadsafe(_resolve, future, result, error)

        self._jobs.put(job)
        return await future

    # On the engine thread from here on.

    def _work(self) -> None:
        while not self._stopping:
            try:
                self._take_jobs(wait=self.decoder.idle)
                if not self.decoder.idle:
                    self._tell(self.decoder.step())
            except Exception:
                logger.exception("a decoding step failed, and every request in flight with it")
                self._fail_all()
            if self._events:
                events, self._events = self._events, []
                self._loop.call_soon_threadsafe(self._deliver, events)

    def _take_jobs(self, wait: bool) -> None:
        try:
            while True:
                self._jobs.get(block=wait)()
                wait = False
        except Empty:
            pass

    def _submit(self, ticket: Ticket) -> None:
        watches = [self._watch(ticket, i) for i in range(len(ticket.streams))]
        ticket.completions = self.decoder.submit(ticket.request, watches)
        self._tickets |= {id(c): ticket for c in ticket.completions}

    def _watch(self, ticket: Ticket, index: int) -> Watch:
        stream = ticket.streams[index]

        def watch(token: int, logp: float, model_logp: float) -> bool:
            text = stream.push(token)
            if ticket.live:
                self._events.append((ticket, Piece(index, text, token, logp, model_logp)))
            return stream.stopped

        return watch

    def _tell(self, finished: Sequence[Completion]) -> None:
        for completion in finished:
            ticket = self._tickets.pop(id(completion))
            rest = ticket.streams[completion.index].finish() if ticket.streams else ""
            self._events.append((ticket, Done(completion.index, rest, completion)))

    def _fail_all(self) -> None:
        error = ServeError(500, "inference_failed", "The model failed on this batch of requests.")
        self._events += [(ticket, error) for ticket in {id(t): t for t in self._tickets.values()}.values()]
        self._tickets.clear()
        self.decoder = self.make_decoder()

    def _cancel(self, ticket: Ticket) -> None:
        self.decoder.cancel(ticket.completions)
        for completion in ticket.completions:
            self._tickets.pop(id(completion), None)


def _resolve(future: asyncio.Future, result: object, error: Exception | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
