"""Results on disk: named, whole, never in place of another file, the same when done again or killed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import resource
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from clocks import retries
from faults.zygote import Ended
from files.saving import KILLED, saving
from generate_media.core.errors import OutputError, StillRunning, StorageError
from generate_media.core.readings import RemoteOutput, SavedOutput
from generate_media.files.atomic import check_folder, part_file
from generate_media.files.download import Downloader
from generate_media.files.names import stem
from generate_media.files.output_name import OutputName
from generate_media.files.outputs import save, still_there
from generate_media.files.sidecar import belongs_to, find_sidecar, record_of, write_sidecar
from web import Web, http, picture

ONE = picture(64, 48)
TWO = picture(32, 32)
THREE = picture(16, 16, "JPEG")
SMALL = [picture(30, 30), picture(24, 24)]
STEM = stem("a cat", "agnes", "task_1")


def loader(**options: Any) -> Downloader:
    return Downloader(retries(seconds=100.0), **{"allow_loopback": True, **options})


def no_addresses(host: str, port: int) -> tuple[str, ...]:
    """A name server that knows this machine's own address and nothing else."""
    if host == "127.0.0.1":
        return (host,)
    raise OSError("no such name")


def save_all(folder: Path, *outputs: RemoteOutput, **options: Any) -> tuple[SavedOutput, ...]:
    named = {name: options.pop(name) for name in ("on_saved", "output", "warn") if name in options}
    return save(
        outputs,
        folder=folder,
        stem_prompt="a cat",
        provider="agnes",
        generation_id="task_1",
        downloader=loader(**options),
        **named,
    )


def inline(data: bytes) -> RemoteOutput:
    return RemoteOutput(inline=base64.b64encode(data).decode())


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_one_result(tmp_path: Path) -> None:
    with Web(http(ONE, "Content-Disposition: attachment; filename=../../evil.sh")) as web:
        url = web.url("/..%2f..%2fevil.exe?sig=hush")
        (saved,) = save_all(tmp_path / "new" / "folder", RemoteOutput(url=url, role="last_frame"))
    assert saved == SavedOutput(
        path=str(tmp_path / "new" / "folder" / f"{STEM}.png"),
        url=url,
        media_type="image/png",
        size_bytes=len(ONE),
        sha256=hashlib.sha256(ONE).hexdigest(),
        width=64,
        height=48,
        role="last_frame",
    )
    assert Path(saved.path or "").read_bytes() == ONE
    assert names(tmp_path / "new" / "folder") == [f"{STEM}.png"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(os.stat(saved.path or "").st_mode) == 0o666 & ~umask


def test_a_relative_folder_gives_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (saved,) = save_all(Path("generated"), inline(ONE))
    assert saved.path == str(tmp_path / "generated" / f"{STEM}.png")


def test_several_results_and_again(tmp_path: Path) -> None:
    outputs = [inline(ONE), inline(TWO), inline(THREE), inline(ONE)]  # the last is the first once more
    first = save_all(tmp_path, *outputs)
    expected = [f"{STEM}.png", f"{STEM}-2.png", f"{STEM}.jpg", f"{STEM}-3.png"]
    assert [Path(item.path or "").name for item in first] == expected
    assert save_all(tmp_path, *outputs) == first
    assert names(tmp_path) == sorted(expected)


def test_a_name_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"{STEM}.png").write_bytes(b"the user's own")
    (tmp_path / f"{STEM}-2.png").mkdir()
    (tmp_path / f"{STEM}-3.png").symlink_to("/etc/passwd")
    (saved,) = save_all(tmp_path, inline(ONE))
    assert Path(saved.path or "").name == f"{STEM}-4.png"
    assert (tmp_path / f"{STEM}.png").read_bytes() == b"the user's own"


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(ONE).decode(),
        base64.encodebytes(ONE).decode(),
        base64.urlsafe_b64encode(ONE).decode().rstrip("="),
        "data:image/jpeg;base64," + base64.b64encode(ONE).decode(),
    ],
    ids=["plain", "with line breaks", "url-safe without padding", "data URI"],
)
def test_inline_results(text: str, tmp_path: Path) -> None:
    (saved,) = save_all(tmp_path, RemoteOutput(inline=text))
    assert Path(saved.path or "").read_bytes() == ONE


def test_why_a_picture_kept_its_type_is_said_of_it_alone(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    animated, gif, heard = BytesIO(), BytesIO(), list[str]()
    frames[0].save(animated, "WEBP", save_all=True, append_images=frames[1:])
    frames[0].save(gif, "GIF")
    both = (inline(animated.getvalue()), inline(gif.getvalue()))
    save_all(tmp_path, *both, output=OutputName(str(tmp_path / "{n}.png")), warn=heard.append)
    assert [sentence.count("(") for sentence in heard] == [1, 0], heard


def test_a_large_inline_result_is_exact(tmp_path: Path) -> None:
    data = ONE + os.urandom(1_000_001)
    (saved,) = save_all(tmp_path, RemoteOutput(inline=base64.encodebytes(data).decode()))
    assert Path(saved.path or "").read_bytes() == data


@pytest.mark.parametrize(
    ("output", "code"),
    [
        (RemoteOutput(inline="%%%"), "wrong_type"),
        (RemoteOutput(inline="data:image/png;base64,"), "wrong_type"),
        (inline(b"<html>no</html>"), "wrong_type"),
        (inline(b"\x89PNG\r\n\x1a\n" + bytes(2 << 20)), "output_too_large"),
        (RemoteOutput(url="file:///etc/passwd"), "output_refused"),
        (RemoteOutput(), "no_output"),
    ],
    ids=["no base64", "empty", "html", "too large", "file url", "nothing"],
)
def test_bad_results_leave_nothing_behind(output: RemoteOutput, code: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        save_all(tmp_path, output, max_bytes=1 << 20)
    assert caught.value.code == code
    assert caught.value.exit_code == 14
    assert names(tmp_path) == []


def test_what_was_saved_stays_when_another_fails(tmp_path: Path) -> None:
    told: list[SavedOutput] = []
    with Web(http(ONE), http(b"", status="410 Gone"), http(TWO)) as web:
        outputs = [RemoteOutput(url=web.url("/?sig=hush")) for _ in range(3)]
        with pytest.raises(OutputError) as caught:
            save_all(tmp_path, *outputs, on_saved=told.append)
    assert caught.value.code == "output_gone"
    assert names(tmp_path) == sorted([f"{STEM}.png", f"{STEM}-2.png"])
    assert [item.size_bytes for item in told] == [len(ONE), len(TWO)]
    rows = caught.value.as_json()["outputs"]
    assert [row["bytes"] for row in rows] == [len(ONE), len(TWO)]
    assert "hush" not in json.dumps(rows)


@pytest.mark.parametrize(
    "host",
    [".a", "a..b", "[v1.a]", "[::1", "a\u2024b", "\ud800.com", "x" * 64 + ".com", "-", "%zz", "xn--a", "日。", "@"],
)
def test_an_invalid_host_costs_itself_only(host: str, tmp_path: Path) -> None:
    with Web(http(ONE), http(TWO)) as web:
        urls = [web.url(), f"https://{host}/a.png", web.url()]
        with pytest.raises(OutputError) as caught:
            save_all(tmp_path, *(RemoteOutput(url=url) for url in urls), resolver=no_addresses)
    assert caught.value.code in ("output_refused", "download_failed")
    assert names(tmp_path) == [f"{STEM}-2.png", f"{STEM}.png"]


def test_a_file_that_is_cut_short_is_kept_as_a_part_until_it_is_whole(tmp_path: Path) -> None:
    with Web(*[http(ONE[:-5])] * 3, http(TWO), http(ONE)) as web:
        outputs = [RemoteOutput(url=web.url()), RemoteOutput(url=web.url())]
        with pytest.raises(OutputError) as caught:
            save_all(tmp_path, *outputs)
        assert (caught.value.code, caught.value.exit_code) == ("output_truncated", 14)
        assert str(tmp_path / f"{STEM}.png.part") in caught.value.message
        assert names(tmp_path) == [f"{STEM}.png", f"{STEM}.png.part"]
        assert (tmp_path / f"{STEM}.png").read_bytes() == TWO
        assert (tmp_path / f"{STEM}.png.part").read_bytes() == ONE[:-5]
        save_all(tmp_path, outputs[0])
        assert len(web.heard) == 5
    assert names(tmp_path) == [f"{STEM}-2.png", f"{STEM}.png"]


def test_several_that_are_cut_short_have_a_part_each_and_the_last_try_stays(tmp_path: Path) -> None:
    (tmp_path / f"{STEM}.png.part").write_bytes(b"an earlier try")
    for cut in (9, 3):
        with pytest.raises(OutputError):
            save_all(tmp_path, inline(ONE[:-cut]), inline(THREE[:-cut]))
        assert names(tmp_path) == [f"{STEM}-2.jpg.part", f"{STEM}.png.part"]
        assert (tmp_path / f"{STEM}.png.part").read_bytes() == ONE[:-cut]


def test_a_part_that_cannot_be_kept_is_a_failed_save(tmp_path: Path) -> None:
    (tmp_path / f"{STEM}.png.part").mkdir()
    with pytest.raises(OutputError) as caught:
        save_all(tmp_path, inline(ONE[:-9]))
    assert caught.value.code == "save_failed"


def test_the_end_of_time_keeps_what_was_saved(tmp_path: Path) -> None:
    with Web(http(b"", "Retry-After: 200", status="404 Not Found")) as web, pytest.raises(StillRunning) as caught:
        save_all(tmp_path, inline(ONE), RemoteOutput(url=web.url()))
    assert [row["bytes"] for row in caught.value.as_json()["outputs"]] == [len(ONE)]
    assert names(tmp_path) == [f"{STEM}.png"]


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """What a full disk feels like: writes beyond a size fail (EFBIG)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_says_what_to_do(tmp_path: Path) -> None:
    with Web(http(ONE + bytes(1 << 20))) as web, files_of_at_most(300_000), pytest.raises(OutputError) as caught:
        save_all(tmp_path, inline(ONE), RemoteOutput(url=web.url()), inline(TWO))
    assert caught.value.code == "save_failed"
    assert "Free some space" in caught.value.guidance[0]
    assert names(tmp_path) == [f"{STEM}.png"]


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught:
        save_all(tmp_path / "file", inline(ONE))
    assert caught.value.code == "save_failed"


@pytest.mark.parametrize("folder", ["file", "file/below", "nul\0name", "x" * 300, "/proc/self/new"])
def test_check_folder_refuses(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        check_folder(tmp_path / folder)
    assert caught.value.code == "output_dir_unwritable"


def test_check_folder_makes_and_leaves_no_trace(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == []


def test_still_there(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    saved = save_all(folder, inline(ONE), inline(TWO))
    assert still_there(saved, str(folder))
    assert still_there(saved, str(tmp_path)), "inside it is enough"
    assert not still_there(saved, str(tmp_path / "res"))
    assert not still_there(saved, "")
    os.truncate(saved[1].path or "", 10)
    assert not still_there(saved, str(folder))
    assert not still_there([SavedOutput(None, "https://example.com", "", 0, "")], str(folder))
    os.unlink(saved[0].path or "")
    assert not still_there(saved[:1], str(folder))


def test_parts_of_the_living_are_left_alone_and_of_the_dead_removed(tmp_path: Path) -> None:
    (tmp_path / ".x.part").write_bytes(b"left by a run that was killed")
    with part_file(tmp_path, "x") as first:
        assert first.path.name == ".x.part"
        assert first.path.read_bytes() == b""
        with part_file(tmp_path, "x") as second:
            assert second.path.name == ".x.2.part"
            first.file.write(b"1")
            second.file.write(b"2")
    assert names(tmp_path) == []


def test_many_at_once_make_one_file(tmp_path: Path) -> None:
    results: list[tuple[SavedOutput, ...]] = []
    threads = [threading.Thread(target=lambda: results.append(save_all(tmp_path, inline(ONE)))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 12
    assert names(tmp_path) == [f"{STEM}.png"]


TEXTS = [base64.b64encode(data).decode() for data in SMALL]


def struck(folder: Path, rule: str) -> Ended:
    return saving(
        folder, TEXTS, rule=rule, names=(f".{STEM}.part", f"{STEM}.png", f"{STEM}-2.png", ".record.json.part")
    )


KILLS = [f"{call}:signal=SIGKILL:when={k}" for call in ("write", "fsync", "link", "unlink") for k in (1, 2, 3)]


def record(**changes: Any) -> dict[str, Any]:
    return {"generate_media": "1", "provider": "agnes", "generation_id": "task_1", "status": "FAILED"} | changes


@pytest.mark.parametrize("rule", [*KILLS, "rename:signal=SIGKILL:when=1"])
def test_killed_at_any_call_the_next_run_ends_with_the_same_files(rule: str, tmp_path: Path) -> None:
    if rule.startswith("rename"):
        write_sidecar(tmp_path, "record", record())  # only what replaces an earlier one is renamed
    assert struck(tmp_path, rule).code == KILLED
    for name in names(tmp_path):
        if name.startswith(STEM):  # whole or not there
            assert (tmp_path / name).read_bytes() in SMALL
    again = saving(tmp_path, TEXTS)
    assert again.code == 0, again.err
    assert names(tmp_path) == sorted([f"{STEM}.png", f"{STEM}-2.png", "record.json"])
    assert [item["bytes"] for item in json.loads((tmp_path / "record.json").read_text())["outputs"]] == [
        len(data) for data in SMALL
    ]


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_disk_that_fails_is_an_error_with_advice_and_no_litter(call: str, error: str, tmp_path: Path) -> None:
    if call == "rename":
        write_sidecar(tmp_path, "record", record())  # only what replaces an earlier one is renamed
    failed = struck(tmp_path, f"{call}:error={error}:when=1")
    assert (failed.code, failed.err.strip()) == (1, "save_failed")
    assert not [name for name in names(tmp_path) if name.endswith(".part")]
    if call != "rename":  # the files came before their record
        assert names(tmp_path) == []


def test_without_hard_links_nothing_is_replaced_either(tmp_path: Path) -> None:
    (tmp_path / f"{STEM}.png").write_bytes(b"the user's own")
    ended = struck(tmp_path, "link:error=EPERM")
    assert ended.code == 0, ended.err
    assert (tmp_path / f"{STEM}.png").read_bytes() == b"the user's own"
    assert (tmp_path / f"{STEM}-2.png").read_bytes() == SMALL[0]
    assert names(tmp_path) == sorted([f"{STEM}.png", f"{STEM}-2.png", f"{STEM}-3.png", "record.json"])


def test_a_sidecar_is_private_whole_and_replaced(tmp_path: Path) -> None:
    path = write_sidecar(tmp_path / "new", "cat-1", record(prompt="黑猫"))
    assert path.name == "cat-1.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "黑猫" in path.read_text("utf-8")
    assert write_sidecar(tmp_path / "new", "cat-1", record(status="COMPLETED")) == path
    assert json.loads(path.read_text())["status"] == "COMPLETED"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path / "new") == ["cat-1.json"]


STRANGERS: dict[str, Callable[[Path], object]] = {
    "another program's": lambda path: path.write_text('{"name": "my-package", "version": "1"}'),
    "an empty file": lambda path: path.write_text(""),
    "no JSON": lambda path: path.write_text("{"),
    "deep JSON": lambda path: path.write_text("[" * 100_000),
    "a list": lambda path: path.write_text("[1]"),
    "another job's": lambda path: path.write_text(json.dumps(record(generation_id="task_2"))),
    "another provider's": lambda path: path.write_text(json.dumps(record(provider="skills.video"))),
    "a folder": lambda path: path.mkdir(),
    "a link": lambda path: path.symlink_to(write_sidecar(path.parent / "elsewhere", "mine", record())),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a pipe": lambda path: os.mkfifo(path),
    "a large one": lambda path: (path.touch(), os.truncate(path, 1 << 30)),
}


@pytest.mark.parametrize("whose", STRANGERS)
def test_a_sidecar_never_replaces_a_strangers_file(whose: str, tmp_path: Path) -> None:
    STRANGERS[whose](tmp_path / "cat.json")
    before = os.lstat(tmp_path / "cat.json")
    assert find_sidecar(tmp_path, "cat", record()) is None
    for status in ("FAILED", "COMPLETED"):
        path = write_sidecar(tmp_path, "cat", record(status=status))
        assert path == find_sidecar(tmp_path, "cat", record()) == tmp_path / "cat-2.json"
        assert json.loads(path.read_text())["status"] == status
    after = os.lstat(tmp_path / "cat.json")
    assert (before.st_ino, before.st_size, before.st_mtime_ns) == (after.st_ino, after.st_size, after.st_mtime_ns)


def test_a_sidecar_takes_what_a_hostile_server_says(tmp_path: Path) -> None:
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    written = json.loads(write_sidecar(tmp_path, "a", {"prompt": "\ud800", "response": deep}).read_text())
    assert written["prompt"] == "\ud800"
    assert written["response"] == "left out: nested too deeply"


def test_a_sidecar_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught:
        write_sidecar(tmp_path / "file", "cat", {})
    assert caught.value.code == "save_failed"


@pytest.mark.parametrize("outputs", [5, True, "a.png", {"path": "a.png"}, [5, None]])
def test_a_strangers_record_beside_a_file_says_nothing(outputs: object, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"picture")
    job = {"provider": "p", "generation_id": "g"}
    (tmp_path / "a.json").write_text(json.dumps({"generate_media": "1", "outputs": outputs} | job))
    assert record_of(file) is None
    assert not belongs_to(file, job, ())
