"""config.json as typed settings, and where keys come from. No HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .keyplaces import (
        MY_KEY as MY_KEY,
        hide_keys_of as hide_keys_of,
        key_of_job as key_of_job,
        keys_by_provider as keys_by_provider,
        missing_key as missing_key,
        read_keys_of_bundle as read_keys_of_bundle,
        tracked_key_warning as tracked_key_warning,
    )
    from .keys import KeySearch as KeySearch, SecretKey as SecretKey, problem_of as problem_of
    from .settings import (
        LabelWish as LabelWish,
        ProviderSettings as ProviderSettings,
        Settings as Settings,
        is_loopback as is_loopback,
        load_settings as load_settings,
    )
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("keyplaces", "MY_KEY hide_keys_of key_of_job keys_by_provider missing_key"),
        ("keyplaces", "read_keys_of_bundle tracked_key_warning"),
        ("keys", "KeySearch SecretKey problem_of"),
        ("settings", "LabelWish ProviderSettings Settings is_loopback load_settings"),
    )
