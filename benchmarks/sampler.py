"""Time SGD samplers side by side: Himmelblau's function, Gaussian noise, in nanoseconds per chain and step.

Every round runs every sampler once, in turn, so that a machine whose speed drifts treats them alike. Peers that cannot be imported
are left out: numba comes with the benchmark environment, JAX and PyTorch are up to you.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from longrun import sgd
from longrun.ensemble import GROUP
from longrun.landscapes import himmelblau
from longrun.noise import Gaussian
from longrun.normals import standard_normal

ETA, SIGMA = 0.005, 10.0
SIZES = ((4096, 500), (1000, 1000))
WORKERS = 2


def starts(chains: int) -> np.ndarray:
    """Return the starts that all samplers share."""
    return np.random.default_rng(0).uniform(-4, 4, size=(chains, 2))


def library(executor: Any = None) -> Callable[[int, int], Any]:
    """Return a runner of `sgd.run`."""
    landscape, noise = himmelblau(), Gaussian(SIGMA)
    return lambda n, T: sgd.run(landscape, noise, ETA, starts(n), T, rng=np.random.default_rng(1), executor=executor)


def noise_alone(n: int, T: int) -> None:
    """Draw what `sgd.run` draws, group by group."""
    rng = np.random.Generator(np.random.SFC64(1))
    for size in [min(GROUP, n - first) for first in range(0, n, GROUP)]:
        out = np.empty((16, 2, size))
        for _ in range(-(-T // 16)):
            standard_normal(rng, out, SIGMA)


def ziggurat_alone(n: int, T: int) -> None:
    """Draw as many normal numbers with numpy's Generator."""
    rng, out = np.random.default_rng(1), np.empty((16, 2, n))
    for _ in range(-(-T // 16)):
        rng.standard_normal(out=out)


def naive(n: int, T: int) -> np.ndarray:
    """Loop over steps the way one writes it first."""
    rng, x = np.random.default_rng(1), starts(n)
    for _ in range(T):
        u, v = x[:, 0], x[:, 1]
        a, b = u**2 + v - 11, u + v**2 - 7
        gradient = np.stack([4 * u * a + 2 * b, 2 * a + 4 * v * b], axis=1)
        x = x - ETA * (gradient + SIGMA * rng.standard_normal(x.shape))
    return x


def numba_loop(workers: int) -> Callable[[int, int], Any]:
    """Compile a scalar loop, one chain after the other, each worker with its own Generator."""
    numba = importlib.import_module("numba")

    @numba.njit(fastmath=True, nogil=True)
    def chains(rng, x, T):  # type: ignore[no-untyped-def]
        for i in range(x.shape[0]):
            u, v = x[i, 0], x[i, 1]
            for _ in range(T):
                a, b = u * u + v - 11, u + v * v - 7
                gu, gv = 4 * u * a + 2 * b, 2 * a + 4 * v * b
                u -= ETA * (gu + SIGMA * rng.standard_normal())
                v -= ETA * (gv + SIGMA * rng.standard_normal())
            x[i, 0], x[i, 1] = u, v

    pool = ThreadPoolExecutor(workers)

    def run(n: int, T: int) -> None:
        parts = np.array_split(starts(n), workers)
        list(pool.map(lambda job: chains(np.random.default_rng(job[0]), job[1], T), enumerate(parts)))

    return run


def torch_loop() -> Callable[[int, int], Any]:
    """Loop over steps of tensors, PyTorch's own threads."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(WORKERS)

    def run(n: int, T: int) -> None:
        generator = torch.Generator().manual_seed(1)
        x = torch.tensor(starts(n))
        for _ in range(T):
            u, v = x[:, 0], x[:, 1]
            a, b = u * u + v - 11, u + v * v - 7
            gradient = torch.stack([4 * u * a + 2 * b, 2 * a + 4 * v * b], dim=1)
            x = x - ETA * (gradient + SIGMA * torch.randn(x.shape, generator=generator, dtype=torch.float64))

    return run


def jax_scan() -> Callable[[int, int], Any]:
    """Compile the whole loop with XLA, double precision."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy

    def step(x: Any, key: Any) -> tuple[Any, None]:
        u, v = x
        a, b = u * u + v - 11, u + v * v - 7
        gradient = jnp.stack([4 * u * a + 2 * b, 2 * a + 4 * v * b])
        return x - ETA * (gradient + SIGMA * jax.random.normal(key, x.shape)), None

    compiled = jax.jit(lambda x, keys: jax.lax.scan(step, x, keys)[0])
    return lambda n, T: compiled(jnp.asarray(starts(n).T), jax.random.split(jax.random.key(1), T)).block_until_ready()


def contenders(pools: dict[str, Any]) -> dict[str, Callable[[int, int], Any]]:
    """Return what can be timed here."""
    table: dict[str, Callable[[int, int], Any]] = {"sgd.run, 1 process": library()}
    table |= {f"sgd.run, {name}": library(pool) for name, pool in pools.items()}
    table |= {"the noise alone (`normals`)": noise_alone, "the noise alone (numpy's ziggurat)": ziggurat_alone}
    table["naive numpy loop"] = naive
    optional = {
        "numba loop, 1 thread": lambda: numba_loop(1),
        f"numba loop, {WORKERS} threads": lambda: numba_loop(WORKERS),
        f"PyTorch, {WORKERS} threads": torch_loop,
        f"JAX (XLA scan), {WORKERS} threads": jax_scan,
    }
    for name, make in optional.items():
        try:
            table[name] = make()
        except ImportError as error:
            print(f"left out: {name} ({error})")
    return table


def measure(table: dict[str, Callable[[int, int], Any]], rounds: int) -> dict[tuple[str, int], np.ndarray]:
    """Return ns per chain-step for each sampler and size, one per round."""
    times: dict[tuple[str, int], list[float]] = {(name, n): [] for name in table for n, _ in SIZES}
    for n, T in SIZES:
        for lap in range(rounds + 1):  # the first warms caches and compilers
            for name, run in table.items():
                time.sleep(0.05)  # let the threads of the last one stop spinning
                run(n, T)  # and caches and clock get used to this one
                begin = time.perf_counter()
                run(n, T)
                if lap:
                    times[name, n].append((time.perf_counter() - begin) / (n * T) * 1e9)
    return {key: np.array(laps) for key, laps in times.items()}


def report(times: dict[tuple[str, int], np.ndarray], names: list[str], rounds: int) -> str:
    """Format the table."""
    columns = [f"{n} chains × {T} steps" for n, T in SIZES]
    lines = [
        "# Samplers, ns per chain-step: median (fastest – slowest)",
        "",
        f"{platform.machine()}, {WORKERS} cores used, Python {platform.python_version()}, numpy {np.__version__}; {rounds} rounds.",
        "",
        f"| sampler | {' | '.join(columns)} |",
        "| --- |" + " --- |" * len(columns),
    ]
    for name in names:
        cells = [times[name, n] for n, _ in SIZES]
        lines.append(f"| {name} | " + " | ".join(f"{np.median(c):.2f} ({c.min():.2f} – {c.max():.2f})" for c in cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("sampler.md"))
    options = parser.parse_args()
    with ProcessPoolExecutor(WORKERS) as processes, ThreadPoolExecutor(WORKERS) as threads:
        table = contenders({f"{WORKERS} processes": processes, f"{WORKERS} threads": threads})
        text = report(measure(table, options.rounds), list(table), options.rounds)
    options.output.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
