"""Where keys come from, and a key that cannot print itself. Nothing here sends anything."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..core import UsageError, dotenvs, hide_key, read_user_file

MAX_KEY_CHARS = 4096
MAX_FILE_BYTES = 1 << 20
_PLACEHOLDER = re.compile(
    r"^<.*>$|^\[.*\]$|^\{.*\}$|^\$\w+$|your[-_ ]?(api[-_ ]?)?(key|token)|^(api[-_]?key|token|placeholder|change[-_]?me"
    r"|replace[-_]?me|todo|none|null|undefined|xxx+|sk-x+|(sk-)?(\.{2,}|…+)|paste.*here|insert.*here|\*+)$",
    re.IGNORECASE,
)
_SMART_QUOTES = "“”‘’„«»"


class SecretKey:
    """An API key. Only :meth:`reveal` gives it; repr, str, format, vars and pickling do not."""

    __slots__ = ("__value", "source")

    def __init__(self, value: str, source: str) -> None:
        self.__value = value
        self.source = source

    @property
    def fingerprint(self) -> str:
        """As :func:`key_fingerprint` gives it."""
        return key_fingerprint(self.__value)

    def reveal(self) -> str:
        """The key itself, for the Authorization header only."""
        return self.__value

    def __repr__(self) -> str:
        return f"<key {self.fingerprint} from {self.source}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> str:
        raise TypeError("a key is not to be stored")


def key_fingerprint(value: str) -> str:
    """12 hex of the key's sha256: enough to tell keys apart, useless to anybody else."""
    import hashlib  # OpenSSL: a key that is only hidden needs none

    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def problem_of(value: str) -> str:
    """What is wrong with a key's text, in words that name the fix; empty when nothing is."""
    checks = (
        (value.startswith("\ufeff"), "it begins with a byte-order mark; save the file as plain UTF-8"),
        (bool(_PLACEHOLDER.search(value.strip())), "it is still the placeholder; put your own key in its place"),
        ("\n" in value or "\r" in value, "it holds a line break; put the key on one line"),
        (any(quote in value for quote in _SMART_QUOTES), "it holds typographic quotes; remove them"),
        ('"' in value or "'" in value or "`" in value, "it holds quotation marks; remove them"),
        (any(ch.isspace() for ch in value), "it holds spaces; remove them"),
        (len(value) > MAX_KEY_CHARS, f"it is longer than {MAX_KEY_CHARS} characters; that is no key"),
        (not (value.isascii() and value.isprintable()), "it holds characters that no key has; copy it again"),
    )
    return next((words for wrong, words in checks if wrong), "")


class KeyPlaces:
    """Where one provider's keys may stand, in the order in which they are looked for. No tuple: it would print them."""

    __slots__ = ("config_values", "env_vars", "files")

    def __init__(self, env_vars: tuple[str, ...], config_values: tuple[str, ...], files: tuple[str, ...] = ()) -> None:
        self.env_vars, self.config_values, self.files = env_vars, config_values, files


class KeySearch(NamedTuple):
    """What the search found: usable keys, best first, and what stood in the way of others."""

    keys: tuple[SecretKey, ...]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_dotenv(path: Path) -> Mapping[str, str]:
    """The variables of a .env file; none where it cannot be read."""
    import io

    from dotenv import dotenv_values

    found = dotenv_values(stream=io.StringIO(_text_of(path).replace("\0", "")), interpolate=False)
    return {name: value for name, value in found.items() if value}


def _text_of(path: Path) -> str:
    """A user's file; empty where it cannot be read. Other encodings give a key with characters that no key has,
    which is then named as such."""
    try:
        return read_user_file(path, MAX_FILE_BYTES).decode("utf-8-sig", "replace")
    except UsageError:
        return ""


def find_keys(
    places: KeyPlaces,
    *,
    environ: Mapping[str, str],
    skill_folder: Path,
    home: Path | None,
    dotenv: Callable[[Path], Mapping[str, str]] = read_dotenv,
) -> KeySearch:
    """Look in config.json, the environment, the skill's .env, the user's .env, then key files.

    Empty values and placeholders count as absent; a key that cannot work is named in ``problems``. All others are
    known from now on, so that nothing shows them.
    """
    keys: dict[str, SecretKey] = {}
    problems: list[str] = []
    env_files = [skill_folder / ".env", *dotenvs(home)[:-1]]
    # Path.is_file raises in a folder that is not ours to look into.
    found = {path: dotenv(path) for path in env_files if os.path.isfile(path)}
    for source, value in _candidates(places, environ, found, home):
        if not value.strip():
            continue
        if not _PLACEHOLDER.search(value.strip()):
            hide_key(value)
        problem = problem_of(value)
        if problem:
            problems.append(f"the key in {source} cannot work: {problem}")
        else:
            keys.setdefault(value, SecretKey(value, source))
    return KeySearch(tuple(keys.values()), tuple(problems), tuple(_file_warnings(places.files, home)))


def _candidates(
    places: KeyPlaces, environ: Mapping[str, str], dotenvs: Mapping[Path, Mapping[str, str]], home: Path | None
) -> Iterator[tuple[str, str]]:
    yield from (("config.json", value) for value in places.config_values)
    yield from _from_mapping(places.env_vars, environ, "the environment ({})")
    for file, values in dotenvs.items():
        yield from _from_mapping(places.env_vars, values, f"{{}} of {file}")
    for name in places.files:
        path = _expand(name, home)
        if path is not None and os.path.isfile(path):
            yield str(path), _text_of(path).strip()


def _from_mapping(names: Sequence[str], values: Mapping[str, str], where: str) -> Iterator[tuple[str, str]]:
    """Each variable, and its plural with several keys separated by commas."""
    for name in names:
        if name in values:
            yield where.format(name), values[name]
        for part in values.get(f"{name}S", "").split(","):
            yield where.format(f"{name}S"), part.strip()


def _expand(name: str, home: Path | None) -> Path | None:
    """The file that a name in config.json means; None for one in the home folder of a user who has none."""
    if not name.startswith("~/"):
        return Path(name)
    return None if home is None else home / name[2:]


def _file_warnings(files: Sequence[str], home: Path | None) -> Iterator[str]:
    if os.name == "nt":
        return
    for path in (_expand(name, home) for name in files):
        if path is not None and os.path.isfile(path) and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield f"{path} can be read by other users of this machine: chmod 600 {path}"
