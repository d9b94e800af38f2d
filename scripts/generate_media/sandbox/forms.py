"""multipart/form-data bodies as JSON: text parts are strings, file parts stand-in URLs."""

from __future__ import annotations

import re

from ..core import Json
from .protocol import Request

MAX_PARTS = 1000


def fields_of_form(request: Request) -> dict[str, Json]:
    """Field name → its value, or the list of its values where the name came more than once.

    A file part becomes ``https://local.file/<name>``: a URL as the contract wants it. Raises ValueError.
    """
    boundary = re.search(r'boundary="?([^";,]{1,200})', request.headers.get("content-type", ""))
    if boundary is None:
        raise ValueError("multipart/form-data without boundary")
    parts = (b"\r\n" + request.body).split(b"\r\n--" + boundary[1].encode("latin-1"))
    if len(parts) < 2 or len(parts) > MAX_PARTS or not parts[-1].startswith(b"--"):
        raise ValueError("the multipart body is not complete")
    fields: dict[str, list[Json]] = {}
    for part in parts[1:-1]:
        name, value = _part(part)
        fields.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else list(values) for name, values in fields.items()}


def _part(part: bytes) -> tuple[str, str]:
    head, blank, body = part.partition(b"\r\n\r\n")
    text = head.decode("utf-8", "replace")
    name = re.search(r'\bname="([^"]*)"', text)
    if not blank or name is None:
        raise ValueError("a part without name")
    file_name = re.search(r'\bfilename="([^"]*)"', text)
    if file_name is None:
        return name[1], body.decode("utf-8")
    if not body:
        raise ValueError(f"the file in {name[1]} is empty")
    return name[1], "https://local.file/" + re.sub(r"[^\w.-]", "_", file_name[1], flags=re.ASCII)
