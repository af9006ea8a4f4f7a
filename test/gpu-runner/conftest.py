"""Every test runs on one thread and without the Hub; the variables are read when torch and huggingface_hub are imported."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
