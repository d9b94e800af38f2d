"""One module a verb: what a command line means, and what its caller reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .check_keys import key_report as key_report
    from .create import run_create as run_create
    from .explain_error import error_report as error_report
    from .flags import create_parser as create_parser, wait_parser as wait_parser
    from .inspect import run_inspect as run_inspect
    from .list import run_list as run_list
    from .parser import Parser as Parser, filled as filled, seconds as seconds
    from .script import run_lines as run_lines, start as start
    from .setting_up import key_from_stdin as key_from_stdin, set_up as set_up
    from .spent import run_spent as run_spent
    from .terminal import at_terminal as at_terminal, said_plainly as said_plainly
    from .wait import run_wait as run_wait
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("check_keys", "key_report"),
        ("create", "run_create"),
        ("explain_error", "error_report"),
        ("flags", "create_parser wait_parser"),
        ("inspect", "run_inspect"),
        ("list", "run_list"),
        ("parser", "Parser filled seconds"),
        ("script", "run_lines start"),
        ("setting_up", "key_from_stdin set_up"),
        ("spent", "run_spent"),
        ("terminal", "at_terminal said_plainly"),
        ("wait", "run_wait"),
    )
