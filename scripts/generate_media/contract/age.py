"""Which document speaks, and how old it is: a snapshot is a memory of a day, and after some months that is said."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .layer import own_date, snapshot_of
from .problems import WARNING, Problem

if TYPE_CHECKING:
    from .catalog import Contract
    from .load import Document
    from .operations import Endpoint

OLD_DAYS = 120
RENEW = "python3 scripts/inspect_openapi.py --renew FILE_OR_URL takes in a newer OpenAPI document"


def whole_date(contract: Contract) -> str:
    """The date up to which all that the contract knows reaches: the bundle's, or a newer complete document's."""
    documents = [source.document for source in contract.sources]
    whole = [one for one in documents if one.trusted or snapshot_of(one.root).get("complete") is True]
    return _date(whole[0] if whole else documents[0])


def source_of(contract: Contract, endpoint: Endpoint) -> str:
    """The description of a call, in words: by its date, else by its file's name."""
    if endpoint.operation is None:
        return f"the contract of {whole_date(contract)}"
    document = endpoint.operation.document
    date = _date(document)
    return f"the contract of {date}" if date else Path(document.name).name


def is_own(contract: Contract, endpoint: Endpoint, count: int) -> bool:
    """Whether one of the first ``count`` documents, the user's own, describes a call."""
    operation = endpoint.operation
    return operation is not None and any(operation.document is one.document for one in contract.sources[:count])


def gone_since(contract: Contract, endpoint: Endpoint) -> str:
    """The date of the newer document, complete by its keeper's word, that no longer has a call; empty: none."""
    operation = endpoint.operation
    for source in contract.sources if endpoint.creates and operation is not None else ():
        if operation is not None and operation.document is source.document:
            return ""
        told = snapshot_of(source.document.root)
        if told.get("complete") is True:
            return str(told.get("date"))
    return ""


def gone_warning(contract: Contract, endpoint: Endpoint) -> tuple[Problem, ...]:
    """What is said against a request that a newer document no longer has; nothing is refused for it."""
    gone = gone_since(contract, endpoint)
    said = f"{endpoint.model or endpoint.path} is gone from the contract of {gone}; the provider may refuse it"
    return (Problem(said, severity=WARNING),) if gone else ()


def models_by_date(contract: Contract) -> dict[str, int]:
    """Date of a document → how many models it describes."""
    from .modelinfo import model_rows

    rows = [row.endpoint.operation for row in model_rows(contract.creates)]
    dates = [_date(operation.document) for operation in rows if operation is not None]
    return {date: dates.count(date) for date in dict.fromkeys(dates)}


def if_old(contract: Contract, today: datetime.date, endpoint: Endpoint | None = None) -> str:
    """A sentence about a contract (what it says of one call) that is older than OLD_DAYS, with what to do; else
    empty."""
    operation = endpoint.operation if endpoint is not None else None
    date = whole_date(contract) if operation is None else _date(operation.document)
    try:
        days = (today - datetime.date.fromisoformat(date if date.count("-") > 1 else f"{date}-01")).days
    except ValueError:
        return ""
    return f"the contract is of {date}, {days} days old; {RENEW}" if days > OLD_DAYS else ""


def _date(document: Document) -> str:
    return str(snapshot_of(document.root).get("date") or own_date(document.root))
