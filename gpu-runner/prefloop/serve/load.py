"""From a sha to an adapter that may answer: found, read, probed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from prefloop.adapters.files import read_peft
from prefloop.adapters.lora import Adapter
from prefloop.serve.engine import Engine
from prefloop.serve.errors import ServeError
from prefloop.serve.probe import probe
from prefloop.serve.registry import Loaded
from prefloop.serve.source import Source


def loader(engine: Engine, sources: Sequence[Source]) -> Callable[[str], Awaitable[Loaded]]:
    """Ask the sources in turn. Only the probe takes time from the requests that are being answered."""

    def fetch(sha: str) -> Adapter:
        for source in sources:
            if (files := source(sha)) is not None:
                try:
                    return read_peft(files, engine.decoder.trunk.layers).freeze()
                except ValueError as error:
                    raise ServeError(
                        422, "adapter_invalid", f"Adapter {sha} cannot be used: {error}"
                    ) from error
        raise ServeError(404, "not_found", f"There is no adapter {sha}.")

    async def load(sha: str) -> Loaded:
        adapter = await asyncio.to_thread(fetch, sha)
        differs = await engine.run(lambda: probe(engine.decoder.trunk, adapter))
        return Loaded(sha, adapter, differs)

    return load
