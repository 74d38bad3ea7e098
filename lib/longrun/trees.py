"""Cheapest spanning trees pointing to a root (slide "from transitions to energy")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import networkx as nx

Array = NDArray[np.float64]


def cost_matrix(costs: ArrayLike) -> Array:
    """Check a matrix B of transition costs: square, ≥ 0 (inf allowed) off the diagonal, which is not looked at."""
    b = np.array(costs, dtype=float)
    if b.ndim != 2 or b.shape[0] != b.shape[1] or not len(b):
        raise ValueError(f"costs of shape {b.shape}: a square matrix is needed")
    np.fill_diagonal(b, np.inf)
    if not np.all(b >= 0):
        j, k = np.argwhere(~(b >= 0))[0]
        raise ValueError(f"costs[{j}, {k}] = {b[j, k]:g}: a number ≥ 0 (or inf) is needed")
    return b


def energies(costs: ArrayLike, *, relative: bool = True) -> Array:
    """Return the energies E_i = min over spanning trees pointing to i of the sum of B_jk over its edges j → k.

    Parameters
    ----------
    costs : array_like, shape (p, p)
        B[j, k], from j to k; inf where there is no way.
    relative : bool
        Subtract the smallest energy: only differences matter.

    Returns
    -------
    array, shape (p,)
        inf for a root that some point cannot reach.

    Raises
    ------
    ValueError
        If `costs` is not a square matrix of numbers ≥ 0, or no root can be reached from everywhere.
    """
    b = cost_matrix(costs)
    parents = [_parents(b, root) for root in range(len(b))]
    energy = np.array([_weight(b, tree) for tree in parents])
    if not np.isfinite(energy.min()):
        raise ValueError("costs: no point can be reached from all others at finite cost, the chain has no unique law")
    return energy - energy.min() if relative else energy


def best_tree(costs: ArrayLike, root: int) -> nx.DiGraph:
    """Return a cheapest spanning tree whose edges point to `root`.

    Parameters
    ----------
    costs : array_like, shape (p, p)
    root : int

    Returns
    -------
    networkx.DiGraph
        Nodes 0…p−1, an edge j → k with attribute ``cost`` from every node but the root; ``graph["energy"]`` is their sum.
    """
    import networkx as nx  # here, as it takes half a second that explorers can do without

    b = cost_matrix(costs)
    if not (isinstance(root, (int, np.integer)) and 0 <= root < len(b)):
        raise ValueError(f"root = {root!r}: an integer from 0 to {len(b) - 1} is needed")
    parents = _parents(b, int(root))
    energy = _weight(b, parents)
    if parents is None or not np.isfinite(energy):
        raise ValueError(f"root = {root!r}: it cannot be reached from all other points at finite cost")
    tree = nx.DiGraph(root=int(root), energy=energy)
    tree.add_nodes_from(range(len(b)))
    tree.add_edges_from((j, int(k), {"cost": float(b[j, k])}) for j, k in enumerate(parents) if j != root)
    return tree


def _weight(b: Array, parents: NDArray[np.intp] | None) -> float:
    if parents is None:
        return np.inf
    return float(sum(b[j, k] for j, k in enumerate(parents) if j != k))


def _parents(b: Array, root: int) -> NDArray[np.intp] | None:
    """Return where each node's edge goes in the cheapest tree pointing to `root` (the root to itself), None without a tree.

    Edmonds, J. Res. Natl. Bur. Stand. 71B (1967): everyone takes the cheapest way out; a cycle is shrunk to one node, whose
    ways out are charged what they cost beyond the edge they replace; unfolding the cycle drops the edge where it is left.
    Dense, O(p³).
    """
    n = len(b)
    choice = b.argmin(axis=1)
    choice[root] = root
    if not np.all(np.isfinite(b[np.arange(n), choice]) | (np.arange(n) == root)):
        return None
    cycle = _cycle(choice, root)
    if cycle is None:
        return choice
    ring = np.array(cycle)
    outer = np.setdiff1d(np.arange(n), ring)
    extra = b[np.ix_(ring, outer)] - b[ring, choice[ring]][:, None]
    leaver = extra.argmin(axis=0)  # which node of the cycle leaves it, for each node outside
    door = b[np.ix_(outer, ring)].argmin(axis=1)  # where each node outside enters it
    small = np.full((len(outer) + 1, len(outer) + 1), np.inf)
    small[:-1, :-1] = b[np.ix_(outer, outer)]
    small[-1, :-1] = extra.min(axis=0)
    small[:-1, -1] = b[np.ix_(outer, ring)].min(axis=1)
    inner = _parents(small, int(np.flatnonzero(outer == root)[0]))
    if inner is None:
        return None
    parents = choice.copy()
    for j, k in zip(outer, inner[:-1], strict=True):
        parents[j] = outer[k] if k < len(outer) else ring[door[np.flatnonzero(outer == j)[0]]]
    parents[ring[leaver[inner[-1]]]] = outer[inner[-1]]
    return parents


def _cycle(choice: NDArray[np.intp], root: int) -> list[int] | None:
    """Return the nodes of a cycle of the map `choice` other than the root's fixed point, or None."""
    state = np.zeros(len(choice), dtype=int)
    state[root] = -1
    for start in range(len(choice)):
        walk, node = [], start
        while state[node] == 0:
            state[node] = start + 1
            walk.append(node)
            node = int(choice[node])
        if state[node] == start + 1:
            return walk[walk.index(node) :]
        state[walk] = -1
    return None
