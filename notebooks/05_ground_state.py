# %% [markdown]
# # The ground state need not be the global minimum
#
# **Claim** (slide "Remark: ground state = global minimizer?"). Two wells $p_1$, $p_2$ with a pass $q$ between them; near $p_1$ the noise has
# the standard deviation $\sigma_1$, near $p_2$ it has $\sigma_2$. Where SGD spends its time is decided by the energies, here what it
# costs to climb out of the *other* well, and not by the depths $f(p_1)$, $f(p_2)$. If $\sigma_1$ is small enough, SGD prefers $p_1$ although
# $p_2$ is the global minimum.
#
# Taken literally, the slide says $E_1 = (f(q)-f(p_2))/\sigma_2^2$, likewise $E_2$, and $E_1<E_2\Rightarrow\mu_\infty(p_1)\ll\mu_\infty(p_2)$.
# By the talk's own formula for Gaussian noise a factor 2 is missing, and lower energy means *more* mass, $\gg$:
#
# $$E_1 = \frac{2\,(f(q)-f(p_2))}{\sigma_2^2},\qquad E_2 = \frac{2\,(f(q)-f(p_1))}{\sigma_1^2},\qquad
#   E_1<E_2\ \Rightarrow\ \mu_\infty(p_1)\gg\mu_\infty(p_2).$$
#
# We let the exact law decide. And we go one step further: noise of **the same law everywhere** can do it too, if it is skewed. Then the
# objective and every diffusion approximation name one well, large deviations the other.
#
# **What would refute it:** a limit of $-\eta\log(\mu_\infty(p_2)/\mu_\infty(p_1))$, as $\eta\to0$, other than $E_2-E_1$; a ground state that
# changes where the depths are equal rather than where the energies are; with skewed noise, a limit that the covariance alone predicts.

# %% tags=["parameters"]
tilt = 0.04  # f = (x² − 1)²/4 − tilt·x: the right well, p₂, is the global minimum
sigma_1 = 0.7  # standard deviation of the noise left of the pass, in units of |f′|
sigma_2 = 1.0  # and right of it
width = 0.1  # over which σ changes, in units of x
skew_tilt = 0.03  # the tilt of the example with skewed noise
chains = 256
seed = 5

# %%
import numpy as np
from matplotlib import pyplot as plt
from scipy.integrate import quad
from scipy.optimize import brentq, root_scalar

from longrun import draw, explore, explore_wells, sgd
from longrun.action import minimum_action
from longrun.claims import Results
from longrun.critical import critical_points
from longrun.energy import transitions
from longrun.landscapes import bent_double_well, double_well
from longrun.law import invariant_law
from longrun.noise import FiniteSum, Gaussian, Sum
from longrun.two_wells import TwoWells, switched

rng = np.random.default_rng(seed)
results = Results(
    "05_ground_state",
    title="The ground state need not be the global minimum",
    parameters=dict(tilt=tilt, sigma_1=sigma_1, sigma_2=sigma_2, width=width, skew_tilt=skew_tilt, chains=chains, seed=seed),
)
slide = TwoWells.switched(double_well(tilt), sigma_1, sigma_2, width)

# %% [markdown]
# ## Prediction
#
# On a line the energy is an integral. For Gaussian noise $E' = 2f'/\sigma^2(x)$, so that $E_2-E_1=\int_{p_1}^{p_2} 2f'/\sigma^2\,dx$. If
# $\sigma$ jumps at $q$ this is the slide's difference, with the 2. We let $\sigma$ pass smoothly from $\sigma_1$ to $\sigma_2$, as
# $1/\sigma^2 = a+b\tanh((x-q)/w)$, because the theorem asks for smooth noise; since $f'(q)=0$, that changes the gap by only $O(w^2)$.
#
# At finite $\eta$ the exponent is not all. Putting $\mu = K\,e^{-E/\eta}$ into the equation of invariance *of the chain* gives the next order:
#
# $$\frac{\mu(p_2)}{\mu(p_1)} \to e^{-(E_2-E_1)/\eta}\ \frac{\sigma_1}{\sigma_2}\sqrt{\frac{f''(p_1)}{f''(p_2)}}\;
#   \exp\Bigl(-\int_{p_1}^{p_2}\frac{f'^2\sigma'}{\sigma^3}\,dx\Bigr).$$
#
# The first two factors are those of a diffusion in Itô's sense. The last one is not: it comes from the size of the steps, and no
# diffusion with the same drift and covariance has it. (The derivation is in the docstring of `TwoWells.log_prefactor`.)

# %%
x = np.array([[slide.left], [slide.middle], [slide.right]])
f1, fq, f2 = slide.landscape.value(x)
E1, E2 = 2 * (fq - f2) / sigma_2**2, 2 * (fq - f1) / sigma_1**2
gap = slide.gap()  # from the solver for paths of least action
print(f"depths: f(p₂) − f(p₁) = {f2 - f1:.4f}: p₂ is the global minimum")
print(f"energies, σ jumping at q:      E₁ = {E1:.4f}, E₂ = {E2:.4f}, E₂ − E₁ = {E2 - E1:.4f}: p₁ is the ground state")
print(f"energies, σ changing over {width:g}:  E₂ − E₁ = {gap:.4f}")

# %% [markdown]
# ## One dimension: the exact law, and simulation
#
# The exact law needs no theory: it is the fixed vector of the chain's transition kernel on a fine grid, right to many digits however
# small the mass. We take four step-sizes and ask for the limit $\eta\to0$: the value at 0 of the polynomial through the
# points. Its error is how far it moves when the largest or the smallest step is left out, whichever is more. For simulation $\eta$ must
# be larger, or no run would ever cross.


# %%
def limit(etas, values):
    """Value at η = 0 of the polynomial through the points, and how far it moves without the first or without the last."""
    full, *short = (np.polyfit(etas[part], values[part], len(etas[part]) - 1)[-1] for part in np.s_[:, 1:, :-1])
    return full, np.abs(full - np.array(short)).max(axis=0)


def root(function, near):
    """Zero of a function that is almost linear around `near`."""
    return root_scalar(function, x0=near, x1=near + 0.003, xtol=1e-11).root


def simulated(landscape, noise, eta, starts, at, steps):
    """Return log(time right of `at` / time left of it) of SGD and its standard error; a quarter of the steps is burnt."""
    x0 = np.repeat(starts, chains // len(starts), axis=0)
    seen = sgd.occupation(landscape, noise, eta, x0, steps, [lambda x: x[:, 0] > at], rng=rng, burn=steps // 4)
    p, error = seen.fraction[0], seen.error[0]
    return np.log(p / (1 - p)), error / (p * (1 - p))


def several(runs):
    """Return the results of several calls of `simulated` as two arrays."""
    return np.array(list(runs)).T


etas = np.array([0.1, 0.05, 0.025, 0.0125])
exact = np.array([slide.log_ratio(eta) for eta in etas])
gap_limit, gap_error = limit(etas, -etas * exact)
prefactor_limit, prefactor_error = limit(etas, exact + gap / etas)

sim_etas = np.array([0.3, 0.24, 0.19])
both = np.array([[-1.0], [1.0]])
sim_exact = np.array([slide.log_ratio(eta) for eta in sim_etas])
sim, sim_error = several(simulated(slide.landscape, slide.noise, eta, both, slide.middle, 8_000) for eta in sim_etas)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(15, 6))
show_eta = 0.2
grid = np.linspace(*np.ravel(slide.landscape.box), 401)
law, uniform = (invariant_law(slide.landscape, noise, show_eta, axes=grid) for noise in (slide.noise, Gaussian(sigma_2)))
u = np.linspace(-1.75, 1.75, 400)
left.plot(u, slide.landscape.value(u[:, None]) - f2, color=draw.BLACK, label="$f - \\min f$")
left.fill_between(law.axes[0], 0.25 * law.density, color=draw.BLUE, alpha=0.45, lw=0, label=r"exact $\mu_\infty$ (density / 4)")
left.plot(
    uniform.axes[0],
    0.25 * uniform.density,
    "--",
    color=draw.ORANGE,
    lw=2,
    label=r"exact $\mu_\infty$ if $\sigma=\sigma_2$ everywhere",
)
for where, text in zip(x, (f"$p_1$\n$\\sigma_1$ = {sigma_1:g}", "$q$", f"$p_2$\n$\\sigma_2$ = {sigma_2:g}"), strict=True):
    left.text(where[0], -0.02, text, ha="center", va="top")
left.set(xlim=(-1.75, 1.75), ylim=(-0.15, 0.75), xlabel="$x$", ylabel="height, density")
left.set_title(f"$p_2$ is lower, $p_1$ has the mass ($\\eta$ = {show_eta:g})")
left.legend(loc="upper center")

fine = np.linspace(0.004, 0.31, 100)
right.plot(fine, gap - fine * slide.log_prefactor(), color=draw.BLUE, lw=1.5, label="predicted to the next order")
draw.errorbars(right, etas, -etas * exact, 0, draw.BLUE, "exact law")
right.plot(sim_etas, -sim_etas * sim_exact, "o", color=draw.BLUE, ms=15, mfc="none", mew=2, label="exact law, same $\\eta$")
draw.errorbars(right, sim_etas, -sim_etas * sim, sim_etas * sim_error, draw.RED, "simulation", "s")
right.plot(0, gap, "*", color=draw.BLUE, ms=20, clip_on=False, zorder=6, label="predicted limit $E_2-E_1$")
wrong = {
    "without the 2": (gap / 2, "--"),
    "≪ in place of ≫": (-gap, ":"),
    "depths only, $2(f_2-f_1)/\\sigma_2^2$": (2 * (f2 - f1) / sigma_2**2, "-."),
}
for name, (value, style) in wrong.items():
    right.axhline(value, color=draw.GREY, ls=style, lw=2, label=name)
right.set(xlim=(0, 0.31), ylim=(-0.3, 0.72), xlabel=r"$\eta$", ylabel=r"$-\eta\,\log(\mu(p_2)/\mu(p_1))$")
right.set_title("the exponent, and three wrong ones (grey)")
right.legend(loc="upper left", ncols=2, fontsize=12)
results.figure(fig, "slide", "Left: a double well whose right well is lower; the exact law of SGD with less noise on the left has most of "
               "its mass in the left well. Right: minus eta log of the mass ratio against eta: exact law and simulation on the "
               "predicted line, tending to the predicted difference of energies; half of it, its negative and the value from the "
               "depths alone are far away.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
results.check("σ₁ ≠ σ₂: E₂ − E₁, path solver against ∫2f′/σ²", slide.diffusion_gap(), gap, 0, 1e-8 * E2,
              rivals={"the slide's, without the 2": slide.diffusion_gap() / 2})  # fmt: skip
results.check("σ₁ ≠ σ₂: −η log(μ(p₂)/μ(p₁)) → E₂ − E₁", gap, gap_limit, 0, gap_error,
              rivals={"the slide's, without the 2": gap / 2, "the slide's ≪": -gap, "depths only: 2(f(p₂) − f(p₁))/σ₂²": 2 * (f2 - f1) / sigma_2**2})  # fmt: skip
laplace = -0.5 * np.log(slide.landscape.hess(x[2])[0, 0] / slide.landscape.hess(x[0])[0, 0])
results.check("σ₁ ≠ σ₂: log of the mass ratio beyond the exponent", slide.log_prefactor(), prefactor_limit, 0, prefactor_error,
              rivals={"Itô diffusion": laplace - np.log(sigma_2 / sigma_1), "curvatures only": laplace})  # fmt: skip
results.check("σ₁ ≠ σ₂: log of the mass ratio, simulation against the exact law", sim_exact, sim, sim_error, 4 * sim_error,
              rivals={"the slide's ≪": -sim_exact, "exponent without the 2": sim_exact + gap / 2 / sim_etas})  # fmt: skip

# %% [markdown]
# The last verdict compares at equal $\eta$, so that no limit is involved: its tolerance is four standard errors.
#
# ## The phase diagram
#
# Which well is the ground state, for every $\sigma_1$ and every tilt? The objective says: the right one for tilt > 0. The energies say that
# the line bends: $E_1=E_2$. The missing factor 2 does not move this line, and the direction of $\ll$ swaps the colours. The colour is the
# exact mass ratio. At finite $\eta$ it changes sign near the line, not on it: there the prefactors decide, and they favour the quiet well as well.
# So we solve for the tilt at which *exactly* half of the mass is on each side, and let $\eta\to0$.

# %%
map_eta = 0.05
sigmas, tilts = np.linspace(0.5, 1.2, 7), np.linspace(-0.08, 0.2, 7)


def pair(sigma, tilt):
    """Two wells with σ = sigma in the left one."""
    return TwoWells.switched(double_well(tilt), sigma, sigma_2, width)


ratio = np.array([[pair(sigma, t).log_ratio(map_eta) for sigma in sigmas] for t in tilts])
line_sigmas = np.linspace(0.5, 1.2, 29)
line = np.array([brentq(lambda t, s=sigma: pair(s, t).diffusion_gap(), -0.15, 0.3) for sigma in line_sigmas])
tested, switch_etas = np.array([0.6, 0.8, 1.1]), etas[:3]
switch_predicted = np.array([brentq(lambda t, s=s: pair(s, t).diffusion_gap(), -0.15, 0.3, xtol=1e-12) for s in tested])
switch = np.array(
    [
        [root(lambda t, s=s, eta=eta: pair(s, t).log_ratio(eta), t0) for s, t0 in zip(tested, switch_predicted, strict=True)]
        for eta in switch_etas
    ]
)
switch_limit, switch_error = limit(switch_etas, switch)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(16, 6.4), width_ratios=(1.25, 1))
colours = left.contourf(sigmas, tilts, -map_eta * ratio, levels=np.linspace(-0.6, 0.6, 13), cmap="PuOr", extend="both")
bar = fig.colorbar(colours, ax=left, ticks=[-0.6, -0.3, 0, 0.3, 0.6])
bar.set_label(rf"$-\eta\,\log(\mu(p_2)/\mu(p_1))$ at $\eta$ = {map_eta:g}, exact", fontsize=14)
left.contour(sigmas, tilts, ratio, levels=[0], colors=draw.BLACK, linestyles=":", linewidths=2)
left.plot([], [], ":", color=draw.BLACK, lw=2, label=rf"exact: equal masses, $\eta$ = {map_eta:g}")
left.plot(line_sigmas, line, color=draw.BLACK, label="predicted switch: $E_1 = E_2$")
left.axhline(0, color=draw.RED, ls="--", label="the objective's: $f(p_1) = f(p_2)$")
left.plot(tested, switch_limit, "*", color="white", mec=draw.BLACK, ms=19, zorder=6, label=r"exact switch, $\eta\to0$")
left.text(0.51, 0.035, "ground state $p_1$\nglobal min. $p_2$", color="white", fontsize=14)
left.text(1.0, 0.09, "both $p_2$", fontsize=16)
left.text(0.56, -0.055, "both $p_1$", color="white", fontsize=16)
left.set(xlabel=r"$\sigma_1$ (with $\sigma_2$ = 1)", ylabel="tilt to the right", xlim=(0.5, 1.2), ylim=(-0.08, 0.2))
left.legend(loc="upper right", fontsize=12, frameon=True)
for k, colour in enumerate((draw.BLUE, draw.GREEN, draw.ORANGE)):
    draw.errorbars(right, switch_etas, switch[:, k], 0, colour, rf"exact, $\sigma_1$ = {tested[k]:g}")
    right.plot(fine[fine < 0.11], np.polyval(np.polyfit(switch_etas, switch[:, k], 2), fine[fine < 0.11]), color=colour, lw=1.5)
right.plot(np.zeros(3), switch_predicted, "*", color=draw.BLACK, ms=19, clip_on=False, zorder=6, label="predicted: $E_1=E_2$")
right.axhline(0, color=draw.RED, ls="--", label="the objective's")
right.set(xlim=(-0.003, 0.11), ylim=(-0.05, 0.24), xlabel=r"$\eta$", ylabel="tilt at which both wells weigh the same")
right.legend(loc="upper right", ncols=2, fontsize=12)
results.figure(fig, "phases", "Left: the plane of sigma 1 and tilt, coloured by the exact mass ratio of the two wells; the line of equal energies "
               "separates the colours, the line of equal depths does not, and between them the ground state is not the global "
               "minimum. Right: the tilt at which both wells have equal mass, for three values of sigma 1, tends to the "
               "predicted one as eta tends to zero.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
results.check("phase diagram: tilt at which the ground state switches, η → 0", switch_predicted, switch_limit, 0, switch_error,
              rivals={"the objective's: f(p₁) = f(p₂)": 0})  # fmt: skip

# %% [markdown]
# ## Two dimensions
#
# The same in the plane: a double well along the parabola $v=u^2/2$, $f=(u^2-1)^2/4-\text{tilt}\cdot u+(v-u^2/2)^2$, with the same depths and the same
# $\sigma(u)$. There is no formula now: the noise changes on the way, so that the cheapest climb is not the gradient flow run
# backwards. The energies come from the solver of notebook [07](07_transition_costs.ipynb).

# %%
bend = bent_double_well(tilt, 0.5)
points = critical_points(bend)
p2, p1, q = 0, 1, 2  # critical points come by index, then by value
plane_noise = switched(sigma_1, sigma_2, at=points[q].x[0], width=width)
ways = transitions(bend, plane_noise, points)
plane_gap = ways.energies()[p2] - ways.energies()[p1]
plane_slide = 2 * ((points[q].value - points[p1].value) / sigma_1**2 - (points[q].value - points[p2].value) / sigma_2**2)

plane_etas = np.array([0.2, 0.17, 0.14, 0.1, 0.07])  # the first two can be simulated: their wells are left often enough


def plane_log_ratio(eta):
    """Return log(μ(right)/μ(left)) in the plane, cut at the saddle."""
    spacing = eta * sigma_1 / 1.3  # the trapezoidal rule is right to e^{−2π²·1.3²} = 1e-14
    law = invariant_law(bend, plane_noise, eta, axes=(np.arange(-1.9, 1.9, spacing), np.arange(-1.1, 2.1, spacing)))
    u, mass = law.axes[0], law.marginal(0)
    return np.log(mass[u > points[q].x[0]].sum() / mass[u < points[q].x[0]].sum())


plane_exact = np.array([plane_log_ratio(eta) for eta in plane_etas])
plane_limit, plane_error = limit(plane_etas[2:], -plane_etas[2:] * plane_exact[2:])
plane_sim_etas = plane_etas[:2]
wells = np.array([points[p1].x, points[p2].x])
plane_sim, plane_sim_error = several(simulated(bend, plane_noise, eta, wells, points[q].x[0], 12_000) for eta in plane_sim_etas)
cloud = sgd.run(bend, plane_noise, plane_sim_etas[1], np.repeat(wells, 300, axis=0), 3_000, rng=rng)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(15, 6.2))
draw.contours(left, bend)
left.plot(
    *cloud.T,
    ".",
    color=draw.BLUE,
    ms=5,
    alpha=0.6,
    label=f"{len(cloud)} runs, $\\eta$ = {plane_sim_etas[1]:g}, half started in each well",
)
for well in (p1, p2):
    left.plot(*ways.path(well, q).T, color=draw.RED, label="cheapest climbs" if well == p1 else None)
left.plot(*points[p2].x, "*", color=draw.ORANGE, mec="white", ms=22, zorder=6, label="global minimum")
left.plot(*points[p1].x, "D", color=draw.ORANGE, mec="white", ms=12, zorder=6, label="ground state")
left.set(xlim=(-1.9, 1.9), ylim=(-0.9, 2.1), title=rf"$\sigma_1$ = {sigma_1:g} on the left, $\sigma_2$ = {sigma_2:g} on the right")
left.legend(loc="lower center", fontsize=12, ncols=2, frameon=True)
draw.errorbars(right, plane_etas[2:], -plane_etas[2:] * plane_exact[2:], 0, draw.BLUE, "exact law in the plane")
right.plot(
    plane_sim_etas,
    -plane_sim_etas * plane_exact[:2],
    "o",
    color=draw.BLUE,
    ms=15,
    mfc="none",
    mew=2,
    label="exact law, same $\\eta$",
)
fine = np.linspace(0, 0.15, 50)
right.plot(fine, np.polyval(np.polyfit(plane_etas[2:], (-plane_etas * plane_exact)[2:], 2), fine), color=draw.BLUE, lw=1.5)
draw.errorbars(right, plane_sim_etas, -plane_sim_etas * plane_sim, plane_sim_etas * plane_sim_error, draw.RED, "simulation", "s")
right.plot(0, plane_gap, "*", color=draw.BLUE, ms=20, clip_on=False, zorder=6, label="predicted limit $E_2-E_1$")
for (name, (_, style)), value in zip(wrong.items(), (plane_gap / 2, -plane_gap, 2 * (f2 - f1) / sigma_2**2), strict=True):
    right.axhline(value, color=draw.GREY, ls=style, lw=2, label=name)
right.set(
    xlim=(0, 0.21),
    ylim=(-0.32, 0.7),
    xlabel=r"$\eta$",
    ylabel=r"$-\eta\,\log(\mu(p_2)/\mu(p_1))$",
    title="mass of the two wells in the plane",
)
right.legend(loc="upper left", ncols=2, fontsize=12)
results.figure(fig, "plane", "Left: a bent double well in the plane with 600 runs of SGD, most of them in the left well, which is not the "
               "global minimum, and the two cheapest climbs to the pass. Right: minus eta log of the mass ratio against eta, exact "
               "law and simulation, tending to the predicted difference of energies.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
results.check("two dimensions: −η log(μ(p₂)/μ(p₁)) → E₂ − E₁", plane_gap, plane_limit, 0, plane_error,
              rivals={"the slide's, without the 2": plane_gap / 2, "the slide's ≪": -plane_gap, "depths only: 2(f(p₂) − f(p₁))/σ₂²": 2 * (f2 - f1) / sigma_2**2})  # fmt: skip
results.check("two dimensions: log of the mass ratio, simulation against the exact law", plane_exact[:2], plane_sim, plane_sim_error,
              4 * plane_sim_error, rivals={"the slide's ≪": -plane_exact[:2]})  # fmt: skip
print(f"σ changing over {width:g}: E₂ − E₁ = {plane_gap:.4f}; jumping at q: {plane_slide:.4f}")

# %% [markdown]
# ## The sharpest case: one noise everywhere, but skewed
#
# Let $Z=+1.5$ with probability ¼ and $-0.5$ with probability ¾, plus $N(0,\,0.4^2)$: mean 0, variance $C$, the same at every $x$. A step is
# $-\eta(f'+Z)$, so the rare large jumps go *left*. Three predictions of which well wins:
#
# - the objective: the lower one, $p_2$;
# - the diffusion with the same covariance, $dX=-f'\,dt+\sqrt{\eta C}\,dW$: $E_2-E_1=2(f(p_2)-f(p_1))/C$, the lower one, $p_2$. Other diffusions agree:
#   the second-order modified equation only adds a drift of order $\eta$, which does not change the exponent;
# - large deviations: $E'=s$, the non-zero root of $\log\mathbb E\,e^{-sZ}=s f'$.
#
# Why they differ: with the third cumulant $\kappa_3$ of the noise the root is $s=2f'/C+\frac{4\kappa_3}{3C^3}f'^2+\dots$, and the second term has
# the same sign on both slopes. Climbing to the left becomes cheaper, to the right dearer: $E_2-E_1$ is raised by
# $\frac{4\kappa_3}{3C^3}\int_{p_1}^{p_2}f'^2dx$, and for small tilts this outweighs the depths. A covariance cannot see it. (Noise without skewness can do it too: in
# notebook [07](07_transition_costs.ipynb), signs $\pm\sigma$ move the ground state of a tilted Himmelblau function.)


# %%
def large_or_small(x):
    """The four equally likely values of the discrete part of the noise."""
    return np.broadcast_to([[1.5], [-0.5], [-0.5], [-0.5]], (*x.shape[:-1], 4, 1))


skewed = Sum(FiniteSum(large_or_small, 1), Gaussian(0.4))
mirrored = Sum(FiniteSum(lambda x: -large_or_small(x), 1), Gaussian(0.4))
values = large_or_small(np.zeros(1))[:, 0]
C, kappa_3 = np.mean(values**2) + 0.4**2, np.mean(values**3)
same_variance = Gaussian(np.sqrt(C))

skew_tilts = np.array([-0.04, 0.0, 0.02, skew_tilt, 0.06, 0.08])
cases = [TwoWells.of(double_well(t), skewed) for t in skew_tilts]
skew_gap = np.array([case.gap() for case in cases])
diffusion = np.array([case.diffusion_gap() for case in cases])
depth = np.array([case.height() for case in cases])
skew_etas = np.array([0.05, 0.035, 0.025, 0.0175])  # at 0.1 a large jump is 0.15 long, beyond the expansion in η
skew_exact = np.array([[case.log_ratio(eta) for case in cases] for eta in skew_etas])
skew_limit, skew_error = limit(skew_etas, -skew_etas[:, None] * skew_exact)

end = root(lambda t: TwoWells.of(double_well(t), skewed).gap(), skew_tilt)
end_exact = np.array([root(lambda t, eta=eta: TwoWells.of(double_well(t), skewed).log_ratio(eta), end) for eta in skew_etas[:3]])
end_limit, end_error = limit(skew_etas[:3], end_exact)
start_exact = [root(lambda t, eta=eta: TwoWells.of(double_well(t), same_variance).log_ratio(eta), end) for eta in skew_etas[:2]]

skew_sim_eta, simulated_cases = 0.15, [0, 1, 3, 5]
skew_sim_exact = np.array([cases[k].log_ratio(skew_sim_eta) for k in simulated_cases])
skew_sim, skew_sim_error = several(
    simulated(cases[k].landscape, skewed, skew_sim_eta, both, cases[k].middle, 6_000) for k in simulated_cases
)
print(f"variance {C:.4g}, third cumulant {kappa_3:.4g}")
print(f"the diffusion picks the wrong well for tilts between 0 and {end:.5f}")

# %%
many = np.linspace(-0.05, 0.09, 57)
simple = [TwoWells.of(double_well(t), same_variance) for t in many]
objective, second = (np.array([getattr(w, name)() for w in simple]).round(9) for name in ("height", "diffusion_gap"))
push = [quad(lambda y, t=t: (y**3 - y - t) ** 2, w.left, w.right)[0] for t, w in zip(many, simple, strict=True)]
third = second + 4 * kappa_3 / (3 * C**3) * np.array(push)


def exact_share(noise, eta):
    """Mass of the left well over `many` tilts: the log of the ratio at five, a smooth curve, interpolated."""
    nodes = np.linspace(many[0], many[-1], 5)
    ratio = [TwoWells.of(double_well(t), noise).log_ratio(eta) for t in nodes]
    return 1 / (1 + np.exp(np.polyval(np.polyfit(nodes, ratio, 4), many)))


fig, (noise_ax, left, right) = plt.subplots(1, 3, figsize=(18.5, 6.2), width_ratios=(0.7, 1.25, 1))
z = np.linspace(-3, 3.6, 300)
bell = lambda m, v: np.exp(-((z - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)  # noqa: E731
noise_ax.fill_between(z, np.mean([bell(m, 0.16) for m in values], axis=0), color=draw.BLUE, alpha=0.45, lw=0, label="skewed")
noise_ax.plot(z, bell(0, C), "--", color=draw.ORANGE, label="Gaussian,\nsame variance")
noise_ax.set(xlabel="$Z$", ylabel="density", title="the noise, at every $x$", ylim=(0, 1.1), xlim=(-3, 3.6))
noise_ax.legend(loc="upper right")

left.axvspan(0, end, color=draw.RED, alpha=0.1, lw=0)
left.text(end / 2, -0.25, "diffusion\nwrong", ha="center", color=draw.RED)
left.axhline(0, color=draw.GREY, lw=1)
left.plot(many, np.polyval(np.polyfit(skew_tilts, skew_gap, 4), many), color=draw.BLUE, label="large deviations")
left.plot(many, third, ":", color=draw.PURPLE, label="third cumulant only")
left.plot(many, second, "--", color=draw.ORANGE, label="diffusion, $2\\,\\Delta f/C$")
left.plot(many, objective, "-.", color=draw.GREY, label="objective, $\\Delta f$")
draw.errorbars(left, skew_tilts, skew_limit, 0, draw.BLUE, r"exact law, $\eta\to0$")
inner = skew_sim_eta * np.array([cases[k].log_prefactor() for k in simulated_cases])
draw.errorbars(left, skew_tilts[simulated_cases], -skew_sim_eta * skew_sim + inner, skew_sim_eta * skew_sim_error, draw.RED,
               f"simulation, $\\eta$ = {skew_sim_eta:g}\n(prefactor taken off)", "s")  # fmt: skip
left.set(
    xlim=(-0.05, 0.09),
    ylim=(-0.42, 0.55),
    xlabel="tilt to the right",
    ylabel="$E_2-E_1$: positive, $p_1$ wins",
    title="three predictions, and the truth",
)
left.legend(loc="upper right", ncols=2, fontsize=12)

right.axvspan(0, end, color=draw.RED, alpha=0.1, lw=0)
for noise, colour, style, name in ((skewed, draw.BLUE, "-", "skewed"), (same_variance, draw.ORANGE, "--", "Gaussian")):
    for eta, weight in ((skew_sim_eta, 1.5), (0.03, 3)):
        right.plot(many, exact_share(noise, eta), style, color=colour, lw=weight, label=rf"{name}, exact, $\eta$ = {eta:g}")
share = 1 / (1 + np.exp(skew_sim))
draw.errorbars(right, skew_tilts[simulated_cases], share, skew_sim_error * share * (1 - share), draw.RED, "skewed, simulation", "s")
right.set(
    xlim=(-0.05, 0.09),
    ylim=(-0.03, 1.5),
    xlabel="tilt to the right",
    ylabel=r"mass of the left well, $\mu(p_1)$",
    title="equal variance, opposite answers",
)
right.set_yticks([0, 0.5, 1])
right.legend(loc="upper right", fontsize=12)
results.figure(fig, "skewed", "Left: density of the skewed noise and of the Gaussian with the same variance. Middle: difference of energies over the "
               "tilt from the objective, the diffusion and large deviations; the exact law and simulation lie on the latter, and in a "
               "window of tilts the diffusion has the wrong sign. Right: mass of the left well over the tilt: with skewed noise it "
               "stays near one across the window, with Gaussian noise of the same variance it has gone.")  # fmt: skip
plt.show()

# %% [markdown]
# The wrong sign of the noise on the slide about empirical risks, $Z=\text{mean}-\text{sample}$, would mirror the skewness: it is a rival below. The lower
# end of the window is where the chain with *Gaussian* noise of the same variance switches, at tilt 0 by symmetry.

# %% tags=["verdict"]
mirrored_gap = np.array([TwoWells.of(case.landscape, mirrored).gap() for case in cases])
results.check("skewed noise: −η log(μ(p₂)/μ(p₁)) → E₂ − E₁, six tilts", skew_gap, skew_limit, 0, skew_error,
              rivals={"objective: f(p₂) − f(p₁)": depth, "diffusion: 2(f(p₂) − f(p₁))/C": diffusion, "the ERM slide's sign of Z": mirrored_gap})  # fmt: skip
results.check("skewed noise: tilt up to which the higher well is the ground state, η → 0 (diffusions: 0)", end, end_limit, 0, end_error,
              headline=True, rivals={"objective, and every diffusion": 0, "the ERM slide's sign of Z": -end})  # fmt: skip
results.check("Gaussian noise of the same variance: switches at tilt 0, at two η", 0, np.round(start_exact, 9) + 0.0, 0, 1e-8,
              rivals={"the skewed noise's switch": end})  # fmt: skip
gaussian_ratio = [TwoWells.of(cases[k].landscape, same_variance).log_ratio(skew_sim_eta) for k in simulated_cases]
results.check("skewed noise: log of the mass ratio, simulation against the exact law", skew_sim_exact, skew_sim, skew_sim_error,
              4 * skew_sim_error, rivals={"Gaussian of the same variance, exact law": gaussian_ratio})  # fmt: skip

# %% [markdown]
# ## Where it breaks
#
# **Noise that changes abruptly.** The slide's $\sigma$ jumps at $q$, the theorem wants it smooth. How smooth? As the width $w$ shrinks the gap tends
# to the slide's value, from below and like $w^2$: for small $w$, $E_2-E_1$ lacks
# $c\,w^2$ with $c=\frac{\pi^2}{12}\,|f''(q)|\,(\sigma_1^{-2}-\sigma_2^{-2})$. The
# exact law follows, even with the narrowest $w$ below, where some of the steps are wider than $w$.

# %%
widths = np.array([0.03, 0.06, 0.1, 0.15, 0.2])
wide = [TwoWells.switched(double_well(tilt), sigma_1, sigma_2, w) for w in widths]
wide_exact = np.array([[wells.log_ratio(eta) for wells in wide] for eta in etas])
wide_limit, wide_error = limit(etas, -etas[:, None] * wide_exact)
wide_gap = np.array([wells.gap() for wells in wide])
loss = np.pi**2 / 12 * abs(slide.landscape.hess(x[1])[0, 0]) * (sigma_1**-2 - sigma_2**-2)  # the c above
print(f"steps with ησ₁ wider than w = {widths[0]:g}: η = {', '.join(f'{eta:g}' for eta in etas[etas * sigma_1 > widths[0]])}")

fine = np.linspace(0.002, 0.21, 60)
integral = [TwoWells.switched(double_well(tilt), sigma_1, sigma_2, w).diffusion_gap() for w in fine]
fig, ax = plt.subplots()
ax.plot(fine, E2 - E1 - loss * fine**2, "--", color=draw.ORANGE, label=r"slide's value $-\,c\,w^2$")
ax.plot(fine, integral, color=draw.BLUE, label="predicted: the integral")
draw.errorbars(ax, widths, wide_limit, 0, draw.BLUE, r"exact law, $\eta\to0$")
ax.plot(0, E2 - E1, "*", color=draw.RED, ms=20, clip_on=False, zorder=6, label="slide's value, with the 2")
ax.set(xlim=(-0.005, 0.21), xlabel="width $w$ over which σ changes from $\\sigma_1$ to $\\sigma_2$", ylabel="$E_2-E_1$")
ax.set_title("an abrupt change of the noise gives the slide's difference of energies")
ax.legend(loc="lower left")
results.figure(fig, "width", "Difference of the energies against the width over which sigma changes: exact law on the integral, tending to the "
               "value for a jump quadratically as the width tends to zero.")  # fmt: skip
plt.show()

# %% [markdown]
# **Noise that cannot climb.** Let $Z=+0.9$ with probability ¼ and $-0.3$ with probability ¾, and no Gaussian part. Pushing right it never exceeds 0.3,
# less than the slope between $p_1$ and $q$: the left well is a trap. The cost of leaving it is infinite and the right well, although the global
# minimum, is transient: its mass is not small but zero, at every $\eta$. Properness of the covariance does not prevent it; the theorem's chain
# is no longer irreducible.

# %%
trap = FiniteSum(lambda x: 0.6 * large_or_small(x), 1)
climb = minimum_action(slide.landscape, trap, x[0], x[1])
back = minimum_action(slide.landscape, trap, x[2], x[1])
print(f"from p₁ to q: cost {climb.cost:g}; from p₂ to q: cost {back.cost:.4f}")
trapped = invariant_law(slide.landscape, trap, 0.1)
mass_right = trapped.mass[trapped.axes[0] > slide.middle].sum()

# %% tags=["verdict"]
results.check("width of the change: limits of the exact law are ∫2f′/σ²", wide_gap, wide_limit, 0, wide_error,
              rivals={"the slide's value at every width": E2 - E1})  # fmt: skip
variance = trap.cov(x[2])[0, 0]
broad = np.s_[:-4:-1]  # the three largest, where the limits' errors are small against c w²; the next order is w⁴
loss_limit, loss_error = limit(widths[broad] ** 2, ((E2 - E1 - wide_limit) / widths**2)[broad])
passed_on = 5 * (wide_error / widths**2)[broad].max()  # the weights of this extrapolation sum to 4.7 in absolute value
results.check("width of the change: (slide's value − limit)/w² → c", loss, loss_limit, 0, loss_error + passed_on,
              rivals={"c = 0: the width does not matter": 0, "twice c": 2 * loss})  # fmt: skip
results.check("noise that cannot climb: mass of the global minimum's well", 0, mass_right, 0, 1e-12,
              rivals={"diffusion with the same variance": 1 / (1 + np.exp(2 * (f2 - f1) / (0.1 * variance)))})  # fmt: skip
results.numbers(etas=etas, exact=exact, sim_exact=sim_exact, map_ratio=ratio, line=line, switch=switch)
results.numbers(
    sim=sim,
    sim_error=sim_error,
    plane_sim=plane_sim,
    plane_sim_error=plane_sim_error,
    skew_sim=skew_sim,
    skew_sim_error=skew_sim_error,
)
results.numbers(
    plane_etas=plane_etas,
    plane_exact=plane_exact,
    skew_tilts=skew_tilts,
    skew_exact=skew_exact,
    skew_gap=skew_gap,
    diffusion=diffusion,
)
results.numbers(loss=loss, loss_limit=loss_limit)
results.numbers(window=[0, end], window_exact=end_exact, widths=widths, wide_limit=wide_limit, wide_gap=wide_gap)
results.save()

# %% [markdown]
# ## Explore
#
# The exact law, and who foresees it. At the start the mass is on the left, against the objective. Make $\sigma_1$ as large as $\sigma_2$, or raise
# the tilt far enough: it goes to the right. All pictures are held by the page, so it moves without Python too.

# %% tags=["nbval-ignore-output"]
picture = explore_wells.wells(sigma_2, width)
explore.frames(
    lambda sigma, tilt: picture(sigma, tilt, 0.1),
    alt="Two wells, the exact law of SGD in them, and which well the objective, the energies and the law prefer.",
    sigma=explore.Steps("σ₁ (left)", (0.6, 0.7, 0.8, 0.9, 1.0)),
    tilt=explore.Steps("tilt (right)", (0.04, 0.06, 0.08, 0.1, 0.12, 0.14)),
)

# %% [markdown]
# The skewed noise, and the Gaussian noise of the same variance. The bars on the left say which well the diffusions, and which the large deviations, call the ground state.

# %% tags=["nbval-ignore-output"]
skewed_picture = explore_wells.skewed_wells()
explore.frames(
    lambda noise, tilt: skewed_picture(noise, tilt, 0.05),
    alt="Two wells under skewed or Gaussian noise: the exact law, and which well diffusions and large deviations prefer.",
    noise=explore.Steps("noise", ("skewed", "Gaussian")),
    tilt=explore.Steps("tilt (right)", (0.01, 0.02, 0.03, 0.04, 0.05, 0.06)),
)
