"""Frames: what is displayed, what a notebook keeps of it, and that it comes back without being computed again."""

import base64
import copy
import io
import json

import ipywidgets as widgets
import nbformat
import pytest
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from longrun import explore, frames, pictures
from longrun.errors import Diverged
from longrun.explore import Steps
from tools import guards, notebook
from tools import widgets as kept

VIEW = kept.VIEW
BINARY = (bytes, memoryview)


def picture(a, b="x"):
    """A picture of a number and a letter; one has none."""
    if a == 3 and b == "y":
        raise Diverged(0.1, 7, 1)
    fig = Figure(figsize=(3, 2))
    fig.subplots().plot([0, a], [0, len(b) + ord(b)])
    return fig


@pytest.fixture
def shown(monkeypatch):
    calls = []
    monkeypatch.setattr(frames, "display", lambda bundle, **options: calls.append((bundle, options)))
    return calls


@pytest.fixture
def output(shown):
    """What a kernel would send, as a notebook's output."""
    explore.frames(picture, alt="a line", a=Steps("number", (1, 2, 3)), b=Steps("letter", ("x", "y")))
    ((bundle, options),) = shown
    return new_output("display_data", data=bundle, metadata=options["metadata"])


def with_state(*outputs):
    """A notebook as the runner gets it: with the state of all widgets that there are, random names included."""
    book = new_notebook(cells=[new_code_cell("explore()", execution_count=1, outputs=copy.deepcopy(list(outputs)))])
    state = {}
    for name, widget in widgets.widget._instances.items():
        values = {key: value for key, value in widget.get_state().items() if not isinstance(value, BINARY)}
        buffers = [
            {"encoding": "base64", "path": [key], "data": base64.b64encode(value).decode()}
            for key, value in widget.get_state().items()
            if isinstance(value, BINARY)
        ]
        state[name] = {
            "model_name": widget._model_name,
            "model_module": widget._model_module,
            "model_module_version": widget._model_module_version,
            "state": json.loads(json.dumps(values, default=str)),
        } | ({"buffers": buffers} if buffers else {})
    book.metadata["widgets"] = {kept.STATE: {"state": state, "version_major": 2, "version_minor": 0}}
    return notebook.normalise(nbformat.from_dict(book))


def test_every_reader_gets_a_picture(output):
    first = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
    assert first.size == (1000, 666)
    assert output.metadata["image/png"]["alt"] == "a line"
    assert VIEW in output.data


def test_sliders_are_linked_to_stacks_in_the_browser(output):
    book = with_state(output)
    models = kept.state(book)
    links = [model["state"] for model in models.values() if model["model_name"] == "LinkModel"]
    ends = sorted((models[source[10:]]["model_name"], models[target[10:]]["model_name"]) for source, target in
                  ((link["source"][0], link["target"][0]) for link in links))  # fmt: skip
    play, slider, stack = "PlayModel", "SelectionSliderModel", "LayoutModel"
    assert ends == [(play, slider)] * 2 + [(slider, stack)] * 4  # the outer stack and one per number


def test_a_notebook_keeps_them_whole_and_the_same(shown, output):
    one = with_state(output)
    explore.frames(picture, alt="a line", a=Steps("number", (1, 2, 3)), b=Steps("letter", ("x", "y")))
    bundle, options = shown[1]
    two = with_state(new_output("display_data", data=bundle, metadata=options["metadata"]))
    assert notebook.dumps(one) == notebook.dumps(two)
    nbformat.validate(one)
    assert guards.widgets(one) == guards.cleanliness(one) == []
    assert notebook.dumps(notebook.normalise(copy.deepcopy(one))) == notebook.dumps(one)


def test_models_are_numbered_alike_in_whatever_order_the_kernel_lists_them(output):
    book = with_state(output)
    models, root = kept.state(book), book.cells[0].outputs[0].data[VIEW]["model_id"]
    assert kept.needed(dict(reversed(models.items())), [root]) == kept.needed(models, [root]) == list(models)


def test_a_lost_state_is_seen(output):
    book = with_state(output)
    del book.metadata["widgets"]
    assert guards.widgets(book) == ["cell 1 holds the view of a dead widget"]


def test_a_live_widget_leaves_its_picture(output):
    live = copy.deepcopy(output)
    del live.metadata[kept.FRAMES]
    book = with_state(live)
    assert list(book.cells[0].outputs[0].data) == ["image/png"]
    assert "widgets" not in book.metadata


def test_stored_frames_come_back_without_being_computed(shown, output, tmp_path, monkeypatch):
    (tmp_path / "01_x.ipynb").write_text(notebook.dumps(with_state(output)))
    ((mark, images, _),) = frames.stored(tmp_path / "01_x.ipynb")
    assert mark["rows"] == [["number", ["1", "2", "3"]], ["letter", ["x", "y"]]]
    assert images[:2] == [pictures.webp(pictures.pixels(picture(1, letter))) for letter in "xy"]
    assert len(images) == len(set(images)) == 6
    monkeypatch.setattr(frames, "NOTEBOOKS", tmp_path)
    explore.again("01_x")
    bundle, options = shown[-1]
    assert options["metadata"] == {"image/png": {"alt": "a line"}}  # its notebook need not keep them too
    assert VIEW in bundle
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).size == (1000, 666)


def test_a_picture_that_cannot_be_is_a_sentence(output, tmp_path):
    (tmp_path / "x.ipynb").write_text(notebook.dumps(with_state(output)))
    ((_, images, _),) = frames.stored(tmp_path / "x.ipynb")
    sentence = pictures.sentence(str(Diverged(0.1, 7, 1)), (1000, 666))
    assert images[5] == pictures.webp(sentence)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ({}, "0 parameters"),
        ({name: Steps(name, (1, 2)) for name in "abc"}, "3 parameters"),
        ({"a": Steps("number", (1,))}, "number = 1: two values"),
        ({"a": Steps("number", (1.00001, 1.00002), ".2f")}, "number = 1.00, 1.00: two values"),
    ],
)
def test_bad_steps_are_refused(steps, message):
    with pytest.raises(ValueError, match=message):
        explore.frames(picture, **steps)


def test_numbers_have_a_minus():
    assert Steps("x", (-0.5, 1e-5, "much")).options() == ["−0.5", "1e−05", "much"]
