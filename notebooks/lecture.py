# %% [markdown]
# # The long-run behaviour of SGD on nonconvex functions
#
# $x_{t+1} = x_t - \eta\,(\nabla f(x_t) + Z(x_t;\omega_t))$ with a constant step-size $\eta$: where is $x_t$ after a long time, and how likely?
#
# One screen for each claim: Page Down leads to the next, and on a slider the arrow keys move it.

# %%
from longrun import (
    explore_concentration,
    explore_gibbs,
    explore_lines,
    explore_runs,
    explore_saddle,
    explore_wells,
    lecture,
)

# %% tags=["nbval-ignore-output"]
lecture.screen("01", explore_runs.runs)

# %% tags=["nbval-ignore-output"]
lecture.screen("02", explore_concentration.concentration)

# %% tags=["nbval-ignore-output"]
lecture.screen("03", explore_gibbs.gibbs)

# %% tags=["nbval-ignore-output"]
lecture.screen("04", explore_saddle.saddle)

# %% tags=["nbval-ignore-output"]
lecture.screen("05", explore_wells.ground_state)

# %% tags=["nbval-ignore-output"]
lecture.screen("05", explore_wells.skewed, "Skewed noise fills the higher well, and diffusions get it wrong")

# %% tags=["nbval-ignore-output"]
lecture.screen("06")

# %% tags=["nbval-ignore-output"]
lecture.screen("07")

# %% tags=["nbval-ignore-output"]
lecture.screen("08", explore_lines.flickering_lines)
