"""Compares the counts of mandel with those of the NumPy tutorial, sample by sample.

Needs NumPy on a CPU with fused multiply-add:

    python3 tests/numpy_check.py target/release/mandel
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np


def steps(region, size, max_iter):
    """The tutorial's algorithm: z = z * z + c on a whole grid, counting until |z| > 2."""
    xmin, xmax, ymin, ymax = region
    re = np.linspace(xmin, xmax, size)
    im = np.linspace(ymin, ymax, size)
    c = re[:, None] + 1j * im[None, :]
    z = np.zeros_like(c)
    counts = np.full(c.shape, max_iter, dtype=np.uint32)
    open_ = np.ones(c.shape, dtype=bool)
    for n in range(1, max_iter + 1):
        z[open_] = z[open_] * z[open_] + c[open_]
        # |z|^2 as two products and a sum; np.abs rounds differently at the very edge.
        escaped = open_ & (z.real * z.real + z.imag * z.imag > 4)
        counts[escaped] = n
        open_ &= ~escaped
    return counts


def main(program):
    region, size, max_iter = (-2.0, 1.0, -1.5, 1.5), 800, 1000
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "counts.npy"
        subprocess.run(
            [program, "render", "--region", ",".join(map(str, region)), "--grid", "endpoints", "-s", str(size)]
            + ["-n", str(max_iter), "-q", "-o", str(path)],
            check=True,
        )
        ours = np.load(path)
    assert ours.dtype == np.uint32 and ours.shape == (size, size), (ours.dtype, ours.shape)
    # Ours: row 0 at the top. The tutorial's: [real, imaginary], both ascending.
    theirs = np.flipud(steps(region, size, max_iter).T)
    different = int(np.count_nonzero(ours != theirs))
    print(f"{different} of {ours.size} counts differ from NumPy {np.__version__}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
