# %% [markdown]
# # Finite-sum noise: a line through the stars
#
# **Claim** (slides "Blanket assumptions", regularised ERM, and "Remark: ground state = global minimizer ?"). Let SGD draw one data point
# per step. Its noise is then a finite sum, and its long run is governed by costs that come from the *whole* law of that noise: not from
# $2\Delta f/\sigma^2$, and not from the diffusion with the same covariance. As a consequence the line that SGD prefers in the long run, its
# **ground state**, need not be the line with the least loss. We show both on 47 stars.
#
# **The data.** The Hertzsprung–Russell diagram of the cluster CYG OB1: light against temperature, both as logarithms and
# standardised. Most stars follow the *main sequence*, a steep line; four *giants* do not. We fit a line, intercept and slope
# $x=(x_0,x_1)$, by a smooth robust loss that levels off at a scale $c$: stars much farther than $c$ from the line hardly count. Such a loss has several minima, each
# of them a line.
#
# **What would refute it:** escape times whose exponent is that of the diffusion or of $2\Delta f/\sigma^2$; costs that a second solver does not
# confirm; long runs that disagree with the exact chain; an energy of the global minimum that is nowhere above that of another.

# %% tags=["parameters"]
scale = 0.7  # two minima: the main sequence and the giants' line
small_scale = 0.31  # eight minima, and the lowest is not the ground state
chains = 1024
seed = 8

# %%
import numpy as np
from matplotlib import pyplot as plt
from scipy.optimize import brentq

from longrun import draw, explore, explore_lines
from longrun.action import minimum_action
from longrun.claims import Results
from longrun.collocation import long_run, mean_exit_time
from longrun.critical import critical_points
from longrun.draw_lines import draw_data, draw_lines, draw_surface
from longrun.energy import transitions
from longrun.erm import election_study, star_cluster
from longrun.fits import polynomial
from longrun.gates import minima_and_gates
from longrun.grid import fields
from longrun.noise import FiniteSum, Matched
from longrun.passage import first_passage
from longrun.sgd import occupation, run
from longrun.splitting import over_pass

results = Results(
    "08_finite_sum",
    title="Sampling noise on real data: who is right, and a ground state that is not the global minimum",
    parameters=dict(scale=scale, small_scale=small_scale, chains=chains, seed=seed),
)

# %% [markdown]
# ## One run
#
# Scale $c = 0.31$, one star per step. A point of the plane (intercept, slope) is a line through the stars. The lowest point of the loss is a
# **compromise** between main sequence and giants; the **main sequence** itself is slightly higher. The run does not settle: it flickers between
# the two for ever.


# %%
def nearest(points, x, index):
    """The critical point of that index that is nearest to x."""
    return min((p for p in points if p.index == index), key=lambda p: np.hypot(*(p.x - x)))


def steep(x):
    """Lines of the main sequence: steeper than the pass between the two families."""
    return x[:, 1] > 0.7


f, noise = star_cluster(small_scale)
points = critical_points(f)
minima = [p for p in points if p.index == 0]
compromise, main = nearest(points, [0.075, 0.43], 0), nearest(points, [-0.28, 1.35], 0)
trace = run(f, noise, 1.0, main.x[None], 40_000, rng=np.random.default_rng(seed), keep=40_000)[:, 0]
share = steep(trace).mean()

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(18, 6.6), width_ratios=(1, 0.9, 1))
draw_data(left, noise.risk)
left.set(xlim=(-3.1, 1.3), ylim=(-2.4, 2.6), xlabel="log temperature (standardised)", ylabel="log light (standardised)")
colours = {True: draw.BLUE, False: draw.RED}
sample = trace[:: len(trace) // 160]
draw_lines(left, sample, [colours[s] for s in steep(sample).tolist()], 0.8, 0.25)
draw_lines(left, [main.x, compromise.x], [draw.BLUE, draw.RED], [2 + 8 * share, 2 + 8 * (1 - share)])
left.plot([], [], color=draw.BLUE, lw=5, label=f"main sequence: {share:.0%} of the time")
left.plot([], [], color=draw.RED, lw=3, label=f"compromise: {1 - share:.0%}")
left.set_title("47 stars and the lines that SGD visits")
left.legend(loc="upper center")
draw_surface(middle, f.value, ((-1.2, -1.1), (0.9, 2.2)))
middle.plot(*trace[::40].T, ".", ms=3, color=draw.ORANGE, alpha=0.5)
for p in minima:
    middle.plot(*p.x, "o", ms=9, color=draw.GREEN, mec="white")
for p, name, colour in ((compromise, "compromise", draw.RED), (main, "main sequence", draw.BLUE)):
    middle.plot(*p.x, "o", ms=14, color=colour, mec="white", label=name)
middle.set_title(f"the loss, its {len(minima)} minima, the run")
middle.legend(loc="lower left", facecolor="white", frameon=True)
right.plot(np.arange(len(trace))[::10] / 1000, trace[::10, 1], color=draw.GREY, lw=0.6)
for p, colour in ((compromise, draw.RED), (main, draw.BLUE)):
    right.axhline(p.x[1], color=colour)
right.set(xlabel="step $t$ (thousands)", ylabel="slope of the line", title=r"one run, $\eta = 1$")
results.figure(fig, "lines", "Left: stars in the plane of temperature and light, four giants far to the left; lines visited by SGD, most "
               "of them along the main sequence. Middle: level lines of the loss with eight minima and the iterates around them. "
               "Right: the slope against time flickers between two values.")  # fmt: skip
plt.show()

# %% [markdown]
# ## Who is right about escapes?
#
# At $c = 0.7$ there are two minima. We start on the giants' line and wait until the slope exceeds $\tfrac12$, beyond the pass. Four theories say how the mean time $\tau$
# grows as $\eta\to0$, each as $\log\tau\sim B/\eta$:
#
# - **large deviations**: $B$ from all cumulants of the sampled gradients;
# - **the diffusion** with the same covariance $C(x)$;
# - **$2\Delta f/\sigma^2$**, with the constant $\sigma^2=\tfrac12\operatorname{tr}C$ at the minimum;
# - **the slide's sign** of the noise, $Z=\nabla f-\nabla\ell_\omega$. It has the same covariance, so that the diffusion cannot tell; but these gradients are skewed.
#
# The exact chain (next cell) is in between theory and simulation: the mean exit time solves a linear equation, here on a grid with cubic interpolation.
# Two spacings tell its error.


# %%
def costs(noise, starts, end, tol=1e-3):
    """Least action from each of the starts to the end."""
    return np.array([minimum_action(landscape, noise, p.x, end.x, tol=tol).cost for p in starts])


landscape, sampling = star_cluster(scale)
sequence, giants, gate = critical_points(landscape)
batch4 = star_cluster(scale, batch=4)[1]
wrong_sign = FiniteSum(lambda x: -sampling.risk.gradients(x), 1, jacobians=lambda x: -sampling.risk.jacobians(x))
B = {
    "large deviations": costs(sampling, [giants], gate)[0],
    "diffusion": costs(Matched(sampling), [giants], gate)[0],
    r"$2\Delta f/\sigma^2$": 2 * (gate.value - giants.value) / (np.trace(sampling.cov(giants.x)) / 2),
    "the slide's sign": costs(wrong_sign, [giants], gate)[0],
}
barrier = B["large deviations"]


def out(x):
    """Past the pass, towards the main sequence."""
    return x[:, 1] > 0.5


def exact_time(eta, spacing):
    """Logarithm of the mean exit time of the exact chain."""
    axes = np.arange(-0.1, 1.2, spacing * eta), np.arange(-1.1, 0.5 + 0.45 * eta, spacing * eta)
    return np.log(mean_exit_time(landscape, sampling, eta, giants.x, out, axes))


etas = barrier / np.array([2.0, 2.6, 3.2, 3.8, 4.4])
coarse, exact = np.array([[exact_time(eta, spacing) for eta in etas] for spacing in (0.22, 0.17)])
exact_error = np.abs(exact - coarse)
log_tau, log_error = [], []
for k, eta in enumerate(etas):
    patience = int(3 * np.exp(exact[k]))
    times = first_passage(
        landscape, sampling, eta, np.tile(giants.x, (chains, 1)), out, patience, rng=np.random.default_rng([seed, k])
    )
    escapes = np.isfinite(times).sum()  # the rate of an exponential law, seen up to `patience`
    log_tau.append(np.log(np.minimum(times, patience).sum() / escapes))
    log_error.append(1 / np.sqrt(escapes))
log_tau, log_error = np.array(log_tau), np.array(log_error)

# log(τη) = B/η + const + O(η): a quadratic in η after multiplication by η
y = etas * (exact + np.log(etas))
fit, shorter = polynomial(etas, y, etas * 0.01, 2), polynomial(etas, y, etas * 0.01, 1)
limit, order = fit.coefficients[0], abs(fit.coefficients[0] - shorter.coefficients[0])

fig, (left, right) = plt.subplots(1, 2, figsize=(16, 6.4))
draw.errorbars(left, 1 / etas, np.exp(log_tau), np.exp(log_tau) * log_error, draw.BLACK, "simulation")
left.plot(1 / etas, np.exp(exact), color=draw.GREY, lw=5, alpha=0.6, label="exact chain")
for (name, cost), colour, style in zip(
    B.items(), (draw.RED, draw.BLUE, draw.GREEN, draw.PURPLE), ("-", "--", "-.", ":"), strict=True
):
    anchor = exact[-1] + np.log(etas[-1]) - cost / etas[-1]
    left.plot(1 / etas, np.exp(anchor + cost / etas) / etas, color=colour, ls=style, label=f"{name}: B = {cost:.3f}")
left.set(
    yscale="log",
    xlabel=r"$1/\eta$",
    ylabel="mean time to leave (steps)",
    title="from the giants' line to the main sequence, $c$ = 0.7",
)
left.legend()
fine = np.linspace(0, etas.max(), 100)
right.plot(fine, np.polyval(fit.coefficients[::-1], fine), color=draw.GREY)
right.plot(etas, y, "o", ms=10, color=draw.GREY, label=r"exact chain, $\eta\log(\tau\eta)$")
draw.errorbars(right, etas, etas * (log_tau + np.log(etas)), etas * log_error, draw.BLACK, "simulation")
for (name, cost), colour, style in zip(
    B.items(), (draw.RED, draw.BLUE, draw.GREEN, draw.PURPLE), ("-", "--", "-.", ":"), strict=True
):
    right.axhline(cost, xmax=0.12, color=colour, ls=style, lw=4)
    right.annotate(name, (0.13 * 1.05 * etas.max(), cost), color=colour, va="top" if "sign" in name else "center", fontsize=13)
right.set(
    xlim=(0, 1.05 * etas.max()), xlabel=r"$\eta$", ylabel=r"$\eta\,\log(\tau\eta)$", title=r"the limit $\eta\to0$ is the cost $B$"
)
right.legend(loc="upper left")
results.figure(fig, "escapes", "Left: mean exit times against one over eta, simulation on the exact chain; the slope is that of large deviations, "
               "not of the diffusion. Right: eta times log of tau eta, extrapolated to eta = 0, ends at the cost of large deviations.")  # fmt: skip
plt.show()

# %% [markdown]
# **Batches.** A batch of $b$ samples drawn with replacement gives $H_b(x,v)=b\,H(x,v/b)$: all costs are multiplied by $b$, as if the temperature were divided. Without replacement the covariance
# shrinks further, by $(m-b)/(m-1)$, and no simple rule holds for the other cumulants: the costs grow, but by less.

# %% tags=["verdict"]
results.check("simulated mean time to leave = that of the exact chain (log)", exact, log_tau, log_error, np.hypot(4 * log_error, exact_error),
              rivals={"twice as long": exact + np.log(2), "the diffusion's exponent": exact[0] + (B["diffusion"] / etas - B["diffusion"] / etas[0]) - np.log(etas / etas[0])})  # fmt: skip
results.check("escape exponent, η → 0: large deviations", barrier, limit, order / 2, order, headline=True,
              rivals={name: B[name] for name in list(B)[1:]})  # fmt: skip
results.check("batch of 4: the cost is multiplied by 4", 4 * barrier, costs(batch4, [giants], gate)[0], 0, 4e-3 * barrier,
              rivals={"costs do not depend on the batch": barrier, "multiplied by √b": 2 * barrier})  # fmt: skip
half = [star_cluster(scale, batch=24, replace=way)[1].cov(giants.x) for way in (True, False)]
results.check("batch of 24 without replacement: covariance × (m − b)/(m − 1)", (47 - 24) / 46, np.trace(half[1]) / np.trace(half[0]), 0, 1e-9,
              rivals={"no difference": 1})  # fmt: skip
batch24 = star_cluster(scale, batch=24, replace=False)[1]
rule = 24 * barrier * 46 / 23
results.check("batch of 24 without replacement: the cost stays below that rule", rule, costs(batch24, [giants], gate)[0], 0, 4e-3 * rule, "<",
              rivals={"the rule of the covariance": rule})  # fmt: skip

# %% [markdown]
# ## The global minimum is not the ground state
#
# Back to $c = 0.31$. Between the compromise C and the main sequence M lies one shallow minimum X, and two passes. On such a chain
# the energies differ by
#
# $$E_C-E_M = B_{MX}+B_{XC}-B_{CX}-B_{XM} .$$
#
# The first guess of a path must be good here: at $c=0.29$ a path that starts from the flow reversed ends in a *local* minimum of the action, at almost twice the least cost. We use several guesses, and ask
# the grid of notebook 07 for a second opinion.


# %%
def chain_of_lines(landscape):
    """C, X, M and the passes between them."""
    found = critical_points(landscape)
    where = ([0.075, 0.43], 0), ([0.017, 0.986], 0), ([-0.28, 1.35], 0), ([0.13, 0.74], 1), ([-0.075, 1.12], 1)
    return [nearest(found, x, index) for x, index in where]


def four_costs(landscape, noise, tol=1e-3):
    """B_MX, B_XC, B_CX, B_XM."""
    c, x, m, low, high = chain_of_lines(landscape)
    return np.array(
        [minimum_action(landscape, noise, a.x, b.x, tol=tol).cost for a, b in ((m, high), (x, low), (c, low), (x, high))]
    )


def over_grid(landscape, noise, shape):
    """The same from shortest paths over a grid."""
    c, x, m, low, high = chain_of_lines(landscape)
    ways = fields(landscape, noise, [c.x, x.x, m.x], shape=shape, reach=3, box=((-0.5, 0.35), (0.35, 1.65)))
    return np.array([ways[2].at(high.x), ways[1].at(low.x), ways[0].at(low.x), ways[1].at(high.x)])


signs = np.array([1, 1, -1, -1])
four = four_costs(f, noise)
grid = over_grid(f, noise, (46, 79))
E_C = signs @ four
flipped = FiniteSum(lambda x: -noise.risk.gradients(x), 1, jacobians=lambda x: -noise.risk.jacobians(x))
E_C_diffusion = signs @ four_costs(f, Matched(noise))
variance = np.trace(noise.cov(main.x)) / 2
excess = grid / four - 1  # what the grid's zigzags cost
print("B_MX, B_XC, B_CX, B_XM:", four.round(3), " grid:", grid.round(3))
print(
    f"E_C - E_M = {E_C:.3f}; diffusion with the same covariance {E_C_diffusion:.3f}; 2 (f_C - f_M)/sigma^2 = {2 * (compromise.value - main.value) / variance:.3f}"
)

# %% [markdown]
# ### For which scales?
#
# The loss prefers the compromise up to a scale $c_f$, SGD only up to $c_E$. Between them ground state and global minimum are different lines.


# %%
def loss_gap(c):
    """f_C − f_M."""
    low = chain_of_lines(star_cluster(c)[0])
    return low[0].value - low[2].value


scales = np.array([0.288, 0.298])
gaps = np.array([signs @ four_costs(*star_cluster(c)) for c in scales])
curve = np.polynomial.Polynomial.fit(np.append(scales, small_scale), np.append(gaps, E_C), 2)
c_energy, c_loss = brentq(curve, 0.288, 0.31, xtol=1e-6), brentq(loss_gap, 0.31, 0.325, xtol=1e-4)
at_root = signs @ four_costs(*star_cluster(c_energy))

# %% [markdown]
# ### Long runs
#
# Long runs with 128 chains, started on either line, at several $\eta$. The exact chain gives the truth, and how long it takes to forget the start. The step-sizes, and the rule
# by which runs count as mixed, were settled after first trials; the seeds were not chosen.
#
# Below $\eta=\tfrac12$ neither is of use: no run lives to see an escape, and the grid would have to be too fine. There we count escapes **in levels**: how often does SGD come
# a little way out of a well; from there, how often a little farther before it falls back; and so on up to the pass and down to the next minimum. Each step is frequent enough
# to be counted, and the product is the rate of the escape. No theory enters. From M over X to C and back, with mean times $\tau$ of the four escapes,
#
# $$\frac{\mu(M)}{\mu(C)} \approx \frac{\tau_{MX}\,\tau_{XC}}{\tau_{CX}\,\tau_{XM}} .$$

# %%
run_etas = {4.0: 2_000, 2.0: 4_000, 1.4: 10_500, 0.7: 4_000, 0.35: 4_000}
shares, share_errors = {}, {}
for eta, steps in run_etas.items():
    for p in (main, compromise):
        seen = occupation(
            f,
            noise,
            eta,
            np.tile(p.x, (128, 1)),
            steps,
            [steep],
            rng=np.random.default_rng([seed, int(100 * eta)]),
            burn=steps // 2,
        )
        shares[eta, p is main], share_errors[eta, p is main] = seen.fraction[0], seen.error[0]
grids = {4.0: (0.1, 0.08), 2.0: (0.06, 0.045), 1.4: (0.055, 0.045), 1.0: (0.04,), 0.7: (0.035,), 0.5: (0.028,)}
law, memory = {}, {}
for eta, spacings in grids.items():
    low, high = ((-2.4, -2.7), (1.6, 3.4)) if eta > 1.2 else ((-1.2, -0.6), (0.8, 2.3))
    for h in spacings:
        x, weight, gap = long_run(f, noise, eta, tuple(np.arange(a, b, h) for a, b in zip(low, high, strict=True)))
        law.setdefault(eta, []).append(weight[steep(x)].sum())
        memory[eta] = 1 / gap

rare_etas = np.array([0.25, 0.15, 0.1])
c, x, m, low_pass, high_pass = (p.x for p in chain_of_lines(f))
legs = ((m, high_pass, x), (x, low_pass, c, m), (c, low_pass, x), (x, high_pass, m, c))
rare = [
    [
        over_pass(f, noise, eta, *leg, rng=np.random.default_rng([seed, k]), steps=8000, runs=256, most_steps=1_000_000)
        for k, leg in enumerate(legs)
    ]
    for eta in rare_etas
]
log_ratio = np.array([signs @ [leg.log_time for leg in row] for row in rare])
ratio_error = np.array([np.linalg.norm([leg.error for leg in row]) for row in rare])

fig, (left, right) = plt.subplots(1, 2, figsize=(16, 6.6))
dense = np.linspace(0.285, 0.315, 50)
left.axvspan(c_energy, c_loss, color=draw.SKY, alpha=0.25, lw=0)
left.plot(dense, curve(dense), color=draw.RED)
left.plot([*scales, small_scale], [*gaps, E_C], "o", ms=10, color=draw.RED, mec="white", label="energy $E_C-E_M$")
wide = np.linspace(0.285, 0.326, 6)
left.plot(wide, [2 * loss_gap(c) / variance for c in wide], color=draw.BLUE, ls="--", label=r"loss, $2(f_C-f_M)/\sigma^2$")
left.axhline(0, color=draw.GREY, lw=1)
left.text((c_energy + c_loss) / 2, 0.88, "global minimum: compromise\nground state: main sequence", ha="center", fontsize=14)
left.set(
    ylim=(-0.45, 1.05),
    xlabel="scale $c$ of the loss",
    ylabel="compromise minus main sequence",
    title="global minimum and ground state differ in the shaded range",
)
left.legend(loc="upper left")
right.plot(list(law), [value[-1] for value in law.values()], "-", color=draw.GREY, lw=4, alpha=0.7, label="exact chain")
for start, colour, marker, name in ((True, draw.BLUE, "^", "main sequence"), (False, draw.RED, "v", "compromise")):
    draw.errorbars(right, list(run_etas), [shares[eta, start] for eta in run_etas], [share_errors[eta, start] for eta in run_etas],
                   colour, f"runs started on the {name}", marker)  # fmt: skip
shown = 1 / (1 + np.exp(-log_ratio))
draw.errorbars(right, rare_etas, shown, shown * (1 - shown) * ratio_error, draw.BLACK, "escapes counted in levels", "s")
right.axhline(0.5, color=draw.GREY, lw=1)
right.set(
    xscale="log",
    xlabel=r"$\eta$",
    ylabel="share of time on the main sequence",
    ylim=(-0.03, 1.03),
    title=f"long runs, $c$ = {small_scale}",
)
right.set_xticks([0.1, 0.2, 0.5, 1, 2, 4], ["0.1", "0.2", "0.5", "1", "2", "4"])
right.minorticks_off()
right.legend(loc="lower right", fontsize=12, handlelength=1, handletextpad=0.5)
results.figure(fig, "ground_state", "Left: difference of energies and of losses between compromise and main sequence against the scale; between two scales they "
               "have opposite signs. Right: share of time on the main sequence against the step-size: runs from both starts agree with the exact chain "
               "for large steps, and remember their start for smaller ones; counted escapes show that the share rises to one at still smaller steps.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
mixed = [
    eta for eta in run_etas if memory.get(eta, np.inf) < run_etas[eta] / 10
]  # e^{−5} of the start is left after half of the run
truth = np.array([law[eta][-1] for eta in mixed for _ in (0, 1)])
truth_error = np.array([abs(np.diff(law[eta])[0]) for eta in mixed for _ in (0, 1)])
seen = np.array([shares[eta, start] for eta in mixed for start in (True, False)])
seen_error = np.array([share_errors[eta, start] for eta in mixed for start in (True, False)])
results.check(f"c = {small_scale}: E_C − E_M, path solver against grid", E_C, signs @ grid, grid @ excess / 2, grid @ excess,
              rivals={"2(f_C − f_M)/σ²": 2 * (compromise.value - main.value) / variance})  # fmt: skip
results.check(f"c = {small_scale}: the global minimum of f has more energy than the main sequence", 0, E_C, 0, 0.01, ">",
              rivals={"energies follow the loss": 2 * (compromise.value - main.value) / variance})  # fmt: skip
results.check("energies change order at c_E, where E_C = E_M", 0, at_root, 0, 0.01,
              rivals={"where the losses do, c_f": E_C})  # fmt: skip
results.check(f"c = {small_scale}: runs from both starts = exact chain, where they have mixed", truth, seen, seen_error, 4 * seen_error + truth_error,
              rivals={"half of the time on each": np.full(len(truth), 0.5)})  # fmt: skip
results.check(f"c = {small_scale}, η = {rare_etas[-1]:g}: log μ(M)/μ(C) from counted escapes", 0, log_ratio[-1], ratio_error[-1], 4 * ratio_error[-1], ">",
              rivals={"SGD prefers the global minimum": -2 * (main.value - compromise.value) / variance / rare_etas[-1]})  # fmt: skip
print(
    "log of mu(M)/mu(C), escapes counted:",
    {eta: f"{value:.2f} ± {error:.2f}" for eta, value, error in zip(rare_etas.tolist(), log_ratio, ratio_error, strict=True)},
)
print("mixed:", mixed, " not mixed:", [eta for eta in run_etas if eta not in mixed])
print("steps to forget the start:", {eta: f"{time:.2g}" for eta, time in memory.items()})
print(f"range of scales: {c_energy:.4f} < c < {c_loss:.4f}")
print("share on the main sequence, exact chain:", {eta: round(float(value[-1]), 3) for eta, value in law.items()})

# %% [markdown]
# **What this means.** SGD is more robust than its loss: where the loss already prefers the line that the giants bend, the ground state is still the main
# sequence. But read the right panel from right to left. At the larger steps SGD spends most of its time on the main sequence, and the runs have mixed. Then the share falls below
# one half: between two nearly equal energies the prefactors decide. Runs of any length that one would wait for end there: they no longer mix, and show
# where they started. Only at steps so small that no run would live to see an escape do the energies take over, and the share rises, as the theorem says; the picture ends before it is one.
# The statement $\mu(M)\gg\mu(C)$ is about a limit which single-sample SGD reaches after longer than anyone will wait. And at this scale the diffusion gives nearly the same energies: here it is the covariance,
# different at every line, that moves the ground state away from the global minimum.

# %% [markdown]
# ## A second data set, in nine dimensions
#
# 944 voters of the 1996 American National Election Study: their own position from left to right, explained by eight other answers. Three minima in a row: 0, the lowest and
# narrowest, gives nearly the same answer, "middle of the road", for everybody; 1 and 2, wider and shallower, follow the party. No grid reaches nine dimensions. Long runs do at large steps, counted
# escapes at small ones: four of them, with costs $B_{01}, B_{10}, B_{12}, B_{21}$ from the path solver, and shares of time from $\mu_0/\mu_1=\tau_{01}/\tau_{10}$ and $\mu_1/\mu_2=\tau_{12}/\tau_{21}$.


# %%
election, election_noise = election_study()
found = minima_and_gates(election, starts=16)
wells = np.array([p.x for p in found if p.index == 0])
gate12, gate01 = 3, 4  # by value
routes = {"0 → 1": (0, gate01, 1), "1 → 0": (1, gate01, 0, 2), "1 → 2": (1, gate12, 2, 0), "2 → 1": (2, gate12, 1)}


def election_costs(noise, tol):
    """Costs from each well to its pass, and the energies of the wells."""
    ways = transitions(election, noise, found, tol=tol, whole=False, direct=False)
    return np.array([ways.costs[a, b] for a, b, *_ in routes.values()]), ways.energies()[: len(wells)]


def nearest_well(k):
    """Points nearer to the k-th minimum than to the others."""
    return lambda x: ((x[:, None] - wells) ** 2).sum(axis=-1).argmin(axis=1) == k


costs_ld, E = election_costs(election_noise, 1e-3)
costs_diffusion, E_diffusion = election_costs(Matched(election_noise), 1e-2)
escape_etas = np.array([0.2, 0.14, 0.1, 0.07])
counted = [
    [
        over_pass(
            election,
            election_noise,
            eta,
            *(found[i].x for i in route),
            rng=np.random.default_rng([seed, k]),
            runs=768 if k == 0 else 256,
        )
        for k, route in enumerate(routes.values())
    ]
    for eta in escape_etas
]
log_times, time_errors = np.array([[[leg.log_time, leg.error] for leg in row] for row in counted]).transpose(2, 0, 1)
heights, height_errors = escape_etas[:, None] * (log_times + np.log(escape_etas)[:, None]), escape_etas[:, None] * time_errors
limits = [polynomial(escape_etas, heights[:, k], height_errors[:, k], 2) for k in range(len(routes))]

run_shares, run_errors = [], []
election_etas = {0.5: 2_500, 0.4: 4_000, 0.3: 20_000}
for eta, steps in election_etas.items():
    # half of the chains from the ground state, half from the shallowest well: their difference shows what has not mixed
    halves = [occupation(election, election_noise, eta, np.tile(wells[k], (64, 1)), steps, [nearest_well(j) for j in range(3)],
                         rng=np.random.default_rng([seed, k]), burn=steps // 2) for k in (0, 2)]  # fmt: skip
    both = np.array([half.fraction for half in halves])
    run_shares.append(both.mean(axis=0))
    run_errors.append(np.maximum(np.hypot(*(half.error for half in halves)) / 2, np.abs(both[0] - both[1]) / 2))
run_shares, run_errors = np.array(run_shares), np.array(run_errors)
log_weights = np.stack([log_times[:, 0] - log_times[:, 1], np.zeros(len(escape_etas)), log_times[:, 3] - log_times[:, 2]], axis=1)
shares_counted = np.exp(log_weights) / np.exp(log_weights).sum(axis=1, keepdims=True)

fig, (left, right) = plt.subplots(1, 2, figsize=(16, 6.6))
fine = np.linspace(0, escape_etas.max(), 100)
colours = (draw.RED, draw.BLUE, draw.GREEN, draw.PURPLE)
for k, (name, colour) in enumerate(zip(routes, colours, strict=True)):
    draw.errorbars(left, escape_etas, heights[:, k], height_errors[:, k], colour, name)
    left.plot(fine, np.polyval(limits[k].coefficients[::-1], fine), color=colour, lw=1.5)
    left.plot(0, costs_ld[k], "D", ms=13, color=colour, mec="black", clip_on=False, zorder=5)
    left.plot(0, costs_diffusion[k], "o", ms=13, mfc="none", mec=colour, mew=2.5, clip_on=False, zorder=5)
left.plot([], [], "D", ms=11, color="white", mec="black", label="cost $B$, large deviations")
left.plot([], [], "o", ms=11, mfc="none", mec="black", label="cost $B$, diffusion")
left.set(
    xlim=(-0.004, None),
    ylim=(0, 4.6),
    xlabel=r"$\eta$",
    ylabel=r"$\eta\,\log(\tau\eta)$",
    title="escapes counted in nine dimensions",
)
left.set_xticks([0, 0.05, 0.1, 0.15, 0.2])
left.legend(ncols=2, fontsize=13, loc="upper center")
for k, colour, marker in ((1, draw.BLUE, "^"), (2, draw.GREEN, "v")):
    inverse, ratio = 1 / np.array(list(election_etas)), np.log(run_shares[:, k] / run_shares[:, 0])
    draw.errorbars(right, inverse, ratio, np.hypot(run_errors[:, k] / run_shares[:, k], run_errors[:, 0] / run_shares[:, 0]), colour,
                   f"well {k}, long runs", marker)  # fmt: skip
    right.plot(1 / escape_etas, log_weights[:, k] - log_weights[:, 0], marker, color=colour, mfc="white", ms=11, mew=2,
               label=f"well {k}, counted escapes")  # fmt: skip
    line = np.array([4.5, 1 / escape_etas[-1]])
    anchor = log_weights[-1, k] - log_weights[-1, 0]
    for energy, style, name in ((E[k], "-", "large deviations"), (E_diffusion[k], "--", "diffusion")):
        right.plot(
            line, anchor - energy * (line - line[-1]), style, color=colour, lw=1.5, label=f"slope $-E_{k}$ = {-energy:.2f}, {name}"
        )
right.axhline(0, color=draw.GREY, lw=1)
right.set(xlabel=r"$1/\eta$", ylabel=r"$\log\,(\mu(U_i)\,/\,\mu(U_0))$", title="the narrow ground state takes over")
right.legend(fontsize=12, loc="lower left")
results.figure(fig, "election", "Left: eta times the logarithm of four escape times in nine dimensions against eta; as eta goes to 0 they end at the costs of "
               "large deviations, and the largest of them far from that of the diffusion. Right: log shares of time of two wells, relative to the narrow ground state, against one over eta: "
               "positive in long runs, they fall far below zero at small steps, with the slopes of the energies.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
measured = np.array([limit.coefficients[0] for limit in limits])
limit_errors = np.array([limit.errors[0] for limit in limits])
results.check("nine dimensions: η log(τη) of four escapes → their costs", costs_ld, measured, limit_errors, 4 * limit_errors,
              rivals={"diffusion": costs_diffusion, "2Δf/σ²": [2 * (found[b].value - found[a].value) / (np.trace(election_noise.cov(found[a].x)) / 9) for a, b, *_ in routes.values()]})  # fmt: skip
print(
    "minimum          f    E - E_0   of the diffusion   "
    + "   ".join(f"share at η = {eta:g}" for eta in (*election_etas, *escape_etas))
)
for k, p in enumerate(found[:3]):
    print(
        f"   {k}      {p.value:.6f}   {E[k]:5.3f}        {E_diffusion[k]:5.3f}         "
        + "   ".join(f"{share:.3f} ± {error:.3f} " for share, error in zip(run_shares[:, k], run_errors[:, k], strict=True))
        + "  "
        + "   ".join(f"  {share:.4f}      " for share in shares_counted[:, k])
    )
for k, name in enumerate(routes):
    print(
        f"escape {name}: limit {measured[k]:.3f} ± {limit_errors[k]:.3f}, cost {costs_ld[k]:.3f}, diffusion {costs_diffusion[k]:.3f}"
    )

# %% [markdown]
# The ground state is the global minimum here, by all energies, and yet it is the *least* visited of the three in all the long runs: it lies in a narrow well, and the prefactors are worth
# more than the energies. Only at smaller steps do the energies win.

# %%
results.numbers(B=list(B.values()), four=four, grid=grid, E_C=E_C, gaps=gaps, scales=scales, rtol=2e-3)
results.numbers(E_C_diffusion=E_C_diffusion, range_of_scales=[c_energy, c_loss], rtol=2e-3)
results.numbers(log_tau=log_tau, exact=exact, eta=etas, limit=limit, rtol=1e-4)
results.numbers(share_on_main_sequence=[[shares[eta, True], shares[eta, False]] for eta in run_etas], rtol=1e-6)
results.numbers(law=[value[-1] for value in law.values()], eta_law=list(law), memory=list(memory.values()), rtol=1e-3)
results.numbers(log_ratio=log_ratio, rare_etas=rare_etas, rtol=1e-6)
results.numbers(election_energies=E, election_costs=costs_ld, rtol=2e-3)
results.numbers(election_shares=run_shares, election_log_times=log_times, escape_etas=escape_etas, rtol=1e-6)
results.save()

# %% [markdown]
# ## Explore
#
# One run on the stars. A larger scale $c$ makes the loss notice more of them; a larger batch lowers the temperature, and the run sticks to the line where it started.

# %% tags=["nbval-ignore-output"]
picture = explore_lines.flickering()
explore.frames(
    lambda scale, batch: picture(scale, batch, 2.0),
    alt="Lines through the star cluster that one run of SGD visits, and its points on the loss surface, for a scale of the loss and a batch size.",
    scale=explore.Steps("scale c", (0.31, 0.4, 0.5, 0.7, 1.0)),
    batch=explore.Steps("batch size", (1, 2, 4, 8)),
)
