"""What every test shares: one BLAS thread, examples that do not change from run to run."""

import os

from hypothesis import settings

from tools.settings import THREADS

os.environ |= dict.fromkeys(THREADS, "1")
os.environ["MPLBACKEND"] = "agg"
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
