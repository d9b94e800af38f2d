"""(d) memory while waiting and while downloading; (e) a download of 1 GiB against a plain loop and curl."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from harness import BENCH, PYTHON, Desk, Done, Row, Site, bare, median, ours, site

WAIT_MS = 1500
MEMORY_RATIO, MEMORY_EXTRA_MIB, DOWNLOAD_RATIO = 1.1, 5.0, 1.2


def memory_rows(desk: Desk, mib: int) -> list[Row]:
    """(d): the peak while a stream is open, and after so many MiB more."""
    with site() as where:
        base = where.base("chunked", "lf", WAIT_MS)
        waiting = desk.alternate(
            {
                "ours": lambda: _while_waiting(desk, ours(base, "--no-download")),
                "bare": lambda: _while_waiting(desk, bare(base)),
            }
        )
        big = median([_peak_of_download(desk, where, mib) for _ in range(min(3, desk.runs))])
    mine, reference = median(waiting["ours"]), median(waiting["bare"])
    ratio, extra = mine / reference, big - mine
    return [
        Row("(d) memory while waiting", f"{mine:.1f} MiB", f"bare {reference:.1f} MiB", f"{ratio:.2f}",
            f"≤ {MEMORY_RATIO}", ratio <= MEMORY_RATIO, "" if ratio <= MEMORY_RATIO else MEMORY_WHY),
        Row(f"(d) and with a download of {mib} MiB", f"{big:.1f} MiB", f"waiting {mine:.1f} MiB",
            f"{extra:+.1f} MiB", f"≤ +{MEMORY_EXTRA_MIB:.0f} MiB", extra <= MEMORY_EXTRA_MIB),
    ]  # fmt: skip


MEMORY_WHY = (
    "by VmRSS after each import: our modules about 3 MiB, argparse and sqlite3 1.3, the open journal 0.5, the parsed "
    "contract 1.5; requests (18.7) is in both, jsonschema (4.9) in the bare script, and in ours where a second process "
    "cannot look at the request"
)


def _while_waiting(desk: Desk, command: list[str]) -> float:
    found: list[float] = []

    def look(process: subprocess.Popen[str]) -> None:
        while process.poll() is None and len(found) < 400:
            found.append(_high_water_mib(process.pid))
            time.sleep(0.05)
            if time.monotonic() - begun > WAIT_MS / 1000:
                return

    begun = time.monotonic()
    desk.run(command, while_it_runs=look)
    return max(found)


def _high_water_mib(pid: int) -> float:
    """VmHWM of proc(5); 0 when the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def _peak_of_download(desk: Desk, where: Site, mib: int) -> float:
    peak = _download(desk, where, mib).peak_mib
    where.stamps()
    return peak


def _download(desk: Desk, where: Site, mib: int) -> Done:
    folder = desk.folder / "out"
    base = f"{where.url}/mib{mib}/chunked-lf-0/api/v1"
    try:
        return desk.run(ours(base, "--output-dir", str(folder)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def download_rows(desk: Desk, mib: int) -> list[Row]:
    """(e): from the first byte of the GET to the last line, file synced by ours alone."""
    file = desk.folder / "file.mp4"
    with site() as where:
        url = f"{where.url}/files/{mib}.mp4"
        peaks: list[float] = []

        def mine() -> float:
            where.stamps()
            done = _download(desk, where, mib)
            peaks.append(done.peak_mib)
            return done.at('"terminal"') - float(where.stamps()["gets"][0])

        def other(command: list[str]) -> float:
            where.stamps()
            done = desk.run(command)
            file.unlink()
            return done.ended - float(where.stamps()["gets"][0])

        actions = {"ours": mine, "loop": lambda: other([PYTHON, str(BENCH / "download_loop.py"), url, str(file)])}
        if shutil.which("curl"):
            actions["curl"] = lambda: other(["curl", "-s", "-o", str(file), url])
        found = {name: median(values) for name, values in desk.alternate(actions).items()}
    ratio = found["ours"] / found["loop"]
    rows = [
        Row(f"(e) download of {mib} MiB", f"{found['ours']:.2f} s", f"requests + sha256 {found['loop']:.2f} s",
            f"{ratio:.2f}", f"≤ {DOWNLOAD_RATIO}", ratio <= DOWNLOAD_RATIO,
            "" if ratio <= DOWNLOAD_RATIO else DOWNLOAD_WHY),
        Row(f"(e) peak memory of {mib} MiB", f"{max(peaks):.1f} MiB"),
    ]  # fmt: skip
    if "curl" in found:
        mine_seconds, curl = found["ours"], found["curl"]
        beside = f"(e) {mib} MiB beside curl"
        rows.insert(
            1, Row(beside, f"{mine_seconds:.2f} s", f"curl, no hash {curl:.2f} s", f"{mine_seconds / curl:.2f}")
        )
    return rows


DOWNLOAD_WHY = "ours syncs the file to disk before it gets its name, the loop leaves that to chance"
