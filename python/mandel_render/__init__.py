"""Mandelbrot numbers and pictures as NumPy arrays, made by the program ``mandel``.

    >>> from mandel_render import counts
    >>> n = counts(region=(-2, 1, -1.5, 1.5), size=800, max_iter=1000, grid="endpoints")
    >>> n.shape, n.dtype
    ((800, 800), dtype('uint32'))

Row 0 is the top of the view: the imaginary axis points up, against the row number.

Options are those of ``mandel render --help``, with ``_`` for ``-``; who knows the flags knows the arguments. A number may be an
``int``, a ``float``, a ``decimal.Decimal``, or a text of any number of digits; a point also a ``complex``. ``True`` gives a
flag that takes no value, and ``None`` leaves an option out.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, Callable, TypeVar, Union

import numpy as np
from numpy.typing import NDArray

__all__ = ["MandelError", "counts", "distance", "picture", "program", "smooth"]

Number = Union[int, float, Decimal, str]
Point = Union[Number, complex]
Region = Union[Sequence[Number], str]
Size = Union[int, Sequence[int], str]
Option = Union[Point, bool, Sequence[Number], None]
Result = TypeVar("Result")


class MandelError(RuntimeError):
    """What the program says of its failure.

    ``exit_code`` is 2 for an argument that makes no sense, 3 for a bad file, 4 for one that cannot be read or written, 5 for a
    limit of the machine, and below 0 for the signal that ended the program.
    """

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[type[MandelError], tuple[str, int]]:
        return type(self), (str(self), self.exit_code)


def counts(
    *,
    region: Region | None = None,
    center: Point | None = None,
    zoom: Number | None = None,
    size: Size | None = None,
    max_iter: int | str | None = None,
    grid: str | None = None,
    **more: Option,
) -> NDArray[np.uint32]:
    """Escape counts: for each sample the smallest n with abs(z_n) > 2, and ``max_iter`` where there is none.

    ``region`` is (xmin, xmax, ymin, ymax); ``center`` and ``zoom`` place the view otherwise. ``size`` is (width, height), or one
    number for a square. ``grid="endpoints"`` puts the samples where ``numpy.linspace`` puts them. Everything is optional, as on
    the command line, and so are all other options of ``mandel render``: ``counts(at="seahorse", threads=4)``.

    Gives an array of shape (height, width), or ``supersample`` times that where it is asked for.

    Raises :class:`MandelError` where the program fails, and :class:`FileNotFoundError` where there is none.
    """
    view = {"region": region, "center": center, "zoom": zoom, "size": size, "max_iter": max_iter, "grid": grid}
    return _render({"format": "npy"}, {**view, **more}, _array)


def smooth(
    *,
    region: Region | None = None,
    center: Point | None = None,
    zoom: Number | None = None,
    size: Size | None = None,
    max_iter: int | str | None = None,
    grid: str | None = None,
    **more: Option,
) -> NDArray[np.float64]:
    """Smooth iteration counts, which have no steps: the count and a fraction, NaN where nothing escaped.

    Arguments, shape and errors are those of :func:`counts`.
    """
    view = {"region": region, "center": center, "zoom": zoom, "size": size, "max_iter": max_iter, "grid": grid}
    return _render({"format": "npy", "values": "smooth"}, {**view, **more}, _array)


def distance(
    *,
    region: Region | None = None,
    center: Point | None = None,
    zoom: Number | None = None,
    size: Size | None = None,
    max_iter: int | str | None = None,
    grid: str | None = None,
    **more: Option,
) -> NDArray[np.float32]:
    """Estimated distances from the set in samples, to the right and up: shape (height, width, 2), 0 where nothing escaped.

    Arguments and errors are those of :func:`counts`.
    """
    view = {"region": region, "center": center, "zoom": zoom, "size": size, "max_iter": max_iter, "grid": grid}
    return _render({"format": "npy", "values": "distance"}, {**view, **more}, _array)


def picture(
    *,
    region: Region | None = None,
    center: Point | None = None,
    zoom: Number | None = None,
    size: Size | None = None,
    max_iter: int | str | None = None,
    palette: str | None = None,
    **more: Option,
) -> NDArray[np.uint8]:
    """The picture that ``mandel render`` makes: sRGB bytes of shape (height, width, 3).

    Arguments and errors are those of :func:`counts`; all options of color are among the others.
    """
    view = {"region": region, "center": center, "zoom": zoom, "size": size, "max_iter": max_iter, "palette": palette}
    return _render({"format": "png", "compression": "fast"}, {**view, **more}, _pixels)


def program() -> str:
    """The path of ``mandel``: that in the variable MANDEL, else the one installed beside this Python, else the first on PATH.

    Raises :class:`FileNotFoundError` where there is none.
    """
    given = os.environ.get("MANDEL")
    beside = str(Path(sys.executable).parent)
    found = shutil.which(given) if given else shutil.which("mandel", path=beside) or shutil.which("mandel")
    if found is None:
        wanted = f"the program '{given}' of the variable MANDEL" if given else "the program mandel"
        raise FileNotFoundError(f"{wanted} is not there; 'pip install mandel-render' brings it")
    return found


def _render(fixed: dict[str, Option], options: dict[str, Option], read: Callable[[IO[bytes]], Result]) -> Result:
    """Runs the program and reads what comes out of its pipe, without a file in between."""
    command = [program(), "render", "--quiet", "--output=-", *_flags(fixed), *_flags(options)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            result, broken = read(process.stdout), None
        except (ValueError, struct.error, zlib.error) as error:
            # A pipe that ends early: the program knows why.
            result, broken = None, error
        # The usage of the command line, which follows some errors, is not that of Python.
        sentence = process.stderr.read().decode(errors="replace").partition("\n\nUsage:")[0].strip()
    if process.returncode != 0:
        ended = f"mandel ended with exit code {process.returncode}"
        raise MandelError(sentence.removeprefix("error: ") or ended, process.returncode)
    if result is None:
        raise MandelError(f"mandel wrote something else than {fixed['format']}: {broken}", 1)
    return result


def _flags(options: dict[str, Option]) -> list[str]:
    flags = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            flags.append(flag)
        elif value is not None and value is not False:
            flags.append(f"{flag}={_text(value, 'x' if name == 'size' else ',')}")
    return flags


def _text(value: Any, between: str) -> str:
    if isinstance(value, complex):
        return f"{value.real}{value.imag:+}i"
    if isinstance(value, (str, int, float, Decimal)) or not hasattr(value, "__iter__"):
        return str(value)
    return between.join(map(str, value))


def _array(pipe: IO[bytes]) -> NDArray[Any]:
    # Without fileno, NumPy reads from a pipe into the array instead of asking where in the file it is.
    return np.lib.format.read_array(SimpleNamespace(read=pipe.read), allow_pickle=False)


def _pixels(pipe: IO[bytes]) -> NDArray[np.uint8]:
    """Reads a PNG of three bytes a pixel with the filters that ``--compression fast`` uses."""
    png = pipe.read()
    width, height, kind = struct.unpack(">II5s", png[16:29])
    if kind != b"\x08\x02\x00\x00\x00":
        raise ValueError("not a PNG of three bytes a pixel")
    data, at = [], 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        if name == b"IDAT":
            data.append(png[at + 8 : at + 8 + length])
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(b"".join(data)), np.uint8).reshape(height, 1 + 3 * width)
    filters, filtered = rows[:, 0], rows[:, 1:].reshape(height, width, 3)
    pixels = np.empty_like(filtered)
    for y, (filter_type, row) in enumerate(zip(filters, filtered)):
        if filter_type == 1:  # Sub: the difference from the pixel to the left
            np.cumsum(row, axis=0, dtype=np.uint8, out=pixels[y])
        elif filter_type == 2:  # Up: the difference from the pixel above
            np.add(row, pixels[y - 1], out=pixels[y])
        else:
            raise ValueError(f"an unexpected filter {filter_type}")
    return pixels
