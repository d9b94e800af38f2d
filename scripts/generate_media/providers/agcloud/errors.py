"""What AGCloud's and Ark's error answers mean (references/agcloud.md, whose marks these are)."""

from __future__ import annotations

from ...core import Category
from ..base import ErrorRule

_ARK, _AG = "agcloud [ARK]", "agcloud [AG]"
BASE_URL_HINT = (
    "AGCloud's base URL is inferred: if this is AGCloud, look up the right one in your console, then give it with "
    "--base-url or as providers.agcloud.base_url in config.json, its host among allowed_hosts"
)
_LIST_HINT = "this provider does not offer a list of tasks (it is documented at Ark only)"
_QUOTA = r"^(QuotaExceeded|SetLimitExceeded)"

ERRORS = (
    ErrorRule(Category.CONTENT_REJECTED, _ARK, code=r"SensitiveContent"),
    ErrorRule(
        Category.CREDITS, f"{_ARK}; the text {_AG}", code=r"AccountOverdueError", guidance="the account is overdrawn"
    ),
    ErrorRule(Category.CREDITS, _AG, statuses=(400, 402, 403, 429), text=r"balance is not enough"),
    ErrorRule(
        Category.TRANSIENT,
        _ARK,
        statuses=(429,),
        code=r"RateLimitExceeded|^ServerOverloaded|^RequestBurstTooFast|^InflightBatchsizeExceeded",
        retry=True,
    ),
    ErrorRule(Category.TRANSIENT, _ARK, statuses=(429,), code=_QUOTA, text=r"queue", retry=True),
    ErrorRule(
        Category.CREDITS,
        _ARK,
        statuses=(429,),
        code=_QUOTA,
        guidance="the free quota or the limit that you set for the model is used up: raise it in the console",
    ),
    ErrorRule(
        Category.NOT_FOUND,
        _ARK,
        code=r"^InvalidEndpoint\.ClosedEndpoint",
        guidance="that endpoint (ep-…) is closed: open it in the console, or give another model or endpoint id",
    ),
    ErrorRule(Category.VALIDATION, _ARK, statuses=(400,), code=r"^(MissingParameter|InvalidParameter)"),
    ErrorRule(Category.AUTH, _ARK, code=r"^AuthenticationError"),
    ErrorRule(Category.AUTH, _ARK, code=r"^InvalidAccountStatus", guidance="the account's status does not allow calls"),
    ErrorRule(
        Category.AUTH,
        _ARK,
        code=r"^(AccessDenied|OperationDenied)",
        guidance="the key is known and not allowed to do this: open the model or the service for it in the console",
    ),
    ErrorRule(
        Category.NOT_FOUND,
        _ARK,
        code=r"^(InvalidEndpointOrModel|ModelNotOpen)",
        guidance="give a model id or endpoint id (ep-…) that is open to your account: the console lists them",
    ),
    ErrorRule(
        Category.NOT_FOUND,
        _ARK,
        code=r"^ResourceNotFound",
        on=("query", "cancel"),
        retry=True,
        guidance="tasks are kept for 7 days, and each key sees its own account's only",
    ),
    ErrorRule(
        Category.TRANSIENT,
        _ARK,
        code=r"^InvalidAction\.RunningTaskDeletion",
        guidance="the task is running and cannot be cancelled any more; follow it to its end",
    ),
    ErrorRule(
        Category.NOT_FOUND, f"{_ARK}; undocumented {_AG}", statuses=(404, 405), on=("list",), guidance=_LIST_HINT
    ),
    ErrorRule(
        Category.NOT_FOUND,
        f"{_ARK}; undocumented {_AG}",
        statuses=(404, 405),
        on=("cancel",),
        guidance="this provider does not offer to cancel tasks, or does not know this one",
    ),
    ErrorRule(Category.NOT_FOUND, "agcloud [I]", statuses=(404, 405), on=("create",), guidance=BASE_URL_HINT),
    ErrorRule(
        Category.OUTCOME_UNKNOWN, _ARK, code=r"^InternalServiceError", on=("create",), may_have_been_created=True
    ),
    ErrorRule(Category.TRANSIENT, _ARK, code=r"^InternalServiceError", retry=True),
)
