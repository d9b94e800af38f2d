"""ensure_api_key.py --setup: the packages into the user's venv, a key from stdin into the user's .env, and a look at
both. Nothing prompts."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..config import MY_KEY, KeySearch, ProviderSettings, keys_by_provider, load_settings, problem_of
from ..core import (
    CONFIG_FILE,
    StorageError,
    UsageError,
    clean_text,
    dotenvs,
    hide_key,
    home_folder,
    read_user_file,
    read_user_text,
    shell_line,
    venv_commands,
    venvs,
)
from ..events import standard_printer
from ..files import write_whole
from .script import go_on_in_venv, has_packages, missing_requirements

MAX_KEY_BYTES = 1 << 16
MAX_DOTENV_BYTES = 1 << 20
_PIPE_IT = "pipe it: python3 scripts/ensure_api_key.py --setup --provider NAME --key - < FILE_WITH_THE_KEY"


def key_from_stdin(word: str) -> str:
    """``--key``'s value. Raises ArgumentTypeError for all but ``-``, without saying it back."""
    if word == "-":
        return word
    hide_key(word)
    raise argparse.ArgumentTypeError(f"a key never stands on a command line, where others can read it; {_PIPE_IT}")


def set_up(args: argparse.Namespace) -> dict[str, Any]:
    """What was put where. It ends in another process where the packages are in the venv alone.

    With a key whose provider was named (or stood in for) the report is to ask that provider: ``args.verify``; the
    sandbox, which takes any key, only where that is asked for.

    Raises:
        UsageError: ``setup_failed``, ``bad_key``, an unknown provider.
        StorageError: ``env_unwritable``.
    """
    if args.key and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError("bad_key", "--key - reads the key from stdin, which is a terminal here", guidance=(_PIPE_IT,))
    done: dict[str, Any] = {"venv": _make_venv(venvs(os.environ)[0])}
    if missing_requirements(sys.path):
        go_on_in_venv()
        raise _setup_failed("the packages are there and the interpreter of their venv does not start", [])
    if args.key:
        settings = load_settings(args.config or CONFIG_FILE)
        provider = settings.provider(args.provider) if args.provider else settings.likeliest()
        done |= _keep_key(provider, read_user_file("-", MAX_KEY_BYTES))
        done |= _overruled(keys_by_provider(settings, os.environ)[provider.name], done["env_file"])
        args.verify = args.verify or (bool(args.provider or args.base_url) and not args.sandbox)
        args.provider = args.provider or (provider.name if args.base_url else None)
    return done


def _make_venv(venv: Path) -> dict[str, Any]:
    """The packages in their place. Where they cannot be put there, a run that has them all is told so and goes on."""
    commands = [] if has_packages(venv) else venv_commands(venv, os.environ)
    if commands:
        standard_printer().say(f"installing the packages into {venv}; this takes a minute")
    try:
        for command in commands:
            _run(command, commands)
    except UsageError as error:
        if missing_requirements(sys.path):
            raise
        return {"ok": False, "path": str(venv), "message": f"{error.message}; this Python has the packages itself"}
    return {"ok": True, "path": str(venv), "message": "the scripts find the packages there by themselves"}


def _run(command: Sequence[str], commands: Sequence[Sequence[str]]) -> None:
    import subprocess

    environ = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}  # a pip.conf may say user = true
    try:
        venvs(os.environ)[0].parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(  # noqa: S603 - our own words
            command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except (OSError, ValueError) as error:
        raise _setup_failed(str(error), commands) from None
    if done.returncode:
        told = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace")
        raise _setup_failed(told, commands)


def _setup_failed(told: str, commands: Sequence[Sequence[str]]) -> UsageError:
    return UsageError(
        "setup_failed",
        f"the packages could not be installed: {clean_text(told[-600:], 600)}",
        guidance=(
            "installing needs the network (PyPI, or the mirror in PIP_INDEX_URL): allow it for this command",
            "where venv fails for lack of ensurepip: apt install python3-venv, or install uv; then the same again",
            *([f"or by hand: {shell_line(commands)}"] if commands else []),
        ),
        should_retry=True,
    )


def _keep_key(provider: ProviderSettings, data: bytes) -> dict[str, Any]:
    """Put it into the user's .env, all other lines as they were."""
    key = data.decode("utf-8-sig", "replace").strip()
    hide_key(key)
    problem = problem_of(key) if key else "nothing came on stdin"
    if problem:
        raise UsageError("bad_key", f"the key on stdin cannot work: {problem}", guidance=(_PIPE_IT,))
    file = dotenvs(home_folder(os.environ))[0].resolve()
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = read_user_text(file, MAX_DOTENV_BYTES) if file.exists() else ""
        write_whole(file, _with_line(before, provider.key_env, key).encode(), 0o600)
    except OSError as error:
        raise StorageError(
            "env_unwritable",
            f"{file} cannot be written: {error.strerror or error}",
            guidance=(f"put the key into the environment instead: export {provider.key_env}={MY_KEY}",),
        ) from None
    return {"env_file": str(file), "env_var": provider.key_env, "provider": provider.name}


def _overruled(found: KeySearch, file: str) -> dict[str, str]:
    """A warning where another place is looked at first, and holds a key."""
    first = found.keys[0].source if found.keys else file
    return {} if file in first else {"warning": f"the key from {first} comes before it: take that one away"}


def _with_line(text: str, name: str, value: str) -> str:
    """The text of a .env in which ``name`` stands once, where it stood first or at the end."""
    mine = re.compile(rf"\s*(export\s+)?{re.escape(name)}\s*=")
    lines = text.splitlines()
    place = next((number for number, line in enumerate(lines) if mine.match(line)), len(lines))
    kept = [line for line in lines if not mine.match(line)]
    return "\n".join([*kept[:place], f"{name}={value}", *kept[place:], ""])
