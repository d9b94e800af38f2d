"""The XMP packet (ISO 16684-1): a label merged into what the file says already, and read back. Pure.

A packet comes from a stranger: its size and depth are bounded, and one with a document type is not read at all, so
that no entity can grow or lead out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, canonicalize

from .edits import Unlabelled
from .provenance import AIGC, OWN, PREFIXES, SYNTHETIC, Property, Provenance, clark, label_among, properties_of

MAX_BYTES = 65502
"""No packet larger than this is read or written: what one segment of a JPEG takes (XMP Specification Part 3, 1.1.3), in
every format; the time to read a hostile one grows with its square."""
_MAX_DEPTH = 32

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"></rdf:RDF></x:xmpmeta>'
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_END = '<?xpacket end="w"?>'
_WRAPPER = re.compile(r"<\?xpacket\b[^?]*\?>")
_CLOSING = re.compile(r"</(?:[\w.-]+:)?RDF>")
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SOURCE_TYPE = clark("Iptc4xmpExt:DigitalSourceType")
_PROVENANCE = "{http://purl.org/dc/terms/}provenance"


def merged(existing: bytes, label: Provenance, *, declared: bool) -> bytes:
    """A whole packet: the file's own properties, in their own words, and the label's.

    ``declared``: the file has China's label elsewhere, and there may be one only (GB 45438-2025, 6.1 c [I]).

    Raises:
        Unlabelled: what is there cannot be read, so it cannot be kept; or it names a C2PA manifest elsewhere.
    """
    text = _text(existing) or _EMPTY
    root = _tree(text)
    found = _properties(root)
    if _PROVENANCE in found:
        raise Unlabelled("it names a C2PA manifest that is kept elsewhere, and a change would break its signature")
    new = [row for row in properties_of(label) if not _stays(row, found) and not (declared and row.name == AIGC)]
    replaced = OWN | {row.name for row in new}
    clean = canonicalize(text, exclude_tags=replaced, exclude_attrs=replaced)
    ends = list(_CLOSING.finditer(clean))
    if len(ends) != 1 or len(_lists(root)) != 1:  # an element RDF of another name space is another thing
        raise Unlabelled("its XMP metadata is not of the usual form")
    at = ends[0].start()
    whole = clean[:at] + _description(new, _about(root)) + clean[at:]
    return f"{_BEGIN}{whole}{_END}".encode()


def read(packet: bytes) -> Provenance | None:
    """The label in a packet; None where there is none, or where the packet cannot be read."""
    try:
        text = _text(packet)
        return label_among(_properties(_tree(text))) if text else None
    except Unlabelled:
        return None


def _stays(row: Property, found: Mapping[str, str]) -> bool:
    if row.name == _SOURCE_TYPE:
        return found.get(row.name) in SYNTHETIC
    return row.keep and bool(found.get(row.name))


def _description(rows: Iterable[Property], about: str) -> str:
    """A node of its own: XMP allows several of one resource, and what stands in the others is left as it is."""
    spaces = {space: prefix for prefix, space in PREFIXES.items()}
    names = [row.name[1:].split("}") for row in rows]
    used = sorted({spaces[space] for space, _ in names})
    declarations = "".join(f' xmlns:{prefix}="{PREFIXES[prefix]}"' for prefix in used)
    lines = "".join(
        f"<{spaces[space]}:{local}>{_escaped(row.value)}</{spaces[space]}:{local}>\n"
        for row, (space, local) in zip(rows, names, strict=True)
    )
    head = f'<rdf:Description xmlns:rdf="{_RDF}"{declarations} rdf:about="{_escaped(about)}">'
    return f"{head}\n{lines}</rdf:Description>\n"


def _escaped(text: str) -> str:
    """Text as XML 1.0 can hold it; a carriage return would come back as a new line if it stood bare."""
    return escape(_NO_XML.sub("\ufffd", text)).replace("\r", "&#13;")


def _text(packet: bytes) -> str:
    """The packet without its wrapper, its padding and what encoders leave behind it."""
    if len(packet) > MAX_BYTES:
        raise Unlabelled(f"its XMP metadata is larger than {MAX_BYTES} bytes")
    wide = packet[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = packet.decode("utf-16" if wide else "utf-8")
    except UnicodeDecodeError:
        raise _unreadable() from None
    return _WRAPPER.sub("", text).strip("\ufeff\0 \t\r\n")


def _tree(text: str) -> Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _unreadable()
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no document type, so no entities; bounded in size
    except ElementTree.ParseError:
        raise _unreadable() from None
    level = [root]
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in node]
    if level:
        raise _unreadable()
    return root


def _lists(root: Element) -> list[Element]:
    return list(root.iter(f"{{{_RDF}}}RDF"))


def _nodes(root: Element) -> list[Element]:
    return [node for rdf in _lists(root) for node in rdf.findall(f"{{{_RDF}}}Description")]


def _properties(root: Element) -> dict[str, str]:
    """Simple properties, as attributes or as elements; of a list its first item."""
    found: dict[str, str] = {}
    for node in _nodes(root):
        found |= node.attrib
        for child in node:
            item = child.find(f"*/{{{_RDF}}}li")
            text = child.text if item is None else item.text
            found[child.tag] = child.get(f"{{{_RDF}}}resource") or text or ""
    return found


def _about(root: Element) -> str:
    """What the file's own nodes describe; ours must describe the same."""
    return next((node.get(f"{{{_RDF}}}about") or node.get("about") or "" for node in _nodes(root)), "")


def _unreadable() -> Unlabelled:
    return Unlabelled("its XMP metadata cannot be read, so nothing can be added to it")
