"""Pictures: the same bytes on every run, videos that play, nothing drawn with a warning."""

import io
import subprocess
from itertools import pairwise

import imageio_ffmpeg
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from longrun import draw
from longrun.landscapes import Landscape, himmelblau, muller_brown, quadratic, six_hump_camel, three_hump_camel


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LONGRUN_OUTPUT", str(tmp_path))
    return tmp_path


def scene(size=(3, 2.5)):
    fig = Figure(figsize=size, dpi=50)
    ax = fig.subplots()
    draw.contours(ax, himmelblau(), points=41)
    return fig, ax


def path(frames, runs=4, seed=0):
    return np.cumsum(np.random.default_rng(seed).normal(size=(frames, runs, 2)), axis=0).clip(-5, 5)


def pixels(fig):
    FigureCanvasAgg(fig).draw()
    return np.asarray(fig.canvas.buffer_rgba()).copy()


def test_save_writes_the_same_bytes_twice(folder):
    written = []
    for _ in range(2):
        fig, ax = scene()
        draw.Tails(ax, 4).show(path(6))
        draw.errorbars(ax, [0, 1], [0, 1], [0.1, 0.2], draw.BLUE, "$x$")
        assert draw.save(fig, "twice") == ["twice.pdf", "twice.png"]
        written.append([(folder / f"twice.{kind}").read_bytes() for kind in ("png", "pdf")])
    assert written[0] == written[1]
    png, pdf = written[0]
    assert Image.open(io.BytesIO(png)).format == "PNG"
    assert pdf.startswith(b"%PDF")
    for trace in (b"CreationDate", b"Producer", b"Software", bytes(folder)):
        assert trace not in png + pdf
    assert sorted(p.name for p in folder.iterdir()) == ["twice.pdf", "twice.png"]


def bumpy(n):
    """Frames that all differ."""
    fig, ax = scene((3.1, 2.54))  # 155 × 127 pixels: both odd
    tails, x = draw.Tails(ax, 4), path(n + 3)
    return draw.film(fig, tails.artists, tails.show, (x[i : i + 4] for i in range(n)))


def test_film_has_one_even_frame_per_moment():
    frames = bumpy(5)
    assert len(frames) == 5
    for frame in frames:
        assert frame.shape == (126, 154, 3)
        assert frame.dtype == np.uint8
    assert all(np.any(a != b) for a, b in pairwise(frames))


def test_film_is_what_drawing_each_frame_would_give():
    fig, ax = scene((3, 2.5))
    pixels(fig)
    fig.set_layout_engine("none")  # the layout creeps by parts of a pixel from one drawing to the next
    tails, x = draw.Tails(ax, 4), path(6)
    moments = [x[:3], x[1:4], x[3:]]
    frames = draw.film(fig, tails.artists, tails.show, moments)
    assert not any(artist.get_animated() for artist in tails.artists)
    for moment, frame in zip(moments, frames, strict=True):
        tails.show(moment)
        whole = pixels(fig)[: frame.shape[0], : frame.shape[1], :3].astype(int)
        # the frame of the axes is drawn before the comets instead of after: a few pixels at most
        assert np.mean(np.abs(whole - frame).max(axis=2) > 8) < 0.01


def test_mp4_plays_and_repeats(folder):
    frames, written = bumpy(7), []
    for _ in range(2):
        assert draw.save_mp4(frames, "film", fps=10) == "film.mp4"
        written.append((folder / "film.mp4").read_bytes())
    assert written[0] == written[1]
    count, seconds = imageio_ffmpeg.count_frames_and_secs(str(folder / "film.mp4"))
    assert count == 7
    assert seconds == pytest.approx(0.7, abs=0.01)  # what ffmpeg prints has two decimals
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", folder / "film.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    decoded = subprocess.run(command, check=True, capture_output=True)
    for fact in (b"Video: h264", b"yuv420p", b"154x126", b"10 fps"):
        assert fact in decoded.stderr
    shown = np.frombuffer(decoded.stdout, np.uint8).reshape(7, 126, 154, 3).astype(float)
    # lossy, but each frame is nearer to its own picture than to any other
    distance = [[np.abs(a - b).mean() for b in frames] for a in shown]
    assert np.argmin(distance, axis=1).tolist() == list(range(7))
    assert [p.name for p in folder.iterdir()] == ["film.mp4"]


def test_an_mp4_that_fails_leaves_the_old_one(folder, monkeypatch):
    frames = bumpy(2)
    draw.save_mp4(frames, "film")
    old = (folder / "film.mp4").read_bytes()
    monkeypatch.setattr(draw.imageio_ffmpeg, "get_ffmpeg_exe", lambda: "false")
    with pytest.raises((OSError, subprocess.CalledProcessError)):
        draw.save_mp4(frames, "film")
    assert (folder / "film.mp4").read_bytes() == old
    assert [p.name for p in folder.iterdir()] == ["film.mp4"]


@pytest.mark.parametrize("width", [100, 77])
def test_gif_plays_and_repeats(folder, width):
    frames, written = bumpy(6), []
    for _ in range(2):
        assert draw.save_gif(frames, "film", width=width, fps=10) == "film.gif"
        written.append((folder / "film.gif").read_bytes())
    assert written[0] == written[1]
    with Image.open(folder / "film.gif") as image:
        assert image.size == (width, round(width * 126 / 154))
        assert image.n_frames == 6
        assert image.info["loop"] == 0
        for i in range(6):
            image.seek(i)
            assert image.info["duration"] == 100
            small = np.asarray(Image.fromarray(frames[i]).resize(image.size, Image.Resampling.LANCZOS), dtype=float)
            assert np.abs(np.asarray(image.convert("RGB")) - small).mean() < 16  # sixteen colours: each within a step of 256/16


@pytest.mark.parametrize("landscape", [himmelblau(), three_hump_camel(), six_hump_camel(), muller_brown()], ids=lambda f: f.name)
def test_contours_of_each_landscape(landscape):
    fig = Figure(dpi=40)
    ax = fig.subplots()
    draw.contours(ax, landscape, points=61)
    pixels(fig)
    lower, upper = landscape.box
    assert (*ax.get_xlim(), *ax.get_ylim()) == (lower[0], upper[0], lower[1], upper[1])


def test_contours_show_the_wells():
    """The picture is darkest away from the minima: x² + 4y² has its lightest filled level around the centre."""
    fig = Figure(figsize=(3, 3), dpi=50)
    ax = fig.subplots()
    draw.contours(ax, quadratic(np.diag([1.0, 4.0])), points=61)
    ax.set_axis_off()
    image = pixels(fig)[..., 0]
    h, w = image.shape
    assert image[h // 2 - 5 : h // 2 + 5, w // 2 - 5 : w // 2 + 5].mean() > image[h // 4 : h // 4 + 10, w // 4 : w // 4 + 10].mean()


def test_contours_need_an_objective():
    field = Landscape("field", None, lambda x: x, box=(-np.ones(2), np.ones(2)))
    with pytest.raises((AssertionError, ValueError), match="field"):
        draw.contours(Figure().subplots(), field)


@pytest.mark.parametrize("runs", [1, 3, 12])
@pytest.mark.parametrize("m", [1, 2, 20])
def test_tails(m, runs):
    fig, ax = scene()
    tails, x = draw.Tails(ax, runs), path(m, runs)
    tails.show(x)
    before = pixels(fig)
    np.testing.assert_array_equal(tails.heads.get_offsets(), x[-1])
    segments = tails.lines.get_segments()
    assert len(segments) == (m - 1) * runs
    alpha = tails.lines.get_color()[:, 3] if m > 1 else np.empty(0)
    assert np.all(np.diff(alpha) >= 0)  # older parts are fainter
    for k, segment in enumerate(segments):
        np.testing.assert_array_equal(segment, x[k // runs : k // runs + 2, k % runs])
    tails.show(x + 0.5)
    assert np.any(pixels(fig) != before)


def test_error_bars_where_there_are_errors():
    assert draw.yerror_of([0.0, 0.0]) is None
    assert draw.yerror_of([0.0, 0.1]).tolist() == [0.0, 0.1]
    ax = Figure().subplots()
    for error in (0.0, [0.1, 0.2]):
        draw.errorbars(ax, [1, 2], [3, 4], error, draw.RED, "measured")
    assert len(ax.containers) == 2


def test_odd_frames_are_refused(folder):
    with pytest.raises(ValueError, match="71 × 50 pixels"):
        draw.save_mp4([np.zeros((50, 71, 3), np.uint8)], "odd")
