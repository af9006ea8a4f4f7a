"""What a long command says while it works: a line for people, or a JSON object for machines."""

import json
import sys
import time
from collections.abc import Callable

Log = Callable[..., None]

# Facts that are too long for a line that people read; the sha's first digits say enough.
_SHORT = {"adapter": 12, "batch": 36, "fingerprint": 12, "head": 12}


def log_text(event: str, **facts: object) -> None:
    trace = facts.pop("trace", None)
    words = [f"{name} {_readable(name, value)}" for name, value in facts.items() if value is not None]
    print(f"{time.strftime('%H:%M:%S')} {event}: {' · '.join(words)}", flush=True)
    if trace:
        print(str(trace).rstrip(), file=sys.stderr, flush=True)


def log_json(event: str, **facts: object) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(json.dumps({"at": at, "event": event, **facts}), flush=True)


def _readable(name: str, value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)[: _SHORT.get(name)]


LOGS: dict[str, Log] = {"text": log_text, "json": log_json}
