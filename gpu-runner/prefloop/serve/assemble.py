"""The parts of a server, put together around one base."""

from collections.abc import Sequence
from dataclasses import dataclass

from prefloop.base import Base, ImageBase
from prefloop.serve.app import Post, Server
from prefloop.serve.chat import Chat
from prefloop.serve.credit import Crediting
from prefloop.serve.engine import Engine
from prefloop.serve.image_load import image_loader
from prefloop.serve.images import Images
from prefloop.serve.load import loader
from prefloop.serve.painter import Painter
from prefloop.serve.registry import Registry
from prefloop.serve.source import Source
from prefloop.taste.features import FeatureEncoder
from prefloop.text.decode import CONTEXT, Decoder
from prefloop.text.text_stream import fast_tokenizer


@dataclass(frozen=True)
class TextServer(Server):
    """chat: for those who change how it reads."""

    chat: Chat


def assemble(
    base: Base,
    sources: Sequence[Source],
    *,
    slots: int = 64,
    context: int = CONTEXT,
    queue: int = 512,
    max_adapters: int = 32,
    key: str | None = None,
) -> TextServer:
    """slots: texts written at once · queue: completions that may wait · key: bearer asked for, None: none."""
    ends = base.encoder.end_ids
    engine = Engine(lambda: Decoder(base.trunk, ends, slots, context), fast_tokenizer(base.encoder), queue)
    registry = Registry(loader(engine, sources), max_adapters)
    chat, crediting = Chat(engine, registry, base.encoder), Crediting(engine, registry, base.encoder)
    posts: dict[str, Post] = {
        "/v1/chat/completions": chat.answer,
        "/v1/credit": lambda _, body: crediting.answer(body),
        "/v1/log-ratios": lambda _, body: chat.log_ratios.answer(body),
    }
    return TextServer(engine, registry, posts, base.name, base.fingerprint, key, chat)


def assemble_images(
    base: ImageBase,
    sources: Sequence[Source],
    *,
    features: FeatureEncoder | None = None,
    queue: int = 64,
    max_adapters: int = 32,
    key: str | None = None,
) -> Server:
    """queue: requests that may wait."""
    painter = Painter(base.model, features, queue)
    images = Images(painter, registry := Registry(image_loader(painter, sources), max_adapters))
    posts: dict[str, Post] = {
        "/v1/images/generations": images.generate,
        "/v1/features": images.features,
    }
    return Server(painter, registry, posts, base.name, base.fingerprint, key)
