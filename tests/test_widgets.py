"""The models that a committed notebook keeps: the same in every run, whatever names and order the kernel gave them."""

import random

from tools.widgets import needed


def models(names):
    """A box of three controls, joined by two links."""
    box, *controls = names[:4]
    first, second = names[4:]
    join = [(first, controls[0], controls[2]), (second, controls[1], controls[0])]
    state = {box: {"model_name": "BoxModel", "state": {"children": [f"IPY_MODEL_{name}" for name in controls]}}}
    state |= {name: {"model_name": "SliderModel", "state": {}} for name in controls}
    links = {
        name: {"model_name": "LinkModel", "state": {"source": [f"IPY_MODEL_{a}", "value"], "target": [f"IPY_MODEL_{b}", "value"]}}
        for name, a, b in join
    }
    return state | links


def test_links_come_in_the_order_of_what_they_join():
    for seed in range(20):
        names = [f"{random.Random(seed * 10 + k).getrandbits(64):x}" for k in range(6)]
        state = models(names)
        shuffled = dict(sorted(state.items()))  # as a notebook is written: by random names
        assert needed(shuffled, [names[0]]) == [*names[:4], names[4], names[5]]


def test_links_to_other_pages_are_left_out():
    names = list("abcdef")
    state = models(names) | {"g": {"model_name": "SliderModel", "state": {}}}
    state["h"] = {"model_name": "LinkModel", "state": {"source": ["IPY_MODEL_b", "value"], "target": ["IPY_MODEL_g", "value"]}}
    assert needed(state, ["a"]) == names
