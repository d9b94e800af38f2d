"""Results that get their label before their name: at any moment, and for files that cannot have one."""

from __future__ import annotations

import base64
import io
import os
import random
from pathlib import Path

import pytest

from files.saving import KILLED, saved, saving
from generate_media.core.readings import SavedOutput
from generate_media.files.label.door import read_label
from generate_media.files.labelling import Labelling, add_labels
from generate_media.files.names import stem
from generate_media.files.outputs import still_there
from label_samples import LABEL, PICTURES, chunk, pixels, png_late

STEM = stem("a cat", LABEL.provider, "task_1")


def small(side: int) -> bytes:
    """A picture that another process draws alike: the killed run and the one that compares."""
    from PIL import Image

    out = io.BytesIO()
    Image.frombytes("L", (side, side), random.Random(side).randbytes(side * side)).convert("RGB").save(out, "PNG")
    return out.getvalue()


SMALL = [small(30), small(24)]


def save_all(folder: Path, told: list[str], *files: bytes, label: bool = True) -> tuple[SavedOutput, ...]:
    texts = [base64.b64encode(data).decode() for data in files]
    return saved(folder, LABEL.provider, texts, Labelling(LABEL, "task_1", told.append) if label else None)


def gif() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("P", (8, 8)).save(out, "GIF")
    return out.getvalue()


def test_each_file_has_a_handle_of_its_own(tmp_path: Path) -> None:
    told: list[str] = []
    files = (*SMALL, PICTURES["plain.jpg"]())
    saved = save_all(tmp_path, told, *files)
    labels = [read_label(Path(item.path or "")) for item in saved]
    assert [label and label.handle for label in labels] == [STEM[-8:], f"{STEM[-8:]}-2", f"{STEM[-8:]}-3"]
    assert save_all(tmp_path, told, *files) == saved, "the same again, and no file more"
    assert len(os.listdir(tmp_path)) == 3
    assert told == []


@pytest.mark.parametrize(
    ("data", "words"),
    [(png_late(chunk(b"caBX", b"a manifest")), "C2PA"), (gif(), "no place in image/gif")],
    ids=["C2PA", "GIF"],
)
def test_what_cannot_have_a_label_is_saved_as_it_came_and_told(tmp_path: Path, data: bytes, words: str) -> None:
    told: list[str] = []
    (saved,) = save_all(tmp_path, told, data)
    assert Path(saved.path or "").read_bytes() == data
    assert saved.source_sha256 == ""
    assert len(told) == 1
    assert words in told[0]
    assert STEM[-8:] in told[0]
    assert add_labels([saved], Labelling(LABEL, "task_1", told.append), pytest.fail) == (saved,)
    assert words in told[1]


def test_a_file_is_known_before_and_after_its_label(tmp_path: Path) -> None:
    told: list[str] = []
    plain = save_all(tmp_path, told, *SMALL, label=False)
    seen: list[tuple[SavedOutput, ...]] = []

    def record(saved: tuple[SavedOutput, ...]) -> None:
        seen.append(saved)
        assert still_there(saved, str(tmp_path))[len(seen) - 1] == plain[len(seen) - 1], "not in its place yet"

    done = add_labels(plain, Labelling(LABEL, "task_1", told.append), record)
    assert seen[-1] == done == still_there(done, str(tmp_path))
    assert [item.source_sha256 for item in done] == [item.sha256 for item in plain]
    Path(done[0].path or "").write_bytes(SMALL[1])
    assert still_there(done, str(tmp_path)) == ()


CALLS = {"write": 4, "fsync": 6, "link": 2, "unlink": 4}
"""What a run does for two files, each with two parts, a name, and the folder's sync."""
KILLS = [f"{call}:signal=SIGKILL:when={k}" for call, count in CALLS.items() for k in range(1, count + 1)]


@pytest.mark.parametrize("rule", KILLS)
def test_killed_at_any_call_no_file_has_its_name_without_its_label(rule: str, tmp_path: Path) -> None:
    names = (f".{STEM}.part", f".{STEM}.2.part", f"{STEM}.png", f"{STEM}-2.png")
    texts = [base64.b64encode(data).decode() for data in SMALL]
    assert saving(tmp_path, texts, LABEL, rule=rule, names=names).code == KILLED
    assert all(read_label(path) for path in tmp_path.glob(f"{STEM}*"))
    save_all(tmp_path, [], *SMALL)
    assert sorted(os.listdir(tmp_path)) == [f"{STEM}-2.png", f"{STEM}.png"]
    for name, data in zip((f"{STEM}.png", f"{STEM}-2.png"), SMALL, strict=True):
        assert read_label(tmp_path / name)
        assert pixels((tmp_path / name).read_bytes()) == pixels(data)
