"""The parts of a server, put together around one base."""

from collections.abc import Sequence

from prefloop.base import Base
from prefloop.serve.app import Server
from prefloop.serve.chat import Chat
from prefloop.serve.credit import Crediting
from prefloop.serve.engine import Engine
from prefloop.serve.load import loader
from prefloop.serve.registry import Registry
from prefloop.serve.source import Source
from prefloop.text.decode import CONTEXT, Decoder
from prefloop.text.text_stream import fast_tokenizer


def assemble(
    base: Base,
    sources: Sequence[Source],
    *,
    slots: int = 64,
    context: int = CONTEXT,
    queue: int = 512,
    max_adapters: int = 32,
    key: str | None = None,
) -> Server:
    """slots: texts written at once · queue: completions that may wait · key: bearer asked for, None: none."""
    ends = base.encoder.end_ids
    engine = Engine(lambda: Decoder(base.trunk, ends, slots, context), fast_tokenizer(base.encoder), queue)
    registry = Registry(loader(engine, sources), max_adapters)
    chat, crediting = Chat(engine, registry, base.encoder), Crediting(engine, registry, base.encoder)
    return Server(engine, registry, chat, crediting, base.name, base.fingerprint, key)
