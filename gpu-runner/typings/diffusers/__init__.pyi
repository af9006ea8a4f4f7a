"""diffusers says neither what it exports nor, rightly, what its classes take: to the type checker it is of any type."""

from typing import Any

def __getattr__(name: str) -> Any: ...
