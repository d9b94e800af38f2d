"""Drive the sandbox with schemathesis, from the bundled contracts: no 5xx, no answer outside the contract.

    pip install schemathesis; python tests/run_schemathesis.py [skills_video agnes agcloud] [-- more schemathesis flags]

Not part of ``make test``: schemathesis is a large install and a whole run takes minutes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = {"skills_video": "skills-video", "agnes": "agnes", "agcloud": "agcloud"}
ALLOWED_5XX = {
    # The gateway's word for an unknown model is 503 model_not_found (facts/agnes, error table).
    "agnes": '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", 503]\n'
}
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def main(arguments: list[str]) -> int:
    """Exit 0 when every protocol passes, 1 when one does not, 2 without schemathesis."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    names, flags = arguments[:split] or list(CONTRACTS), arguments[split + 1 :]
    command = shutil.which("schemathesis", path=str(Path(sys.executable).parent)) or shutil.which("schemathesis")
    if command is None:
        print("schemathesis is not installed: pip install schemathesis", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        return max(run(command, name, Path(folder), flags) for name in names)


def run(command: str, name: str, folder: Path, flags: list[str]) -> int:
    """One protocol against a fresh sandbox; ends with the sandbox's own errors, of which there must be none."""
    contract = folder / f"{name}.json"
    contract.write_text(json.dumps(from_the_root(without_event_schemas(_read(name)))), encoding="utf-8")
    (folder / "schemathesis.toml").write_text(ALLOWED_5XX.get(name, ""), encoding="utf-8")
    sandbox = [sys.executable, str(ROOT / "scripts/sandbox.py"), "--port", "0", "--speed", "20000"]
    with subprocess.Popen(sandbox, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            options = [
                "--url",
                f"http://127.0.0.1:{ready['port']}",
                "--checks",
                CHECKS,
                "--seed",
                "1",
                "--max-examples",
                "3",
                "--no-color",
            ]
            header = ["-H", "Authorization: Bearer schemathesis-test"]
            done = subprocess.run([command, "run", str(contract), *options, *header, *flags], check=False, cwd=folder)
            return 1 if done.returncode or _own_errors(ready["port"]) else 0
        finally:
            process.terminate()


def without_event_schemas(document: Any) -> Any:
    """The document without schemas of text/event-stream bodies.

    OpenAPI 3.1 cannot say what one event's data is; schemathesis would hold the schema against its own parsed
    event object. tests/sandbox/test_skills_video.py checks the events.
    """
    if isinstance(document, list):
        return [without_event_schemas(item) for item in document]
    if not isinstance(document, dict):
        return document
    return {key: {} if key == "text/event-stream" else without_event_schemas(item) for key, item in document.items()}


def from_the_root(document: Any) -> Any:
    """The document with whole paths from the host's root, since some paths have servers of their own."""
    paths: dict[str, Any] = {}
    for path, item in document["paths"].items():
        servers = item.pop("servers", None) or document["servers"]
        paths[urlsplit(servers[0]["url"]).path.rstrip("/") + path] = item
    return {**document, "paths": paths, "servers": [{"url": "/"}]}


def _read(name: str) -> Any:
    path = ROOT / "references" / f"{CONTRACTS[name]}.openapi.json"
    return json.loads(path.read_text(encoding="utf-8"))


def _own_errors(port: int) -> bool:
    import requests

    errors = requests.get(f"http://127.0.0.1:{port}/_log", timeout=30).json()["errors"]
    for error in errors[:5]:
        print(error, file=sys.stderr)
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
