"""Opens the numbers and pictures that mandel writes with the libraries that others read them with.

Needs NumPy and, for EXR and pictures, OpenEXR, Pillow and tifffile with imagecodecs:

    python3 tests/formats_check.py target/release/mandel
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np

try:
    import OpenEXR
except ImportError:
    OpenEXR = None


def pictures(folder, mandel):
    """Every format of pictures holds the same pixels."""
    try:
        from PIL import Image
    except ImportError:
        print("skipped: pictures, because Pillow is not installed")
        return
    view = ["--at", "mini", "-s", "90x61"]
    flat = ["png", "tiff", "webp", "qoi", "ppm"]
    deep = ["--depth", "16", "-o", "deep.png", "-o", "deep.tiff", "-o", "deep.ppm"]
    mandel("render", *view, *(word for suffix in [*flat, "jpg"] for word in ["-o", f"flat.{suffix}"]))
    mandel("render", *view, "--interior", "transparent", *(f"--output=clear.{suffix}" for suffix in flat[:4]))
    mandel("render", *view, *deep)
    mandel("render", *view, "--compression", "best", "-o", "best.png")

    def pixels(name):
        return np.asarray(Image.open(folder / name)).astype(int)

    for suffix in flat:
        assert (pixels(f"flat.{suffix}") == pixels("flat.png")).all(), suffix
    for suffix in flat[:4]:
        assert pixels(f"clear.{suffix}").shape == (61, 90, 4), suffix
        assert (pixels(f"clear.{suffix}") == pixels("clear.png")).all(), suffix
    assert (pixels("best.png") == pixels("flat.png")).all()
    assert abs(pixels("flat.jpg") - pixels("flat.png")).mean() < 3
    print("Pillow", Image.__version__, "reads PNG, TIFF, WebP, QOI, PPM and JPEG")
    try:
        import tifffile
    except ImportError:
        print("skipped: 16 bits, because tifffile is not installed")
        return
    tiff = tifffile.imread(folder / "deep.tiff")
    assert tiff.dtype == np.uint16 and abs(tiff / 257 - pixels("flat.png")).max() < 0.6
    head, data = (folder / "deep.ppm").read_bytes().split(b"65535\n", 1)
    assert (np.frombuffer(data, ">u2").reshape(tiff.shape) == tiff).all(), head
    print("tifffile", tifffile.__version__, "reads TIFF with 16 bits")


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def mandel(*words):
            subprocess.run([program, *words, "-q"], check=True, cwd=folder)

        pictures(folder, mandel)
        view = ["--at", "elephant", "-s", "60x41", "--supersample", "2", "--rotate", "20"]
        mandel("render", *view, "--light", "135", "-o", "a.png", "-o", "a.npz", "-o", "a.exr")
        mandel("render", *view, "-o", "counts.npy")
        mandel("render", *view, "--values", "smooth", "-o", "smooth.npy")
        mandel("render", *view, "--values", "distance", "-o", "distance.npy")

        z = np.load(folder / "a.npz")
        counts, escaped, fraction = z["counts"], z["escaped"], z["fraction"]
        assert (counts.dtype, escaped.dtype, fraction.dtype) == (np.uint32, bool, np.float32)
        assert counts.shape == (82, 120) and escaped.any() and not escaped.all()
        assert (counts == np.load(folder / "counts.npy")).all()
        smooth = np.where(escaped, counts + fraction.astype(float), np.nan)
        np.testing.assert_array_equal(smooth, np.load(folder / "smooth.npy"))
        np.testing.assert_array_equal(z["distance"], np.load(folder / "distance.npy"))
        (folder / "scene.toml").write_bytes(z["scene.toml"])
        mandel("render", "--scene", "scene.toml", "-o", "b.png")
        assert (folder / "a.png").read_bytes() == (folder / "b.png").read_bytes()
        print("NumPy", np.__version__, "reads NPY and NPZ")

        # What NumPy writes is read as well.
        np.savez_compressed(folder / "c.npz", counts=counts.astype(np.int64))
        np.savez(folder / "d.npz", counts)
        np.save(folder / "e.npy", counts)
        mandel("color", "e.npy", "-o", "e.png")
        for name in ["c", "d"]:
            mandel("color", f"{name}.npz", "-o", f"{name}.png")
            assert (folder / f"{name}.png").read_bytes() == (folder / "e.png").read_bytes(), name
        print("mandel reads what NumPy writes")

        if OpenEXR is None:
            print("skipped: EXR, because OpenEXR-Python is not installed")
            return 0
        file = OpenEXR.File(str(folder / "a.exr"), separate_channels=True)
        channels = {name: channel.pixels for name, channel in file.channels().items()}
        header = file.header()
        n, nf, bias = channels["N"], channels["NF"], header["IterationsBias"]
        assert n.dtype == np.uint32 and nf.dtype == np.float32 and ((0 <= nf) & (nf < 1)).all()
        assert ((n != 0xFFFFFFFF) == escaped).all() and (n != 0).all()
        again = np.where(escaped, n + nf.astype(float) - bias, np.nan)
        np.testing.assert_allclose(again, smooth, rtol=0, atol=1e-6)
        bits = channels["NFX"] ^ nf.view(np.uint32)
        assert (bits == fraction.view(np.uint32)).all()
        np.testing.assert_array_equal(channels["DEX"], z["distance"][..., 0])
        np.testing.assert_array_equal(channels["DEY"], -z["distance"][..., 1])
        assert z["scene.toml"].decode().endswith(header["mandel"])
        try:
            from PIL import Image
        except ImportError:
            print("skipped: the colors, because Pillow is not installed")
        else:
            srgb = np.asarray(Image.open(folder / "a.png")).repeat(2, 0).repeat(2, 1)
            light = np.stack([channels[name].astype(float) for name in "RGB"], -1)
            shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
            assert abs(255 * shown - srgb).max() < 1, abs(255 * shown - srgb).max()
        print("OpenEXR-Python", OpenEXR.__version__, "reads EXR")

        # What OpenEXR writes is read as well, in the compressions that keep all bits.
        kept = {name: channels[name] for name in ["N", "NF", "DEX", "DEY"]}
        plain = {name: header[name] for name in ["Iterations", "IterationsBias"]}
        colored = set()
        for name in ["NO", "RLE", "ZIPS", "ZIP", "PIZ"]:
            made = {"compression": getattr(OpenEXR, f"{name}_COMPRESSION"), "type": OpenEXR.scanlineimage}
            OpenEXR.File({**plain, **made}, kept).write(str(folder / f"{name}.exr"))
            mandel("color", f"{name}.exr", "--light", "135", "-o", f"{name}.png")
            colored.add((folder / f"{name}.png").read_bytes())
        assert len(colored) == 1
        print("mandel reads what OpenEXR writes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
