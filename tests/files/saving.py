"""A program that saves results: ``FOLDER LABEL TEXT…``, LABEL a provenance in JSON or "null", each TEXT base64.

A record stands beside results without a label. The tests strike it at some call; stderr ends in an error's code.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("scripts", "tests/support", "tests")]

from clocks import retries  # noqa: E402
from faults.zygote import Ended, zygote  # noqa: E402
from generate_media.core.errors import GenerateMediaError  # noqa: E402
from generate_media.core.readings import RemoteOutput, SavedOutput  # noqa: E402
from generate_media.files.download import Downloader  # noqa: E402
from generate_media.files.label.provenance import Provenance  # noqa: E402
from generate_media.files.labelling import Labelling  # noqa: E402
from generate_media.files.outputs import save  # noqa: E402
from generate_media.files.sidecar import write_sidecar  # noqa: E402

KILLED = -signal.SIGKILL


def saved(
    folder: Path, provider: str, texts: Sequence[str], labelling: Labelling | None = None
) -> tuple[SavedOutput, ...]:
    return save(
        [RemoteOutput(inline=text) for text in texts],
        folder=folder,
        stem_prompt="a cat",
        provider=provider,
        generation_id="task_1",
        downloader=Downloader(retries(seconds=100.0), allow_loopback=True),
        labelling=labelling,
    )


def saving(
    folder: Path, texts: Sequence[str], label: Provenance | None = None, *, rule: str = "", names: Sequence[str] = ()
) -> Ended:
    """How it ends, in a process of its own, as a rule of strace strikes it.

    Only calls that touch the folder or files of these names in it are struck (-P): the interpreter's own pass.
    """
    from faults.kill import attached

    args = [str(folder), json.dumps(label and asdict(label)), *texts]
    run = zygote().start("../tests/files/saving", args, env={}, cwd=folder, stop=bool(rule))
    watched = [part for path in (folder, *(folder / name for name in names)) for part in ("-P", str(path))]
    with (
        attached(run.pid, ["-e", f"trace={rule.split(':')[0]}", "-e", f"inject={rule}", *watched])
        if rule
        else nullcontext()
    ):
        return run.wait()


def main(folder: str, label: str, *texts: str) -> int:
    known = Provenance(**json.loads(label)) if label != "null" else None
    labelling = Labelling(known, "task_1", lambda told: None) if known else None
    try:
        files = saved(Path(folder), known.provider if known else "agnes", texts, labelling)
        if not known:
            outputs = [item.as_json(show_query=True) for item in files]
            job = {"generate_media": "test", "provider": "agnes", "generation_id": "task_1"}
            write_sidecar(Path(folder), "record", {**job, "outputs": outputs})
    except GenerateMediaError as error:
        print(error.code, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
