"""Requests held against the bundled contracts, the same that the client checks with."""

from __future__ import annotations

import threading
from typing import Any

from ..core import Json


class Checker:
    """Opens each contract once, when it is first asked for."""

    def __init__(self) -> None:
        self._contracts: dict[str, Any] = {}
        self._lock = threading.Lock()

    def problems(self, contract: str, method: str, path: str, body: Json) -> tuple[Any, ...]:
        """Problems of severity "error"; nulls count as absent. No endpoint there: none."""
        endpoint = self._endpoint(contract, method, path)
        if endpoint is None:
            return ()
        with self._lock:
            found = self._open(contract).validate(endpoint, without_nulls(body))
        return tuple(problem for problem in found if problem.severity == "error")

    def kind(self, contract: str, method: str, path: str) -> str | None:
        """The kind of media that an endpoint makes; None where the contract has no such endpoint."""
        endpoint = self._endpoint(contract, method, path)
        return None if endpoint is None else str(endpoint.kind)

    def _endpoint(self, contract: str, method: str, path: str) -> Any:
        opened = self._open(contract)
        return next((e for e in opened.endpoints if e.method == method and e.path == path), None)

    def _open(self, contract: str) -> Any:
        if contract not in self._contracts:
            from ..contract import open_contract

            self._contracts[contract] = open_contract(contract)
        return self._contracts[contract]


def without_nulls(value: Json) -> Json:
    """The value without null members, at any depth; in lists they stay."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
