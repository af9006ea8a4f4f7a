"""prefloop-runner run · serve · train · score · fit-encoder · log-ratios · fit-mixture · try-mixture · materialise · syn-pic ·
evaluate. Each command is a module with `main(argv) -> exit status`."""

import importlib
import os
import platform
import sys

COMMANDS = {
    "run": ("prefloop.commands.run", "lease batches, train them, publish adapters"),
    "serve": ("prefloop.serve.command", "answer OpenAI-shaped requests through many adapters"),
    "train": ("prefloop.commands.train", "one recipe on a file of examples"),
    "score": ("prefloop.commands.score", "log-probabilities of a file"),
    "fit-encoder": ("prefloop.commands.fit_encoder", "a user encoder from votes"),
    "log-ratios": ("prefloop.commands.log_ratios", "what basis adapters think of the answers of a file"),
    "fit-mixture": ("prefloop.commands.fit_mixture", "a personal mixture's prior and calibration from votes"),
    "try-mixture": ("prefloop.commands.try_mixture", "what strengths of a mixture do to answers"),
    "materialise": ("prefloop.commands.materialise", "one person's mixture as one adapter"),
    "syn-pic": ("prefloop.commands.syn_pic", "pictures ranked by rewards, without people"),
    "evaluate": ("prefloop.commands.evaluate", "answers against others, judged; files for other evaluations"),
}

# glibc hands every large block back to the kernel, which halves PyTorch's speed on a CPU.
ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "-1", "MALLOC_TOP_PAD_": "268435456"}


def main() -> None:
    """Entry point of the console script: one sentence on standard error instead of a traceback for bad input."""
    argv = sys.argv[1:]
    if not argv or argv[0] in ("-h", "--help"):
        print(usage())
        sys.exit(0 if argv else 2)
    if argv[0] not in COMMANDS:
        print(f"prefloop-runner: there is no command {argv[0]!r}\n\n{usage()}", file=sys.stderr)
        sys.exit(2)
    keep_memory()
    try:
        sys.exit(importlib.import_module(COMMANDS[argv[0]][0]).main(argv[1:]))
    except (ValueError, OSError) as error:
        print(f"prefloop-runner {argv[0]}: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def usage() -> str:
    lines = [f"  {name:<13}{what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(
        ["prefloop-runner COMMAND …", "", *lines, "", "prefloop-runner COMMAND --help says more."]
    )


def keep_memory() -> None:
    """Start again with the allocator's settings, which glibc reads once: only where they matter and none is set."""
    if (
        sys.platform != "linux"
        or platform.libc_ver()[0] != "glibc"
        or any(name in os.environ for name in ALLOCATOR)
    ):
        return
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | ALLOCATOR)


if __name__ == "__main__":
    main()
