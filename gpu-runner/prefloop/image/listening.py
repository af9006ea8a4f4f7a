"""Whom a denoiser listens to in a run: it knows the times, and its attentions know the users (`personalize`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import Tensor

_HEARD: ContextVar[Tensor | None] = ContextVar("prefloop_heard", default=None)


@contextmanager
def heard(heard_B: Tensor) -> Iterator[None]:
    """Within, users of pictures at False are nobody in particular."""
    token = _HEARD.set(heard_B)
    try:
        yield
    finally:
        _HEARD.reset(token)


def who_is_heard() -> Tensor | None:
    """(B,), one a picture of the run; None outside of one."""
    return _HEARD.get()
