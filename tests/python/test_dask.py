"""The Dask driver: real schedulers and workers on loopback, and workers that are killed.

Most tests use fake_mandel in place of the program, so that they are about the driver alone. The last ones use the program.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import mandel_render
from distributed import Client
from mandel_render.dask import Job

FAKE = str(Path(__file__).with_name("fake_mandel"))
PATIENCE = 120


def wait_until(holds, what, process=None):
    """Waits for something that ``process`` brings about."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end or process is not None and process.poll() is not None:
            raise AssertionError(f"waited for {what} in vain: {process and process.communicate()[0]}")
        time.sleep(0.05)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Case(unittest.TestCase):
    """A folder, and the processes that were started in it."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="mandel-dask-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.shards = self.folder / "shards"
        self.log = self.folder / "log"
        self.environment = {
            **os.environ,
            "MANDEL": FAKE,
            "FAKE_LOG": str(self.log),
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s",
            "DASK_TEMPORARY_DIRECTORY": str(self.folder / "dask"),
        }

    def start(self, *command, **environment):
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    def scheduler(self):
        file = self.folder / f"scheduler-{random.random()}.json"
        dask = [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self.scheduler_process = self.start(*dask, "--scheduler-file", str(file))
        wait_until(lambda: file.exists() and file.read_text().endswith("}"), "the scheduler", self.scheduler_process)
        return json.loads(file.read_text())["address"]

    def worker(self, address, threads=1, **environment):
        dask = [sys.executable, "-m", "dask", "worker", address, "--host", "127.0.0.1", "--no-dashboard", "--no-nanny"]
        return self.start(*dask, "--nthreads", str(threads), "--memory-limit", "0", **environment)

    def wait_for_workers(self, address, number):
        with Client(address, timeout=PATIENCE) as client:
            client.wait_for_workers(number, timeout=PATIENCE)

    def job(self, shards, costs=None):
        path = self.folder / "job.json"
        path.write_text(json.dumps({"costs": costs or "A" * shards, "mandel_job": 1, "shards": str(shards)}))

    def driver(self, *more):
        """Starts the driver on the job, as its script is installed."""
        script = str(Path(sys.executable).with_name("mandel-dask"))
        return self.start(script, "job.json", "--out-dir", "shards", "-o", "out", *more)

    def said(self, driver, code):
        text, _ = driver.communicate(timeout=PATIENCE)
        self.assertEqual(driver.returncode, code, text)
        return text

    def expected(self, shards):
        return "".join(f"shard {shard}\n" for shard in range(1, shards + 1))

    def begun(self):
        """Shard, threads and process of each start of the program."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [tuple(map(int, line.split())) for line in lines]


class Driver(Case):
    def test_a_cluster_of_its_own_makes_all_shards_once(self):
        self.job(9)
        text = self.said(self.driver("--workers", "2"), 0)
        self.assertEqual((self.folder / "out").read_text(), self.expected(9))
        self.assertEqual(sorted(shard for shard, _, _ in self.begun()), list(range(1, 10)))
        self.assertIn("9 of 9 shards, 0 s left", text)
        # Nothing is made again, and nothing is replaced.
        (self.folder / "out").unlink()
        (self.shards / "shard-7.mshd").unlink()
        text = self.said(self.driver("--workers", "1"), 0)
        self.assertIn("8 of 9 shards are there\n9 of 9 shards, 0 s left", text)
        self.assertEqual([shard for shard, _, _ in self.begun()][9:], [7])
        self.assertIn("out already exists", self.said(self.driver("--workers", "1"), 4))

    def test_a_killed_worker_costs_nothing_but_its_shard(self):
        self.job(12)
        address = self.scheduler()
        workers = [self.worker(address, FAKE_SECONDS="0.5") for _ in range(2)]
        self.wait_for_workers(address, 2)
        driver = self.driver("--scheduler", address)
        wait_until(lambda: len(self.begun()) >= 5, "some shards", driver)
        workers[1].kill()
        self.said(driver, 0)
        self.assertEqual((self.folder / "out").read_text(), self.expected(12))
        shards = [shard for shard, _, _ in self.begun()]
        self.assertEqual(set(shards), set(range(1, 13)))
        self.assertLessEqual(len(shards), 13, "one shard was interrupted, and those that were finished are not made again")

    @unittest.skipUnless(sys.platform == "linux", "only Linux ends a program with its parent")
    def test_a_program_ends_with_its_worker(self):
        self.job(1)
        address = self.scheduler()
        worker = self.worker(address, FAKE_SECONDS="600")
        driver = self.driver("--scheduler", address)
        wait_until(self.begun, "the shard", driver)
        ((_, _, pid),) = self.begun()
        self.assertTrue(alive(pid))
        worker.kill()
        wait_until(lambda: not alive(pid), "the end of the program")

    def test_a_worker_makes_one_shard_at_a_time_with_all_its_threads(self):
        self.job(6)
        address = self.scheduler()
        self.worker(address, threads=3, FAKE_SECONDS="0.2")
        self.said(self.driver("--scheduler", address), 0)
        self.assertEqual({threads for _, threads, _ in self.begun()}, {3})
        self.assertEqual((self.folder / "out").read_text(), self.expected(6))

    def test_what_may_help_is_tried_again(self):
        self.job(4)
        address = self.scheduler()
        self.worker(address, FAKE_FAILS="2,3")
        self.said(self.driver("--scheduler", address), 0)
        self.assertEqual(sorted(shard for shard, _, _ in self.begun()), [1, 2, 2, 3, 3, 4])

    def test_a_bad_job_ends_the_run_at_once(self):
        self.job(50)
        address = self.scheduler()
        self.worker(address, FAKE_REFUSES="3", FAKE_SECONDS="0.1")
        text = self.said(self.driver("--scheduler", address), 2)
        self.assertIn("error: shard 3/50, worker tcp://127.0.0.1:", text)
        self.assertIn("the job is of kernel f64-fma-2, and this program has f64-fma-1", text)
        self.assertLess(len(self.begun()), 10)
        self.assertFalse((self.folder / "out").exists())

    def test_a_worker_without_the_program_is_named(self):
        self.job(4)
        address = self.scheduler()
        self.worker(address)
        self.worker(address, MANDEL="/no/such/mandel")
        self.wait_for_workers(address, 2)
        text = self.said(self.driver("--scheduler", address), 2)
        self.assertRegex(text, r"error: worker tcp://127.0.0.1:\d+: the program '/no/such/mandel' .* is not there")
        self.assertEqual(self.begun(), [])

    def test_a_scheduler_that_goes_away_loses_nothing(self):
        self.job(10)
        address = self.scheduler()
        self.worker(address, FAKE_SECONDS="0.3")
        driver = self.driver("--scheduler", address)
        wait_until(lambda: len(self.begun()) >= 4, "some shards", driver)
        self.scheduler_process.kill()
        text = self.said(driver, 4)
        self.assertIn("error: the scheduler went away; what is finished stays in", text)
        self.assertNotIn("Traceback", text)
        self.said(self.driver("--workers", "2"), 0)
        self.assertEqual((self.folder / "out").read_text(), self.expected(10))
        self.assertLessEqual(len(self.begun()), 12)

    def test_wrong_words_are_explained(self):
        self.environment["DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT"] = "1s"
        self.assertIn("error: cannot read job.json: No such file", self.said(self.driver(), 4))
        (self.folder / "job.json").write_text("{}")
        self.assertIn("error: job.json is no job file; 'mandel plan", self.said(self.driver(), 2))
        self.job(2)
        self.assertIn("expected a number of workers from 1 on, got '0'", self.said(self.driver("--workers", "0"), 2))
        unreachable = self.said(self.driver("--scheduler", "tcp://127.0.0.1:1"), 4)
        self.assertIn("error: cannot reach the scheduler tcp://127.0.0.1:1", unreachable)
        nobody = self.said(self.driver("--scheduler", self.scheduler()), 4)
        self.assertIn("error: the scheduler has no workers", nobody)
        self.assertNotIn("Traceback", unreachable + nobody)

    def test_costly_shards_come_first(self):
        # Tiles of levels 8, 4, 4, 0 for three shards: costs 16, 8 and 8 + 4.
        self.job(3, "EIAE")
        self.assertEqual(Job.read(str(self.folder / "job.json")).order, [1, 3, 2])


@unittest.skipIf(
    subprocess.run([mandel_render.program(), "plan", "--help"], capture_output=True).returncode,
    "this program has no 'plan'",
)
class Whole(Case):
    """The program itself."""

    def setUp(self):
        super().setUp()
        self.environment["MANDEL"] = mandel_render.program()

    def mandel(self, *words):
        self.said(self.start(mandel_render.program(), *words), 0)

    def over_dask(self, view, shards):
        """Renders over two workers, one of which is killed; gives the driver's picture and that of a single render."""
        self.mandel("plan", *view, "--shards", str(shards), "-o", "job.json")
        address = self.scheduler()
        workers = [self.worker(address) for _ in range(2)]
        self.wait_for_workers(address, 2)
        driver = self.start(
            *[str(Path(sys.executable).with_name("mandel-dask")), "job.json", "--out-dir", "shards", "-o", "out.png"],
            *["--scheduler", address],
        )
        wait_until(lambda: len(list(self.shards.glob("*.mshd"))) >= 3, "some shards", driver)
        self.assertLess(len(list(self.shards.glob("*.mshd"))), shards, "the worker is killed before all is done")
        workers[1].send_signal(signal.SIGKILL)
        self.said(driver, 0)
        self.mandel("render", *view, "-o", "single.png", "-q")
        self.mandel("stitch", "job.json", "shards", "-o", "out.npy")
        self.mandel("render", *view, "-o", "single.npy", "-q")
        for suffix in ["png", "npy"]:
            stitched, single = [(self.folder / f"{name}.{suffix}").read_bytes() for name in ["out", "single"]]
            self.assertEqual(stitched == single, True, suffix)

    def test_a_render_over_dask_is_the_single_one(self):
        self.over_dask(["--at", "seahorse", "-s", "1200x900", "-n", "20000", "--supersample", "1"], 24)

    def test_a_deep_render_over_dask_is_the_single_one(self):
        text = (Path(__file__).parent.parent / "data/locations/06-e1086-olbaid-023.toml").read_text()
        place = dict(re.findall(r'^(real|imag|zoom|iterations) = "?([^"\n]*)', text, re.MULTILINE))
        (self.folder / "center.txt").write_text(f"{place['real']},{place['imag']}")
        view = ["-c", "@center.txt", "-z", place["zoom"], "-n", place["iterations"]]
        self.over_dask([*view, "-s", "640x360", "--supersample", "1"], 16)
        orbits = [path.name for path in self.folder.rglob("*.morb")]
        self.assertEqual(len(orbits), 1, orbits)


if __name__ == "__main__":
    unittest.main()
