"""Arrays from the program: the numbers of NumPy's tutorial, smooth counts, pictures, and what goes wrong.

    python -m unittest discover tests/python        # with mandel-render installed; tests/python_check.sh does that
"""

import os
import pickle
import sys
import unittest
from decimal import Decimal
from pathlib import Path
from unittest import mock

import mandel_render
import numpy as np
from mandel_render import MandelError, counts, distance, picture, smooth

sys.path.insert(0, str(Path(__file__).parent.parent))
import numpy_check


class Arrays(unittest.TestCase):
    def test_counts_are_those_of_the_tutorial(self):
        n = counts(region=(-2, 1, -1.5, 1.5), size=400, max_iter=300, grid="endpoints")
        self.assertEqual((n.dtype, n.shape), (np.uint32, (400, 400)))
        theirs = numpy_check.steps((-2.0, 1.0, -1.5, 1.5), 400, 300)
        np.testing.assert_array_equal(n, np.flipud(theirs.T))
        n[0, 0] = 7  # Our own memory, which may be written to.

    def test_distances_point_away_from_the_set(self):
        view = {"center": 0, "zoom": 1, "size": (41, 41), "max_iter": 100}
        d, n = distance(**view), counts(**view)
        self.assertEqual((d.shape, d.dtype), ((41, 41, 2), np.float32))
        self.assertTrue(np.array_equal(np.any(d != 0, axis=2), n < 100))
        # Far to the right it points to the right, and in the upper row up.
        self.assertGreater(d[20, 40, 0], 5)
        self.assertGreater(d[0, 20, 1], 1)

    def test_smooth_counts_are_counts_with_a_fraction(self):
        view = {"center": -0.75 + 0.1j, "zoom": 8, "size": (64, 36), "max_iter": 300}
        n, s = counts(**view), smooth(**view)
        self.assertEqual((s.dtype, s.shape), (np.float64, (36, 64)))
        inside = np.isnan(s)
        self.assertTrue((n[inside] == 300).all() and 0 < inside.sum() < s.size)
        fraction = (s - n)[~inside]
        self.assertTrue((abs(fraction) < 3).all())
        self.assertGreater(((0 < fraction) & (fraction < 1.1)).mean(), 0.8)

    def test_a_picture_has_the_pixels_of_the_file(self):
        view = {"at": "seahorse", "size": (97, 61), "palette": "hot", "max_iter": 500}
        p = picture(**view)
        self.assertEqual((p.dtype, p.shape), (np.uint8, (61, 97, 3)))
        self.assertGreater(len(np.unique(p.reshape(-1, 3), axis=0)), 100)
        one = picture(**view, supersample=1, interior="#123456")
        inside = np.isnan(smooth(**view))
        self.assertTrue(inside.any() and (one[inside] == (0x12, 0x34, 0x56)).all())
        try:
            from PIL import Image
        except ImportError:
            return
        import io
        import subprocess

        command = [mandel_render.program(), "render", "--at", "seahorse", "-s", "97x61", "-p", "hot", "-n", "500"]
        png = subprocess.run([*command, "-q", "-o", "-"], check=True, stdout=subprocess.PIPE).stdout
        np.testing.assert_array_equal(p, np.asarray(Image.open(io.BytesIO(png))))

    def test_numbers_come_in_many_kinds(self):
        first = counts(center="-0.75+0.1i", zoom="100", size="20x10", max_iter=100)
        for center, zoom, size in [
            (-0.75 + 0.1j, 100, (20, 10)),
            (np.complex128(-0.75 + 0.1j), np.float64(100), np.array([20, 10])),
            ("-0.75,0.1", Decimal("1e2"), [20, 10]),
        ]:
            again = counts(center=center, zoom=zoom, size=size, max_iter=np.int64(100), threads=1, reverse=False)
            np.testing.assert_array_equal(first, again)
        deep = counts(center=Decimal("-1.25") + Decimal("1e-40"), zoom=Decimal("1e30"), size=8, max_iter=500)
        self.assertEqual(deep.shape, (8, 8))
        self.assertEqual(counts(at="mini", size=(3, 2), supersample=4).shape, (8, 12))

    def test_the_program_says_what_is_wrong(self):
        for options, code, sentence in [
            ({"region": (1, 0, 0, 1)}, 2, "xmin (1) is not below xmax (0)"),
            ({"zom": 3}, 2, "unexpected argument '--zom' found"),
            ({"max_iter": 0}, 2, "--max-iter must be 1..4294967294 or 'auto' (got '0')"),
            ({"center": complex("nan")}, 2, "a digit was expected here"),
            ({"scene": "no-such-file.toml"}, 4, "no-such-file.toml"),
        ]:
            for function in [counts, smooth, distance, picture]:
                with self.subTest(options=options), self.assertRaises(MandelError) as raised:
                    function(**options)
                self.assertIn(sentence, str(raised.exception))
                self.assertEqual(raised.exception.exit_code, code)
                self.assertNotIn("Usage", str(raised.exception))
        again = pickle.loads(pickle.dumps(MandelError("a sentence", 4)))
        self.assertEqual((str(again), again.exit_code), ("a sentence", 4))

    def test_a_missing_or_strange_program_is_named(self):
        with mock.patch.dict(os.environ, MANDEL="/no/such/mandel"):
            with self.assertRaisesRegex(FileNotFoundError, "the program '/no/such/mandel' of the variable MANDEL"):
                counts()
        for strange, code in [("true", 1), ("false", 1)]:
            with mock.patch.dict(os.environ, MANDEL=strange), self.assertRaises(MandelError) as raised:
                counts()
            self.assertEqual(raised.exception.exit_code, code)


if __name__ == "__main__":
    unittest.main()
