"""Where config.json says that keys stand: one provider's, or everybody's, so that none of them is ever shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from ..core import BUNDLE, CONFIG_FILE, GenerateMediaError, hide_keys_later, home_folder
from .keys import KeyPlaces, KeySearch, find_keys
from .settings import ProviderSettings, Settings, load_settings


def keys_of(settings: Settings, providers: Iterable[ProviderSettings], environ: Mapping[str, str]) -> KeySearch:
    """The keys of these providers, wherever they stand now."""
    chosen = tuple(providers)
    places = KeyPlaces(
        tuple(dict.fromkeys(provider.key_env for provider in chosen)),
        tuple(dict.fromkeys(key for provider in chosen for key in settings.config_keys(provider))),
        tuple(dict.fromkeys(name for provider in chosen for name in provider.key_files)),
    )
    return find_keys(places, environ=environ, skill_folder=BUNDLE, home=home_folder(environ))


def hide_keys_of(settings: Settings, environ: Mapping[str, str]) -> None:
    """From now on no key of any of its providers is shown."""
    hide_keys_later(lambda: _read(settings, environ))


def read_keys_of_bundle(environ: Mapping[str, str]) -> None:
    """Know every key at once, by the bundle's own config.json."""
    with suppress(GenerateMediaError):
        _read(load_settings(CONFIG_FILE), environ)


def _read(settings: Settings, environ: Mapping[str, str]) -> None:
    with suppress(OSError, ImportError, RuntimeError):  # no home, no dotenv, a file that others own: nothing was sent
        keys_of(settings, settings.providers.values(), environ)
