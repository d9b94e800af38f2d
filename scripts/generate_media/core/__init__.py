"""Words that every room shares: values, errors, time, paths, JSON. Imports nothing of ours."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clock import Clock as Clock, Deadline as Deadline, Stopped as Stopped, utc as utc
    from .errors import (
        AuthError as AuthError,
        GenerateMediaError as GenerateMediaError,
        InternalError as InternalError,
        Interrupted as Interrupted,
        InvalidRequest as InvalidRequest,
        NotCreated as NotCreated,
        NotFound as NotFound,
        OutcomeUnknown as OutcomeUnknown,
        OutputError as OutputError,
        ProviderRefused as ProviderRefused,
        ReportedError as ReportedError,
        StillRunning as StillRunning,
        StorageError as StorageError,
        UsageError as UsageError,
    )
    from .failure import (
        CATEGORY_EXIT as CATEGORY_EXIT,
        Category as Category,
        ExitCode as ExitCode,
        Failure as Failure,
    )
    from .handles import HANDLE as HANDLE, digest as digest, handle as handle, in_a_command as in_a_command
    from .home import (
        BUNDLE as BUNDLE,
        GUARD as GUARD,
        REQUIREMENTS as REQUIREMENTS,
        dotenvs as dotenvs,
        go_on_with as go_on_with,
        home_folder as home_folder,
        python_of as python_of,
        venvs as venvs,
    )
    from .install import (
        film_commands as film_commands,
        shell_line as shell_line,
        uv_command as uv_command,
        uv_run as uv_run,
        venv_commands as venv_commands,
    )
    from .json import (
        Json as Json,
        capped as capped,
        parse_json as parse_json,
        short as short,
        strict_json as strict_json,
        without_bytes as without_bytes,
        without_none as without_none,
        without_nulls as without_nulls,
    )
    from .local_media import LocalMedia as LocalMedia
    from .old_python import newer_python_needed as newer_python_needed
    from .paths import (
        CONFIG_FILE as CONFIG_FILE,
        DEFAULT_OUTPUT_DIR as DEFAULT_OUTPUT_DIR,
        ELSEWHERE as ELSEWHERE,
        REFERENCES as REFERENCES,
        contracts_dir as contracts_dir,
        journal_dir as journal_dir,
    )
    from .readings import (
        GONE as GONE,
        MAX_OUTPUTS as MAX_OUTPUTS,
        Answer as Answer,
        JobFailure as JobFailure,
        JobRef as JobRef,
        Reading as Reading,
        RemoteOutput as RemoteOutput,
        Result as Result,
        SavedOutput as SavedOutput,
    )
    from .redaction import LEAST_KEY_CHARS as LEAST_KEY_CHARS, MARK as MARK, Redactor as Redactor, mapped as mapped
    from .requests import (
        Body as Body,
        Call as Call,
        Encoding as Encoding,
        EndOfService as EndOfService,
        Request as Request,
        moved_base as moved_base,
    )
    from .text import (
        OURS as OURS,
        clean_text as clean_text,
        cut_fields as cut_fields,
        cut_keys as cut_keys,
        cut_keys_everywhere as cut_keys_everywhere,
        hide_key as hide_key,
        hide_keys_later as hide_keys_later,
        holds_key as holds_key,
        unsigned as unsigned,
    )
    from .user_file import (
        read_user_file as read_user_file,
        read_user_text as read_user_text,
        user_json as user_json,
        user_json_object as user_json_object,
    )
else:
    from .door import opened

    __getattr__ = opened(
        __name__,
        ("clock", "Clock Deadline Stopped utc"),
        ("errors", "AuthError GenerateMediaError InternalError Interrupted InvalidRequest NotCreated NotFound"),
        ("errors", "OutcomeUnknown OutputError ProviderRefused ReportedError StillRunning StorageError UsageError"),
        ("failure", "CATEGORY_EXIT Category ExitCode Failure"),
        ("handles", "HANDLE digest handle in_a_command"),
        ("home", "BUNDLE GUARD REQUIREMENTS dotenvs go_on_with home_folder python_of venvs"),
        ("install", "film_commands shell_line uv_command uv_run venv_commands"),
        ("json", "Json capped parse_json short strict_json without_bytes without_none without_nulls"),
        ("local_media", "LocalMedia"),
        ("old_python", "newer_python_needed"),
        ("paths", "CONFIG_FILE DEFAULT_OUTPUT_DIR ELSEWHERE REFERENCES contracts_dir journal_dir"),
        ("readings", "Answer GONE JobFailure JobRef MAX_OUTPUTS Reading RemoteOutput Result SavedOutput"),
        ("redaction", "LEAST_KEY_CHARS MARK Redactor mapped"),
        ("requests", "Body Call Encoding EndOfService Request moved_base"),
        ("text", "OURS clean_text cut_fields cut_keys cut_keys_everywhere hide_key hide_keys_later holds_key unsigned"),
        ("user_file", "read_user_file read_user_text user_json user_json_object"),
    )
    if sys.version_info < (3, 7):  # noqa: UP036 - it knows no such doors (PEP 562), and is to be told what it lacks
        from .old_python import newer_python_needed as newer_python_needed
