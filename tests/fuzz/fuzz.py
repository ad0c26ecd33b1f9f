"""Changes files at random and reads them, for some time: `make fuzz` (FUZZ_SECONDS for each target, 60 by default).

What breaks a reader is printed, and kept in tests/fuzz/found/. Once that is mended, it goes to tests/fuzz/corpus/,
which the tests read each time. FUZZ_SEED makes a run again what it was.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
import traceback
from hashlib import sha256
from pathlib import Path

from tests.fuzz.targets import TARGETS, Target

HERE = Path(__file__).parent
FOUND, CORPUS = HERE / "found", HERE / "corpus"
LARGEST = 2**16  # bytes
SLOWEST = 2.0  # seconds for one file
# What means something to one of the readers.
_WORDS = [
    *rb"""{ } [ ] : - & * <<:*a !!binary ? | >- ' " \ # --- ... %YAML null true 0x1f .inf .nan 1e999 -1 &a *a
    99999999999999999999 <![CDATA[ ]]> <!-- --> <? &#60; &amp; url( @import </svg> <style> xmlns:a= ../ ::error:: kind:
    metadata: spec: overrides: environments: version:""".split(),
    *(b"\n", b"\t", b"\r\n", b"\n  ", b": ", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe2\x80\x8b", b"\x1b[2J"),
    b"\xed\xa0\x80",
]


def changed(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Return a file with some random changes."""
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice((0, 1, 2, 8, 64, 512)))
        match chance.randrange(6):
            case 0:
                data = data[:start] + data[end:]
            case 1:
                data = data[:start] + chance.choice(_WORDS) + data[start:]
            case 2:
                data = data[:start] + data[start:end] * chance.choice((2, 3, 100)) + data[end:]
            case 3:
                other = chance.choice(others)
                begin = chance.randrange(len(other) + 1)
                data = data[:start] + other[begin : begin + chance.choice((4, 64, 1024))] + data[end:]
            case 4:
                data = data[:start] + bytes([chance.randrange(256)]) + data[start + 1 :]
            case _:
                data = data[:start] + chance.choice(_WORDS) + data[end:]
        data = data[:LARGEST]
    return data


def fault(target: Target, data: bytes, folder: Path) -> str:
    """Return what is wrong with how a file was read; nothing where it was read as it should be."""
    start = time.process_time()
    try:
        target.read(data, folder)
    except target.raises:
        pass
    except Exception:  # noqa: BLE001  # every other one is what is looked for
        return traceback.format_exc()
    seconds = time.process_time() - start
    return f"it took {seconds:.1f} seconds\n" if seconds > SLOWEST else ""


def run(name: str, seconds: float, seed: int) -> int:
    """Read changed files for some time; return how many broke the reader, one for each place that raised."""
    target, chance = TARGETS[name], random.Random(f"{seed}/{name}")  # chance for changes, not for secrets
    kept = CORPUS / name
    seeds = [*target.seeds(), *(path.read_bytes() for path in (sorted(kept.iterdir()) if kept.is_dir() else ()))]
    places: set[str] = set()
    count, end = 0, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            data = changed(chance.choice(seeds), seeds, chance)
            count += 1
            said = fault(target, data, Path(folder))
            place = "\n".join(line for line in said.splitlines() if line.startswith("  File"))
            if said and place not in places:
                places.add(place)
                path = FOUND / name / sha256(data).hexdigest()[:16]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                sys.stdout.write(f"{path}:\n{said}\n")
    sys.stdout.write(f"{name}: {count} files in {seconds:.0f} s, {len(places)} broke it (FUZZ_SEED={seed})\n")
    sys.stdout.flush()
    return len(places)


def main(names: list[str]) -> int:
    """Fuzz the targets that are named, or all; return the exit code."""
    seconds = float(os.environ.get("FUZZ_SECONDS", "60"))
    seed = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(2**32))
    return int(sum(run(name, seconds, seed) for name in names or TARGETS) > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
