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

from longrun import draw, dynamics, explore, explore_runs, sgd
from longrun.claims import Results
from longrun.errors import Diverged
from longrun.fits import polynomial, power_law
from longrun.landscapes import himmelblau, quadratic
from longrun.linear import (
    diffusion_covariance,
    largest_stable_step,
    minima,
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
# last 20 (five colours, used over and over). The axes are the coordinates $x=(u,v)$. The noise is three times that of the
# measurements below, so that the clouds can be seen from the last row, and the decreasing steps are
# $\eta_t=\eta\,(1+t/10)^{-0.75}$.

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


clock = fig.text(0.005, 0.96, "", fontsize=16)


def show(t):
    clock.set_text(f"step {t}")
    for comet, x in zip(comets, rules.values(), strict=True):
        comet.show(x[max(0, t - tail) : t])


show(steps)
results.figure(fig, "runs", "25 runs on Himmelblau's function after 400 steps. SGD with constant step: clouds around the four "
               "minima. Gradient descent: points at the minima. SGD with decreasing steps: small clusters there, still "
               "shrinking.")  # fmt: skip
plt.show()

# %% [markdown]
# The same as a film, [`figures/01_non_convergence_runs.mp4`](../figures/01_non_convergence_runs.mp4): on the left the comets
# never come to rest. It slows nothing down but skips: from step 60 on it shows every sixth.

# %%
moments = [*range(2, 60), *range(60, steps + 1, 6)]
frames = draw.film(fig, [clock, *(artist for comet in comets for artist in comet.artists)], show, moments)
film = draw.save_mp4(frames, "01_non_convergence_runs")

small, ax = plt.subplots(figsize=(5.6, 5.2))
draw.contours(ax, landscape)
ax.set_title(f"25 runs of SGD, last {tail} iterates")
comet = draw.Tails(ax, len(starts))
x = next(iter(rules.values()))
clock = ax.text(-5.7, 5.3, "", fontsize=13)


def show_one(t):
    clock.set_text(f"step {t}")
    comet.show(x[max(0, t - tail) : t])


frames = draw.film(small, [clock, *comet.artists], show_one, moments[::2])
hero = draw.save_gif(frames, "01_non_convergence_hero", width=540)
plt.close(small)
print(film, hero)

# %% [markdown]
# ## Prediction: how far apart, how wide
#
# Near a minimum $x^*$, $\nabla f(x)\approx H(x-x^*)$ with the Hessian $H$, whose eigenvalues we call $h$ and the largest $h_{\max}$. SGD is
# then a linear recursion with noise of covariance $C$. Its stationary covariance $V$ does not change under a step:
#
# $$V = (I-\eta H)\,V\,(I-\eta H) + \eta^2 C ,\qquad\text{in one dimension}\quad V = \frac{\eta\sigma^2}{h\,(2-\eta h)} ,$$
#
# and iterates $s$ steps apart have $\mathbb E|x_{t+s}-x_t|^2 = 2\,\mathrm{tr}\,\bigl[V\,(I-(I-\eta H)^s)\bigr]$: constant in $t$; of
# order $s\eta^2$ for $s\ll1/(\eta h)$ and of order $\eta$ beyond. With decreasing steps the covariance follows
# $V_{t+1} = (I-\eta_t H)V_t(I-\eta_t H)+\eta_t^2C$ and goes to zero with $\eta_t$. Gradient descent contracts by $1-\eta h$ along each
# eigenvector of $H$.
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


def distances(sizes):
    """Predicted E|x_{t+lag} − x_t|² for each window and well: the covariance recursion along the step-sizes."""
    marks, out = set(windows.tolist()), []
    V = np.array([stationary_covariance(H, C, sizes[0]) for H in hessians])
    for t, size in enumerate(sizes[: windows[-1] + 1]):
        A = np.eye(2) - size * hessians
        if t in marks:
            product = np.eye(2)
            gain = np.zeros_like(V)  # covariance of the noise of the next steps
            for later in sizes[t : t + lag]:
                step = np.eye(2) - later * hessians
                product, gain = step @ product, step @ gain @ step + later**2 * C
            change = product - np.eye(2)
            out.append(np.trace(change @ V @ np.swapaxes(change, 1, 2) + gain, axis1=1, axis2=2))
        V = A @ V @ A + size**2 * C
    return np.array(out)


x0 = rng.uniform(-4, 4, size=(chains, 2))
distance, error, predicted = {}, {}, {}
for rule, sizes in step_sizes.items():
    x, t, squares, theory = x0, 0, [], []
    expected = distances(sizes)
    for k, window in enumerate(windows):
        x = sgd.run(landscape, noise, sizes[t:window], x, window - t, rng=rng)
        later = sgd.run(landscape, noise, sizes[window : window + lag], x, lag, rng=rng)
        squares.append(((later - x) ** 2).sum(axis=1))
        well = np.argmin(((x[:, None] - wells) ** 2).sum(axis=-1), axis=1)
        theory.append(expected[k][well].mean())
        t = window
    squares = np.array(squares)
    distance[rule] = np.sqrt(squares.mean(axis=1))
    error[rule] = squares.std(axis=1) / np.sqrt(chains) / (2 * distance[rule])
    predicted[rule] = np.sqrt(theory)
    print(
        f"{rule} step: at t = {t} the farthest chain is {np.sqrt(((x - wells[well]) ** 2).sum(axis=1)).max():.2g} from its minimum"
    )

early = np.unique(np.geomspace(10, 1000, 13).astype(int))
path = dynamics.gradient_descent(landscape, eta, x0, int(early[-1]) + lag, keep=int(early[-1]) + lag)
still = np.sqrt(((path[early + lag - 1] - path[early - 1]) ** 2).sum(axis=-1).mean(axis=1))

# %%
fig, ax = plt.subplots()
for rule, colour, marker in (("constant", draw.BLUE, "o"), ("decreasing", draw.ORANGE, "s")):
    label = "constant step" if rule == "constant" else rf"$\eta_t = \eta\,(1+t/{delay:g})^{{-{power:g}}}$"
    draw.errorbars(ax, windows, distance[rule], error[rule], colour, f"SGD, {label}: measured", marker)
    ax.plot(windows[2:], predicted[rule][2:], color=colour, zorder=2)
ax.plot(early[still > 2e-5], still[still > 2e-5], "^", color=draw.GREEN, ms=9, label="gradient descent: measured, then below")
ax.set(xscale="log", yscale="log", xlabel="step $t$", ylabel=f"rms $|x_{{t+{lag}}} - x_t|$", ylim=(2e-5, 4))
ax.set_title(f"Himmelblau, $\\eta$ = {eta:g}, $\\sigma$ = {sigma:g}, {chains} chains; lines: predicted")
ax.legend(loc="upper right")
results.figure(fig, "distance", "Root-mean-square distance of iterates 20 steps apart against t, logarithmic axes. Constant step: "
               "flat at the prediction. Decreasing steps: falls as a power of t, as predicted. Gradient descent: falls "
               "exponentially.")  # fmt: skip
plt.show()

# %% [markdown]
# The prediction weights the four wells by the share of chains nearest to each, as observed. The tolerance is four standard errors
# plus $4\eta_t$ of the prediction, for the terms of $f$ beyond the quadratic: experiment 2 finds that they change the variance by
# less than that (it prints how much), hence the distance by less than half of it. For gradient descent we start near one minimum and compare the rate; what is left
# there is of the order of the distance itself, times $|f^{(3)}|/h<10$.

# %% tags=["verdict"]
settled = windows >= 1000
other = {"constant": "decreasing", "decreasing": "constant"}
for rule, text in (("constant", "stay apart"), ("decreasing", "come together")):
    tolerance = 4 * error[rule] + 4 * step_sizes[rule][windows] * predicted[rule]
    results.check(
        f"{rule} step: iterates {lag} steps apart {text}",
        predicted[rule][settled], distance[rule][settled], error[rule][settled], tolerance[settled],
        rivals={f"the {other[rule]} step's law": predicted[other[rule]][settled], "variance without the ½": 2**0.5 * predicted[rule][settled]},
    )  # fmt: skip


def slope(y, error=1.0):
    """Weighted slope of log y in log t over the late windows, and its standard error."""
    t = np.log(windows[settled]) - np.log(windows[settled]).mean()
    weight = t / (t @ t)
    return weight @ np.log(y[settled]), np.sqrt(weight**2 @ (np.ones(t.size) * error / y[settled]) ** 2)


trend, trend_error = slope(distance["constant"], error["constant"][settled])
results.check("constant step: the distance does not shrink: its power of t", 0, trend, trend_error, 4 * trend_error,
              rivals={"the decreasing step's power": slope(predicted["decreasing"])[0]})  # fmt: skip

well_index = np.argmin(((wells - [3, 2]) ** 2).sum(axis=1))
well, H_well = wells[well_index], hessians[well_index]
h_min, h_max = np.linalg.eigvalsh(H_well)
near = dynamics.gradient_descent(landscape, eta, well + 0.1 * rng.standard_normal((64, 2)), 120 + lag, keep=120 + lag)
gap = [np.sqrt(((near[t + lag - 1] - near[t - 1]) ** 2).sum(axis=-1).mean()) for t in (60, 120)]
results.check("gradient descent: distances shrink by log(1 − ηh_min) per step", np.log(1 - eta * h_min), np.log(gap[1] / gap[0]) / 60, 0,
              10 * gap[0] / 60, rivals={"gradient flow: −ηh_min": -eta * h_min})  # fmt: skip

# %% [markdown]
# ## Experiment 2: is the cloud the predicted one?
#
# On a quadratic the equation for $V$ is exact, for any noise and any stable step. We take two noises, a Gaussian and
# $\pm1$ signs in skew coordinates, and five steps up to 85 % of the stability limit $2/h_{\max}$.


# %%
def cloud(landscape, noise, eta, x0, slowest, snapshots=40):
    """Covariance of the stationary cloud around x0, its trace, and their standard errors, from independent chains."""
    pause = int(np.ceil(2 / (eta * slowest)))  # correlation between snapshots at most e⁻²
    x = sgd.run(landscape, noise, eta, x0, 8 * pause, rng=rng)
    snaps = []
    for _ in range(snapshots):
        x = sgd.run(landscape, noise, eta, x, pause, rng=rng)
        snaps.append(x)
    centred = np.array(snaps) - np.mean(snaps, axis=(0, 1))
    products = np.einsum("tni,tnj->nij", centred, centred) / snapshots
    traces = np.trace(products, axis1=1, axis2=2)
    root = np.sqrt(len(x0))
    return products.mean(axis=0), products.std(axis=0) / root, traces.mean(), traces.std() / root


H = np.array([[2.0, 0.8], [0.8, 1.0]])
h = np.linalg.eigvalsh(H)
bowl = quadratic(H)
noises = {"Gaussian": Gaussian(1.0), "skew signs": Rotated(Rademacher(1.0), [[1.0, 0.3], [-0.4, 0.8]])}
etas = np.array([0.1, 0.25, 0.45, 0.65, 0.85]) * 2 / h.max()
upper = np.triu_indices(2)
measured = {name: [cloud(bowl, noise, step, np.zeros((4096, 2)), h.min()) for step in etas] for name, noise in noises.items()}
V = {name: [stationary_covariance(H, noise.cov(np.zeros(2)), step) for step in etas] for name, noise in noises.items()}

# %% [markdown]
# On a well of Himmelblau's function the equation holds to first order in $\eta$: the cloud feels the third and fourth
# derivatives of $f$. So we measure the ratio to the prediction for five steps and two noises, and ask for its limit as $\eta\to0$. (The
# limit cannot tell the exact recursion from a diffusion: they differ at order $\eta$. The quadratic can.)

# %%
steps_well = np.array([0.0005, 0.001, 0.002, 0.004, 0.008])
well_noises = {"Gaussian": Gaussian(sigma), "signs ±σ": Rademacher(sigma)}
trace, trace_error = {}, {}
for name, each in well_noises.items():
    runs = [cloud(landscape, each, step, np.tile(well, (4 * chains, 1)), h_min) for step in steps_well]
    trace[name], trace_error[name] = (np.array([run[k] for run in runs]) for k in (2, 3))
trace_linear = np.array([np.trace(stationary_covariance(H_well, C, step)) for step in steps_well])


ratio = {name: trace[name] / trace_linear for name in trace}
ratio_error = {name: trace_error[name] / trace_linear for name in trace}
ratio_fit = {name: polynomial(steps_well, ratio[name], ratio_error[name], degree=2) for name in trace}
power_fit = {name: power_law(steps_well, np.sqrt(trace[name]), trace_error[name] / (2 * np.sqrt(trace[name])), 1) for name in trace}
for name, fit in ratio_fit.items():
    print(f"{name}: the variance exceeds the linear prediction by about {fit.coefficients[1]:.1f} η")

# %%
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(16, 5.4))
fine = np.linspace(0.002, 0.9, 200) * 2 / h.max()
for name, colour, marker in (("Gaussian", draw.BLUE, "o"), ("skew signs", draw.ORANGE, "s")):
    cov = noises[name].cov(np.zeros(2))
    first = [np.trace(diffusion_covariance(H, cov, step)) for step in etas]
    spread, bars = (np.array([cell[k] for cell in measured[name]]) for k in (2, 3))
    draw.errorbars(left, etas * h.max(), spread / first, bars / first, colour, f"{name}: measured", marker)
    curve = [np.trace(stationary_covariance(H, cov, step)) / np.trace(diffusion_covariance(H, cov, step)) for step in fine]
    left.plot(fine * h.max(), curve, color=colour, zorder=2)
    second = [np.trace(diffusion_covariance(H, cov, step, order=2)) / np.trace(diffusion_covariance(H, cov, step)) for step in fine]
    left.plot(fine * h.max(), second, "--", color=colour, label=f"{name}: modified equation", zorder=2)
left.axhline(1, color=draw.GREY, ls=":", label="diffusion, 1st order")
left.set(xlabel=r"$\eta\,h_{\max}$", ylabel=r"tr $V$ / diffusion's tr $V$", yscale="log", title="quadratic: exact (lines)")
left.set_yticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
left.minorticks_off()
left.legend(loc="upper left", fontsize=12)

fine = np.linspace(0, steps_well[-1], 50)
for name, colour, marker in (("Gaussian", draw.BLUE, "o"), ("signs ±σ", draw.ORANGE, "s")):
    draw.errorbars(middle, steps_well, ratio[name], ratio_error[name], colour, f"{name}: measured", marker)
    middle.plot(fine, np.polyval(ratio_fit[name].coefficients[::-1], fine), color=colour, lw=1.5)
    radius = np.sqrt(trace[name])
    draw.errorbars(right, steps_well, radius, trace_error[name] / (2 * radius), colour, f"{name}: measured", marker)
middle.plot(0, 1, "*", color=draw.RED, ms=18, label="predicted limit", clip_on=False, zorder=6)
middle.set(xlabel=r"$\eta$", ylabel="tr $V$ / linear prediction", title="Himmelblau, well (3, 2); lines: fits")
middle.set_xticks([0, 0.002, 0.004, 0.008], ["0", "0.002", "0.004", "0.008"])
middle.legend()
right.plot(steps_well, np.sqrt(trace_linear), color=draw.GREY, lw=1.5, label="linear prediction", zorder=1)
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
# (Left and right, the error bars are smaller than the markers.) The dotted line is the diffusion
# $dX=-\nabla f\,dt+\sqrt{\eta C}\,dW$, in one dimension $V=\eta\sigma^2/(2h)$. The dashed curves are the second-order modified
# equation, which adds the drift $-\frac\eta4\nabla|\nabla f|^2$ and gives $\eta\sigma^2/(h(2+\eta h))$ where the truth is
# $\eta\sigma^2/(h(2-\eta h))$: **its correction of order $\eta$ has the wrong sign.** For this variance it is worse than the first order
# that it set out to improve. That does not contradict its weak order 2: expectations are right up to $O(\eta^2)$ in absolute value, but the
# variance is itself of order $\eta$, so its relative error is of order $\eta$.

# %% tags=["verdict"]
for name in noises:
    entries, bars = (np.array([cell[k][upper] for cell in measured[name]]) for k in (0, 1))
    spread, bar = (np.array([cell[k] for cell in measured[name]]) for k in (2, 3))
    theory = np.array([v[upper] for v in V[name]])
    first, second = (
        np.array([diffusion_covariance(H, noises[name].cov(np.zeros(2)), step, order)[upper] for step in etas]) for order in (1, 2)
    )
    results.check(f"quadratic, {name}: covariance solves V = (I−ηH)V(I−ηH) + η²C", theory, entries, bars, 4 * bars,
                  rivals={"diffusion": first, "2nd-order modified equation": second})  # fmt: skip
    results.check(f"quadratic, {name}: tr V exceeds the diffusion's, the O(η) correction is positive", first[:, 0] + first[:, 2],
                  spread, bar, 4 * bar, ">", rivals={"2nd-order modified equation": second[:, 0] + second[:, 2]})  # fmt: skip
for name in well_noises:
    fit, power = ratio_fit[name], power_fit[name]
    results.check(f"Himmelblau, {name}: variance / linear prediction as η → 0", 1, fit.coefficients[0], fit.errors[0], 4 * fit.errors[0] + fit.moved[0],
                  rivals={"variance ησ²/h, without the ½": 2})  # fmt: skip
    results.check(f"Himmelblau, {name}: radius ∝ η^p as η → 0", 0.5, power.coefficients[0], power.errors[0], 4 * power.errors[0] + power.moved[0],
                  rivals={"radius ∝ η": 1}, headline=name == "signs ±σ")  # fmt: skip

# %% [markdown]
# ## Where it breaks
#
# **The step is too large.** Above $2/h_{\max}$ the linear recursion has no stationary law: the cloud grows like
# $|1-\eta h|^t$. The library warns when a step exceeds this limit at a minimum, and stops when a chain leaves for infinity. Even
# a stable step is only safe near the minima: Himmelblau's gradient grows like $|x|^3$, and from $(11, 0)$, a point that Gaussian noise
# reaches with positive probability, the step $\eta$ of this notebook leads to infinity too.

# %%
import warnings

line = quadratic([[1.0]])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    growing = sgd.run(line, Gaussian(1.0), 2.1, np.zeros((4096, 1)), 80, rng=rng, keep=41)
print(caught[0].message)
groups = np.sqrt((growing[[0, -1], :, 0].reshape(2, 32, -1) ** 2).mean(axis=-1))
rate = np.log(groups[1] / groups[0]) / 40
for size, start in ((4 * largest_stable_step(landscape), starts), (eta, [[11.0, 0.0]])):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sgd.run(landscape, noise, size, start, 1000, rng=rng)
    except Diverged as left_us:
        print(left_us)

# %% [markdown]
# **The noise vanishes at the minimum.** If $Z(x) = \kappa\,|x|\,\xi$ with $\xi\sim N(0,1)$, each step multiplies $x$ by
# $1-\eta h-\eta\kappa\,\xi'$, where $\xi'=\mathrm{sign}(x)\,\xi$ is again $N(0,1)$. By the law of large numbers
# $\frac1t\log|x_t|\to\lambda(\kappa) = \mathbb E\log|1-\eta h-\eta\kappa\,\xi|$: SGD *does* converge as long as $\lambda<0$, here even for
# $\kappa$ well above $h$. Properness, $\mathrm{cov}\,Z(x)\succ0$, is not a technicality.

# %%
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

step, T = 0.5, 200
strengths = np.array([0.5, 1.0, 2.0, 3.0, 4.0, 5.0])


def exponent(kappa):
    """λ(κ) = E log|1 − η − ηκξ|, by a quadrature rule for the logarithm at ξ = (1 − η)/(ηκ)."""
    zero = (1 - step) / (step * kappa)
    both_sides = lambda u: norm.pdf(zero + u) + norm.pdf(zero - u)  # noqa: E731
    return np.log(step * kappa) + quad(both_sides, 0, zero + 12, weight="alg-loga", wvar=(0, 0))[0]


slopes = [
    np.log(np.abs(sgd.run(line, Gaussian(lambda x, k=kappa: k * np.abs(x[..., 0])), step, np.ones((chains, 1)), T, rng=rng))) / T
    for kappa in strengths
]
lyapunov = np.array([slope.mean() for slope in slopes])
lyapunov_error = np.array([slope.std() / np.sqrt(chains) for slope in slopes])

fig, ax = plt.subplots()
fine = np.linspace(0.2, 6, 120)
ax.axhspan(-1.2, 0, color=draw.GREEN, alpha=0.12, lw=0)
ax.text(0.2, -0.12, "SGD converges", color=draw.GREEN)
ax.text(0.2, 0.06, "SGD diverges", color=draw.RED)
critical = brentq(exponent, 1, 6)
ax.annotate(f"{critical:.2f}", (critical, 0), (critical - 0.15, 0.12), ha="right", arrowprops=dict(arrowstyle="->"))
ax.plot(fine, [exponent(kappa) for kappa in fine], color=draw.BLUE, label=r"$\lambda(\kappa) = E\,\log|1-\eta h-\eta\kappa\,\xi|$")
draw.errorbars(ax, strengths, lyapunov, lyapunov_error, draw.BLUE, f"measured, $\\log|x_t|/t$ at $t$ = {T}")
ax.set(
    xlabel="strength $\\kappa$ of a noise that vanishes at the minimum", ylabel="rate of $\\log|x_t|$ per step", ylim=(-1.2, 0.5)
)
ax.set_title(f"quadratic, $\\eta h$ = {step:g}")
ax.legend(loc="lower right")
results.figure(fig, "vanishing_noise", "Rate at which log|x| grows per step against the strength of a noise that vanishes at the "
               f"minimum: measured points on the predicted curve, negative (SGD converges) below {critical:.2f}.")  # fmt: skip
plt.show()

# %% [markdown]
# The start from a point adds $\frac1{40}\cdot\frac12\cdot1.1^{-80}$ to the measured growth per step, at most: the tolerance says so.

# %% tags=["verdict"]
results.check("too large a step: the cloud grows by log|1 − ηh| per step", np.log(1.1), rate.mean(), rate.std() / np.sqrt(32),
              4 * rate.std() / np.sqrt(32) + 1.1**-80 / 40, rivals={"gradient flow: −ηh": -2.1})  # fmt: skip
results.check("noise vanishing at the minimum: log|x_t|/t → E log|1 − ηh − ηκξ|", [exponent(kappa) for kappa in strengths], lyapunov,
              lyapunov_error, 4 * lyapunov_error, rivals={"without noise: log|1 − ηh|": np.log(1 - step)})  # fmt: skip
results.numbers(windows=windows, gradient_descent_t=early, gradient_descent=still)
for rule in distance:
    results.numbers(**{f"distance_{rule}": distance[rule], f"error_{rule}": error[rule], f"predicted_{rule}": predicted[rule]})
results.numbers(etas=etas, steps_well=steps_well, trace_linear=trace_linear, strengths=strengths, lyapunov=lyapunov)
for name in trace:
    results.numbers(**{f"well_trace_{name}": trace[name], f"well_fit_{name}": ratio_fit[name].coefficients})
results.save()

# %% [markdown]
# ## Explore
#
# The same 25 runs, the last 20 iterates of 400. Move $\eta$: the clouds grow as $\sqrt\eta$; move $\sigma$: they grow as $\sigma$, until
# runs begin to change wells, which is where the story of the [next notebooks](00_map.ipynb) begins. All pictures are held by the page, so it moves
# without Python too.

# %% tags=["nbval-ignore-output"]
picture = explore_runs.Comets(landscape, seed)
explore.frames(
    lambda eta, sigma: picture(eta, sigma, 400),
    alt="25 runs of SGD on Himmelblau's function, each as its last 20 iterates, for a step-size and a strength of the noise.",
    eta=explore.Steps("step-size η", (0.001, 0.002, 0.003, 0.005, 0.007, 0.009, 0.011)),
    sigma=explore.Steps("noise σ", (10, 20, 30, 40, 50, 60)),
)
