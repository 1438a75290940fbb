"""``mandel-dask``: the shards of a job on the workers of a Dask cluster, then the picture.

The scheduler sees shard numbers and checksums, never pixels: each worker runs ``mandel render --job``, which writes its shard
into a folder that all machines share. A shard that is there is not made again, so that it costs nothing where the scheduler
asks twice, as it does when a worker dies, and a run that was ended goes on when it is started again.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import logging
import os
import signal
import string
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Union

from mandel_render import MandelError, program

if TYPE_CHECKING:
    from distributed import Client

RETRIES = 3
"""How often a shard is tried again."""

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_ONE_SHARD = threading.Lock()
_LEVELS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"


@dataclass(frozen=True)
class Job:
    """What the driver needs to know of a job file."""

    path: str
    shards: int
    order: list[int]
    """The shards, the costliest first."""

    @classmethod
    def read(cls, path: str) -> Job:
        """Reads what is needed; ``mandel render --job`` is the one that checks everything."""
        try:
            values = json.loads(Path(path).read_bytes())
            shards = int(values["shards"])
            costs = _costs(str(values["costs"]), shards)
        except OSError as error:
            raise MandelError(f"cannot read {path}: {error.strerror}", 4) from None
        except (ValueError, KeyError, TypeError):
            raise MandelError(f"{path} is no job file; 'mandel plan ... -o job.json' makes one", 2) from None
        order = sorted(range(1, shards + 1), key=lambda shard: -costs[shard - 1])
        return cls(os.path.abspath(path), shards, order)


def _costs(letters: str, shards: int) -> list[int]:
    """The predicted cost of each shard, which decides the order of the work and nothing else.

    A job has a letter for each tile: four levels are a factor of two. Tiles are dealt by cost, back and forth.
    """
    levels = sorted(map(_LEVELS.index, letters), reverse=True)
    costs = [0] * shards
    for i, level in enumerate(levels):
        turn, hand = divmod(i, shards)
        costs[hand if turn % 2 == 0 else shards - 1 - hand] += (4 + level % 4) << level // 4
    return costs


@dataclass(frozen=True)
class Refusal:
    """A shard that no worker will make. It is a result and not an exception, which Dask would try again."""

    shard: int
    sentence: str


def render_shard(job: str, shard: int, of: int, folder: str) -> Union[tuple[int, str], Refusal]:
    """Makes one shard, on a worker; gives its number and the sha256 of its file.

    Raises :class:`MandelError` where another try may help. A worker makes one shard at a time, with all its threads.
    """
    from distributed import get_worker

    worker = get_worker()
    words = ["render", "--quiet", f"--job={job}", f"--shard={shard}/{of}", f"--out-dir={folder}"]
    try:
        command = [program(), *words, f"--threads={worker.state.nthreads}"]
        with _ONE_SHARD:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                preexec_fn=_die_with_parent,
            )
        if done.returncode == 0:
            return shard, _sha256(shard_file(folder, shard))
    except OSError as error:
        raise MandelError(f"worker {worker.address}: {error}", 4) from None
    sentence = f"worker {worker.address}: {_said(done)}"
    if done.returncode == 2:
        return Refusal(shard, sentence)
    raise MandelError(sentence, done.returncode)


def shard_file(folder: str, shard: int) -> Path:
    """Where ``mandel render --job --out-dir`` puts a shard."""
    return Path(folder) / f"shard-{shard}.mshd"


def _die_with_parent() -> None:
    """Between fork and exec: the program ends with its worker, instead of going on alone."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    code = done.returncode
    ended = f"mandel was ended by signal {-code}" if code < 0 else f"mandel ended with exit code {code}"
    return done.stderr.decode(errors="replace").strip().removeprefix("error: ") or ended


def _version() -> str:
    """What program this machine has."""
    said = subprocess.run([program(), "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    return said.stdout.decode().strip()


def render(client: Client, job: Job, shards: list[int], folder: str, progress: Progress) -> None:
    """Makes some shards of a job, in this order.

    At any time there are as many shards in work as workers, so that one that comes later or is faster gets more of them.
    """
    from distributed import as_completed

    waiting = iter(shards)
    placed: dict[Any, str] = {}
    pending = as_completed()

    def place() -> None:
        free = [address for address in client.nthreads() if address not in placed.values()]
        for address, shard in zip(free, waiting):
            future = client.submit(
                render_shard,
                job.path,
                shard,
                job.shards,
                folder,
                key=f"mandel-{shard}-{os.urandom(8).hex()}",
                pure=False,
                retries=RETRIES,
                workers=[address],
                allow_other_workers=True,
            )
            placed[future.key] = address
            pending.add(future)

    place()
    for future in pending:
        result = future.result()
        if isinstance(result, Refusal):
            raise MandelError(f"shard {result.shard}/{job.shards}, {result.sentence}", 2)
        del placed[future.key]
        progress.done(*result)
        place()


class Progress:
    """How much is done and how long the rest takes, on standard error."""

    def __init__(self, shards: int, missing: int, quiet: bool) -> None:
        self.shards, self.missing, self.quiet = shards, missing, quiet
        self.sums: dict[int, str] = {}
        self.begin = self.shown = time.monotonic()
        if missing < shards and not quiet:
            print(f"{shards - missing} of {shards} shards are there", file=sys.stderr)

    def done(self, shard: int, sha256: str) -> None:
        self.sums[shard] = sha256
        now, live = time.monotonic(), sys.stderr.isatty()
        left = self.missing - len(self.sums)
        if self.quiet or left and now - self.shown < (0.2 if live else 10):
            return
        self.shown = now
        seconds = (now - self.begin) / len(self.sums) * left
        text = f"{self.shards - left} of {self.shards} shards, {_duration(seconds)} left"
        print(f"\r{text:60}" if live else text, end="" if live and left else "\n", file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


@contextmanager
def connect(scheduler: str | None, workers: int | None) -> Iterator[Client]:
    """A cluster that is there, or one of processes on this machine, which listens on 127.0.0.1 alone."""
    try:
        from dask.system import CPU_COUNT
        from distributed import Client, LocalCluster
    except ImportError:
        raise MandelError("mandel-dask needs Dask: pip install 'mandel-render[dask]'", 2) from None
    if scheduler is not None:
        try:
            client = Client(scheduler)
        except (OSError, ValueError) as error:
            raise MandelError(f"cannot reach the scheduler {scheduler}: {error}", 4) from None
        with client:
            yield client
        return
    workers = workers or CPU_COUNT
    threads = max(1, CPU_COUNT // workers)
    # Workers only wait for the program: their own memory says nothing.
    local = {"host": "127.0.0.1", "dashboard_address": None, "memory_limit": 0}
    with LocalCluster(n_workers=workers, threads_per_worker=threads, processes=True, **local) as cluster:
        with Client(cluster) as client:
            yield client


def check_workers(client: Client) -> None:
    """Names every worker that cannot take part, and notes one that has another version of the program."""
    import dask.config
    from distributed import TimeoutError as TimedOut

    try:
        client.wait_for_workers(1, timeout=dask.config.get("distributed.comm.timeouts.connect"))
    except TimedOut:
        raise MandelError("the scheduler has no workers; start some with 'dask worker'", 4) from None
    here = _version()
    unfit = []
    for address, answer in client.run(_version, on_error="return").items():
        if isinstance(answer, BaseException):
            unfit.append(f"worker {address}: {answer}")
        elif answer != here:
            print(f"note: worker {address} has {answer}, and this machine {here}", file=sys.stderr)
    if unfit:
        raise MandelError("\n".join(unfit), 2)


def run(args: argparse.Namespace) -> int:
    """Makes the shards of a job and stitches them; gives the exit code of ``mandel stitch``."""
    job = Job.read(args.job)
    if os.path.lexists(args.output):
        raise MandelError(f"{args.output} already exists; name another file or move it away", 4)
    mandel = program()
    folder = os.path.abspath(args.out_dir)
    os.makedirs(folder, exist_ok=True)
    missing = _missing(mandel, job, folder)
    with connect(args.scheduler, args.workers) as client:
        check_workers(client)
        try:
            render(client, job, missing, folder, Progress(job.shards, len(missing), args.quiet))
        except MandelError:
            raise
        except BaseException as error:
            _explain(error, folder)
    stitch = [mandel, "stitch", job.path, folder, f"--output={args.output}"]
    return subprocess.run(stitch + ["--quiet"] * args.quiet, stdin=subprocess.DEVNULL).returncode


def _missing(mandel: str, job: Job, folder: str) -> list[int]:
    """The shards that are not there or damaged, the costliest first. A job that the program here cannot read ends the run."""
    asked = [mandel, "stitch", job.path, folder, "--missing"]
    done = subprocess.run(asked, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode not in (0, 3):
        raise MandelError(_said(done), done.returncode)
    missing = set(map(int, done.stdout.split()))
    return [shard for shard in job.order if shard in missing]


def _explain(error: BaseException, folder: str) -> NoReturn:
    """Dask's own exceptions in a sentence."""
    from concurrent.futures import CancelledError as Cancelled

    from distributed import CancelledError, KilledWorker

    again = f"; what is finished stays in {folder}: run the same command again to go on"
    if isinstance(error, KilledWorker):
        raise MandelError(f"a shard ended its workers again and again ({error}){again}", 5) from error
    if isinstance(error, (CancelledError, Cancelled, OSError)):
        raise MandelError(f"the scheduler went away{again}", 4) from error
    raise error


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mandel-dask", description=(__doc__ or "").split("\n\n")[0].partition(": ")[2])
    parser.add_argument("job", metavar="job.json", help="what 'mandel plan' wrote, in a folder that all workers see")
    parser.add_argument("--out-dir", metavar="D", required=True, help="folder for the shards, which all workers see")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the picture, or .npy for numbers")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster: tcp://host:port or tls://host:port")
    where.add_argument("--workers", metavar="W", type=_positive, help="processes on this machine [default: one a CPU]")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    return parser.parse_args(words)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a number of workers from 1 on, got '{text}'")
    return int(text)


def main(words: list[str] | None = None) -> int:
    """The command ``mandel-dask``. Exit codes are those of ``mandel``."""
    args = _arguments(words)
    # What goes wrong is said in a sentence, without Dask's traces before it.
    logging.disable()
    try:
        return run(args)
    except MandelError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code if error.exit_code > 0 else 1
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
