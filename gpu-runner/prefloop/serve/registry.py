"""Which adapters are loaded. They are known by their sha alone, so a name never comes to mean other weights.

Used from one asyncio loop: what stands between two awaits happens at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from prefloop.serve.errors import ServeError


@dataclass(eq=False)
class Loaded:
    """adapter: of texts or of pictures. differs: whether the probe's outcome is not the base's. users: requests that hold it."""

    sha: str
    adapter: Any
    differs: bool
    users: int = 0


class Registry:
    """At most `capacity` adapters; the one unused for longest makes room, one in use never does.

    load: fetches, checks, builds and probes; raises ServeError.
    """

    def __init__(self, load: Callable[[str], Awaitable[Loaded]], capacity: int):
        self._load = load
        self.capacity = capacity
        self.loaded: dict[str, Loaded] = {}  # the one unused for longest first
        self._loading: dict[str, asyncio.Task[Loaded]] = {}

    async def get(self, sha: str) -> Loaded:
        """The adapter, loaded first where it is not; any number of callers share one loading."""
        if (loaded := self.loaded.get(sha)) is not None:
            return loaded
        if (task := self._loading.get(sha)) is None:
            self._check_room()
            task = self._loading[sha] = asyncio.create_task(self._enter(sha))
            task.add_done_callback(
                lambda done: self._loading.pop(sha) and done.cancelled() or done.exception()
            )
        # a caller that leaves does not take the loading away from the others
        return await asyncio.shield(task)

    @contextmanager
    def using(self, loaded: Loaded) -> Iterator[Any]:
        """Within, the adapter stays."""
        loaded.users += 1
        if self.loaded.get(loaded.sha) is loaded:
            self.loaded[loaded.sha] = self.loaded.pop(loaded.sha)
        try:
            yield loaded.adapter
        finally:
            loaded.users -= 1

    def unload(self, sha: str) -> Loaded | None:
        """Forget an adapter. Requests that hold it finish on it, and its memory goes with the last of them."""
        return self.loaded.pop(sha, None)

    async def _enter(self, sha: str) -> Loaded:
        loaded = await self._load(sha)
        self._check_room()
        if len(self.loaded) >= self.capacity:
            del self.loaded[next(s for s, other in self.loaded.items() if not other.users)]
        self.loaded[sha] = loaded
        return loaded

    def _check_room(self) -> None:
        if len(self.loaded) >= self.capacity and all(loaded.users for loaded in self.loaded.values()):
            raise ServeError(
                503,
                "adapters_busy",
                f"All {self.capacity} adapters that fit are in use: try again in a moment.",
                1,
            )
