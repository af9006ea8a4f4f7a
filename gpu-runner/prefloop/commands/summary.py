"""The machine-readable summary that `--json FILE` asks for."""

import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch


def write_summary(
    path: Path | None,
    name: str,
    figures: Mapping[str, float],
    seeds: Sequence[int],
    program: str = "prefloop-runner",
) -> None:
    """{ name, command, machine, seeds, figures }; nothing when no file was asked for. program: as it is started."""
    if path is None:
        return
    summary = {
        "name": name,
        "command": shlex.join([*program.split(), *sys.argv[1:]]),
        "machine": machine(),
        "seeds": list(seeds),
        "figures": figures,
    }
    path.write_text(json.dumps(summary, indent=2) + "\n")


def machine() -> str:
    device = (
        torch.cuda.get_device_name()
        if torch.cuda.is_available()
        else platform.processor() or platform.machine()
    )
    return f"{platform.system()} {device}, {os.cpu_count()} CPUs, torch {torch.__version__}"
