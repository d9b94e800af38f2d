"""A model or endpoint that no document knows, called as its provider's others are. Nothing of it can be checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core import moved_base
from ..providers import ModelPaths
from .flags import FlagForm
from .friendly import usual_flags
from .load import leads_elsewhere
from .modelinfo import model_rows
from .naming import readings
from .operations import Endpoint, kind_by_words
from .spelling import nearest

if TYPE_CHECKING:
    from .catalog import Contract

_TYPES = ("application/json", "multipart/form-data")


def by_convention(contract: Contract, text: str, *, kind: str = "", like: Endpoint | None = None) -> Endpoint | None:
    """The call that makes an unknown model, or that stands at an unknown path; None where no convention tells.

    Where paths carry the model it is that model's; else ``text`` is a path, called as the known endpoint is that it
    ends like, or as ``like``. A path in another version of the base keeps that, with all that follows from it; one of
    no known form is called as it stands.
    """
    _, paths = readings(text, contract.bases)
    if any(map(leads_elsewhere, paths)):
        return None
    usual = next((source.model_paths for source in contract.sources if source.model_paths), None)
    if usual is None:
        known = next((one for one in contract.creates if paths[-1].endswith(one.path)), like)
        return None if known is None else _alike(known, paths[-1])
    version = _version(contract, usual, paths)
    usual = ModelPaths(version + usual.create, version + usual.stream)
    paths = [version + moved_base(path, base)[1] for path in paths for base in contract.bases] if version else paths
    query = next((source.query_path for source in contract.sources if source.query_path), None)
    path = next((path for path in paths if usual.model_of(path)), "")
    model = usual.model_of(path) or paths[-1].strip("/")
    sse: str | None = usual.stream + model
    poll = usual.create + model
    if not path and ("://" in text or text.strip().startswith("/")):
        sse, poll = None, paths[-1]
    path = path or sse or poll
    return Endpoint(
        method="POST",
        path=path,
        model=model,
        kind=kind or likely_kind(contract, model),
        streams=path == sse,
        sse_path=sse,
        poll_path=poll,
        twin_inferred=True,
        query_path=query and version + query,
        content_types=_TYPES,
        open_fields=True,
    )


def looks_like_its(contract: Contract, path: str | None, model: str | None) -> bool:
    """Whether an unknown path begins as this provider's do, or an unknown model's id is of the form of its others'."""
    if path:
        _, paths = readings(path, contract.bases)
        paths += [moved_base(path, base)[1] for path in paths for base in contract.bases]
        first = {known.path.strip("/").split("/")[0] for known in contract.creates}
        if any(one.strip("/").split("/")[0] in first and one.strip("/").count("/") for one in paths):
            return True
    carries = any(source.model_paths for source in contract.sources)
    name = model or (path if carries and path else "")
    if not name or name.startswith("/"):
        return False
    if "/" in name or carries:
        return carries and "/" in name
    begins = {row.id.split("-")[0] for row in model_rows(contract.creates) if "-" in row.id}
    return "-" in name and name.split("-")[0] in begins


def conventional_forms(contract: Contract, kind: str) -> tuple[FlagForm, ...]:
    """Common flags by the names that the siblings' fields have."""
    flags = usual_flags(contract, kind)
    return (FlagForm("as its siblings", flags=flags),) if flags else ()


def _version(contract: Contract, usual: ModelPaths, paths: Sequence[str]) -> str:
    """The other version of a base under which a path of the usual form stands; empty: none."""
    parted = (moved_base(path, base) for path in paths for base in contract.bases)
    return next((version for version, rest in parted if version and usual.model_of(rest)), "")


def _alike(like: Endpoint, path: str) -> Endpoint:
    poll = None if like.synchronous else path
    return like._replace(path=path, poll_path=poll, sse_path=None, model="", open_fields=True)


def likely_kind(contract: Contract, model: str) -> str:
    """What the model's name says, else what the known model of the nearest name makes [I]."""
    said = kind_by_words([], model)
    if said:
        return said
    known = {row.id: row.kind for row in model_rows(contract.creates)}
    return next((known[near] for near in nearest(model, list(known), limit=1)), "")
