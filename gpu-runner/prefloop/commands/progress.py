"""A progress bar on a terminal; a line now and then elsewhere."""

import sys
import time
from typing import TextIO

WIDTH = 24


class ProgressBar:
    """`total` units of `what`; `advance` redraws at most ten times a second, and never goes beyond the total."""

    def __init__(self, what: str, total: int, done: int = 0, stream: TextIO | None = None):
        self.what = what
        self.total = total
        self.done = done
        self.stream = stream or sys.stderr
        self.start = time.monotonic()
        self.done_before = done
        self.drawn_at = -10.0
        self.pause = 0.1 if self.stream.isatty() else 10.0

    def advance(self, units: int, note: str = "") -> None:
        if self.done >= self.total:
            return  # its last line is written
        self.done = min(self.done + units, self.total)
        now = time.monotonic()
        if now - self.drawn_at >= self.pause or self.done >= self.total:
            self.drawn_at = now
            self._draw(now - self.start, note)

    def _draw(self, seconds: float, note: str) -> None:
        share = self.done / max(self.total, 1)
        rate = (self.done - self.done_before) / max(seconds, 1e-9)
        left = (self.total - self.done) / rate if rate > 0 else 0.0
        bar = "█" * round(WIDTH * share) + "░" * (WIDTH - round(WIDTH * share))
        text = f"{bar} {self.done}/{self.total} {self.what}  {rate:.1f}/s  {left:.0f} s left  {note}"
        if self.stream.isatty():
            end = "\n" if self.done >= self.total else ""
            self.stream.write(f"\r\x1b[2K{text}{end}")
        else:
            self.stream.write(text + "\n")
        self.stream.flush()
