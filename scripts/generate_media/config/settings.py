"""config.json → typed settings. No HTTP, no keys read, no third-party import unless something is wrong.

Annotations are no strings here, as in journal/rows.py.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from ..core import UsageError, read_user_text
from ..providers import PROTOCOLS

MAX_CONFIG_BYTES = 1 << 20
LARGEST = 1e9
"""No number of config.json is larger: 32 years; beyond them clocks and sockets overflow."""
LEAST_SCALE = 0.001


LabelWish = Literal["", "plain", "prompt"]
"""Whether saved files say what made them, and whether with the prompt."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class ProviderSettings(NamedTuple):
    """One block of config.json. Intervals, time-outs and ages in seconds. Shows its name alone: it may hold a key."""

    protocol: str
    base_url: str
    allowed_hosts: tuple[str, ...]
    key_env: str
    name: str = ""
    key_space: str = ""
    """Jobs and keys are told apart by it; the mirrors of one platform share it."""
    mirror_base_urls: tuple[str, ...] = ()
    api_key: str = ""
    key_files: tuple[str, ...] = ()
    default_models: Mapping[str, str] = _NOTHING
    free_models: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """Model ids that are this provider's own, where several providers share a protocol."""
    makes: tuple[str, ...] = ("image", "video")
    poll_interval: float = 5.0
    min_poll_interval: float = 0.0
    poll_timeout: float = 900.0
    create_timeout_seconds: float = 60.0
    sync_create_timeout_seconds: float = 60.0
    not_found_grace_seconds: float = 0.0
    result_ttl_seconds: float = 0.0
    """How long result URLs live after the end; 0: undocumented."""
    task_retention_seconds: float = 0.0
    """How long the provider knows a task after it accepted it; 0: undocumented (references/agcloud.md: 7 days)."""
    typical_seconds: Mapping[str, float] = _NOTHING
    rate_limits: Mapping[str, float] = _NOTHING
    undocumented: tuple[str, ...] = ()
    limits: Mapping[str, str] = _NOTHING
    """What is documented of its rate limits by what is made, where its protocol's document cannot say it."""
    credits_path: str = ""
    key_url: str = ""
    dashboard_url: str = ""
    pricing_url: str = ""
    max_cost_per_day: float | None = None
    """What all runs together may spend in 24 hours, in the provider's own unit; None: no limit."""
    notes: str = ""

    def __repr__(self) -> str:
        return f"<provider {self.name}>"

    @property
    def recharge(self) -> dict[str, str]:
        """Where to top up."""
        return {"dashboard_url": self.dashboard_url, "pricing_url": self.pricing_url}

    def key_space_of(self, base_url: str) -> str:
        """The key space a host belongs to: loopback by origin, mirrors as one, a foreign host by its name."""
        if is_loopback(base_url):
            parts = urlsplit(base_url)
            return f"{parts.scheme}://{parts.netloc}"
        known = {urlsplit(url).hostname for url in (self.base_url, *self.mirror_base_urls)}
        host = urlsplit(base_url).hostname or ""
        return (self.key_space or self.name) if host in known else host

    def hosts_for(self, base_url: str) -> tuple[str, ...]:
        """The base URLs to try in turn when one cannot be reached: only mirrors of the same key space."""
        mirrors = (self.base_url, *self.mirror_base_urls)
        if base_url not in mirrors:
            return (base_url,)
        return (base_url, *(url for url in mirrors if url != base_url))


class Settings(NamedTuple):
    """config.json as a whole."""

    providers: Mapping[str, ProviderSettings]
    api_key: str = ""
    """Agnes's key, where its users know it from."""
    default_provider: str = ""
    time_scale: float = 1.0
    document_nodes: float = 2_000_000.0
    document_seconds: float = 10.0
    """What reading a user's OpenAPI document may cost, from loading it to the last check."""
    label: LabelWish = ""
    """In the file: false, true or "prompt"."""

    def __repr__(self) -> str:
        return f"<settings of {', '.join(self.providers)}>"

    def provider(self, name: str) -> ProviderSettings:
        """A provider's block.

        Raises:
            UsageError: config.json has no such provider.
        """
        if name not in self.providers:
            raise UsageError(
                "unknown_provider",
                f"there is no provider {name!r} in config.json",
                details={"received": name, "allowed": list(self.providers)},
            )
        return self.providers[name]

    def likeliest(self) -> ProviderSettings:
        """The default provider, else the first."""
        return self.providers[self.default_provider or next(iter(self.providers))]

    def scale_at(self, base_url: str) -> float:
        """How much faster than the real one story time runs at a host: 1 but on loopback."""
        return self.time_scale if is_loopback(base_url) else 1.0

    def config_keys(self, provider: ProviderSettings) -> tuple[str, ...]:
        """The keys that config.json itself gives for a provider; the top-level one is Agnes's."""
        top = self.api_key if provider.protocol == "agnes" else ""
        return tuple(key for key in (provider.api_key, top) if key)

    def shared_key_envs(self) -> frozenset[str]:
        """Key variables that several providers read: such a variable chooses none of them."""
        names = [provider.key_env for provider in self.providers.values()]
        return frozenset(name for name in names if names.count(name) > 1)


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine itself: ``localhost`` (RFC 6761, 6.3) or a loopback address in plain form.

    The one rule for what is allowed here only: plain http with a key, no proxy, ``time_scale``, a sandbox's callback.
    So it takes nothing on trust: not ``127.1``, which resolvers read in different ways, and not ``x.localhost``, which
    some of them ask the network for. What a download must not reach is judged as widely as this is narrowly.
    """
    from ipaddress import ip_address

    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(path: Path) -> Settings:
    """Read config.json.

    Raises:
        UsageError: unreadable, not JSON, or against its schema; with line and the fix.
    """
    text = read_user_text(path, MAX_CONFIG_BYTES, code="config_unreadable")
    try:
        raw = json.loads(text)
        return _settings(raw)
    except json.JSONDecodeError as error:
        raise UsageError("config_invalid", f"{path}: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError):  # a number of 5,000 digits, brackets without end
        raise UsageError("config_invalid", f"{path} holds a number or a nesting beyond all bounds") from None
    except _Mistake as mistake:
        from .mistakes import mistakes_in

        raise UsageError("config_invalid", f"{path}: {mistakes_in(text) or mistake}") from None


class _Mistake(Exception):
    """Something that config.schema.json forbids; worded in detail by :mod:`.mistakes`."""


def _settings(raw: Any) -> Settings:
    top = _typed(Settings, _object(raw, "the file") | {"providers": {}}, "config.json")
    blocks = _object(raw.get("providers"), "providers")
    providers = {
        name: _typed(ProviderSettings, {**_object(block, name), "name": name}, f"providers.{name}")
        for name, block in blocks.items()
    }
    if not providers:
        raise _Mistake("providers is empty")
    for name, provider in providers.items():
        if provider.protocol not in PROTOCOLS:
            raise _Mistake(f"providers.{name}.protocol must be one of {', '.join(PROTOCOLS)}")
    if top.default_provider and top.default_provider not in providers:
        raise _Mistake(f"default_provider {top.default_provider!r} is not one of {', '.join(providers)}")
    if top.time_scale < LEAST_SCALE:
        raise _Mistake(f"time_scale must be {LEAST_SCALE} or more")
    if min(top.document_nodes, top.document_seconds) <= 0:
        raise _Mistake("document_nodes and document_seconds must be above 0")
    return Settings(providers, *top[1:])


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Mistake(f"{where} must be an object")
    return value


@cache
def _hints(cls: type) -> Mapping[str, Any]:
    return get_type_hints(cls)


def _typed(cls: Any, values: Mapping[str, Any], where: str) -> Any:
    """A named tuple from an object: unknown names, missing names and wrong types are mistakes."""
    hints = _hints(cls)
    unknown = [name for name in values if name not in cls._fields and name != "$schema"]
    if unknown:
        raise _Mistake(f"{where} has an unknown key {unknown[0]!r}")
    made = {
        name: _convert(hints[name], value, f"{where}.{name}") for name, value in values.items() if name != "$schema"
    }
    missing = [name for name in cls._fields if name not in made and name not in cls._field_defaults]
    if missing:
        raise _Mistake(f"{where} lacks {missing[0]!r}")
    return cls(**made)


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin = get_origin(hint)
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LARGEST
    if hint in (float, float | None) and number:
        return float(value)
    if hint is str and isinstance(value, str):
        return value
    if hint is LabelWish and (isinstance(value, bool) or value == "prompt"):
        return value if isinstance(value, str) else "plain" if value else ""
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(str, item, where) for item in value)
    if origin not in (None, tuple, Literal, Union, UnionType) and isinstance(value, dict):
        inner = get_args(hint)[1]
        if inner is ProviderSettings:
            return value
        return {key: _convert(inner, item, where) for key, item in value.items()}
    raise _Mistake(f"{where} has a value of the wrong kind: {type(value).__name__}")
