"""What one benchmark process writes down: when each step ended, the losses, and how much memory training took.

Runs unchanged in our environment and in the peers'. Times are seconds since the process's own zero, memory is bytes.
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

import torch

_CLEAR_PEAK = "5"  # proc(5), clear_refs: the peak becomes the present


class Recorder:
    """Call `loaded` once, `step` after every step, `write` at the end."""

    def __init__(self, device: str = "cpu") -> None:
        self.cuda = device != "cpu"
        self.device_loaded = 0
        self.ends: list[float] = []
        self.losses: list[float] = []
        self.seconds: dict[str, float] = {}
        self.rss_loaded = 0

    def loaded(self, parameters: Iterable[torch.Tensor]) -> None:
        """The model is in memory and no step has been taken: memory is counted from here.

        Weights are touched first, or those that the loader only mapped would be counted as training's.
        """
        with torch.no_grad():
            for parameter in parameters:
                parameter.sum()
        gc.collect()
        self.rss_loaded = _resident()
        _clear_peak()
        if self.cuda:
            torch.cuda.synchronize()
            self.device_loaded = torch.cuda.memory_allocated()
            torch.cuda.reset_peak_memory_stats()

    @contextmanager
    def timed(self, name: str):
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started

    def start(self) -> None:
        self.ends = [self._now()]

    def step(self, loss: float | None = None) -> None:
        self.ends.append(self._now())
        if loss is not None:
            self.losses.append(loss)

    def _now(self) -> float:
        if self.cuda:
            torch.cuda.synchronize()  # what was asked of the GPU is done
        return time.perf_counter()

    def write(self, file: Path, **facts: object) -> None:
        peak = _peak()
        steps = [b - a for a, b in zip(self.ends, self.ends[1:], strict=False)]
        file.write_text(
            json.dumps(
                {
                    "stepSeconds": steps,
                    "losses": self.losses,
                    "seconds": self.seconds,
                    "rssLoaded": self.rss_loaded,
                    "peakRss": peak,
                    "peakIsLifetime": not _linux(),
                    "deviceLoaded": self.device_loaded,
                    "devicePeak": torch.cuda.max_memory_allocated() if self.cuda else 0,
                    "threads": torch.get_num_threads(),
                    **facts,
                }
            )
        )


def _linux() -> bool:
    return sys.platform == "linux"


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"/proc/self/status has no {field}")


def _resident() -> int:
    return _status("VmRSS") if _linux() else _peak()


def _clear_peak() -> None:
    """Elsewhere than on Linux the peak is the process's whole life's: an upper bound."""
    if _linux():
        Path("/proc/self/clear_refs").write_text(_CLEAR_PEAK)


def _peak() -> int:
    if _linux():
        return _status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
