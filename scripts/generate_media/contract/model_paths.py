"""Where a document's own paths carry the model's id: by its protocol's convention, or by its own beginnings where it
has others (a moved prefix, another word for the stream).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..core import moved_base
from ..providers import PROTOCOLS, ModelPaths

_STREAM_WORDS = ("sse", "stream", "streaming", "events")
_STREAM_TYPE = "text/event-stream"
Posts = Mapping[str, Mapping[str, Any]]


def usual_create(protocol: str) -> str:
    """What create paths begin with by a protocol's convention; empty where the model is a field of the body."""
    usual = PROTOCOLS[protocol].model_paths if protocol in PROTOCOLS else None
    return usual.create if usual else ""


def guess_protocol(paths: Iterable[Any]) -> str:
    """The protocol whose paths these look like; the empty string for a document of any other kind."""
    for name, protocol in PROTOCOLS.items():
        if protocol.model_paths is not None:
            base, create = protocol.base_path, protocol.model_paths.create
            starts = tuple(base[at:] + create for at in range(len(base) + 1) if base[at:][:1] in ("/", ""))
            for path in (path for path in paths if isinstance(path, str)):
                if path.startswith(starts) or moved_base(path, base)[1].startswith(create):
                    return name
    return ""


def model_paths(posts: Posts, protocol: str) -> ModelPaths | None:
    """The beginnings of create paths in a document; ``posts``: relative path → POST operation."""
    usual = PROTOCOLS[protocol].model_paths if protocol in PROTOCOLS else None
    if usual is None or (any(path.startswith(usual.create) for path in posts) and _streams_as(posts, usual)):
        return usual
    streaming = [path for path in posts if _is_stream(path, posts[path])]
    create = usual.create if any(path.startswith(usual.create) for path in posts) else ""
    stream = _most_common([_stream_prefix(path, posts) for path in streaming])
    create = create or _create_prefix(posts, stream, usual)
    if not create:
        return usual
    word = usual.stream.removeprefix(usual.create)
    return ModelPaths(create, stream or create + word)


def _streams_as(posts: Posts, usual: ModelPaths) -> bool:
    """Whether all streams of the document, if it has any, begin as usual."""
    return not any(not path.startswith(usual.stream) and _is_stream(path, node) for path, node in posts.items())


def _is_stream(path: str, node: Mapping[str, Any]) -> bool:
    answers = node.get("responses")
    for answer in answers.values() if isinstance(answers, dict) else ():
        content = answer.get("content") if isinstance(answer, dict) else None
        if isinstance(content, dict) and any(str(kind).startswith(_STREAM_TYPE) for kind in content):
            return True
    return node.get("x-mode") == "sse" or any(part in _STREAM_WORDS for part in path.split("/")[:-1])


def _stream_prefix(path: str, posts: Posts) -> str:
    """What stands before the longest end of a streaming path that a polled path has as well, else before what follows
    the word for streams."""
    parts = path.strip("/").split("/")
    for at in range(1, len(parts)):
        end = "/" + "/".join(parts[at:])
        if any(other != path and other.endswith(end) for other in posts):
            return _up_to(parts, max(at, _after_word(parts)))
    after = _after_word(parts)
    return _up_to(parts, after) if after else ""


def _after_word(parts: Sequence[str]) -> int:
    """The place after the word for streams and what says "generation" behind it; 0: there is none."""
    at = next((place + 1 for place, part in enumerate(parts[:-1]) if part in _STREAM_WORDS), 0)
    return at + 1 if at and len(parts) > at + 1 and parts[at].startswith("generation") else at


def _up_to(parts: Sequence[str], at: int) -> str:
    return "/" + "".join(f"{part}/" for part in parts[:at])


def _create_prefix(posts: Posts, stream: str, usual: ModelPaths) -> str:
    """The beginning of polled paths: before the models that are streamed, else up to the usual first word."""
    models = [path[len(stream) :] for path in posts if stream and path.startswith(stream)]
    found = [path[: -len(model)] for model in models for path in posts if path.endswith(f"/{model}")]
    found = [prefix for prefix in found if prefix != stream]
    word = usual.create.strip("/").split("/")[0]
    for path in posts:
        parts = path.strip("/").split("/")
        at = next((place for place, part in enumerate(parts[:-1]) if part in (word, f"{word}s")), None)
        found += [_up_to(parts, at + 1)] if at is not None and not (stream and path.startswith(stream)) else []
    return _most_common(found)


def _most_common(found: Sequence[str]) -> str:
    return Counter(filter(None, found)).most_common(1)[0][0] if any(found) else ""
