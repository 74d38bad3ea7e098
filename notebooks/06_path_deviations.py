# %% [markdown]
# # Large deviations of paths: SGD follows a path with probability exp(−S/η)
#
# **Claim** (slide "Key ingredient: large deviations for SGD"). For a path $\gamma$ on $[0,T]$ and a small step-size $\eta$,
#
# $$\mathbb P\bigl(\text{SGD on }[0,T/\eta]\approx\gamma\bigr)\approx e^{-S_T[\gamma]/\eta},\qquad
# S_T[\gamma]=\int_0^T L(\gamma,\dot\gamma)\,dt,\qquad L(x,v)=H^*\bigl(x,-v-\nabla f(x)\bigr),$$
#
# where $H(x,\lambda)=\log\mathbb E\,e^{\langle\lambda,Z(x)\rangle}$ is the cumulant function of the noise. The flow
# $\dot\gamma=-\nabla f$ is free; any other path needs luck, and $L$ is its price per unit of time. Of all ways to do something
# unlikely, SGD takes the cheapest.
#
# **What would refute it:** a probability that falls with another slope in $1/\eta$ than the least action; the same slope for two
# noises of equal variance; or rare escapes that keep away from the predicted path.

# %% tags=["parameters"]
runs = 10_000  # SGD runs behind each point of importance sampling
counted = 60_000  # SGD runs behind each point of direct counting
sigma = 30.0  # noise on Himmelblau's function, in units of |∇f|
seed = 2026

# %%
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from scipy.stats import norm

from longrun import draw, explore, importance, sgd, tubes
from longrun.action import action
from longrun.claims import Results
from longrun.critical import critical_points
from longrun.energy import transitions
from longrun.escapes import escapes, predicted_variance, strays
from longrun.fits import polynomial, power_law
from longrun.landscapes import double_well, himmelblau, quadratic
from longrun.legendre import conjugate
from longrun.noise import FiniteSum, Gaussian, Rademacher, TruncatedGaussian, Uniform

rng = np.random.default_rng(seed)
results = Results(
    "06_path_deviations",
    title="Large deviations of paths: SGD follows a path with probability exp(−S/η)",
    parameters=dict(runs=runs, counted=counted, sigma=sigma, seed=seed),
)


def samples(*values):
    """Noise of a finite sum: one of the values, all equally likely, whatever the point."""
    column = np.array(values, dtype=float)[:, None]
    return FiniteSum(lambda x: np.broadcast_to(column, (*np.shape(x)[:-1], *column.shape)), batch=1)


# %% [markdown]
# ## The price of noise
#
# Five noises of mean 0 and variance 1. The last is a finite sum of four samples, one of them far from the others:
# $+\sqrt3$ with probability ¼, $-1/\sqrt3$ with probability ¾. Near the origin all have $H\approx\lambda^2/2$ and $L\approx z^2/2$:
# a noise of given variance is Gaussian to second order. In the tails they part. A bounded noise cannot exceed its bound: there
# $L=\infty$.
#
# A diffusion $dX=-\nabla f\,dt+\sqrt{\eta C}\,dW$ keeps the variance and forgets the rest. It prices every noise by the dashed
# parabola. Rare events live where the curves have parted: **that is why diffusions get exponents wrong**.

# %%
width = brentq(lambda s: TruncatedGaussian(s, 2.2).cov(np.zeros(1))[0, 0] - 1, 0.5, 20)
noises = {
    "Gaussian": (Gaussian(1.0), draw.BLACK, np.inf, np.inf),
    "signs ±1": (Rademacher(1.0), draw.BLUE, 1, 1),
    "uniform": (Uniform(3**0.5), draw.GREEN, 3**0.5, 3**0.5),
    "truncated Gaussian": (TruncatedGaussian(width, 2.2), draw.PURPLE, 2.2, 2.2),
    "finite sum, skewed": (samples(3**0.5, *[-(3**-0.5)] * 3), draw.ORANGE, 3**-0.5, 3**0.5),
}


def price(noise, z):
    """L of a noise without drift: H*(z)."""
    z = np.atleast_1d(z)[:, None]
    return conjugate(noise, np.zeros_like(z), z)


fig, (left, right) = plt.subplots(1, 2, figsize=(15, 6))
v = np.linspace(-4, 4, 161)
for name, (noise, colour, lowest, highest) in noises.items():
    style = dict(color=colour, ls="--" if name == "Gaussian" else "-", lw=3, zorder=2 + (name == "Gaussian"))
    left.plot(v, noise.cgf(np.zeros((len(v), 1)), v[:, None]), **style, label=name)
    z = np.linspace(-min(lowest, 2.5) * (1 - 1e-9), min(highest, 2.5) * (1 - 1e-9), 161)
    cost = price(noise, z)
    right.plot(z, cost, **style)
    for end, reach in ((0, lowest), (-1, highest)):
        if np.isfinite(reach):
            right.plot(z[end], min(cost[end], 2.4), "|", color=colour, ms=18, mew=3)
left.set(xlabel=r"$\lambda$", ylabel=r"$H(\lambda)=\log\,E\,e^{\lambda Z}$", ylim=(0, 6), title="cumulant function $H$")
right.set(xlabel="$z$, the mean that the noise is asked to have", ylabel=r"$H^*(z)$, price per unit of time", ylim=(0, 2.5))
right.set_title(r"its price $H^*$; beyond the bars $L=\infty$")
left.legend(loc="upper center")
results.figure(fig, "price", "Left: cumulant functions of five noises of variance 1; they share the parabola at the origin and part in "
               "the tails. Right: their Legendre transforms, the price of a mean z; bounded noises end at their bound, and the "
               "skewed finite sum is dear on the left and cheap on the right.")  # fmt: skip
plt.show()

# %% [markdown]
# The check: $2L(z)/z^2\to1$ for all five. The first difference is the third cumulant $\kappa_3=\mathbb E Z^3$:
# $L(z)=\frac{z^2}2-\frac{\kappa_3}6z^3+O(z^4)$, so a skewed noise has a dear side and a cheap side.
# Differences over $\pm h$ leave errors of order $h^2$. We measure them by doubling $h$.

# %% tags=["verdict"]
h = 0.02


def even(noise, h):
    return (price(noise, [h]) + price(noise, [-h]))[0] / h**2


def odd(noise, h):
    return (price(noise, [h]) - price(noise, [-h]))[0] / (2 * h**3)


curvature = [even(noise, h) for noise, *_ in noises.values()]
order = [2 * abs(even(noise, 2 * h) - even(noise, h)) + 1e-9 for noise, *_ in noises.values()]
results.check("all five noises: L(z) ≈ z²/2 at the origin", 1, curvature, 0, order, rivals={"no factor ½: L ≈ z²": 2})
skewed = noises["finite sum, skewed"][0]
third = (3 * 3**0.5) / 4 - 3 / 4 / (3 * 3**0.5)
results.check("skewed finite sum: L(z) − z²/2 ≈ −κ₃z³/6", -third / 6, odd(skewed, h), 0, 2 * abs(odd(skewed, 2 * h) - odd(skewed, h)),
              rivals={"diffusion: no third order": 0, "the noise with the other sign": third / 6})  # fmt: skip

# %% [markdown]
# ## Four paths in a double well
#
# $f(x)=(x^2-1)^2/4$. The well is at $-1$, the top at 0. Two noises of variance 3: Gaussian, and the finite sum $+3,-1,-1,-1$.
# Four paths on $[0,3]$:
#
# * **downhill**, the flow $\dot\gamma=-f'(\gamma)$: free;
# * **uphill**, the same flow backwards: the cheapest way up for Gaussian noise if one has the time;
# * **straight**, with constant speed;
# * **off**, a detour over the wrong side of the well.
#
# Each is surrounded by a *tube with gates*: SGD must be within 0.1 of $\gamma$ at half-time and at the end.
#
# **Prediction.** The exponent of a set of paths is the *infimum* of the action over it, not the action of its centre line:
# $\mathbb P\approx e^{-I/\eta}$, $I=\min\{S_T[x]: |x(t_j)-\gamma(t_j)|\le 0.1\}$. `tubes.cheapest` minimises over polynomials
# between gates. A second route, the polygon of 800 edges through the minimiser fed to `action`, must give the same number.
#
# Why so few gates? Each wall that the cheapest path leans on adds $\frac12\log\eta$ to $\log\mathbb P$, and one that it barely touches
# changes from one regime to the other only at far smaller $\eta$ than we reach. We tried two, three and four gates and several radii,
# chose a design whose walls are pressed clearly, and then ran it once more with a fresh seed: the one below.


# %%
landscape = double_well()
T, radius = 3.0, 0.1
gate_times = np.array([1.5, 3.0])


def up(t):
    """Flow of f′ (a logistic curve in x²), from near −1 to −0.41."""
    return -1 / np.sqrt(1 + np.exp(2 * (t - 2.2)))


paths = {
    "downhill": lambda t: up(T - t),
    "uphill": up,
    "straight": lambda t: up(0.0) + (up(T) - up(0.0)) * t / T,
    "off": lambda t: up(t) - 0.5 * np.sin(np.pi * t / T),
}
colours = dict(zip(paths, (draw.GREEN, draw.BLUE, draw.ORANGE, draw.RED), strict=True))
skew = samples(3, -1, -1, -1)
pair = {"Gaussian": Gaussian(3**0.5), "finite sum": skew}
gates = {name: tubes.Gates([path(0.0)], gate_times, path(gate_times)[:, None], radius) for name, path in paths.items()}
best = {(noise, name): tubes.cheapest(landscape, pair[noise], gates[name]) for noise in pair for name in paths}
fine = np.linspace(0, T, 801)
for (noise, name), way in best.items():
    again = action(landscape, pair[noise], way.at(fine)[0], T)
    centre = action(landscape, pair[noise], paths[name](fine)[:, None], T)
    print(
        f"{noise:10s} {name:9s} I = {way.cost:.4f} (polygon {again:.4f}), walls leaned on: {way.active}, centre line: {centre:.4f}"
    )

# %% [markdown]
# The last column is the action of the centre line. For the detour with the finite sum it is infinite: no luck makes that noise
# climb so fast. The tube around it has a finite price all the same.
#
# **How the tilt works.** Along the cheapest path the noise must have the mean $z=-\dot x-\nabla f(x)$. We draw it from its law
# reweighted by $e^{\lambda z}$, with $\lambda(t)=\arg\max\{\langle\lambda,z\rangle-H(\lambda)\}$: a Gaussian shifts its mean, a
# finite sum prefers some of its samples. Each run then counts with its likelihood ratio
# $\exp\sum_k\bigl(H(x_k,\lambda_k)-\langle\lambda_k,Z_k\rangle\bigr)$, so the estimate is unbiased. The picture shows such runs.

# %%
eta_shown = 1 / 120
steps_shown = np.arange(round(T / eta_shown))
fig, axes = plt.subplots(1, 4, figsize=(17, 5.2), sharey=True)
for ax, (name, path) in zip(axes, paths.items(), strict=True):
    way = best["finite sum", name]
    tilts = way.at((steps_shown + 0.5) * eta_shown)[1]
    shown, _ = importance.follow(landscape, skew, gates[name], eta_shown, tilts, 400, rng=rng, keep=400)
    through = shown[:, np.isfinite(shown[-1, :, 0])][:, :12, 0]
    ax.plot(eta_shown * np.arange(len(shown)), through, color=draw.GREY, lw=0.9, alpha=0.7)
    ax.plot(fine, path(fine), color=colours[name], ls=":", lw=3, label=r"$\gamma$")
    ax.plot(fine, way.at(fine)[0], color=colours[name], lw=3, label="cheapest")
    for t, x in zip(gate_times, path(gate_times), strict=True):
        for side in (-1, 1):
            ax.plot([t, t], [x + side * radius, x + side * 0.45], color=draw.BLACK, lw=5, solid_capstyle="butt")
    ax.set(xlabel="time $t = k\\eta$", title=f"{name}: $I$ = {abs(way.cost):.3f}", xlim=(0, 3.05))
    ax.legend(loc="lower right" if name != "downhill" else "upper right")
axes[0].set(ylabel="$x$", ylim=(-1.75, 0.15))
results.figure(fig, "gates", "Four paths in a double well with two gates each: downhill, uphill, straight, and off over the wrong side. "
               "Runs of SGD with tilted finite-sum noise pass the gates near the cheapest path, which leans on the gates' "
               "walls.")  # fmt: skip
plt.show()

# %% [markdown]
# **The correction's form.** Gates make the event one of finitely many variables. Laplace's method then gives
#
# $$\log\mathbb P=-\frac I\eta+\frac m2\log\eta+c+d\,\eta+e\,\eta^2+\dots$$
#
# where $m$ counts the walls that the cheapest path leans on: each cuts a Gaussian of width $\sqrt\eta$ down to an exponential of
# width $\eta$. We know $m$, fit $I,c,d,e$ for $\eta\le1/40$, and compare $I$ alone. (A wall at *every* step would be hugged, and
# cost another $\eta^{-1/3}$ through Airy's function: one more term, and a worse fit.)
#
# ## Experiment 1: direct counting and importance sampling

# %%
inverse = np.array([16, 20, 30, 40, 60, 80, 120, 180, 240, 320, 480])
direct = inverse[:4]
fitted = inverse >= 40
uphills = [name for name in paths if name != "downhill"]
weighed, plain, fits = {}, {}, {}
for key in best:
    noise, name = key
    event = (landscape, pair[noise], gates[name])
    weighed[key] = [
        importance.probability(*event, 1 / i, runs, rng=rng, towards=best[key] if name in uphills else None) for i in inverse
    ]
    if name in uphills:
        plain[key] = [importance.probability(*event, 1 / i, counted, rng=rng) for i in direct]
        fits[key] = importance.rate(1 / inverse[fitted], [e.log_p for e in weighed[key]][-fitted.sum() :],
                               [e.error for e in weighed[key]][-fitted.sum() :], best[key].active, terms=4)  # fmt: skip


# %%
def counts(ax, inverse, estimates):
    """Draw direct counts as open squares, where there are ten hits or more."""
    seen = np.array([(i, e.log_p / np.log(10)) for i, e in zip(inverse, estimates, strict=True) if e.hits >= 10])
    ax.plot(seen[:, 0], seen[:, 1], "s", ms=13, mfc="none", mec=draw.BLACK, mew=1.6, zorder=6)


fig, axes = plt.subplots(1, 2, figsize=(16, 7.2), sharey=True)
etas = 1 / np.linspace(36, inverse[-1], 200)
ten = np.log(10)
zooms = {noise: ax.inset_axes([0.09, 0.07, 0.3, 0.32]) for noise, ax in zip(pair, axes, strict=True)}
for ax, noise in zip(axes, pair, strict=True):
    for name in paths:
        key = noise, name
        log_p, error = np.array([(e.log_p, e.error) for e in weighed[key]]).T
        draw.errorbars(ax, inverse, log_p / ten, error / ten, colours[name], name)
        if name in uphills:  # slope −I predicted, the rest fitted
            way, fit = best[key], fits[key]
            ax.plot(1 / etas, (fit.log_p(etas) + (fit.exponent - way.cost) / etas) / ten, color=colours[name])
            draw.errorbars(zooms[noise], inverse[:4], log_p[:4] / ten, error[:4] / ten, colours[name], name)
            counts(zooms[noise], direct, plain[key])
        else:
            ax.plot(1 / etas, 0 * etas, color=colours[name])
    ax.plot([], [], color=draw.GREY, label=r"slope $-I$ predicted")
    zooms[noise].set(xlim=(12, 44), ylim=(-5.5, -0.8), xticks=[20, 40], yticks=[-5, -3, -1])
    zooms[noise].set_title("squares: direct counting", fontsize=13)
    ax.set(xlabel=r"$1/\eta$", title=f"{noise}, variance 3")
key = "finite sum", "uphill"
shift = fits[key].log_p(1 / 40) + 40 * best["Gaussian", "uphill"].cost
axes[1].plot(
    1 / etas, (shift - best["Gaussian", "uphill"].cost / etas) / ten, "--", color=draw.BLUE, lw=2, label="uphill, diffusion's slope"
)
axes[0].set(ylabel=r"$\log_{10}$ probability", ylim=(-52, 12), yticks=range(-50, 1, 10))
axes[1].legend(loc="upper right", ncols=2)
results.figure(fig, "slopes", "Logarithm of the probability of four tubes against 1/η, Gaussian noise left, finite sum right. Importance "
               "sampling follows the predicted slopes down to 1e-40 and agrees with direct counting where both work; the "
               "diffusion's slope misses the finite sum.")  # fmt: skip
plt.show()

# %% [markdown]
# The verdicts compare the fitted $I$ with the predicted one, within four standard errors of the fit. Wrong theories for the same
# data: no factor ½ in the Gaussian Lagrangian; the action of the centre line; for the finite sum the diffusion approximation
# $\frac12v^\top C^{-1}v$, and the noise with the sign of the slide, $Z=\text{mean}-\text{sample}$.

# %% tags=["verdict"]
flipped = samples(-3, 1, 1, 1)
least = {noise: np.array([best[noise, name].cost for name in uphills]) for noise in pair}
S = [action(landscape, pair["Gaussian"], paths[name](fine)[:, None], T) for name in uphills]
wrong_sign = [tubes.cheapest(landscape, flipped, gates[name]).cost for name in uphills]
rivals = {
    "Gaussian": {"no factor ½ in L": 2 * least["Gaussian"], "action of the centre line": S},
    "finite sum": {"diffusion, ½vᵀC⁻¹v": least["Gaussian"], "the noise with the other sign": wrong_sign},
}
for noise in pair:
    for k, name in enumerate(uphills):
        fit = fits[noise, name]
        results.check(f"{noise}, {name}: slope of −log P in 1/η is the least action", least[noise][k], fit.exponent, fit.error, 4 * fit.error,
                      rivals={rival: value[k] for rival, value in rivals[noise].items()}, headline=(noise, name) == ("finite sum", "uphill"))  # fmt: skip
both = [(w, p) for key in fits for w, p in zip(weighed[key], plain[key], strict=False) if p.hits >= 30]
gap = np.array([w.log_p - p.log_p for w, p in both])
bars = np.array([np.hypot(w.error, p.error) for w, p in both])
results.check(f"importance sampling agrees with counting, {len(both)} tubes: log of the ratio", 0, gap, bars, 4 * bars,
              rivals={"the tilted runs, not reweighted": [w.log_p - np.log(w.hits / runs) for w, _ in both]})  # fmt: skip

# %% [markdown]
# Downhill is free: $\mathbb P\to1$. Near the flow SGD is linear, and its variance $\eta V(t)$ solves $\dot V=-2f''V+\sigma^2$. So
# $1-\mathbb P\le\sum_j2\Phi(-0.1/\sqrt{\eta V(t_j)})$ to leading order: that is the tolerance, beside four standard errors. A
# theory without the drift would charge $\int\frac12\dot\gamma^2/\sigma^2$ even here.

# %% tags=["verdict"]
small = 1 / 1600
variance = solve_ivp(
    lambda t, V: 3 - 2 * landscape.hess(np.array([up(T - t)]))[0, 0] * V, (0, T), [0.0], t_eval=gate_times, rtol=1e-9
).y[0]
bound = 2 * norm.sf(radius / np.sqrt(small * variance)).sum()
free = {noise: importance.probability(landscape, pair[noise], gates["downhill"], small, 4000, rng=rng) for noise in pair}
share = np.exp([e.log_p for e in free.values()])
bars = np.array([e.error for e in free.values()])
no_drift = (np.diff(paths["downhill"](fine)) ** 2).sum() / (fine[1] - fine[0]) / 6
results.check("downhill: probability 1 as η → 0", 1, share, bars, 4 * bars + bound,
              rivals={"a price without drift, ½|v|²/σ²": np.exp(-no_drift / small)})  # fmt: skip
results.numbers(
    inverse_eta=inverse,
    exponents=[[fits[n, name].exponent for name in uphills] for n in pair],
    least_actions=[least[n] for n in pair],
)

# %% [markdown]
# ## Experiment 2: the same in the plane
#
# Himmelblau's function, from the well $(3,2)$ towards the saddle near $(3.39,0.07)$, Gaussian noise of $\sigma=30$. Two gates,
# boxes of half-width 0.15. One path is the flow backwards, the other a detour to the right.

# %%
plane = himmelblau()
gaussian = Gaussian(sigma)
points = critical_points(plane)
well, saddle, beyond = (min(points, key=lambda p: np.linalg.norm(p.x - c)) for c in ([3, 2], [3.39, 0.07], [3.58, -1.85]))
downwards = np.linalg.eigh(plane.hess(saddle.x))[1][:, 0]
downwards *= np.sign(downwards @ (well.x - saddle.x))
T2, box = 0.12, 0.15
times2 = T2 * np.array([1, 2]) / 2
flow = solve_ivp(lambda t, x: -plane.grad(x), (0, T2), saddle.x + 0.3 * downwards, dense_output=True, rtol=1e-10, atol=1e-12).sol
routes = {
    "uphill": lambda t: flow(T2 - np.asarray(t)).T,
    "off": lambda t: flow(T2 - np.asarray(t)).T + np.sin(np.pi * np.asarray(t) / T2)[..., None] * [0.4, 0.0],
}
boxes = {name: tubes.Gates(route(0.0), times2, route(times2), box) for name, route in routes.items()}
best2 = {name: tubes.cheapest(plane, gaussian, boxes[name]) for name in routes}
inverse2 = 50 * np.array([2, 3, 4, 6, 10, 14, 20, 28, 40, 56, 80])
fitted2 = slice(4, None)  # where the boxes are wider than the spread between them
weighed2 = {name: [importance.probability(plane, gaussian, boxes[name], 1 / i, runs, rng=rng, towards=best2[name]) for i in inverse2]
            for name in routes}  # fmt: skip
plain2 = {
    name: [importance.probability(plane, gaussian, boxes[name], 1 / i, 3 * counted, rng=rng) for i in inverse2[:3]]
    for name in routes
}
fits2 = {
    name: importance.rate(
        1 / inverse2[fitted2],
        [e.log_p for e in weighed2[name][fitted2]],
        [e.error for e in weighed2[name][fitted2]],
        best2[name].active,
        terms=4,
    )
    for name in routes
}

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(15, 6.6), width_ratios=[1, 1.25])
zoom = right.inset_axes([0.09, 0.07, 0.36, 0.4])
zoom.set(xlim=(70, 330), xticks=[100, 200, 300])
zoom.set_title("squares: direct counting", fontsize=13)
draw.contours(left, plane, levels=150)
fine2 = np.linspace(0, T2, 200)
eta2 = 1 / 1200
for name, colour in (("uphill", draw.BLUE), ("off", draw.RED)):
    tilts = best2[name].at((np.arange(round(T2 / eta2)) + 0.5) * eta2)[1]
    shown, _ = importance.follow(plane, gaussian, boxes[name], eta2, tilts, 600, rng=rng, keep=600)
    through = shown[:, np.isfinite(shown[-1, :, 0])][:, :5]
    left.plot(through[..., 0], through[..., 1], color=colour, lw=0.6, alpha=0.6)
    left.plot(*best2[name].at(fine2)[0].T, color=colour, lw=3.5)
    for centre in boxes[name].centre:
        left.add_patch(Rectangle(centre - box, 2 * box, 2 * box, fill=False, ec=colour, lw=2.5, zorder=5))
    log_p, error = np.array([(e.log_p, e.error) for e in weighed2[name]]).T
    draw.errorbars(right, inverse2, log_p / ten, error / ten, colour, f"{name}: $I$ = {best2[name].cost:.4f}")
    curve = 1 / np.linspace(inverse2[4], inverse2[-1], 200)
    right.plot(1 / curve, (fits2[name].log_p(curve) + (fits2[name].exponent - best2[name].cost) / curve) / ten, color=colour)
    draw.errorbars(zoom, inverse2[:4], log_p[:4] / ten, error[:4] / ten, colour, name)
    counts(zoom, inverse2[:3], plain2[name])
left.plot(*well.x, "o", color=draw.BLACK, ms=9)
left.plot(*saddle.x, "X", color=draw.BLACK, ms=11)
left.set(xlim=(2.6, 4.2), ylim=(-0.1, 2.2), title=f"two gates, $\\eta$ = 1/{1 / eta2:.0f}")
right.plot([], [], color=draw.GREY, label=r"slope $-I$ predicted")
right.set(xlabel=r"$1/\eta$", ylabel=r"$\log_{10}$ probability", title=f"Himmelblau, Gaussian noise, $\\sigma$ = {sigma:g}")
right.legend()
results.figure(fig, "plane", "Left: Himmelblau's function from the well (3, 2) towards a saddle, with two gates around the flow "
               "backwards and two around a detour, and runs through them. Right: log probability of the two tubes against 1/η, "
               "on the predicted slopes.")  # fmt: skip
plt.show()

# %% tags=["verdict"]
for name, route in routes.items():
    fit, cost = fits2[name], best2[name].cost
    results.check(f"Himmelblau, {name}: slope of −log P in 1/η is the least action", cost, fit.exponent, fit.error, 4 * fit.error,
                  rivals={"no factor ½ in L": 2 * cost, "action of the centre line": action(plane, gaussian, route(fine2), T2)})  # fmt: skip
both = [(w, p) for name in routes for w, p in zip(weighed2[name], plain2[name], strict=False) if p.hits >= 30]
gap = np.array([w.log_p - p.log_p for w, p in both])
bars = np.array([np.hypot(w.error, p.error) for w, p in both])
results.check(f"Himmelblau: importance sampling agrees with counting, {len(both)} tubes", 0, gap, bars, 4 * bars,
              rivals={"the tilted runs, not reweighted": [w.log_p - np.log(w.hits / runs) for w, _ in both]})  # fmt: skip

# %% [markdown]
# ## Experiment 3: how runs escape
#
# No tilt and no gates now: chains start in the well $(3,2)$ and we wait. Sooner or later each leaves over the saddle for
# $(3.58,-1.85)$, and we keep its last steps, aligned at the exit. The claim says that they come close to the path of least
# action, the flow backwards up to the saddle.
#
# **Prediction.** For Gaussian noise and a gradient, climbs are falls played backwards. So the variance across the path solves
# $\dot q=\sigma^2-2\kappa q$ along the fall, from the ridge's $\sigma^2/2\kappa$ at the saddle ($\kappa$ is the curvature of $f$
# across the path), and the rms distance is $\sqrt{\eta q}\,(1+O(\eta))$. A step brings back $\eta\kappa$ of a distance at once; the
# fits leave out the largest step-size, where $\eta\kappa>0.7$ and terms beyond $O(\eta)$ show. We measure on five lines across the path, when a run crosses for the last time.

# %%
way = transitions(plane, gaussian, [well, saddle, beyond])
climb = way.edges[0, 1].path
middle = climb[10:-10]
arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1))])
lines = np.searchsorted(arc, arc[-1] * np.array([0.4, 0.5, 0.6, 0.7, 0.8]))
q = predicted_variance(plane, sigma, middle)
etas3 = np.array([0.0046, 0.005, 0.0055, 0.006, 0.007, 0.0085])
wanted = [300, 1000, 2000, 3000, 4000, 4000]
leaving, square, square_error = {}, [], []
for eta, count in zip(etas3, wanted, strict=True):
    leaving[eta] = escapes(
        plane, gaussian, eta, well.x, lambda x: x[..., 1] < -1, wanted=count, window=round(0.8 / eta), chains=1024, rng=rng
    )
    miss = []
    for i in lines:
        tangent = middle[i + 1] - middle[i - 1]
        miss.append(strays(leaving[eta], middle[i], tangent / np.linalg.norm(tangent)) ** 2 / q[i])
    per_run = np.nanmean(miss, axis=0)  # mean of the squares over five lines across the path, relative to q
    square.append(per_run.mean())
    square_error.append(per_run.std() / np.sqrt(per_run.size))
square, square_error = np.array(square), np.array(square_error)
low = etas3 < 0.008
eta_low = etas3[low]
relative = (square_error / square)[low]
limit = polynomial(eta_low, (square / etas3)[low], (square_error / etas3)[low])
power = power_law(eta_low, np.sqrt(square[low]), relative * np.sqrt(square[low]) / 2)
bend = np.sqrt(1 + limit.coefficients[1] / limit.coefficients[0] * eta_low)
bend = power_law(eta_low, bend, relative * bend / 2)
print("ratio of the variance to the prediction:", ", ".join(f"{r:.2f}" for r in square / etas3))

# %%
fig, axes = plt.subplots(1, 3, figsize=(16, 6.8), width_ratios=[0.8, 0.8, 1.3])
typical = np.sqrt(q[lines].mean())
for ax, eta in zip(axes[:2], (etas3[-1], etas3[0]), strict=True):
    draw.contours(ax, plane, levels=60)
    x = leaving[eta]
    start = len(x) - 1 - (x[::-1, :, 1] > 1.6).argmax(axis=0)  # drop what comes before the last excursion
    excursion = x[np.arange(len(x))[:, None] >= start]
    counts, u, v, image = ax.hist2d(
        *excursion.T, bins=[np.linspace(2.2, 4.4, 56), np.linspace(-1.4, 2.6, 101)], cmap="viridis", cmin=2, zorder=2
    )
    ax.plot(*way.path(0, 2).T, color=draw.RED, lw=3, zorder=5, label="predicted")
    ax.plot(*saddle.x, "X", color=draw.RED, mec="white", ms=14, zorder=6)
    ax.set(xlim=(2.2, 4.4), ylim=(-1.4, 2.6), title=f"$\\eta$ = {eta:g}, {x.shape[1]} escapes")
axes[0].legend(loc="upper right")
right = axes[2]
rms = np.sqrt(square) * typical
draw.errorbars(right, etas3, rms, square_error / (2 * square) * rms, draw.BLUE, "measured")
curve = np.linspace(etas3[0] * 0.9, etas3[-1] * 1.1, 50)
right.plot(curve, np.sqrt(curve) * typical, color=draw.RED, label=r"predicted, $\sqrt{\eta\,q}$")
right.plot(
    curve,
    np.sqrt(curve * np.polyval(limit.coefficients[::-1], curve)) * typical,
    "--",
    color=draw.BLUE,
    lw=1.5,
    label=r"fit, variance $=\eta\,(a+b\,\eta)$",
)
right.set(
    xscale="log", yscale="log", xlabel=r"$\eta$", ylabel="rms distance to the path", title="escapes come closer as $\\sqrt{\\eta}$"
)
right.set_xticks(etas3, [f"{eta:g}" for eta in etas3], rotation=45)
right.set_yticks([0.14, 0.16, 0.18, 0.2, 0.22, 0.25], ["0.14", "0.16", "0.18", "0.20", "0.22", "0.25"])
right.minorticks_off()
right.legend()
results.figure(fig, "escapes", "Left and middle: density of runs that escape from a well of Himmelblau's function, aligned at their exit, "
               "for two step-sizes; they gather around the predicted path over the saddle, closer for the smaller step. Right: "
               "rms distance to the path against η, tending to the predicted square root.")  # fmt: skip
plt.show()

# %% [markdown]
# The red line has no free parameter. The points are above it by an $O(\eta)$ that the dashed fit extrapolates to zero. The
# tolerance on the exponent is four standard errors plus what that $O(\eta)$, as fitted, adds to a slope on logarithmic axes.

# %% tags=["verdict"]
results.check("escapes: rms distance to the least-action path, consistent with η^p", 0.5, power.coefficients[0], power.errors[0], 4 * power.errors[0] + abs(bend.coefficients[0]),
              rivals={"no concentration": 0, "distance ∝ η": 1})  # fmt: skip
results.check("escapes: variance across the path / ηq as η → 0", 1, limit.coefficients[0], limit.errors[0], 4 * limit.errors[0],
              rivals={"noise of half the variance": 0.5, "variance without the ½": 2})  # fmt: skip
results.numbers(escape_etas=etas3, escape_ratio=square / etas3)

# %% [markdown]
# ## Where it breaks
#
# **The step is too large.** The claim is a limit. At finite $\eta$ the terms $\frac m2\log\eta+c$ are not small: at $\eta=0.05$
# the exponent read off as $-\eta\log\mathbb P$ is far from the true one (left picture below). Slopes converge fast, values slowly.
#
# **The noise is bounded and the path too steep.** With signs $\pm0.3$ the noise can beat the slope $f'$ only where
# $f'<0.3$. Above, $L=\infty$ and the probability is not small but zero. The best of luck, $Z=-0.3$ at every step, gives the
# last point within reach: the map $x\mapsto x-\eta f'(x)$ is increasing, so no run is ever ahead of that one.

# %%
signs = Rademacher(0.3)
eta4, chains = 1 / 40, 5_000
home = np.full((chains, 1), up(0.0))
trail = sgd.run(landscape, signs, eta4, home, round(4 * T / eta4), rng=rng, keep=round(4 * T / eta4))[..., 0]
luckiest = [up(0.0)]
for _ in range(len(trail)):
    luckiest.append(luckiest[-1] - eta4 * (landscape.grad(np.array([luckiest[-1]]))[0] - 0.3))
ceiling = brentq(lambda x: x**3 - x - 0.3, -1, -(3**-0.5))
climber = tubes.Gates([up(0.0)], gate_times, up(gate_times)[:, None], radius)

fig, (left, right) = plt.subplots(1, 2, figsize=(16, 6))
key = "Gaussian", "uphill"
log_p, error = np.array([(e.log_p, e.error) for e in weighed[key]]).T
draw.errorbars(left, 1 / inverse, -log_p / inverse, error / inverse, draw.BLUE, r"measured, $-\eta\,\log P$")
curve = 1 / np.geomspace(40, 5000, 100)
left.plot(curve, -curve * fits[key].log_p(curve), color=draw.BLUE, lw=1.5, label="fit of experiment 1")
left.axhline(best[key].cost, color=draw.RED, label=f"$I$ = {best[key].cost:.3f}, the limit")
left.set(xlabel=r"$\eta$", ylabel=r"$-\eta\,\log P$", xlim=(0, 0.065), ylim=(0, 0.34), title="uphill, Gaussian: the limit is slow")
left.legend(loc="upper left")
time = eta4 * np.arange(len(trail) + 1)
right.plot(time[1:], trail[:, :25], color=draw.GREY, lw=0.6, alpha=0.6)
right.plot(time, luckiest, color=draw.BLUE, lw=3.5, label="luckiest run")
right.axhspan(ceiling, 0.1, color=draw.RED, alpha=0.15, lw=0)
right.text(6.2, -0.35, "out of the noise's reach:\nprobability 0", color=draw.RED, ha="center")
for t, x in zip(gate_times, up(gate_times), strict=True):
    for side in (-1, 1):
        right.plot([t, t], [x + side * radius, x + side * 0.35], color=draw.BLACK, lw=5, solid_capstyle="butt")
right.set(xlabel="time $t = k\\eta$", ylabel="$x$", ylim=(-1.4, 0.1), title=r"signs $\pm0.3$: the last gate is out of reach")
right.legend(loc="lower right")
results.figure(fig, "breaks", "Left: −η log P against η for the uphill tube with Gaussian noise: it tends to the least action only slowly. "
               "Right: runs with noise of ±0.3 and the luckiest of them, which never reaches the slope that is steeper than the "
               "noise.")  # fmt: skip
plt.show()
print("least action of the uphill tube with signs ±0.3:", tubes.cheapest(landscape, signs, climber).cost)

# %% [markdown]
# **The noise is degenerate.** A finite sum whose samples differ in the first coordinate only cannot push along the second. On a
# quadratic the second coordinate is then gradient descent, whatever happens: a gate away from it has $S=\infty$ and
# probability 0. `cov Z ≻ 0` is what excludes this.

# %% tags=["verdict"]
stiffness = landscape.hess(np.array([ceiling]))[0, 0]
results.check("signs ±0.3: the luckiest run ends where f′ = 0.3", ceiling, max(luckiest), 0, np.exp(-stiffness * 4 * T),
              rivals={"the last gate is within reach": up(T) - radius})  # fmt: skip
results.check("signs ±0.3: no run passes the luckiest", 0, (trail > np.array(luckiest[1:])[:, None] + 1e-12).mean(), 0, 1e-9,
              rivals={"Gaussian of the same variance": norm.sf(1)})  # fmt: skip
flat = np.array([[1.0, 0.0], [-1.0, 0.0]])
one_way = FiniteSum(lambda x: np.broadcast_to(flat, (*np.shape(x)[:-1], 2, 2)), batch=1)
end = sgd.run(quadratic(np.eye(2)), one_way, 0.01, np.ones((2000, 2)), 100, rng=rng)
results.check("degenerate noise: the second coordinate is gradient descent", 0.99**100, end[:, 1], 0, 1e-12,
              rivals={"the first coordinate": end[:, 0]})  # fmt: skip
off_line = tubes.Gates([1.0, 1.0], [1.0], [[0.4, 0.8]], 0.1)
print("least action of a gate off the line:", tubes.cheapest(quadratic(np.eye(2)), one_way, off_line).cost)
results.save()

# %% [markdown]
# ## Explore
#
# One gate at time 3, at a height that you choose. The tilted runs show *how* SGD gets there; the title says how probable that is,
# predicted and measured. Raise the gate: the exponent grows. Past the top at 0 it grows no more: from there the way is downhill.


# %% tags=["nbval-ignore-output"]
def picture(height, inverse_eta):
    gate = tubes.Gates([-1.0], [T], [[height]], radius)
    cheapest = tubes.cheapest(landscape, skew, gate)
    eta = 1 / round(inverse_eta)
    tilts = cheapest.at((np.arange(round(T / eta)) + 0.5) * eta)[1]
    fresh = np.random.default_rng(seed)
    x, log_weight = importance.follow(landscape, skew, gate, eta, tilts, 2000, rng=fresh, keep=2000)
    log_p = np.log(np.exp(log_weight).sum() / 2000) if len(log_weight) else -np.inf
    with plt.ioff():
        fig, ax = plt.subplots(figsize=(10, 6))
    t = np.linspace(0, T, 200)
    ax.plot(eta * np.arange(len(x)), x[:, np.isfinite(x[-1, :, 0])][:, :20, 0], color=draw.GREY, lw=0.8, alpha=0.7)
    ax.plot(t, cheapest.at(t)[0], color=draw.BLUE, lw=3.5, label="cheapest path")
    for side in (-1, 1):
        ax.plot([T, T], [height + side * radius, height + side * 0.5], color=draw.BLACK, lw=6, solid_capstyle="butt")
    ax.set(xlabel="time", ylabel="$x$", ylim=(-1.8, 1.2))
    ax.set_title(f"finite sum, $1/\\eta$ = {1 / eta:.0f}: $I$ = {cheapest.cost:.3f}, $e^{{-I/\\eta}}$ = {np.exp(-cheapest.cost / eta):.1e}, "
                 f"measured {np.exp(log_p):.1e}", fontsize=14)  # fmt: skip
    ax.legend(loc="upper left")
    plt.close(fig)
    return fig


explore.frames(
    picture,
    alt="Runs that pass a gate, and the cheapest path through it, for a height of the gate and a step-size.",
    height=explore.Steps("height of the gate", (-0.6, -0.4, -0.2, 0.0, 0.2)),
    inverse_eta=explore.Steps("1/η", (50, 100, 150, 200, 250, 300)),
)
