# %% [markdown]
# # From transition costs to energies
#
# **Claim** (slides "From transitions to energy" and "Illustration: Gaussian noise"). For small $\eta$ SGD jumps between critical
# components like a finite Markov chain whose rates are $e^{-B_{ij}/\eta}$, with the **transition cost**
#
# $$B_{ij} = \inf\,\{\,\mathcal S_T[\gamma] : \gamma(0)\in K_i,\ \gamma(T)\in K_j,\ T>0\,\} ,$$
#
# and its stationary law is $\pi(i)\propto e^{-E_i/\eta}$ with the **energy** $E_i$: the least total cost $\sum_{j\to k} B_{jk}$ of a
# spanning tree that points to $i$. For isotropic Gaussian noise $E_i = 2 f(K_i)/\sigma^2$. For other noises energies are not a function of
# $f$, and **the order of the minima can change**.
#
# **What would refute it:** energies for Gaussian noise that differ from $2f/\sigma^2$; costs that an independent solver does not
# confirm; an induced chain whose law is not $e^{-E/\eta}$; escape times of SGD whose exponent is that of the diffusion with the same
# covariance.

# %% tags=["parameters"]
tilt = 3.0  # the four minima of Himmelblau's function + tilt · u have distinct values
sigma = 60.0  # standard deviation of each coordinate of the noise, the same for both noises
escape_sigma = 20.0
chains = 2048
seed = 7

# %%
import numpy as np
from matplotlib import pyplot as plt

from longrun import draw, explore_trees
from longrun.action import minimum_action
from longrun.chain import log_stationary
from longrun.claims import Results
from longrun.critical import critical_points
from longrun.draw_costs import draw_climbs, draw_matrix, draw_points, draw_tree, label_points, names
from longrun.energy import transitions
from longrun.fits import polynomial
from longrun.grid import fields
from longrun.landscapes import himmelblau, tilted_himmelblau
from longrun.noise import Gaussian, Rademacher
from longrun.passage import first_passage
from longrun.trees import best_tree, energies

landscape = tilted_himmelblau(tilt)
points = critical_points(landscape)
labels = names(points)
f = np.array([point.value for point in points])
unit = sigma**2 / 2  # costs times σ²/2 are heights of f when the noise is Gaussian
noises = {"Gaussian": Gaussian(sigma), "signs ±σ": Rademacher(sigma)}
results = Results(
    "07_transition_costs",
    title="From transition costs to energies",
    parameters=dict(tilt=tilt, sigma=sigma, escape_sigma=escape_sigma, chains=chains, seed=seed),
)

# %% [markdown]
# ## The paths of least action
#
# Two noises with the same covariance $\sigma^2 I$: Gaussian, and a coin $\pm\sigma$ for each coordinate. The path of least action from a
# minimum up to a saddle is the cheapest way for the noise to climb. With isotropic Gaussian noise it is the gradient flow run
# backwards. With signs it is another path: pushing one coordinate close to its limit $\sigma$ is very expensive, so the climb
# avoids steep slopes along the axes, and two climbs change their route: from the right, s3 and s4 are now reached across the top, past the
# maximum M1. We do this for Himmelblau's function, whose four minima are equally deep, and for the tilted one.

# %%
plain = himmelblau()
plain_points = critical_points(plain)
plain_costs = {name: transitions(plain, noise, plain_points) for name, noise in noises.items()}
plain_energy = {name: cost.energies() for name, cost in plain_costs.items()}
costs = {name: transitions(landscape, noise, points) for name, noise in noises.items()}
E = {name: cost.energies() for name, cost in costs.items()}  # raises where a cost that matters is in doubt

fig, ax = plt.subplots(figsize=(8.6, 7.8))
draw.contours(ax, landscape)
draw_climbs(ax, costs["Gaussian"], points, draw.BLUE, "Gaussian: the gradient flow, backwards", "--")
draw_climbs(ax, costs["signs ±σ"], points, draw.RED, "signs ±σ")
draw_points(ax, points)
ax.set(xlim=(-5, 5), ylim=(-5, 5), title=f"paths of least action, minimum to saddle, $\\sigma$ = {sigma:g}")
ax.legend(loc="lower right")
results.figure(fig, "paths", "Contours of the tilted Himmelblau function with four minima, four saddles and a maximum. Cheapest paths "
               "from minima to saddles for Gaussian noise and for signs: they differ where the slope along an axis is steep.")  # fmt: skip
plt.show()

# %% [markdown]
# ## The matrix of costs
#
# $B_{ij}$ between all nine critical points, in units of height: times $\sigma^2/2$. A row says what it costs to leave a point. Saddles
# and maxima fall for free: their rows have zeros.

# %%
fig, axes = plt.subplots(1, 2, figsize=(16, 7.4))
for ax, (name, cost) in zip(axes, costs.items(), strict=True):
    draw_matrix(ax, cost.costs * unit, labels)
    ax.set_title(f"{name}: costs $B_{{ij}}\\,\\sigma^2/2$")
results.figure(fig, "matrix", "Two nine by nine matrices of transition costs between the critical points, for Gaussian noise and for "
               "signs of the same covariance; the costs for signs are larger, most of all between the left wells and the "
               "right ones.")  # fmt: skip
plt.show()

# %% [markdown]
# For Gaussian noise everything is known: $B_{ij}-B_{ji} = 2(f_j-f_i)/\sigma^2$ for all pairs, and $E_i = 2(f_i-\min f)/\sigma^2$. For signs
# nothing is, so we ask a second solver that knows nothing of critical points or smooth paths: the shortest path over a grid whose
# edges cost $\ell(x,\Delta x)=\max\{\langle p,\Delta x\rangle:\mathcal H(x,p)\le0\}$. Its paths are polygons, so it overestimates, by an error that shrinks in proportion to the
# spacing; we run it with two spacings and allow three times their difference.

# %%
minima = [i for i, point in enumerate(points) if point.index == 0]
box = (np.full(2, -4.6), np.full(2, 4.6))


def grid_energies(landscape, points, nodes):
    """Energies of the four minima from shortest paths over a grid of nodes × nodes."""
    ways = fields(landscape, noises["signs ±σ"], [points[i].x for i in minima], shape=(nodes, nodes), box=box)
    return energies([[way.at(points[j].x) for j in minima] for way in ways])


grids = {}
for name, surface, its_points in (("Himmelblau", plain, plain_points), ("tilted", landscape, points)):
    coarse, fine = (grid_energies(surface, its_points, nodes) for nodes in (51, 101))
    grids[name] = unit * fine, unit * np.abs(fine - coarse).max()

# %% tags=["verdict"]
plain_f = np.array([point.value for point in plain_points]).round(12)
cases = {"Himmelblau": (plain_f, plain_costs, plain_energy), "tilted": (f, costs, E)}
off = ~np.eye(len(points), dtype=bool)
for name, (value, cost, energy) in cases.items():
    height, B = value - value.min(), cost["Gaussian"].costs
    accuracy = 1e-8 * height.max()
    results.check(f"{name}, Gaussian: E_i σ²/2 = f_i − min f, nine points", height, unit * energy["Gaussian"], 0, accuracy,
                  rivals={"the slide's f/σ², without the 2": height / 2})  # fmt: skip
    results.check(f"{name}, Gaussian: (B_ij − B_ji) σ²/2 = f_j − f_i, all pairs", (value[None, :] - value[:, None])[off],
                  unit * (B - B.T)[off], 0, accuracy,
                  rivals={"no detailed balance: B_ij = B_ji": np.zeros(off.sum())})  # fmt: skip
    ground = int(np.argmin(energy["signs ±σ"]))
    others = [k for k, i in enumerate(minima) if i != ground]
    over_grid, grid_error = grids[name]
    wells = np.array(minima)[others]
    results.check(f"{name}, signs ±σ: energies of the minima (sum, times σ²/2), path solver against grid", unit * energy["signs ±σ"][wells].sum(),
                  over_grid[others].sum(), grid_error, 3 * len(others) * grid_error,
                  rivals={"the diffusion with the same covariance, 2f/σ²": (value[wells] - value[ground]).sum()},
                  headline=name == "tilted")  # fmt: skip

# %% [markdown]
# ## Trees
#
# The energy of a minimum is the cost of the cheapest tree that leads everywhere to it. Grey edges are free falls; red ones are climbs,
# with their costs (noise: signs). The tree with the smallest total belongs to the ground state.

# %%
scale, ground = unit, int(np.argmin(E["signs ±σ"]))
fig, axes = plt.subplots(2, 2, figsize=(12.5, 12), sharex=True, sharey=True)
for ax, root in zip(axes.flat, minima, strict=True):
    tree = best_tree(costs["signs ±σ"].costs, root)
    draw_tree(ax, tree, points, scale)
    note = "  (ground state)" if root == ground else ""
    ax.set_title(f"to {labels[root]}: total {tree.graph['energy'] * scale:.1f}{note}")
    ax.label_outer()
    ax.set(xlim=(-5.8, 5), ylim=(-4.6, 4.6), xlabel="$u$", ylabel="$v$")
results.figure(fig, "trees", "The transition graph with the cheapest tree to each of the four minima, noise of signs; the tree to the "
               "upper left minimum is the cheapest of the four.")  # fmt: skip
plt.show()

# %% [markdown]
# ## Energies, and the chain that they come from
#
# Left: the four minima of Himmelblau's function are equally deep, and Gaussian noise gives them equal energies; signs choose one of
# them. Middle: with the tilt, Gaussian noise puts all nine points on the diagonal. Signs lift some more than others: **the lowest minimum
# of $f$ is no longer the ground state.** Right: the stationary law of the induced chain, whose rates are $e^{-B_{ij}/\eta}$, from the
# Grassmann–Taksar–Heyman elimination, against $e^{-E_i/\eta}$. By the Markov-chain tree theorem the two differ by the number of trees at
# most: $|-\eta\log(\pi_i/\pi_0) - (E_i-E_0)|\le\eta\log p^{p-2}$.

# %%
etas = np.geomspace(2e-4, 2e-2, 9)
chain = {name: np.array([log_stationary(-cost.costs / eta) for eta in etas]) for name, cost in costs.items()}
apparent = {name: -etas[:, None] * (law - law[:, [int(np.argmin(E[name]))]]) * unit for name, law in chain.items()}

fig, (bars, left, right) = plt.subplots(1, 3, figsize=(18, 6), width_ratios=(0.7, 1, 1))
where = np.arange(len(minima))
bars.bar(where - 0.2, unit * plain_energy["Gaussian"][minima], 0.4, color=draw.BLUE, label="Gaussian: all zero")
bars.bar(where + 0.2, unit * plain_energy["signs ±σ"][minima], 0.4, color=draw.RED, label="signs ±σ")
bars.set_xticks(where, [labels[i] for i in minima])
bars.set(ylabel=r"energy $E_i\,\sigma^2/2$", title="Himmelblau: equal depths")
bars.legend()
height = f - f.min()
left.plot([0, 200], [0, 200], color=draw.GREY, lw=1.5, label=r"$E = 2f/\sigma^2$")
for (name, energy), colour, marker in zip(E.items(), (draw.BLUE, draw.RED), "oX", strict=True):
    left.plot(height, energy * unit, marker, color=colour, ms=11, mec="white", label=name)
label_points(left, labels, height, E["signs ±σ"] * unit)
left.set(
    xscale="symlog",
    yscale="symlog",
    xlim=(-0.8, 400),
    ylim=(-0.5, 400),
    xlabel=r"height $f_i-\min f$",
    ylabel=r"energy $E_i\,\sigma^2/2$",
)
left.set_title("tilted: nine critical points")
left.legend(loc="lower right")
for i, colour in zip(minima, (draw.BLUE, draw.ORANGE, draw.GREEN, draw.PURPLE), strict=True):
    right.plot(etas, apparent["signs ±σ"][:, i], "o", color=colour, ms=9, mec="white", label=labels[i])
    right.axhline(E["signs ±σ"][i] * unit, color=colour, zorder=1)
right.set(
    xscale="log",
    xlabel=r"$\eta$",
    ylabel=r"$-\eta\,\log(\pi_i/\pi_0)\,\sigma^2/2$",
    title="tilted, signs: induced chain; lines: energies",
)
right.legend(title="minimum", ncols=4, loc="center", bbox_to_anchor=(0.45, 0.72))
results.figure(fig, "energies", "Left: energies of the four equally deep minima of Himmelblau's function, equal for Gaussian noise, unequal for "
               "signs. Middle: energies of nine critical points of the tilted function against their heights, on the diagonal for Gaussian noise, off it "
               "for signs, where the global minimum has a higher energy than another minimum. Right: minus eta log of the "
               "induced chain's stationary law tends to the energies as eta tends to zero.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
p = len(points)
cayley = etas[0] * (p - 2) * np.log(p) * unit
for name in noises:
    up = E[name] * unit > cayley
    results.check(f"{name}: −η log(π_i/π_0) of the induced chain → E_i", E[name][up] * unit, apparent[name][0, up], 0, cayley,
                  rivals={"half the energy": E[name][up] * unit / 2})  # fmt: skip
lowest = int(np.argmin(f))
results.check("signs ±σ: the global minimum has more energy than the ground state", 0, E["signs ±σ"][lowest] * unit, 0, 1e-3, ">",
              rivals={"the diffusion with the same covariance, 2f/σ²": 0})  # fmt: skip

# %% [markdown]
# ## Does SGD know? Escape times
#
# A diffusion sees the covariance only, and would escape from a well equally fast under both noises. Large deviations say otherwise: the
# mean escape time grows as $e^{B/\eta}$ with different $B$. We time escapes from the well at $(3,2)$ of Himmelblau's function, over its
# lowest saddle, for both noises and five steps. We do not know the prefactors' $O(\eta)$ corrections, but expect most of
# them to cancel in the **ratio** of the times, which makes it the sharper test: $\log(\tau_{\text{signs}}/\tau_{\text{Gauss}}) = \Delta B/\eta + \text{const}$.

# %%
well = min((q for q in plain_points if q.index == 0), key=lambda q: np.hypot(*(q.x - [3, 2])))
saddle = min((q for q in plain_points if q.index == 1), key=lambda q: q.value)
climb = {"Gaussian": Gaussian(escape_sigma), "signs ±σ": Rademacher(escape_sigma)}
barrier = {name: minimum_action(plain, noise, well.x, saddle.x).cost for name, noise in climb.items()}
steps = barrier["Gaussian"] / np.array([7.0, 6.4, 5.8, 5.3, 4.8])
prefactor = 2 * np.pi / np.sqrt(abs(saddle.eigenvalues.prod() / well.eigenvalues.prod())) / abs(saddle.eigenvalues.min())

tau, tau_error = {}, {}
for name, noise in climb.items():
    mean, error = [], []
    for k, step in enumerate(steps):
        patience = int(2 * prefactor / step * np.exp(barrier["Gaussian"] / step))
        times = first_passage(plain, noise, step, np.tile(well.x, (chains, 1)), lambda x: x[:, 1] < -1, patience,
                              rng=np.random.default_rng([seed, k]))  # fmt: skip
        escapes = np.isfinite(times).sum()  # the rate of an exponential law, seen up to `patience`
        mean.append(np.minimum(times, patience).sum() / escapes)
        error.append(1 / np.sqrt(escapes))
    tau[name], tau_error[name] = np.array(mean), np.array(error)

ratio = np.log(tau["signs ±σ"] / tau["Gaussian"])
ratio_error = np.hypot(tau_error["signs ±σ"], tau_error["Gaussian"])
fit = polynomial(1 / steps, ratio, ratio_error)
slope, slope_error = fit.coefficients[1], fit.errors[1]
excess = barrier["signs ±σ"] - barrier["Gaussian"]

fig, (left, right) = plt.subplots(1, 2, figsize=(15, 6))
for (name, times), colour in zip(tau.items(), (draw.BLUE, draw.RED), strict=True):
    draw.errorbars(left, 1 / steps, times, times * tau_error[name], colour, f"{name}: measured")
    centre = np.mean(np.log(times * steps) - barrier[name] / steps)
    left.plot(1 / steps, np.exp(barrier[name] / steps + centre) / steps, color=colour, lw=1.5, label="slope predicted")
left.set(
    yscale="log", xlabel=r"$1/\eta$", ylabel="mean escape time (steps)", title=f"escape from (3, 2), $\\sigma$ = {escape_sigma:g}"
)
left.legend()
draw.errorbars(right, 1 / steps, ratio, ratio_error, draw.RED, "measured")
centre = np.average(ratio - excess / steps, weights=ratio_error**-2)
right.plot(1 / steps, excess / steps + centre, color=draw.RED, lw=1.5, label=r"slope predicted, $\Delta B$")
right.axhline(np.average(ratio, weights=ratio_error**-2), color=draw.GREY, ls="--", label="diffusion: slope 0")
right.set(xlabel=r"$1/\eta$", ylabel=r"$\log(\tau_{\rm signs}/\tau_{\rm Gauss})$", title="equal covariance, different exponents")
right.legend()
results.figure(fig, "escape", "Mean escape times from a well of Himmelblau against one over the step-size, for Gaussian noise and for signs "
               "with the same covariance; the logarithm of their ratio grows with the predicted slope, where a diffusion "
               "predicts none.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
half = escape_sigma**2 / 2
results.check("escape times, signs against Gaussian: slope of log ratio in 1/η, times σ²/2", excess * half, slope * half, slope_error * half,
              4 * slope_error * half, rivals={"diffusion: same covariance, same exponent": 0})  # fmt: skip

# %% [markdown]
# ## Where it breaks: noise that cannot climb
#
# A coin $\pm\sigma$ cannot push against a slope steeper than $\sigma$ along an axis. Below some $\sigma$ a well cannot be left at all: the cost is
# infinite, and the library says where the path is blocked. If no minimum can be reached from all others, the theorem's chain is not
# irreducible and there is no unique law; asking for energies then raises an error. Properness and unbounded support are not
# equivalent: the covariance here is $\sigma^2 I$, as regular as can be.

# %%
for weak in (5.0, 10.0):
    way = minimum_action(plain, Rademacher(weak), well.x, saddle.x)
    answer = (
        f"infinite cost: {way.reason.split(':')[0]}" if np.isinf(way.cost) else f"cost times σ²/2 = {way.cost * weak**2 / 2:.2f}"
    )
    print(f"σ = {weak:g}: {answer}")
results.numbers(costs_plain_signs=plain_costs["signs ±σ"].costs * unit, rtol=1e-5)
results.numbers(costs_gaussian=costs["Gaussian"].costs * unit, costs_signs=costs["signs ±σ"].costs * unit, rtol=1e-5)
results.numbers(tau=[tau[name] for name in tau], eta=steps)
results.save()

# %% [markdown]
# ## Explore
#
# Choose a noise and its strength: the tree to the ground state, and the energies of the four minima beside their heights. As $\sigma$
# grows, every noise looks Gaussian: its energies tend to $2f/\sigma^2$.

# %% tags=["nbval-ignore-output"]
explore_trees.trees(landscape, strengths=(60.0, 80.0, 120.0), known={("signs ±σ", sigma): costs["signs ±σ"]})
