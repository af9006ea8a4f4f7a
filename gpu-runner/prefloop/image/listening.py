"""Whom a denoiser listens to in a run: it knows the times, and its attentions know the users (`personalize`)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from torch import Tensor

_HEARD: ContextVar[Callable[[], Tensor] | None] = ContextVar("prefloop_heard", default=None)


@contextmanager
def heard(find_heard: Callable[[], Tensor]) -> Iterator[None]:
    """Within, users of pictures at False of (B,) are nobody in particular. find_heard: asked once, and only if somebody listens."""
    token = _HEARD.set(cache(find_heard))
    try:
        yield
    finally:
        _HEARD.reset(token)


def who_is_heard() -> Tensor | None:
    """(B,), one a picture of the run; None outside of one."""
    find_heard = _HEARD.get()
    return find_heard() if find_heard else None
