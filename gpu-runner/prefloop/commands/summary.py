"""The machine-readable summary that `--json FILE` asks for."""

import json
import os
import platform
import shlex
import sys
from pathlib import Path

import torch


def write_summary(path: Path | None, name: str, figures: dict[str, float], seeds: list[int]) -> None:
    """{ name, command, machine, seeds, figures }; nothing when no file was asked for."""
    if path is None:
        return
    summary = {
        "name": name,
        "command": shlex.join(["prefloop-runner", *sys.argv[1:]]),
        "machine": machine(),
        "seeds": seeds,
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
