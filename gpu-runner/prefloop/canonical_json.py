"""Canonical JSON (RFC 8785), mirrored from shared/math/canonical-json.ts: what the edge and the runner hash alike."""

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any


def canonical_json(value: Any) -> str:
    """Keys sorted by UTF-16 code units, no spaces, numbers as ECMAScript prints them.

    Raises ValueError on what JSON cannot hold: numbers that are not finite, lone surrogates, other objects.
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return _number(float(value))
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_string(name)}:{canonical_json(value[name])}" for name in names) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(canonical_json, value)) + "]"
    raise ValueError(f"canonical JSON has no {type(value).__name__}")


def canonical_sha(value: Any) -> str:
    return sha256(canonical_json(value).encode()).hexdigest()


def _string(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("canonical JSON has no lone surrogates")
    return json.dumps(text, ensure_ascii=False)


def _number(value: float) -> str:
    """ECMAScript's Number::toString: the shortest digits, an exponent below 1e-6 and from 1e21."""
    if not math.isfinite(value):
        raise ValueError(f"canonical JSON has no {value}")
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    if 0 < point <= 21:
        shown = text.ljust(point, "0") if len(text) <= point else f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        shown = f"0.{'0' * -point}{text}"
    else:
        fraction = f".{text[1:]}" if len(text) > 1 else ""
        shown = f"{text[0]}{fraction}e{point - 1:+d}"
    return f"-{shown}" if sign else shown
