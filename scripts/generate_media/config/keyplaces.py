"""Where config.json says that keys stand, read once and never shown; what to do where none stands, or a wrong place."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from ..core import BUNDLE, CONFIG_FILE, AuthError, GenerateMediaError, dotenvs, hide_keys_later, home_folder
from .keys import KeyPlaces, KeySearch, SecretKey, find_keys, read_dotenv
from .settings import ProviderSettings, Settings, load_settings

PRIMARY_ENV = "SKILLS_VIDEO_API_KEY"
"""The one variable that OpenClaw hands to a skill by itself; the others go to its own .env."""
GIT_SECONDS = 5.0
MY_KEY = "YOUR_KEY"
"""Stands for a key in what is printed: it can be pasted into a shell as it is, and is known as a placeholder."""


def keys_by_provider(settings: Settings, environ: Mapping[str, str]) -> Mapping[str, KeySearch]:
    """Every provider's keys, wherever they stand now; each file is read once for all of them."""
    dotenv, home = cache(read_dotenv), home_folder(environ)

    def search(provider: ProviderSettings) -> KeySearch:
        places = KeyPlaces((provider.key_env,), settings.config_keys(provider), provider.key_files)
        return find_keys(places, environ=environ, skill_folder=BUNDLE, home=home, dotenv=dotenv)

    return {name: search(provider) for name, provider in settings.providers.items()}


def hide_keys_of(settings: Settings, environ: Mapping[str, str]) -> None:
    """From now on no key of any of its providers is shown."""
    hide_keys_later(lambda: _read(settings, environ))


def read_keys_of_bundle(environ: Mapping[str, str]) -> None:
    """Know every key at once, by the bundle's own config.json."""
    with suppress(GenerateMediaError):
        _read(load_settings(CONFIG_FILE), environ)


def _read(settings: Settings, environ: Mapping[str, str]) -> None:
    with suppress(OSError, ImportError, RuntimeError):  # no home, no dotenv, a file that others own: nothing was sent
        keys_by_provider(settings, environ)


def missing_key(
    provider: ProviderSettings, settings: Settings, problems: tuple[str, ...], with_key: Sequence[str] = ()
) -> AuthError:
    """The first contact: everything that somebody without a key needs, in one object. ``with_key`` are the providers
    whose key is there: one of them may be meant, and a key that several share chooses none by itself."""
    found = {name: settings.provider(name).key_env for name in with_key if name != provider.name}
    flags = " or ".join(f"--provider {name}" for name in found)
    return AuthError(
        "missing_key",
        problems[0] if problems else f"no key for {provider.name} was found",
        guidance=(
            *((f"a key is there for {' and '.join(found)}: if one of them is meant, add {flags}",) if found else ()),
            f"get a key at {provider.key_url} and set {provider.key_env}; never paste it into the chat",
            f"or keep it for all runs: python3 scripts/ensure_api_key.py --setup --provider {provider.name} --key - "
            "< FILE_WITH_THE_KEY",
            "or try it at once without any key: add --sandbox",
        ),
        details={
            "provider": provider.name,
            "problems": list(problems) or None,
            "keys_found": found or None,
            **where_keys_go(provider, settings),
        },
    )


def key_of_job(fingerprint: str, keys: tuple[SecretKey, ...], provider: ProviderSettings) -> tuple[SecretKey, ...]:
    """The key that made a job; no other one sees it.

    Raises:
        AuthError: it is not configured now.
    """
    found = tuple(key for key in keys if key.fingerprint == fingerprint)
    if not found:
        raise AuthError(
            "key_not_configured",
            f"this job was made with key {fingerprint}, which is not configured now",
            guidance=(f"set {provider.key_env} to the key that made the job; a job is only seen by its own key",),
            details={"configured": [key.fingerprint for key in keys]},
        )
    return found


def where_keys_go(provider: ProviderSettings, settings: Settings) -> dict[str, Any]:
    """Where each provider's key comes from, and the four places to put the one that is asked for."""
    env = provider.key_env
    openclaw = f'openclaw.json: skills.entries.generate-media.env {{"{env}": "{MY_KEY}"}}'
    return {
        "get_key": {p.name: {"env_var": p.key_env, "url": p.key_url} for p in settings.providers.values()},
        "set_key": {
            "shell": f"export {env}={MY_KEY}",
            ".env": f"{dotenvs(home_folder(os.environ))[0]}: {env}={MY_KEY}",
            "config.json": f'providers."{provider.name}".api_key',
            "openclaw": openclaw if env == PRIMARY_ENV else f"~/.openclaw/.env: {env}={MY_KEY}",
        },
    }


def tracked_key_warning(provider: ProviderSettings, settings: Settings, file: Path) -> tuple[str, ...]:
    """A warning where a key stands in a config.json that git tracks: it ends up on a server sooner or later."""
    if not settings.config_keys(provider) or not is_tracked(file):
        return ()
    words = f"{file} holds a key and is tracked by git: move the key to the environment ({provider.key_env}) or to "
    return (f"{words}{dotenvs(home_folder(os.environ))[0]}, and take it out of config.json before you commit",)


@cache
def is_tracked(file: Path) -> bool:
    """Asks git itself; False where there is no git, no repository, or no answer."""
    import subprocess

    place = file.absolute()
    command = ["git", "-C", str(place.parent), "ls-files", "--error-unmatch", "--", place.name]
    try:
        asked = subprocess.run(  # noqa: S603 - a fixed command, the file's own name after --
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return asked.returncode == 0
