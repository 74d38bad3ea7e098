# %% [markdown]
# # Saddle points are avoided exponentially
#
# **Claim** (slide "From energy to invariant distribution", ③). If $K_i$ is a saddle (or a maximum), there is a local minimum $K_j$ with
# $E_j<E_i$, and
#
# $$\frac{\mu_\infty(\mathcal U_i)}{\mu_\infty(\mathcal U_j)} \approx e^{-(E_i-E_j)/\eta} .$$
#
# Behind it: gradient descent stays at a saddle if it starts in the right place, SGD does not. It leaves after a time that grows only like
# $\log(1/\eta)/\eta$.
#
# **What would refute it:** a saddle below all minima in energy; a ratio of masses whose exponent is not $E_i-E_j$; a time to leave that
# grows like a power of $1/\eta$ above the first, or like $e^{c/\eta}$.

# %% tags=["parameters"]
tilt = 0.1  # of the double well on the line
radius = 0.3  # of the fixed balls
chains = 1024
seed = 4

# %%
from functools import partial

import numpy as np
from matplotlib import pyplot as plt

from longrun import draw, explore, explore_saddle, sgd
from longrun.action import minimum_action
from longrun.balls import inside, log_density, log_mass
from longrun.claims import Results
from longrun.critical import critical_points
from longrun.draw_costs import draw_levels, names
from longrun.energy import transitions
from longrun.landscapes import double_well, quadratic, three_hump_camel, tilted_himmelblau
from longrun.law import invariant_law
from longrun.leaving import expected_exit, leaving_time, stable_starts
from longrun.linear import growth_rate, largest_stable_step
from longrun.noise import FiniteSum, Gaussian, Rademacher, Sum
from longrun.passage import first_passage

rng = np.random.default_rng(seed)
results = Results(
    "04_saddle_avoidance",
    title="Saddle points are avoided exponentially",
    parameters=dict(tilt=tilt, radius=radius, chains=chains, seed=seed),
)

# %% [markdown]
# ## Why there is always a minimum below
#
# Let a saddle $i$ fall to a minimum $j$: $B_{ij}=0$. Take the cheapest tree that points to $i$, remove the edge by which $j$ leaves, and add
# $i\to j$, which costs nothing. The result is a tree that points to $j$, so
#
# $$E_j \le E_i - \min_k B_{jk} < E_i .$$
#
# The gap is at least what it costs to leave $j$. (Conversely $E_i\le E_j+B_{ji}$.) We compute the energies for four cases: two landscapes
# on the plane, one on the line; Gaussian noise and two others. On the three-hump camel the noise is a coin $\pm1.5$ plus
# $\mathcal N(0,1)$ in each coordinate; on the line it is skewed, one large value against three small ones, plus $\mathcal N(0,0.16)$.


# %%
def one_against_three(x):
    return np.broadcast_to([[1.5], [-0.5], [-0.5], [-0.5]], (*x.shape[:-1], 4, 1))


skewed = Sum(FiniteSum(one_against_three, 1), Gaussian(0.4))
line, camel, himmelblau = double_well(tilt), three_hump_camel(), tilted_himmelblau(3.0)
settings = {
    "Himmelblau, Gaussian": (himmelblau, Gaussian(80.0)),
    "camel, signs + Gaussian": (camel, Sum(Rademacher(1.5), Gaussian(1.0))),
    "double well, Gaussian": (line, Gaussian(1.0)),
    "double well, skewed": (line, skewed),
}
points = {name: critical_points(landscape) for name, (landscape, _) in settings.items()}
unit = {name: noise.cov(points[name][0].x)[0, 0] / 2 for name, (_, noise) in settings.items()}  # energies × unit are heights
# over the saddles: a search of the whole plane finds the same energies for the camel
costs = {
    name: transitions(landscape, noise, points[name], direct=False, whole=False) for name, (landscape, noise) in settings.items()
}
E = {name: cost.energies() for name, cost in costs.items()}
gap = {
    name: np.array([E[name][i] - min(E[name][k] for k, p in enumerate(points[name]) if p.index == 0) for i, q in enumerate(points[name])
                    if q.index > 0])
    for name in settings
}  # fmt: skip

fig, axes = plt.subplots(1, 4, figsize=(18, 6))
for ax, name in zip(axes, settings, strict=True):
    draw_levels(ax, costs[name], points[name], E[name] * unit[name])
    ax.set_title(name.replace(", ", ",\n"))
axes[0].set_ylabel(r"energy $E_i\,\sigma^2/2$")
results.figure(fig, "energies", "Energies of all critical points in four settings: dots for minima, crosses for saddles, triangles for "
               "maxima; grey lines lead from each saddle down to the minima that it falls to.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
for name in settings:
    results.check(f"{name}: a minimum lies below every saddle and maximum, E_i − E_j > 0, times σ²/2", 0, gap[name] * unit[name], 0,
                  1e-6 * E[name].max() * unit[name], ">", rivals={"critical points are all alike: E_i = E_j": 0})  # fmt: skip

# %% [markdown]
# ## The ratio over many decades
#
# The exact law on a grid keeps its relative accuracy in the tails, so it can be asked for ratios that no simulation will ever
# see. We ask for the **density** of $\mu_\infty$ at a saddle against the density at the lowest minimum. Simulations see the first decades: chains started from
# the exact law, so that no time is lost on mixing, and the share of time they spend in two balls of radius $0.12$ (on the line; the camel:
# $0.15$), over which the density hardly changes at these steps, is compared with the exact law's mass of the same balls.


# %%
def densities(name, eta, axes=None):
    """Exact law, and the log density at all critical points."""
    landscape, noise = settings[name]
    law = invariant_law(landscape, noise, eta, axes=axes)
    small = 2 * max(axis[1] - axis[0] for axis in law.axes)
    return law, np.array([log_density(law, p.x, small)(p.x) for p in points[name]])


def grid(eta, sigma, *halves, per_deviation=1.1):
    """A box around 0 with 1.1 points per standard deviation ησ of a step: exact to e^{−2π²·1.1²} = 4e-11 for Gaussian noise."""
    return tuple(np.linspace(-half, half, int(np.ceil(2 * half * per_deviation / (eta * sigma))) + 1) for half in halves)


boxes = {"Himmelblau, Gaussian": (80.0, 5.0, 5.0), "camel, signs + Gaussian": (1.0, 2.2, 1.5)}  # σ of the Gaussian part, box
etas = {
    "Himmelblau, Gaussian": np.array([0.00125, 0.0015, 0.00175, 0.002, 0.0025, 0.003]),
    "camel, signs + Gaussian": np.array([0.035, 0.04, 0.045, 0.055, 0.065, 0.08]),
    "double well, Gaussian": np.array([0.005, 0.007, 0.01, 0.014, 0.02, 0.03, 0.05, 0.1, 0.14, 0.2]),
    "double well, skewed": np.array([0.005, 0.007, 0.01, 0.014, 0.02, 0.03, 0.05, 0.1, 0.14, 0.2]),
}
laws, log_ratio = {}, {}
for name, steps in etas.items():
    found = [densities(name, eta, grid(eta, *boxes[name]) if name in boxes else None) for eta in steps]
    laws[name] = [law for law, _ in found]
    ground = int(np.argmin(E[name]))
    log_ratio[name] = np.array([density - density[ground] for _, density in found])

simulated = {}
for name, size in (("double well, Gaussian", 0.12), ("double well, skewed", 0.12), ("camel, signs + Gaussian", 0.15)):
    landscape, noise = settings[name]
    saddle, home = next(p for p in points[name] if p.index == 1), points[name][int(np.argmin(E[name]))]
    rows, last = [], 3 if "well" in name else 2
    for eta, law in list(zip(etas[name], laws[name], strict=True))[-last:]:
        balls = [inside(p.x, size) for p in (saddle, home)]
        seen = sgd.occupation(landscape, noise, eta, law.sample(chains, rng), 1000, balls, rng=rng)
        exact = np.diff([log_mass(log_density(law, p.x, size), p.x, size) for p in (home, saddle)])[0]
        rows.append([eta, np.log(seen.fraction[0] / seen.fraction[1]), np.hypot(*(seen.error / seen.fraction)), exact])
    simulated[name] = np.array(rows).T

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(18, 6.6))
ln10 = np.log(10)
for name, colour in zip(simulated, (draw.BLUE, draw.ORANGE, draw.PURPLE), strict=True):
    i = next(k for k, p in enumerate(points[name]) if p.index == 1)
    if "well" in name:
        eta = etas[name]
        left.plot(1 / eta, -E[name][i] / eta / ln10, color=colour, lw=1.5, label=rf"$e^{{-(E_i-E_j)/\eta}}$, {name.split(', ')[1]}")
        left.plot(1 / eta, log_ratio[name][:, i] / ln10, "o", color=colour, ms=9, mec="white", label="exact law")
    step, seen, error, exact = simulated[name]
    middle.plot(E[name][i] / step, exact / ln10, color=colour, lw=1.5)
    draw.errorbars(middle, E[name][i] / step, seen / ln10, error / ln10, colour, name, "s")
left.set(xlabel=r"$1/\eta$", ylabel=r"$\log_{10}$ of density at saddle / at minimum", title="double well: over fifty decades")
left.legend()
middle.plot([0, 20], [0, -20 / ln10], "--", color=draw.GREY, lw=1.5, label="$e^{-(E_i-E_j)/\\eta}$", zorder=1)
middle.set(xlabel=r"$(E_i-E_j)/\eta$", ylabel=r"$\log_{10}$ of mass, saddle / minimum", title="simulated; solid: exact, same balls")
middle.set(xlim=(2, 10), ylim=(-4.6, 0.4))
middle.legend(loc="upper right")
tints = (draw.BLUE, draw.SKY, draw.GREEN, draw.PURPLE, draw.RED)
name = "Himmelblau, Gaussian"
eta = etas[name]
for (i, label), colour in zip([(i, n) for i, n in enumerate(names(points[name])) if n[0] != "m"], tints, strict=True):
    right.plot(1 / eta, -E[name][i] / eta / ln10, color=colour, lw=1.5)
    right.plot(1 / eta, log_ratio[name][:, i] / ln10, "o", color=colour, ms=9, mec="white", label=label)
right.set(
    xlabel=r"$1/\eta$",
    ylabel=r"$\log_{10}$ of density at saddle / at minimum",
    title="Himmelblau: exact; lines: $e^{-(E_i-E_j)/\\eta}$",
)
right.legend(ncols=2)
results.figure(fig, "decades", "Logarithm of the density at saddles against the density at the lowest minimum, over one over the step-size. "
               "Points of the exact law lie on the straight lines of the prediction down to 1e-60; simulations agree with the exact "
               "law over the first decades.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
for name, (_, seen, error, exact) in simulated.items():
    results.check(f"{name}: log ratio of the times spent in two balls, simulated against exact law", exact, seen, error, 4 * error,
                  rivals={"saddles weigh like minima: log 1": 0})  # fmt: skip

# %% [markdown]
# ## Which neighbourhood?
#
# The slide writes $\mathcal U_i$ and leaves its size open. For a minimum the size does not matter: nearly all the mass of any
# ball is near the centre. **A ball around a saddle is different: it contains points with less energy than the saddle**, and as $\eta\to0$ its
# mass is that of the lowest point of its edge. So a fixed ball of radius $r$ obeys
#
# $$-\eta\log\frac{\mu_\infty(\mathcal U_i)}{\mu_\infty(\mathcal U_j)} \to \min_{\mathcal U_i} E - E_j = E_i - E_j - \delta(r),
# \qquad \delta(r)\approx \frac{|\lambda|\,r^2}{\sigma^2}\ \text{(Gaussian)},$$
#
# which is the $O(\varepsilon)$ of the slide's statement ②, missing in ③. "$E_i-E_j$" itself is the limit for the density at the points,
# and for balls that shrink like $\sqrt\eta$. The prefactors differ too. For isotropic Gaussian noise
# $\mu_\infty\propto e^{-2f/(\eta\sigma^2)+|\nabla f|^2/(2\sigma^2)}(1+O(\eta))$, and so the ratio of densities at critical points has prefactor **one**, without determinants; a
# ball $|x-x_i|<\sqrt\eta$ has a constant one; a fixed ball has one of order $\sqrt\eta$, in any dimension (one boundary layer of width
# $\eta$ in place of one Gaussian of width $\sqrt\eta$), which we take off as $-\tfrac12\eta\log\eta$. (In the picture, solid lines are the Gibbs
# density with these two terms, dotted ones the fits that the verdicts use; on Himmelblau's function, where $\eta h$ is not small, the terms of order $\eta^2$ show.)


# %%
def contrast(density, size, pair):
    """Log of the ratio of the masses of two balls, the second against the first; `density` at a point of the pair."""
    return np.diff([log_mass(density(p.x), p.x, size, nodes=48) for p in pair])[0]


def exact(law, size, pair):
    """The same from the exact law."""
    return contrast(lambda c: log_density(law, c, size), size, pair)


def gibbs(landscape, sigma, eta):
    """−2f/(ησ²) + |∇f|²/(2σ²)."""
    return lambda x: -2 * landscape.value(x) / (eta * sigma**2) + (landscape.grad(x) ** 2).sum(axis=-1) / (2 * sigma**2)


def edge(name, size):
    """Least energy, relative to the ground state, of the two ends of the interval around the saddle of the line."""
    landscape, noise = settings[name]
    q = next(p for p in points[name] if p.index > 0)
    falls = [minimum_action(landscape, noise, p.x, q.x + side * size).cost + E[name][k] for side in (-1, 1)
             for k, p in enumerate(points[name]) if p.index == 0 and side * (p.x[0] - q.x[0]) > 0]  # fmt: skip
    return min(falls)


def limit(y, columns, error=None):
    """Fit y ≈ columns · c by (weighted) least squares: c, the standard error of c₀, and how far c₀ moves without the last column."""
    weight = np.ones_like(y) if error is None else 1 / error
    design = np.stack(np.broadcast_arrays(*columns), axis=1) * weight[:, None]
    full, lower = (np.linalg.lstsq(design[:, :n], y * weight)[0] for n in (design.shape[1], design.shape[1] - 1))
    return full, np.sqrt(np.linalg.inv(design.T @ design)[0, 0]), abs(full[0] - lower[0])


def shrinking(name, eta):
    """Radius of the shrinking balls: 3√η on Himmelblau's function, √η/2 elsewhere."""
    return (3.0 if "Himmelblau" in name else 0.5) * np.sqrt(eta)


kinds = ("density at the points", "balls of radius ∝ √η", f"balls of radius {radius:g}")
curves = {}
for name in settings:
    q = min((p for p in points[name] if p.index == 1), key=lambda p: p.value)
    pair = (points[name][int(np.argmin(E[name]))], q)
    i = next(k for k, p in enumerate(points[name]) if p is q)
    rows = [log_ratio[name][:, i]]
    for fixed in (False, True):
        sizes = [radius if fixed else shrinking(name, eta) for eta in etas[name]]
        rows.append(np.array([exact(law, size, pair) for law, size in zip(laws[name], sizes, strict=True)]))
    curves[name] = i, pair, -etas[name] * np.array(rows) * unit[name]

low_edge = {name: edge(name, radius) * unit[name] for name in settings if "double" in name}

sizes = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5])
small = slice(0, 6)
by_size, by_size_moved = [], []
theory = np.array([edge("double well, Gaussian", size) for size in sizes]) * unit["double well, Gaussian"]
pair, step = curves["double well, Gaussian"][1], etas["double well, Gaussian"][small]
for size in sizes:
    y = np.array([exact(law, size, pair) for law in laws["double well, Gaussian"][small]])
    fit, _, moved = limit(
        (-step * y + step * np.log(step) / 2) * unit["double well, Gaussian"], (np.ones_like(step), step, step**2, step**3)
    )
    by_size.append(fit[0])
    by_size_moved.append(moved)

fig, axes = plt.subplots(1, 3, figsize=(18, 6.4))
for ax, name, sigma in ((axes[0], "double well, Gaussian", 1.0), (axes[1], "Himmelblau, Gaussian", 80.0)):
    i, pair, measured = curves[name]
    height = E[name][i] * unit[name]
    fine = np.geomspace(etas[name][0] / 6, min(etas[name].max(), 0.1), 24)
    for row, kind, colour in zip(measured, kinds, (draw.BLUE, draw.GREEN, draw.RED), strict=True):
        ax.plot(etas[name], row, "o", color=colour, ms=9, mec="white", label=f"exact law, {kind}", zorder=4)
    ax.axhline(height, color=draw.BLUE, lw=1.5)
    for colour, size in ((draw.GREEN, partial(shrinking, name)), (draw.RED, lambda eta: radius)):
        densities_at = [gibbs(settings[name][0], sigma, eta) for eta in fine]
        predicted = [contrast(lambda c, d=d: d, size(eta), pair) for d, eta in zip(densities_at, fine, strict=True)]
        ax.plot(fine, -fine * predicted * unit[name], color=colour, lw=1.5)
    ax.plot(0, height, "*", color=draw.BLUE, ms=18, clip_on=False, zorder=6)
    if name in low_edge:
        ax.plot(0, low_edge[name], "*", color=draw.RED, ms=18, clip_on=False, zorder=6)
    ax.set(xlabel=r"$\eta$", xlim=(0, 0.105 if "double" in name else None), title=name)
axes[0].set(ylabel=r"$-\eta\,\log(\mathrm{ratio})\;\sigma^2/2$")
axes[0].set_ylim(0.276, 0.365)
axes[0].plot([], [], color=draw.GREY, lw=1.5, label="Gibbs density, to the next order")
axes[0].legend(loc="lower left")
draw.errorbars(axes[2], sizes, by_size, by_size_moved, draw.RED, r"exact law, $\eta\to0$")
fine = np.linspace(0.01, 0.55, 14)
axes[2].axhline(E["double well, Gaussian"][curves["double well, Gaussian"][0]] * unit["double well, Gaussian"], color=draw.BLUE, lw=1.5,
                label="$E_i-E_j$: the slide, taken literally")  # fmt: skip
axes[2].plot(fine, [edge("double well, Gaussian", r) * unit["double well, Gaussian"] for r in fine], color=draw.RED, lw=1.5,
             label="lowest energy in the ball")  # fmt: skip
axes[2].set(xlabel="radius $r$ of the fixed balls", title="the $O(\\varepsilon)$ of the theorem, measured")
axes[2].legend(loc="lower left")
axes[1].set_xticks([0, 0.001, 0.002, 0.003], ["0", "0.001", "0.002", "0.003"])
for row, colour in zip(curves["Himmelblau, Gaussian"][2][:2], (draw.BLUE, draw.GREEN), strict=True):
    step = etas["Himmelblau, Gaussian"]
    fit = limit(row, step ** np.arange(4)[:, None])[0]
    axes[1].plot(np.linspace(0, step.max(), 50), np.polyval(fit[::-1], np.linspace(0, step.max(), 50)), ":", color=colour, lw=2)
axes[1].plot([], [], ":", color=draw.GREY, lw=2, label="fits of the exact law")
axes[1].plot([], [], "*", color=draw.BLUE, ms=18, label="predicted limit $E_i-E_j$")
axes[1].legend(loc="lower left")
results.figure(fig, "balls", "Minus eta log of the ratio of masses, saddle against minimum, over the step-size, for the density at the points, for "
               "balls of radius proportional to the square root of eta and for fixed balls: the first two tend to the energy gap, the third "
               "to the lowest energy in the ball. Right: that limit against the radius.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
for name, (i, pair, measured) in curves.items():
    step = etas[name][:6]
    powers = np.arange(4)
    height, diffusion = E[name][i] * unit[name], points[name][i].value - pair[0].value
    for row, kind in zip(measured[:2], kinds, strict=False):
        fit, _, moved = limit(row[: len(step)], step ** powers[:, None])
        rivals = {"half of it: E = f/σ²": height / 2}
        if abs(diffusion - height) > 0.01 * height:
            rivals["the diffusion with the same covariance, 2f/σ²"] = diffusion
        results.check(f"{name}, {kind}: −η log(saddle/minimum) → E_i − E_j (times σ²/2)", height, fit[0], 0, moved, rivals=rivals,
                      headline=(name, kind) == ("Himmelblau, Gaussian", kinds[1]))  # fmt: skip
    if name in low_edge:
        fit, _, moved = limit((measured[2, : len(step)] + step * np.log(step) / 2 * unit[name]), step ** powers[:, None])
        results.check(f"{name}, {kinds[2]}: −η log(saddle/minimum) → least energy in the ball − E_j", low_edge[name], fit[0], 0, moved,
                      rivals={"the slide, taken literally: E_i − E_j": height})  # fmt: skip

# %% [markdown]
# (Tolerance: the law has no statistical error, so what is left is the extrapolation, a polynomial in $\eta$; we allow as much as the highest order
# kept moves the limit. On Himmelblau's function a ball of radius 0.3 is *thinner* than the layer that would dominate it, at every step that we can
# afford: there we have the curve of the Gibbs density, and no limit to judge.)
#
# ## Staying and leaving
#
# From points of its stable manifold gradient descent converges to a saddle. On a computer it does not: rounding is noise. A rounding
# error of size $\varepsilon$ across the manifold grows by $g=1+\eta|\lambda|$ at each step, so descent leaves after
# $\log(1/\varepsilon)/\log g$ steps. We find points of the manifold by running descent backwards, and follow them in double and in single precision, each
# start on a copy of the landscape shifted by a random amount, so that roundings are independent.
#
# SGD needs no rounding. Along the unstable direction $x_t\approx g^t W$ with $W=\sum_k g^{-k}\eta Z_k$, by the central limit theorem nearly
# $\mathcal N(0,\eta^2\sigma^2/(g^2-1))$ for **any** noise. It leaves when $g^t|W|$ is of order one:
#
# $$\mathbb E\,T \approx \frac1{\log g}\Bigl(\tfrac12\log\tfrac1\eta + c\Bigr), \qquad
# \eta\,\mathbb E\,T \approx \frac1{2|\lambda|}\log\frac1\eta + \text{const} .$$
#
# The constant is known too: $\mathbb E\log|\mathcal N(0,1)| = -\tfrac12(\gamma+\log2)$, and the rest of the way is descent along the unstable manifold
# (`leaving_time`; nothing is fitted). On the line, an integral equation gives $\mathbb E\,T$ exactly (`expected_exit`), for steps as small as we
# like: there the exponent is judged on exact times, and the simulation is judged against them. In the plane the simulation is all we have.
#
# What the prediction leaves out tends to 0. If the saddle is not symmetric, SGD leaves on either side with probabilities that differ by
# $O(\sqrt\eta)$, and the sides are not equally long: hence a term $\sqrt\eta$, small on the line and below the statistical error in the plane, and a
# term $\eta$. The fits below have both where the times are exact, $\eta$ only where they are simulated.

# %%
eta_gd = 0.05
saddle = next(p for p in points["camel, signs + Gaussian"] if p.index == 1)
growth = 1 - eta_gd * saddle.eigenvalues[0]
starts = stable_starts(camel, saddle, eta_gd, 0.4, 256)
shift = rng.uniform(0, 0.25, starts.shape)


def descend(kind, steps=320):
    """Distance to the saddle, (steps, n), in the arithmetic of that kind."""
    far, moved, rate, target = [], shift.astype(kind), kind(eta_gd), (saddle.x + shift).astype(kind)
    x = (starts + shift).astype(kind)
    for _ in range(steps):
        far.append(np.linalg.norm((x - target).astype(float), axis=-1))
        x = x - rate * camel.grad(x - moved)
    return np.array(far)


def gone(far):
    """Steps until a run that came nearer than 0.1 is farther than 0.5 from the saddle."""
    return np.argmax((far > 0.5) & (np.minimum.accumulate(far) < 0.1), axis=0)


precision = {"double precision": np.float64, "single precision": np.float32}
distance = {name: descend(kind) for name, kind in precision.items()}
left_at = {name: gone(far) for name, far in distance.items()}
shown = sgd.run(camel, Gaussian(0.1), eta_gd, starts[:8], 320, rng=rng, keep=320)

places = {
    "double well, Gaussian": (*settings["double well, Gaussian"], curves["double well, Gaussian"][1][1], 0.4),
    "double well, skewed": (*settings["double well, skewed"], curves["double well, skewed"][1][1], 0.4),
    "Himmelblau, Gaussian": (himmelblau, Gaussian(20.0), curves["Himmelblau, Gaussian"][1][1], 1.0),
    "Himmelblau, signs": (himmelblau, Rademacher(20.0), curves["Himmelblau, Gaussian"][1][1], 1.0),
}


def simulated_times(landscape, noise, q, far, steps, runs):
    """Mean time to leave and its standard error, at each step."""
    times = [first_passage(landscape, noise, eta, np.tile(q.x, (runs, 1)), lambda x: ~inside(q.x, far)(x), 10**6, rng=rng)
             for eta in steps]  # fmt: skip
    return np.mean(times, axis=1), np.std(times, axis=1) / np.sqrt(runs)


on_line = [name for name in places if "well" in name]
step_of = {name: np.array([0.003, 0.01, 0.03] if name in on_line else [0.0001, 0.0003, 0.001, 0.003]) for name in places}
T, T_error = {}, {}
for name, place in places.items():
    T[name], T_error[name] = simulated_times(*place, step_of[name], 4 * chains if name in on_line else 8 * chains)

exact_steps, exact_times = np.array([0.001, 0.002, 0.003, 0.01, 0.03]), {}
for name in on_line:
    landscape, noise, q, far = places[name]
    exact_times[name] = np.array(
        [expected_exit(landscape, noise, eta, q.x[0], (q.x[0] - far, q.x[0] + far)) for eta in exact_steps]
    )


def unit_time(name, steps):
    """1/log(1 + η|λ|) steps: the time in which a distance from the saddle grows by a factor e."""
    return 1 / np.log1p(-steps * places[name][2].eigenvalues[0])


def predicted_time(name, steps):
    """Mean time to leave, without a fitted number."""
    landscape, noise, q, far = places[name]
    return np.array([leaving_time(landscape, noise, eta, q, far) for eta in steps])


# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(16, 6.6))
for name, colour in zip(distance, (draw.BLUE, draw.ORANGE), strict=True):
    left.plot(distance[name][:, ::64], color=colour, lw=1.2)
    left.plot([], [], color=colour, label=f"gradient descent, {name}")
left.plot(np.linalg.norm(shown - saddle.x, axis=-1)[:, :4], color=draw.RED, lw=1.0)
left.plot([], [], color=draw.RED, label="SGD, $\\sigma$ = 0.1")
left.set(
    yscale="log",
    xlabel="steps $t$",
    ylabel="distance to the saddle",
    ylim=(1e-8, 300),
    title=f"camel, starts on the stable manifold, $\\eta$ = {eta_gd:g}",
)
left.legend(loc="upper left", fontsize=12)
for name, colour, marker in zip(places, (draw.BLUE, draw.ORANGE, draw.GREEN, draw.PURPLE), "osD^", strict=True):
    steps, lam = step_of[name], -places[name][2].eigenvalues[0]
    draw.errorbars(right, steps, lam * steps * T[name], lam * steps * T_error[name], colour, name, marker)
    fine = np.geomspace(exact_steps[0] if name in on_line else steps[0], steps[-1], 6)
    right.plot(fine, lam * fine * predicted_time(name, fine), color=colour, lw=1.5)
for name in on_line:
    lam, label = -places[name][2].eigenvalues[0], "double wells: exact" if name == on_line[0] else None
    right.plot(exact_steps, lam * exact_steps * exact_times[name], "o", color=draw.BLACK, ms=15, mfc="none", mew=1.5, label=label)
right.plot(
    [3e-5, 1e-3],
    1.2 + np.log(np.array([1, 3e-5 / 1e-3])) + 3.5,
    "--",
    color=draw.GREY,
    lw=1.5,
    label="slope of $1/|\\lambda|$, not $1/(2|\\lambda|)$",
)
right.set(
    xscale="log",
    xlabel=r"$\eta$",
    ylabel=r"$|\lambda|\,\eta\;$mean time to leave",
    title="SGD started at the saddle; lines: predicted",
)
right.legend(fontsize=12)
results.figure(fig, "leaving", "Left: distance to a saddle against time: gradient descent from its stable manifold comes near and leaves by rounding, "
               "earlier in single precision; SGD leaves at once. Right: the mean time for SGD to leave, times eta, grows like "
               "half the logarithm of one over eta for four noises and landscapes, on the predicted curves.")  # fmt: skip
plt.show()
for name, times in left_at.items():
    print(
        f"gradient descent, {name}: {np.sum(times > 0)} of {times.size} left; nearest to the saddle: {np.median(distance[name].min(axis=0)):.0e}"
    )

# %% tags=["verdict"]
bits = np.log(np.finfo(np.float32).eps / np.finfo(np.float64).eps)
later = left_at["double precision"] - left_at["single precision"]
spread = later.std() / np.sqrt(later.size) / bits
results.check("gradient descent on the stable manifold leaves by rounding: steps per factor e of precision", 1 / np.log(growth), later.mean() / bits,
              spread, 4 * spread, rivals={"rounding grows by the other eigenvalue": -1 / np.log(1 - eta_gd * saddle.eigenvalues[1]),
                                          "precision does not matter": 0})  # fmt: skip
for name in on_line:
    exact = exact_times[name][np.searchsorted(exact_steps, step_of[name])]
    line_through_two = np.polyfit(1 / step_of[name][-2:], np.log(exact[-2:]), 1)
    exponential = np.exp(np.polyval(line_through_two, 1 / step_of[name]))
    results.check(f"{name}: mean time to leave, simulation against the exact time", exact, T[name], T_error[name], 4 * T_error[name],
                  rivals={"an exponential time e^{c/η}, c from the two largest steps": exponential,
                          "without the constant: log(1/η)/(2η|λ|)": np.log(1 / step_of[name]) / 2 * unit_time(name, step_of[name])})  # fmt: skip


def in_units(name):
    """Steps, mean times in units of `unit_time` and their errors: exact ones where there are, simulated ones elsewhere."""
    steps, time, error = (exact_steps, exact_times[name], None) if name in on_line else (step_of[name], T[name], T_error[name])
    unit = unit_time(name, steps)
    return steps, time / unit, predicted_time(name, steps) / unit, None if error is None else error / unit


forgotten = (np.euler_gamma + np.log(2)) / 2  # −E log|N(0, 1)|
for name in places:
    steps, y, prediction, error = in_units(name)
    orders = (np.sqrt(steps), steps) if name in on_line else (steps,)
    fit, fit_error, moved = limit(y, (np.log(1 / steps), np.ones_like(steps), *orders), error)
    off, off_error, off_moved = limit(y - prediction, (np.ones_like(steps), *orders), error)
    fit_error, off_error = (0, 0) if error is None else (fit_error, off_error)
    results.check(f"{name}: log(1 + η|λ|) · mean time to leave grows as p log(1/η), p", 0.5, fit[0], fit_error, 4 * fit_error + moved,
                  rivals={"1/|λ| for 1/(2|λ|)": 1, "a time of order 1/η": 0})  # fmt: skip
    results.check(f"{name}: log(1 + η|λ|) · (mean time to leave − prediction) as η → 0", 0, off[0], off_error, 4 * off_error + off_moved,
                  rivals={"a typical |W| in place of its mean logarithm": -forgotten})  # fmt: skip

# %% [markdown]
# ## Where it breaks
#
# **No noise where it is needed.** If $Z(x)=\kappa\,|x-q|\,\xi$ vanishes at the saddle, SGD started there stays, like gradient descent. Started
# beside it, each step multiplies the distance by $1+\eta|\lambda|+\eta\kappa\,\xi$, and $\frac1t\log|x_t-q|\to\mathbb E\log|1+\eta|\lambda|+\eta\kappa\,\xi|$. For weak noise it leaves like gradient descent; for some
# stronger ones the rate is *negative*: **SGD converges to the saddle.** Properness, $\mathrm{cov}\,Z\succ0$, is what the theorem asks.
#
# **The step is too large.** The exponents are limits as $\eta\to0$. On the double well the saddle's exponent falls to a small part of the prediction before
# $\eta=2/h_{\max}$. Beyond, the minimum repels too and is itself avoided: the mass moves to a cycle around it. In the picture,
# $-\eta\log$ of the exact density at either point against the highest density.

# %%
hill, kick = quadratic([[-1.0]]), 0.1
strengths = np.array([1.0, 3.0, 5.0, 8.0, 12.0, 16.0, 20.0])
rates = []
for kappa in strengths:
    noise = Gaussian(lambda x, k=kappa: k * np.abs(x[..., 0]))
    rates.append(np.log(np.abs(sgd.run(hill, noise, kick, np.ones((chains, 1)), 300, rng=rng))[:, 0]) / 300)
rate, rate_error = np.mean(rates, axis=1), np.std(rates, axis=1) / np.sqrt(chains)
print("started at the saddle, after 300 steps:", np.abs(sgd.run(hill, noise, kick, np.zeros((8, 1)), 300, rng=rng)).max())

even, big = double_well(0.0), np.array([0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4])
depth = []
for eta in big:
    half = min(2.2, 0.98 * np.sqrt(1 + 2 / eta))  # beyond, steps lead away for ever
    law = invariant_law(even, Gaussian(0.1), eta, axes=grid(min(eta, 0.4) / 2, 0.1, half, per_deviation=2)[0])
    top = np.log(law.density.max())
    depth.append([-eta * (log_density(law, [x], 0.02)(np.array([x])) - top) for x in (0.0, 1.0)])
depth = np.array(depth) * 0.1**2 / 2

fig, (left, right) = plt.subplots(1, 2, figsize=(16, 6))
fine = np.linspace(0.2, 21, 80)
left.axhspan(-0.2, 0, color=draw.GREEN, alpha=0.12, lw=0)
left.plot(
    fine, [growth_rate(1 + kick, kick * kappa) for kappa in fine], color=draw.BLUE, label=r"$E\log|1+\eta|\lambda|+\eta\kappa\xi|$"
)
draw.errorbars(left, strengths, rate, rate_error, draw.BLUE, "measured, $\\log|x_t-q|/t$")
left.axhline(np.log(1 + kick), color=draw.GREY, ls="--", label="gradient descent")
left.text(5.6, -0.187, "SGD converges to the saddle", color=draw.GREEN)
left.set(
    xlabel="strength $\\kappa$ of a noise that vanishes at the saddle",
    ylabel="rate per step",
    ylim=(-0.2, 0.3),
    title=f"$\\eta|\\lambda|$ = {kick:g}",
)
left.legend(loc="upper left")
right.plot(big, depth[:, 0], "X", color=draw.ORANGE, ms=11, mec="white", label="saddle")
right.plot(big, depth[:, 1], "o", color=draw.BLUE, ms=10, mec="white", label="minimum: avoided too")
right.axhline(0.25, color=draw.ORANGE, lw=1.5, label="saddle, as $\\eta\\to0$: $f(q)-\\min f$")
limit_step = largest_stable_step(even)
right.axvline(limit_step, color=draw.GREY, ls="--", label=r"$2/h_{\max}$")
right.set(xlabel=r"$\eta$", ylabel=r"$-\eta\,\log(\rho/\max\rho)\;\sigma^2/2$", title="double well, $\\sigma$ = 0.1: exact law")
right.set(yscale="log", ylim=(5e-5, 0.6))
right.legend(loc="lower left", fontsize=12)
results.figure(fig, "breaks", "Left: rate at which SGD leaves a saddle where its noise vanishes, against the strength of the noise: negative, so that "
               "SGD converges to the saddle, in a range of strengths. Right: exact density at the saddle and at the minimum against "
               "the highest density, over the step-size: beyond two over the curvature the minimum is avoided too.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
results.check("noise vanishing at the saddle: log|x_t − q|/t → E log|1 + η|λ| + ηκξ|", [growth_rate(1 + kick, kick * kappa) for kappa in strengths], rate,
              rate_error, 4 * rate_error, rivals={"as without noise: log(1 + η|λ|)": np.log(1 + kick)})  # fmt: skip
beyond = big > limit_step + 0.05
results.check("step above 2/h_max: the minimum is avoided too, −η log(ρ/max ρ) σ²/2 > 0", 0, depth[beyond, 1], 0, 1e-6, ">",
              rivals={"the density is highest at the minimum": 0})  # fmt: skip
results.check("step above 2/h_max: less than half of the saddle's exponent is left", 0.125, depth[beyond, 0], 0, 1e-3, "<",
              rivals={"the small-step prediction, f(q) − min f": 0.25})  # fmt: skip
for name in settings:
    key = name.replace(", ", "_").replace(" + ", "_").replace(" ", "_")
    results.numbers(**{f"etas_{key}": etas[name], f"curves_{key}": curves[name][2], f"energies_{key}": E[name]}, rtol=1e-5)
results.numbers(sizes=sizes, by_size=by_size, edge=theory, depth=depth, rtol=1e-5)
for name in places:
    results.numbers(**{f"leaving_{name.replace(', ', '_').replace(' ', '_')}": T[name]})
results.numbers(exact_times=list(exact_times.values()))
results.save()

# %% [markdown]
# ## Explore
#
# The exact law on the double well, the Gibbs density $e^{-2f/(\eta\sigma^2)+|f'|^2/(2\sigma^2)}$, and the masses of three balls. Make $\eta$
# smaller: the saddle loses decades, and so does the higher well, but fewer. Move the tilt to 0: both wells keep their half, only the saddle
# loses. All pictures are held by the page, so it moves without Python too.

# %% tags=["nbval-ignore-output"]
picture = explore_saddle.decades()
explore.frames(
    lambda eta, tilt: picture(eta, 1.0, tilt),
    alt="Logarithm of the exact density on a double well, and logarithms of the masses of the saddle and both wells.",
    eta=explore.Steps("step-size η", (0.3, 0.2, 0.14, 0.1, 0.07, 0.05, 0.03)),
    tilt=explore.Steps("tilt", (0.1, 0.05, 0.0, -0.1)),
)
