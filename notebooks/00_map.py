# %% [markdown]
# # Map of the talk
#
# *The long-run behaviour of SGD on nonconvex functions*: a talk by Jérôme Malick (SIAM Conference on Optimization, Edinburgh, June
# 2026) on joint work with Waïss Azizian, Franck Iutzeler and Panayotis Mertikopoulos. Each notebook of this companion takes one
# claim of the talk, states what would refute it, predicts, measures, and judges.
#
# ## The objects, in the talk's order
#
# | symbol | object | in the library |
# | --- | --- | --- |
# | $f$, $\nabla f$ | objective on $\mathbb R^d$ and its gradient | `landscapes` |
# | $Z(x;\omega)$ | zero-mean gradient noise | `noise` |
# | $\eta$ | constant step-size: $x_{t+1} = x_t - \eta\,(\nabla f(x_t) + Z(x_t;\omega_t))$ | `sgd.run` |
# | $\mu_t(\mathcal B)$ | occupation measure: average fraction of the first $t$ steps spent in $\mathcal B$ | `sgd.occupation` |
# | $\mu_\infty$ | invariant measure: $x_t\sim\mu_\infty \Rightarrow x_{t+1}\sim\mu_\infty$ | `law.invariant_law` |
# | $K_1,\dots,K_p$ | connected components of the critical set, with neighbourhoods $\mathcal U_i$ | `critical` |
# | $\mathcal H(x,v)$ | cumulant generating function $\log\mathbb E\,e^{\langle v, Z(x;\omega)\rangle}$ | `noise.*.cgf` |
# | $\mathcal L(x,v)$ | Lagrangian $\mathcal H^*(x,\,-v-\nabla f(x))$ | `action.lagrangian` |
# | $\mathcal S_T[\gamma]$ | action $\int_0^T\mathcal L(\gamma_t,\dot\gamma_t)\,dt$; $\mathbb P(\text{SGD}\approx\gamma)\approx e^{-\mathcal S_T[\gamma]/\eta}$ | `action.action` |
# | $B_{i,j}$ | transition cost: least action from $K_i$ to $K_j$ | `energy.transition_costs` |
# | $E_i$ | energy: least total cost of a tree of transitions pointing to $i$; $\mu_\infty(\mathcal U_i)\approx e^{-E_i/\eta}$ | `energy.energies` |
# | ground state | the component of least energy | `energy.best_tree` |
#
# A notebook that the list below names without a link is in preparation.
#
# ## Which notebook shows what

# %% tags=["parameters"]
show_titles = True

# %%
from IPython.display import Markdown

from longrun.paths import NOTEBOOKS

CLAIMS = {
    "01": "SGD with a constant step does not converge: it concentrates",
    "02": "Concentration: the mass away from critical points is exponentially small",
    "03": "Boltzmann–Gibbs law: critical points are visited with weights $e^{-E_i/\\eta}$",
    "04": "Saddle points are avoided exponentially",
    "05": "The ground state need not be the global minimum",
    "06": "Large deviations of paths: the action is the exponent",
    "07": "From transition costs to energies",
    "08": "Finite-sum noise on real data",
    "09": "What we are not doing: decreasing steps, Langevin, diffusions",
    "10": "What was known before",
    "11": "Beyond the distribution: hitting times",
    "12": "Beyond SGD: inertia, adaptive steps, games",
}
rows = ["| notebook | claim |", "| --- | --- |"]
for number, claim in CLAIMS.items():
    written = sorted(NOTEBOOKS.glob(f"{number}_*.py"))
    name = f"[{number}]({written[0].stem}.ipynb)" if written else number
    rows.append(f"| {name} | {claim if show_titles else ''} |")
Markdown("\n".join(rows))

# %% [markdown]
# ## Where the slides need care
#
# Slides are made to be spoken. Taken at the letter, some lines need a correction; none of them touches the theorems. Each is settled by
# a computation, not by authority: in the notebook linked, or, where there is no link yet, in the one in preparation.
#
# | slide | as printed | what holds | settled in |
# | --- | --- | --- | --- |
# | ground state = global minimizer? | $E_1 = (f(q)-f(p_2))/\sigma_2^2$, and likewise $E_2$ | a factor 2 is missing beside the slide on Gaussian noise: $E_1 = 2\,(f(q)-f(p_2))/\sigma_2^2$ | [05](05_ground_state.ipynb) |
# | the same | $E_1<E_2 \Rightarrow \mu_\infty(p_1)\ll\mu_\infty(p_2)$ | $\gg$: lower energy, more mass | [05](05_ground_state.ipynb) |
# | blanket assumptions, ERM | $Z = \frac1m\sum_i\nabla\ell(x;\xi_i) - \nabla\ell(x;\xi_\omega)$ | the opposite sign, or else $\nabla f + Z$ is not the sampled gradient; for skewed noise the sign changes the energies | 08 |
# | Langevin dynamics | noise $\sqrt\eta\,\mathcal N(0,\sigma^2)$, law $e^{-f/\sigma^2}$ | $e^{-2f/\sigma^2}$ | [09](09_other_dynamics.ipynb) |
# | from transitions to energy | $E_j$, for a tree pointing to $i$ | $E_i$ | [07](07_transition_costs.ipynb) |
# | the same | $B_{i,j} = \min\{\dots\}$ | an infimum: it takes infinite time to leave a critical point along the cheapest path | [07](07_transition_costs.ipynb) |
# | what is known | at constant $\eta$: average squared gradient $O(1/\sqrt T)$ | needs $\eta\sim1/\sqrt T$; at constant $\eta$ there is a floor of order $\eta$ | [10](10_what_was_known.ipynb) |
# | illustration: Gaussian noise | 1000 runs on Himmelblau at $T=1000$ show the Gibbs law | all four minima have $f=0$, so the exponent does not tell them apart and the prefactors $\det H^{-1/2}$ do; whether 1000 steps have mixed must be measured | [03](03_gibbs_law.ipynb) |
# | the same | Himmelblau with Gaussian noise | $\nabla f$ is not Lipschitz and the noise is unbounded: at fixed $\eta$ a chain can leave for infinity. The library stops with a clear error; how often is measured | [01](01_non_convergence.ipynb), [03](03_gibbs_law.ipynb) |
#
# ## How to read a notebook
#
# Each begins with a claim and ends with sliders. In between stand predictions, experiments and verdicts that could have gone the
# other way: `HOLDS` is printed only when measurement and prediction differ by less than a tolerance (or, for a one-sided claim, by more
# than it in the direction claimed), derived from standard errors or from the order of the first term left out, and when the same data
# refute the wrong theories named beside it. Otherwise the notebook stops.
