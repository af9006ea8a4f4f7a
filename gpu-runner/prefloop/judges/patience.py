"""Asking again, and for how long: what is behind a network may be busy."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

from prefloop.judges.judge import JudgeFailed

ATTEMPTS = 4
# Seconds before the second attempt; doubled for each further one.
PAUSE = 0.5
MAX_PAUSE = 30.0
T = TypeVar("T")


class Refused(Exception):
    """What asking again would not change."""


def ask_patiently(once: Callable[[], T], who: str, pause: float) -> T:
    """What `once` answers. Where it cannot be reached, or raises ValueError for an answer of no use, it is asked again.

    Raises JudgeFailed after `ATTEMPTS`, or at once where it raises Refused; never with what was asked in the message.
    """
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(min(MAX_PAUSE, pause * 2 ** (attempt - 1)))
        try:
            return once()
        except httpx.HTTPError as error:
            reason = type(error).__name__
        except Refused as error:
            raise JudgeFailed(str(error)) from error
        except ValueError as error:
            reason = str(error)
    raise JudgeFailed(f"{who} failed {ATTEMPTS} times: {reason}")


def check_status(response: httpx.Response, who: str) -> None:
    """Raises ValueError for what may pass, Refused for what will not."""
    if response.status_code in (408, 409, 425, 429) or response.status_code >= 500:
        raise ValueError(f"it answers with {response.status_code}")
    if response.status_code != 200:
        raise Refused(f"{who} refuses the request: {response.status_code}")
