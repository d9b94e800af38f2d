"""OpenAPI documents from disk: JSON or YAML, byte order marks, exact places of what is broken.

Nothing is ever fetched from a network: a document may refer to files in its own folder, and to no others.
"""

from __future__ import annotations

import gc
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

from ..core import UsageError, read_user_file
from .budget import Budget

MAX_DOCUMENT_BYTES = 128 << 20
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_NO_PART_OF_A_PATH = re.compile(r"[\x00-\x1f\x7f\\?]")
_CONVERTER = "https://converter.swagger.io or `npx swagger2openapi`"


class BrokenDocument(UsageError):
    """A document that cannot be read or does not hold together; ``details`` has file, line, column where known."""


class Document:
    """One parsed description and the files beside it that it refers to.

    ``root`` is the parsed tree and is never changed. ``folder`` bounds relative references; None (stdin)
    allows none. ``trusted``: it came with the bundle.
    """

    def __init__(
        self,
        root: dict[str, Any],
        name: str,
        folder: Path | None = None,
        text_path: Path | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.root, self.name, self.folder, self.text_path = root, name, folder, text_path
        self.budget = budget or Budget()
        self.trusted = False
        self._files: dict[str, Any] = {}

    @property
    def version(self) -> str:
        return str(self.root.get("openapi", ""))

    def spend(self, nodes: int = 1) -> None:
        """Count work on this document. Raises TooLarge."""
        self.budget.spend(nodes, self.name)

    def tree(self, file: str) -> Any:
        """The parsed tree of a file named relative to the document's folder; ``""`` is the document itself."""
        if not file:
            return self.root
        if file not in self._files:
            self._files[file] = self._open_neighbour(file)
        return self._files[file]

    def resolve(self, reference: str, file: str) -> tuple[str, str, Any]:
        """What ``reference``, written in ``file``, names: (file, JSON pointer, node). Raises BrokenDocument."""
        target, _, fragment = reference.partition("#")
        where = self._join(target, file, reference) if target else file
        pointer = unquote(fragment)
        self.spend(1 + pointer.count("/"))
        node = self.tree(where)
        if pointer and not pointer.startswith("/"):
            return where, pointer, self._anchored(node, pointer, reference)
        for segment in pointer.split("/")[1:]:
            key = segment.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(key)] if isinstance(node, list) else node[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise self.broken(f"the reference {reference} leads nowhere", reference) from None
        return where, pointer, node

    def _anchored(self, tree: Any, name: str, reference: str) -> Any:
        waiting = [tree]
        while waiting:
            item = waiting.pop()
            self.spend()
            if isinstance(item, dict):
                if name in (item.get("$anchor"), item.get("$dynamicAnchor")):
                    return item
                waiting.extend(item.values())
            elif isinstance(item, list):
                waiting.extend(item)
        raise self.broken(f"the reference {reference} leads nowhere", reference)

    def broken(self, message: str, needle: str = "") -> BrokenDocument:
        """An error about this document, placed at the first ``needle`` in its text where that can be found."""
        details: dict[str, Any] = {"file": self.name}
        if needle and self.text_path is not None and self.text_path.is_file():
            text = self.text_path.read_text(encoding="utf-8", errors="replace")
            at = text.find(needle)
            if at >= 0:
                details |= {"line": text.count("\n", 0, at) + 1, "column": at - text.rfind("\n", 0, at)}
        return BrokenDocument("broken_document", f"{self.name}: {message}", details=details)

    def endpoint_path(self, path: str) -> str:
        """A path that the key may be sent to. Raises BrokenDocument."""
        if leads_elsewhere(path):
            raise self.broken(f"{path} is no path of an endpoint: it may lead elsewhere", path)
        return path

    def _join(self, target: str, file: str, reference: str) -> str:
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", target):
            raise self.broken(f"{reference} lies on a network, and nothing is fetched from there", reference)
        if self.folder is None:
            raise self.broken(
                f"{reference} names another file, and this one (stdin, --renew) must stand alone: bundle them first",
                reference,
            )
        home = self.folder.resolve()
        path = (home / Path(file).parent / unquote(target)).resolve()
        if not path.is_relative_to(home):
            raise self.broken(f"{reference} lies outside the document's folder and is not read", reference)
        return "" if path == (self.text_path or home).resolve() else path.relative_to(home).as_posix()

    def _open_neighbour(self, file: str) -> Any:
        assert self.folder is not None
        path = self.folder / file
        if path.exists() and not path.is_file():
            raise self.broken(f"{file}, which it refers to, is no regular file", file)
        try:
            data = read_bytes(path)
        except UsageError as error:
            raise self.broken(f"the file {file} that it refers to cannot be read: {error}", file) from error
        return parse(data, file, self.budget)


def leads_elsewhere(path: str) -> bool:
    """Whether a path is none that a key may be sent to as it is: a client would make another of one with dots or
    backslashes in it, and leave the provider's base URL."""
    plain = unquote(path.partition("#")[0])  # a fragment tells two calls apart, and is not sent
    return bool(plain.startswith("//") or _NO_PART_OF_A_PATH.search(plain) or {".", ".."} & {*plain.split("/")})


def follow(document: Document, node: Any, file: str) -> tuple[Mapping[str, Any], str]:
    """A node with its chain of references followed; what stands beside a ``$ref`` wins. Empty for what is none."""
    beside: dict[str, Any] = {}
    seen: set[tuple[str, str]] = set()
    while isinstance(node, dict) and isinstance(node.get("$ref"), str):
        beside = {**node, **beside}
        reference = node["$ref"]
        file, pointer, node = document.resolve(reference, file)
        if (file, pointer) in seen:
            raise document.broken(f"the reference {reference} leads back to itself", reference)
        seen.add((file, pointer))
    if not isinstance(node, dict):
        return {}, file
    if beside:
        beside.pop("$ref")
        node = {**node, **beside}
    return node, file


def read_document(path: Path, budget: Budget | None = None) -> Document:
    """The document in a file. Raises BrokenDocument (exit 2) with line and column where it is broken, TooLarge."""
    text_path = path if path.is_file() else None
    return document_from_bytes(read_bytes(path), str(path), folder=path.parent, text_path=text_path, budget=budget)


def read_bytes(file: str | Path) -> bytes:
    """A file's bytes, ``-`` for stdin. Raises UsageError ``unreadable_file``."""
    return read_user_file(file, MAX_DOCUMENT_BYTES)


def document_from_bytes(
    data: bytes,
    name: str,
    *,
    folder: Path | None = None,
    text_path: Path | None = None,
    budget: Budget | None = None,
) -> Document:
    """The document in ``data``; see :func:`read_document`. Without a budget there are no bounds."""
    budget = budget or Budget()
    root = parse(data, name, budget)
    document = Document(root if isinstance(root, dict) else {}, name, folder, text_path, budget)
    if not isinstance(root, dict):
        raise document.broken(f"an OpenAPI document is an object, and this is a {type(root).__name__}")
    if "swagger" in root:
        raise document.broken(
            f"this is Swagger {root['swagger']}, and OpenAPI 3.0 or 3.1 is read; convert it first ({_CONVERTER})",
            "swagger",
        )
    if not re.match(r"3\.\d", document.version):
        raise document.broken("it has no `openapi: 3.x` at its top, so it is no OpenAPI document", "openapi")
    if not isinstance(root.get("paths", {}), dict):
        raise document.broken("its `paths` is not an object", "paths")
    for path in root.get("paths", {}):
        document.endpoint_path(str(path))
    return document


def parse(data: bytes, name: str, budget: Budget) -> Any:
    """JSON, else YAML. The collector rests meanwhile: a big document is a third faster so, and then stays for good."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _parse(data, name, budget)
    except RecursionError:
        raise BrokenDocument("broken_document", f"{name}: nested too deep", details={"file": name}) from None
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


def _parse(data: bytes, name: str, budget: Budget) -> Any:
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise _broken_at(name, "it is not UTF-8 text", line, column) from None
    text = text.lstrip("\ufeff")
    looks_like_json = text.lstrip()[:1] in ("{", "[") and not name.lower().endswith((".yaml", ".yml"))
    return _parse_json(text, name, budget) if looks_like_json else _parse_yaml(text, name, budget)


def _parse_json(text: str, name: str, budget: Budget) -> Any:
    # At most so many values stand in it (prose has a few commas too): told before parsing, which would make them all.
    budget.spend(1 + sum(map(text.count, (",", "[", "{"))), name)

    def finite(number: str) -> float:
        found = float(number)
        return found if math.isfinite(found) else _refuse_constant(text, number, name)

    try:
        return json.loads(text, parse_float=finite, parse_constant=lambda word: _refuse_constant(text, word, name))
    except json.JSONDecodeError as error:
        raise _broken_at(name, f"broken JSON: {error.msg}", error.lineno, error.colno) from None
    except ValueError:  # a whole number of more than 4300 digits
        raise _broken_at(name, "a number in it is too long", 0, 0) from None


def _refuse_constant(text: str, word: str, name: str) -> NoReturn:
    found = re.search(rf"(?<![\"\w]){re.escape(word)}(?![\"\w])", text)
    at = found.start() if found else 0
    raise _broken_at(name, f"{word} is not JSON", text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def _parse_yaml(text: str, name: str, budget: Budget) -> Any:
    from .yaml_tree import BrokenYaml, parse_yaml

    try:
        return parse_yaml(text, budget, name)
    except BrokenYaml as error:
        raise _broken_at(name, f"broken YAML: {error.problem}", error.line, error.column) from None


def _broken_at(name: str, message: str, line: int, column: int) -> BrokenDocument:
    details: dict[str, Any] = {"file": name}
    if line:
        details |= {"line": line, "column": column}
        message = f"{message} (line {line}, column {column})"
    return BrokenDocument("broken_document", f"{name}: {message}", details=details)
