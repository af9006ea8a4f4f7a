"""Where the tests run: PREFLOOP_TEST_DEVICE, a CPU unless it says otherwise (`cuda` runs the same tests on a GPU)."""

import os

import pytest
import torch

DEVICE = os.environ.get("PREFLOOP_TEST_DEVICE", "cpu")

# Kernels of a GPU add in any order, so that two runs agree closely and not to the bit.
to_the_bit = pytest.mark.skipif(DEVICE != "cpu", reason="the same bits are promised on a CPU only")

# Convolutions of a GPU round fp32 to TF32 unless told not to; what is compared here is compared in fp32.
torch.backends.cudnn.allow_tf32 = False
