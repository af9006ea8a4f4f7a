"""A Python function that is named on the command line, MODULE:FUNCTION."""

import importlib
import os
import re
import sys
from collections.abc import Callable
from typing import Any

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def names_function(source: str) -> bool:
    return _FUNCTION.fullmatch(source) is not None


def load_function(source: str, what: str) -> Callable[..., Any]:
    """Found from where the command is started. what: begins the message of the ValueError that is raised where there is none."""
    module, _, name = source.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # as `python -m` would have it
    try:
        function: Any = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise ValueError(f"{what} cannot be loaded: {type(error).__name__}: {error}") from error
    if not callable(function):
        raise ValueError(f"{what}: is no function")
    return function
