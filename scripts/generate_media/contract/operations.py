"""The operations of documents and the endpoints they stand for: base paths, twins, models, query paths."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..core import moved_base
from ..providers import PROTOCOLS
from .load import METHODS, BrokenDocument, Document, follow
from .refs import Definitions

_FORM = "application/x-www-form-urlencoded"
_FORMS = ("multipart/form-data", _FORM)


class Endpoint(NamedTuple):
    """One call that a document describes; paths are relative to the provider's base URL.

    ``sse_path`` and ``poll_path`` are the streaming and the polling way to make the same job (this endpoint's
    own path among them); ``twin_inferred``: only ``documented_path`` of the two stands in a document.
    """

    method: str
    path: str
    model: str = ""
    kind: str = ""
    streams: bool = False
    synchronous: bool = False
    sse_path: str | None = None
    poll_path: str | None = None
    twin_inferred: bool = False
    documented_path: str = ""
    query_path: str | None = None
    content_types: tuple[str, ...] = ()
    open_fields: bool = False
    summary: str = ""
    operation: "Operation | None" = None
    """Where it comes from; for this package only."""

    @property
    def multipart_only(self) -> bool:
        """Whether the document takes the body as multipart/form-data and has no JSON for it."""
        return self.operation is not None and self.operation.content_type.startswith("multipart/form-data")

    @property
    def form_only(self) -> bool:
        """Whether the document takes the body as a urlencoded form and in neither of the two ways in which we send."""
        return self.operation is not None and self.operation.content_type.split(";")[0].strip().lower() == _FORM

    @property
    def undocumented(self) -> bool:
        """Whether nobody documented its fields."""
        return self.operation is None or self.operation.fields_unknown

    @property
    def bundled(self) -> bool:
        """Whether the bundle's snapshot describes it, and no document of the user's."""
        return self.operation is not None and self.operation.document.trusted

    @property
    def creates(self) -> bool:
        """Whether calling it makes a job (or a picture), as far as the document says."""
        return self.method == "POST" and bool(self.kind or self.model or self.sse_path or self.synchronous)

    @property
    def models(self) -> tuple[str, ...]:
        """The ids that it makes: its own, else those that the document lists."""
        listed = self.operation.node.get("x-models", ()) if self.operation else ()
        return (self.model,) if self.model else tuple(str(row["id"]) for row in listed)


class Operation:
    """An operation where it stands in its document; everything about it is read when asked for."""

    def __init__(
        self,
        document: Document,
        definitions: Definitions,
        method: str,
        path: str,
        file: str,
        item: Mapping[str, Any],
        node: Mapping[str, Any],
    ) -> None:
        self.document, self.definitions = document, definitions
        self.method, self.path, self.file = method, path, file
        self.item, self.node = item, node

    def with_marks(self, marks: Mapping[str, Any]) -> "Operation":
        """The same with what its document does not say of it; what the document says stays."""
        place = (self.method, self.path, self.file, self.item)
        return Operation(self.document, self.definitions, *place, {**marks, **self.node})

    @cached_property
    def request_body(self) -> tuple[Mapping[str, Any], str]:
        """The request body object, references followed, and the file it stands in; empty where there is none."""
        return follow(self.document, self.node.get("requestBody"), self.file)

    @cached_property
    def content_types(self) -> tuple[str, ...]:
        """Empty also where the body's reference is broken: that must not stop a list of endpoints."""
        try:
            content = self.request_body[0].get("content")
        except BrokenDocument:
            return ()
        return tuple(content) if isinstance(content, dict) else ()

    @cached_property
    def content_type(self) -> str:
        """The type whose schema is the contract: JSON first, then multipart, then a form, then what there is."""
        bare = {name.split(";")[0].strip().lower(): name for name in self.content_types}
        for kind in bare:
            if _is_json(kind):
                return bare[kind]
        for kind in (*_FORMS, "*/*"):
            if kind in bare:
                return bare[kind]
        return ""

    @property
    def fields_unknown(self) -> bool:
        """Whether the document says that nobody documented the body's fields."""
        return self.node.get("x-fields") == "unknown"

    @property
    def takes_json(self) -> bool:
        return _is_json(self.content_type.split(";")[0].strip()) or self.content_type == "*/*"

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The body's schema, self-contained (see refs.py); ``{}`` where there is none. Raises BrokenDocument."""
        body, file = self.request_body
        if not self.content_type:
            return {"$defs": self.definitions}
        media, file = follow(self.document, body["content"][self.content_type], file)
        return self.definitions.schema(media.get("schema", {}), file)

    def text(self, key: str) -> str:
        """A text field of the operation, else of its path item."""
        value = self.node.get(key) or self.item.get(key) or ""
        return value if isinstance(value, str) else ""


def operations(document: Document, definitions: Definitions, only: str | None = None) -> Iterator[Operation]:
    """The operations of a document in its order; ``only`` one path where given."""
    paths: Mapping[str, Any] = document.root.get("paths") or {}
    for path in paths if only is None else (only,):
        if not isinstance(path, str) or path.startswith("x-"):
            continue
        document.spend()
        item, file = follow(document, paths.get(path), "")
        for method in METHODS:
            node = item.get(method)
            if isinstance(node, dict):
                yield Operation(document, definitions, method.upper(), path, file, item, node)


def _is_json(media_type: str) -> bool:
    kind = media_type.lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def not_shown(document: Document) -> list[str]:
    """What a description has besides calls that we could make: webhooks, and calls by methods of OpenAPI 3.2."""
    webhooks = document.root.get("webhooks")
    found = [f"webhook {name}" for name in webhooks] if isinstance(webhooks, dict) else []
    for path, item in (document.root.get("paths") or {}).items():
        others = ["query"] * isinstance(_dict(item).get("query"), dict)
        found += [f"{name.upper()} {path}" for name in (*others, *_dict(_dict(item).get("additionalOperations")))]
    return found


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def relative(path: str, server: str, base: str, create: str = "") -> str:
    """The path relative to a base URL whose own path is ``base``; ``server``: see :func:`server_path`.

    ``servers[0].url`` may hold any part of the base (`/api`) and the path the rest (`/v1/…`) [C]; of a model's own
    document it may hold the whole path, which has ``create`` in it, and the path is `/` then. A path in another version
    of the base is given with it, and goes there.
    """
    if not base:
        return path
    full = server + path
    if create and create in server + "/":
        return full[full.index(create) :].rstrip("/")
    parts = base.strip("/").split("/")
    for start in range(len(parts)):
        prefix = "/" + "/".join(parts[start:])
        if full.startswith(prefix + "/"):
            return full[len(prefix) :]
    moved = moved_base(path, base)[0]
    return full if moved and full.startswith(f"{moved}/") else path


def server_url(document: Document) -> str:
    servers = document.root.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else {}
    url = first.get("url") if isinstance(first, dict) else ""
    return url if isinstance(url, str) else ""


def server_path(document: Document) -> str:
    """The path of the document's first server, without its host; "" where there is none."""
    return urlsplit(re.sub(r"\{[^}]*\}", "x", server_url(document))).path.rstrip("/")


def whole_paths(document: Document) -> list[str]:
    """Every path as written, and with its server's path before it."""
    paths = [path for path in document.root.get("paths") or {} if isinstance(path, str)]
    return paths + [(server_path(document) + path).rstrip("/") for path in paths]


def base_path(protocol: str) -> str:
    """The path of a protocol's base URLs, to which endpoint paths are relative; "" for a document of no protocol."""
    return PROTOCOLS[protocol].base_path if protocol in PROTOCOLS else ""


def kind_in_words(operation: Operation, model: str) -> str:
    """image, video or audio by the words of an operation's tags, summary and model; empty where none or several fit."""
    tags = operation.node.get("tags")
    tagged = [str(tag).lower() for tag in tags] if isinstance(tags, list) else []
    return kind_by_words(tagged, f"{model} {operation.text('summary')}")


def kind_by_words(tagged: Sequence[str], text: str) -> str:
    """The same by lower-case tags, which weigh more, and a text."""
    text = " ".join([text, *tagged]).lower()
    kinds = ("image", "video", "audio")
    found = [kind for kind in kinds if any(tag.startswith(kind) for tag in tagged)]
    found = found or [kind for kind in kinds if kind in text]
    return found[0] if len(found) == 1 else ""


def open_fields(operation: Operation) -> bool:
    """Whether the body takes fields that the document does not name; looked at without resolving branches."""
    try:
        return operation.fields_unknown or _open_body(operation)
    except BrokenDocument:
        return True


def _open_body(operation: Operation) -> bool:
    body, file = operation.request_body
    content = body.get("content") or {}
    media = content.get(operation.content_type) if operation.content_type else None
    schema: Any = media.get("schema") if isinstance(media, dict) else None
    schema, file = follow(operation.document, schema, file)
    branches = schema.get("oneOf") or schema.get("anyOf") or ()
    if not isinstance(branches, list) or not branches:
        return schema.get("additionalProperties") is not False
    found = [follow(operation.document, branch, file)[0] for branch in branches]
    return any(branch.get("additionalProperties") is not False for branch in found)
