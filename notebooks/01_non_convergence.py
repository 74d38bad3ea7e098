# %% [markdown]
# # SGD with a constant step does not converge: it concentrates
#
# **Claim** (slide "SGD does not converge…"). With a constant step-size $\eta$,
#
# $$x_{t+1} = x_t - \eta\,\bigl(\nabla f(x_t) + Z(x_t;\omega_t)\bigr)$$
#
# never settles. However long we wait, iterates a few steps apart stay apart; they form a cloud around each minimum, of radius
# proportional to $\sqrt\eta$. Gradient descent ($Z = 0$) and SGD with decreasing steps do converge.
#
# **What would refute it:** a distance $|x_{t+s}-x_t|$ that shrinks as $t$ grows; a cloud whose covariance is not the one
# predicted below; or a radius with another exponent of $\eta$.

# %% tags=["parameters"]
eta = 0.005  # step-size
sigma = 10.0  # standard deviation of each coordinate of the noise, in units of |∇f|
chains = 1024
seed = 1

# %%
import numpy as np
from matplotlib import pyplot as plt

from longrun import draw, dynamics, explore, sgd
from longrun.claims import Results
from longrun.errors import Diverged
from longrun.landscapes import himmelblau, quadratic
from longrun.linear import (
    diffusion_covariance,
    largest_stable_step,
    minima,
    squared_distance,
    stationary_covariance,
)
from longrun.noise import Gaussian, Rademacher, Rotated

landscape = himmelblau()
results = Results(
    "01_non_convergence",
    title="SGD with a constant step does not converge: it concentrates",
    parameters=dict(eta=eta, sigma=sigma, chains=chains, seed=seed),
)

# %% [markdown]
# ## The talk's illustration: 25 runs on Himmelblau's function
#
# Twenty-five starts, one noise, three rules. Each comet is one run: a dot for the current iterate and a fading line through its
# last 20. The noise is three times that of the measurements below, so that the clouds can be seen from the last row.

# %%
rng = np.random.default_rng(seed)
starts = rng.uniform(-4.5, 4.5, size=(25, 2))
steps, tail = 400, 20
visible = Gaussian(3 * sigma)
rules = {
    "SGD, constant step": sgd.run(landscape, visible, eta, starts, steps, rng=rng, keep=steps),
    "gradient descent": dynamics.gradient_descent(landscape, eta, starts, steps, keep=steps),
    "SGD, decreasing steps": dynamics.decreasing_steps(landscape, visible, eta, starts, steps, rng=rng, delay=10, keep=steps),
}

fig, axes = plt.subplots(1, 3, figsize=(15, 5.6), sharey=True)
comets = []
for ax, name in zip(axes, rules, strict=True):
    draw.contours(ax, landscape)
    ax.set_title(name)
    ax.label_outer()
    comets.append(draw.Tails(ax, len(starts)))


def show(t):
    for comet, x in zip(comets, rules.values(), strict=True):
        comet.show(x[max(0, t - tail) : t])


show(steps)
results.figure(fig, "runs", "25 runs on Himmelblau's function after 400 steps. SGD with constant step: clouds around the four "
               "minima. Gradient descent and SGD with decreasing steps: points at the minima.")  # fmt: skip
plt.show()

# %% [markdown]
# The same as a film, [`figures/01_non_convergence_runs.mp4`](../figures/01_non_convergence_runs.mp4): on the left the comets
# never come to rest.

# %%
moments = [*range(2, 60), *range(60, steps + 1, 6)]
frames = draw.film(fig, [artist for comet in comets for artist in comet.artists], show, moments)
film = draw.save_mp4(frames, "01_non_convergence_runs")

small, ax = plt.subplots(figsize=(5.6, 5.2))
draw.contours(ax, landscape)
ax.set_title(f"25 runs of SGD, last {tail} iterates")
comet = draw.Tails(ax, len(starts))
x = next(iter(rules.values()))
frames = draw.film(small, comet.artists, lambda t: comet.show(x[max(0, t - tail) : t]), moments[::2])
hero = draw.save_gif(frames, "01_non_convergence_hero", width=540)
plt.close(small)
print(film, hero)

# %% [markdown]
# ## Prediction: how far apart, how wide
#
# Near a minimum, $\nabla f(x)\approx H(x-x^*)$ and SGD is a linear recursion with noise of covariance $C$. Its stationary
# covariance $V$ does not change under a step:
#
# $$V = (I-\eta H)\,V\,(I-\eta H) + \eta^2 C ,\qquad\text{in one dimension}\quad V = \frac{\eta\sigma^2}{h\,(2-\eta h)} ,$$
#
# and iterates $s$ steps apart have $\mathbb E|x_{t+s}-x_t|^2 = 2\,\mathrm{tr}\,\bigl[V\,(I-(I-\eta H)^s)\bigr]$: constant in $t$,
# of order $\eta$. With decreasing steps the same formula holds with the current $\eta_t$, which goes to zero. Gradient descent
# contracts by $1-\eta h$ each step.
#
# ## Experiment 1: do iterates stay apart?
#
# We measure the root-mean-square distance between $x_t$ and $x_{t+20}$ in windows that reach from $t=10$ to $t=10^5$.

# %%
lag = 20
windows = np.array([10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000])
delay, power = 100.0, 0.75
noise = Gaussian(sigma)
schedule = eta / (1 + np.arange(windows[-1] + lag) / delay) ** power
step_sizes = {"constant": np.full(len(schedule), eta), "decreasing": schedule}
wells = np.unique(minima(landscape).round(9), axis=0)
hessians = landscape.hess(wells)
C = sigma**2 * np.eye(2)

x0 = rng.uniform(-4, 4, size=(chains, 2))
distance, error, predicted = {}, {}, {}
for rule, sizes in step_sizes.items():
    x, t, squares, theory = x0, 0, [], []
    for window in windows:
        x = sgd.run(landscape, noise, sizes[t:window], x, window - t, rng=rng)
        later = sgd.run(landscape, noise, sizes[window : window + lag], x, lag, rng=rng)
        squares.append(((later - x) ** 2).sum(axis=1))
        well = np.argmin(((x[:, None] - wells) ** 2).sum(axis=-1), axis=1)
        each = np.array([squared_distance(H, C, sizes[window], lag) for H in hessians])
        theory.append(each[well].mean())
        t = window
    squares = np.array(squares)
    distance[rule] = np.sqrt(squares.mean(axis=1))
    error[rule] = squares.std(axis=1) / np.sqrt(chains) / (2 * distance[rule])
    predicted[rule] = np.sqrt(theory)

early = np.unique(np.geomspace(10, 1000, 13).astype(int))
path = dynamics.gradient_descent(landscape, eta, x0, int(early[-1]) + lag, keep=int(early[-1]) + lag)
still = np.sqrt(((path[early + lag - 1] - path[early - 1]) ** 2).sum(axis=-1).mean(axis=1))

# %%
fig, ax = plt.subplots()
for rule, colour, marker in (("constant", draw.BLUE, "o"), ("decreasing", draw.ORANGE, "s")):
    label = "constant step" if rule == "constant" else rf"$\eta_t = \eta\,(1+t/{delay:g})^{{-{power:g}}}$"
    draw.errorbars(ax, windows, distance[rule], error[rule], colour, f"SGD, {label}: measured", marker)
    ax.plot(windows, predicted[rule], color=colour, zorder=2)
ax.plot(early[still > 0], still[still > 0], "^--", color=draw.GREEN, ms=9, lw=1.5, label="gradient descent: measured")
ax.set(xscale="log", yscale="log", xlabel="step $t$", ylabel=f"rms $|x_{{t+{lag}}} - x_t|$", ylim=(2e-5, 4))
ax.set_title(f"Himmelblau, $\\eta$ = {eta:g}, $\\sigma$ = {sigma:g}, {chains} chains; lines: predicted")
ax.legend(loc="upper right")
results.figure(fig, "distance", "Root-mean-square distance of iterates 20 steps apart against t, logarithmic axes. Constant step: "
               "flat at the prediction. Decreasing steps: falls as a power of t, as predicted. Gradient descent: falls "
               "exponentially.")  # fmt: skip
plt.show()

# %% [markdown]
# The measured points lie on the lines from $t=10^3$ on, when every chain has found its minimum. The tolerance is four standard
# errors plus the $O(\eta)$ of the linearisation, which experiment 2 measures to be below 2 % here.

# %% tags=["verdict"]
settled = windows >= 1000
other = {"constant": "decreasing", "decreasing": "constant"}
for rule, text in (("constant", "stay apart"), ("decreasing", "come together")):
    tolerance = 4 * error[rule] + 0.02 * predicted[rule] * step_sizes[rule][windows] / eta
    results.check(
        f"{rule} step: iterates {lag} steps apart {text}",
        predicted[rule][settled], distance[rule][settled], error[rule][settled], tolerance[settled],
        rivals={f"the {other[rule]} step's law": predicted[other[rule]][settled], "variance without the ½": 2**0.5 * predicted[rule][settled]},
    )  # fmt: skip
results.check("constant step: the distance at t = 10⁵ is not zero", 0, distance["constant"][-1], error["constant"][-1],
              4 * error["constant"][-1], ">", rivals={"10 % more than predicted": 1.1 * predicted["constant"][-1]})  # fmt: skip
results.check("gradient descent: the distance at t = 1000 is zero to rounding", 1e-12, still[-1], 0, 1e-13, "<",
              rivals={"exactly zero, even in the last digit": 0})  # fmt: skip

# %% [markdown]
# ## Experiment 2: is the cloud the predicted one?
#
# On a quadratic the equation for $V$ is exact, for any noise and any stable step. We take two noises, a Gaussian and
# $\pm1$ signs in skew coordinates, and five steps up to 85 % of the stability limit $2/h_{\max}$.


# %%
def cloud(landscape, noise, eta, x0, slowest, snapshots=40):
    """Covariance of the stationary cloud around x0, and its standard error, from independent chains."""
    pause = int(np.ceil(2 / (eta * slowest)))  # snapshots e² apart in correlation
    x = sgd.run(landscape, noise, eta, x0, 8 * pause, rng=rng)
    snaps = []
    for _ in range(snapshots):
        x = sgd.run(landscape, noise, eta, x, pause, rng=rng)
        snaps.append(x)
    centred = np.array(snaps) - np.mean(snaps, axis=(0, 1))
    products = np.einsum("tni,tnj->nij", centred, centred) / snapshots
    return products.mean(axis=0), products.std(axis=0) / np.sqrt(len(x0)), products


H = np.array([[2.0, 0.8], [0.8, 1.0]])
h = np.linalg.eigvalsh(H)
bowl = quadratic(H)
noises = {"Gaussian": Gaussian(1.0), "skew signs": Rotated(Rademacher(1.0), [[1.0, 0.3], [-0.4, 0.8]])}
etas = np.array([0.1, 0.25, 0.45, 0.65, 0.85]) * 2 / h.max()
upper = np.triu_indices(2)
measured = {name: [cloud(bowl, noise, step, np.zeros((4096, 2)), h.min())[:2] for step in etas] for name, noise in noises.items()}
V = {name: [stationary_covariance(H, noise.cov(np.zeros(2)), step) for step in etas] for name, noise in noises.items()}

# %% [markdown]
# On a well of Himmelblau's function the equation holds to first order in $\eta$: the cloud feels the third and fourth
# derivatives of $f$. So we measure the ratio to the prediction for five steps and ask for its limit as $\eta\to0$.

# %%
well = wells[np.argmin(((wells - [3, 2]) ** 2).sum(axis=1))]
H_well = landscape.hess(well)
steps_well = np.array([0.0005, 0.001, 0.002, 0.004, 0.008])
trace, trace_error = [], []
for step in steps_well:
    *_, products = cloud(landscape, noise, step, np.tile(well, (8 * chains, 1)), np.linalg.eigvalsh(H_well).min())
    spread = np.trace(products, axis1=1, axis2=2)
    trace.append(spread.mean())
    trace_error.append(spread.std() / np.sqrt(len(spread)))
trace, trace_error = np.array(trace), np.array(trace_error)
trace_linear = np.array([np.trace(stationary_covariance(H_well, C, step)) for step in steps_well])


def limit(x, y, error, columns):
    """Weighted least squares y ≈ columns · coefficients; the first coefficient and its standard error."""
    design = np.stack(columns, axis=1) / error[:, None]
    coefficients = np.linalg.lstsq(design, y / error, rcond=None)[0]
    return coefficients, np.sqrt(np.linalg.inv(design.T @ design)[0, 0])


ratio, ratio_error = trace / trace_linear, trace_error / trace_linear
ones = np.ones_like(steps_well)
ratio_fit, intercept_error = limit(steps_well, ratio, ratio_error, [ones, steps_well, steps_well**2])
exponent_fit, exponent_error = limit(
    steps_well, np.log(trace) / 2, ratio_error / ratio / 2, [np.log(steps_well), ones, steps_well, steps_well**2]
)

# %%
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(16, 5.4))
fine = np.linspace(0.002, 0.9, 200) * 2 / h.max()
for name, colour, marker in (("Gaussian", draw.BLUE, "o"), ("skew signs", draw.ORANGE, "s")):
    cov = noises[name].cov(np.zeros(2))
    first = [np.trace(diffusion_covariance(H, cov, step)) for step in etas]
    spread = [np.trace(v) for v, _ in measured[name]]
    bars = [np.hypot(e[0, 0], e[1, 1]) for _, e in measured[name]]
    draw.errorbars(left, etas * h.max(), np.divide(spread, first), np.divide(bars, first), colour, name, marker)
    curve = [np.trace(stationary_covariance(H, cov, step)) / np.trace(diffusion_covariance(H, cov, step)) for step in fine]
    left.plot(fine * h.max(), curve, color=colour, zorder=2)
second = [np.trace(diffusion_covariance(H, np.eye(2), step, order=2)) / np.trace(diffusion_covariance(H, np.eye(2), step))
          for step in fine]  # fmt: skip
left.plot(fine * h.max(), second, "--", color=draw.RED, label="modified equation, 2nd order")
left.axhline(1, color=draw.GREY, ls=":", label="diffusion, 1st order")
left.set(xlabel=r"$\eta\,h_{\max}$", ylabel=r"tr $V$ / diffusion's tr $V$", yscale="log", title="quadratic: exact (lines)")
left.set_yticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
left.minorticks_off()
left.legend(loc="upper left")

draw.errorbars(middle, steps_well, ratio, ratio_error, draw.BLUE, "measured")
fine = np.linspace(0, steps_well[-1], 50)
middle.plot(fine, np.polyval(ratio_fit[::-1], fine), color=draw.BLUE, lw=1.5, label="fit, quadratic in $\\eta$")
middle.plot(0, 1, "*", color=draw.RED, ms=18, label="predicted limit", clip_on=False, zorder=6)
middle.set(xlabel=r"$\eta$", ylabel="tr $V$ / linear prediction", title="Himmelblau, well (3, 2)")
middle.legend()

draw.errorbars(right, steps_well, np.sqrt(trace), trace_error / (2 * np.sqrt(trace)), draw.BLUE, "measured")
right.plot(steps_well, np.sqrt(trace_linear), color=draw.BLUE, lw=1.5, label="linear prediction")
guide = np.sqrt(trace_linear[0] * steps_well / steps_well[0])
right.plot(steps_well, 0.7 * guide, "--", color=draw.GREY, label="slope ½")
right.set(xscale="log", yscale="log", xlabel=r"$\eta$", ylabel="rms radius", title=r"the radius scales as $\sqrt{\eta}$")
right.set_xticks(steps_well, [f"{step:g}" for step in steps_well], rotation=30)
right.set_yticks([0.03, 0.05, 0.1, 0.15], ["0.03", "0.05", "0.1", "0.15"])
right.minorticks_off()
right.legend()
results.figure(fig, "cloud", "Left: stationary variance on a quadratic against the step-size for two noises, on the exact curve, above "
               "the first-order diffusion and far above the second-order modified equation. Middle: ratio to the linear "
               "prediction in a well of Himmelblau, tending to 1 as the step tends to 0. Right: radius of the cloud against "
               "the step-size, slope one half.")  # fmt: skip
plt.show()

# %% [markdown]
# The dashed red curve is the second-order modified equation, the standard continuous-time surrogate for SGD. In one dimension
# its variance is $\eta\sigma^2/(h(2+\eta h))$ where the truth is $\eta\sigma^2/(h(2-\eta h))$: **its correction of order
# $\eta$ has the wrong sign**, so for the stationary law it is worse than the first order that it set out to improve. It is
# right on finite horizons, which is what it was made for.

# %% tags=["verdict"]
for name in noises:
    entries, bars = (np.array([part[upper] for part in parts]) for parts in zip(*measured[name], strict=True))
    theory = np.array([v[upper] for v in V[name]])
    first, second = (
        np.array([diffusion_covariance(H, noises[name].cov(np.zeros(2)), step, order)[upper] for step in etas]) for order in (1, 2)
    )
    results.check(f"quadratic, {name}: covariance solves V = (I−ηH)V(I−ηH) + η²C", theory, entries, bars, 4 * bars,
                  rivals={"diffusion": first, "2nd-order modified equation": second})  # fmt: skip
    spread, bar = entries[:, 0] + entries[:, 2], np.hypot(bars[:, 0], bars[:, 2])
    results.check(f"quadratic, {name}: the 2nd-order modified equation's variance is too small", second[:, 0] + second[:, 2], spread,
                  bar, 4 * bar, ">", rivals={"the exact variance": theory[:, 0] + theory[:, 2]})  # fmt: skip
results.check("Himmelblau: variance / linear prediction as η → 0", 1, ratio_fit[0], intercept_error, 4 * intercept_error,
              rivals={"variance ησ²/h, without the ½": 2})  # fmt: skip
results.check("Himmelblau: radius ∝ η^p as η → 0", 0.5, exponent_fit[0], exponent_error, 4 * exponent_error,
              rivals={"radius ∝ η": 1})  # fmt: skip

# %% [markdown]
# ## Where it breaks
#
# **The step is too large.** Above $2/h_{\max}$ the linear recursion has no stationary law: the cloud grows like
# $|1-\eta h|^t$. The library warns when a step exceeds this limit at a minimum, and stops when a chain leaves for infinity.

# %%
import warnings

line = quadratic([[1.0]])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    growing = sgd.run(line, Gaussian(1.0), 2.1, np.zeros((4096, 1)), 80, rng=rng, keep=41)
print(caught[0].message)
groups = np.sqrt((growing[[0, -1], :, 0].reshape(2, 32, -1) ** 2).mean(axis=-1))
rate = np.log(groups[1] / groups[0]) / 40
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sgd.run(landscape, noise, 4 * largest_stable_step(landscape), starts, 1000, rng=rng)
except Diverged as error:
    print(error)

# %% [markdown]
# **The noise vanishes at the minimum.** If $Z(x) = s\,|x|\,\xi$ with $\xi\sim N(0,1)$, each step multiplies $x$ by
# $1-\eta h-\eta s\,\xi$ up to a sign. By the law of large numbers $\frac1t\log|x_t|\to\lambda(s) = \mathbb
# E\log|1-\eta h-\eta s\,\xi|$: SGD *does* converge as long as $\lambda<0$, here even for $s$ well above $h$. Properness,
# $\mathrm{cov}\,Z(x)\succ0$, is not a technicality.

# %%
from scipy.integrate import quad
from scipy.stats import norm

step, T = 0.5, 200
strengths = np.array([0.5, 1.0, 2.0, 3.0, 4.0, 5.0])


def exponent(s):
    """λ(s) = E log|1 − η − ηsξ|, by a quadrature rule for the logarithm at ξ = (1 − η)/(ηs)."""
    zero = (1 - step) / (step * s)
    both_sides = lambda u: norm.pdf(zero + u) + norm.pdf(zero - u)  # noqa: E731
    return np.log(step * s) + quad(both_sides, 0, zero + 12, weight="alg-loga", wvar=(0, 0))[0]


slopes = [
    np.log(np.abs(sgd.run(line, Gaussian(lambda x, s=s: s * np.abs(x[..., 0])), step, np.ones((chains, 1)), T, rng=rng))) / T
    for s in strengths
]
lyapunov = np.array([slope.mean() for slope in slopes])
lyapunov_error = np.array([slope.std() / np.sqrt(chains) for slope in slopes])

fig, ax = plt.subplots()
fine = np.linspace(0.2, 6, 120)
ax.axhspan(-1.2, 0, color=draw.GREEN, alpha=0.12, lw=0)
ax.text(5.9, -0.15, "SGD converges", color=draw.GREEN, ha="right")
ax.plot(fine, [exponent(s) for s in fine], color=draw.BLUE, label=r"$\lambda(s) = E\,\log|1-\eta h-\eta s\,\xi|$")
draw.errorbars(ax, strengths, lyapunov, lyapunov_error, draw.BLUE, f"measured, $\\log|x_t|/t$ at $t$ = {T}")
ax.set(xlabel="strength $s$ of a noise that vanishes at the minimum", ylabel="rate of $\\log|x_t|$ per step", ylim=(-1.2, 0.5))
ax.set_title(f"quadratic, $\\eta h$ = {step:g}")
ax.legend()
results.figure(fig, "vanishing_noise", "Rate at which log|x| grows per step against the strength of a noise that vanishes at the "
               "minimum: measured points on the predicted curve, negative (SGD converges) below s = 3.7.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
results.check("too large a step: the cloud grows by log|1 − ηh| per step", np.log(1.1), rate.mean(), rate.std() / np.sqrt(32),
              4 * rate.std() / np.sqrt(32) + 1.1**-80 / 40, rivals={"gradient flow: −ηh": -2.1})  # fmt: skip
results.check("noise vanishing at the minimum: log|x_t|/t → E log|1 − ηh − ηsξ|", [exponent(s) for s in strengths], lyapunov,
              lyapunov_error, 4 * lyapunov_error, rivals={"without noise: log|1 − ηh|": np.log(1 - step)})  # fmt: skip
results.numbers(distance=[distance[rule] for rule in distance], distance_predicted=[predicted[rule] for rule in predicted])
results.numbers(trace=trace, trace_linear=trace_linear, steps_well=steps_well)
results.save()

# %% [markdown]
# ## Explore
#
# The last 20 iterates of 400 chains. Move $\eta$: the clouds grow as $\sqrt\eta$; move $\sigma$: they grow as $\sigma$, until
# chains begin to change wells, which is where the story of the [next notebooks](00_map.ipynb) begins.

# %% tags=["nbval-ignore-output"]
explore.last_iterates()
