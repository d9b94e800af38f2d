"""The field tables under tools/sources/, read into one list of models in a stable order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).resolve().parents[1] / "sources"
KINDS = {"images": "image", "videos": "video"}
MODELS_FILE = "skills-video-models.json"
NEWER_FILE = "skills-video-models-2.json"
"""Rows that take the place of the first file's; one that is ``partial`` only adds to it."""
_MARKS = {
    "name_inferred": "name",
    "type_inferred": "values",
    "enum_truncated": "values",
    "required_inferred": "required",
}
SUPPLEMENT_FILE = "skills-video-supplement.json"


@dataclass(frozen=True)
class Model:
    """One model: its endpoint's path after ``/generation/``, and its fields as the tables give them.

    ``documented`` False: no field is known. ``partial``: fields are known and others may exist. ``moved_to``: the
    same model has a newer path. ``new``: not in the snapshot's endpoint lists. ``variants``: the branches of its body
    as the newer file gives them. ``guessed``: nobody shows its path. ``open``: its page does not show every field.
    """

    path: str
    kind: str
    fields: Mapping[str, Mapping[str, Any]]
    documented: bool
    partial: bool = False
    page: str = ""
    note: str = ""
    newest: bool = False
    new: bool = False
    moved_to: str = ""
    variants: Mapping[str, Any] = field(default_factory=dict)
    guessed: bool = False
    open: bool = False
    fresh: bool = False
    """From the newer file: its flags are found as those of a renewed document."""

    @property
    def key(self) -> str:
        """The name of its schema; OpenAPI allows no slash there."""
        return self.path.replace("/", ".")


@dataclass(frozen=True)
class Sources:
    """All models in the lists' order, and the supplement's prose rules by path."""

    models: tuple[Model, ...]
    snapshot_date: str
    drift_date: str
    source: str
    supplement: Mapping[str, Any] = field(repr=False)

    def rule(self, part: str, path: str) -> Any:
        """The supplement's entry of one part (unions, rules, flag_sets) for a model, or an empty dict."""
        return self.supplement[part].get(path, {})


def read_sources(folder: Path) -> Sources:
    """Read both files. Raises KeyError or ValueError where they lack what the builder needs."""
    facts = json.loads((folder / MODELS_FILE).read_text(encoding="utf-8"))
    supplement = json.loads((folder / SUPPLEMENT_FILE).read_text(encoding="utf-8"))
    lists = next(name for name in facts if name.startswith("snapshot_"))
    newer = json.loads((folder / NEWER_FILE).read_text(encoding="utf-8"))["models"]
    tables = {row["path"]: row for row in [*supplement["models"], *facts["models"]]}
    tables |= {row["path"]: _over(tables.get(row["path"], {}), row) for row in newer}
    models = tuple(_models(facts[lists], supplement, tables))
    unlisted = set(tables) - {model.path for model in models}
    if unlisted:
        raise ValueError(f"models with fields but in no endpoint list: {sorted(unlisted)}")
    return Sources(
        models=models,
        snapshot_date=lists.removeprefix("snapshot_").replace("_", "-"),
        drift_date=supplement["drift"]["date"],
        source=facts["source"],
        supplement=supplement,
    )


def _over(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the newer file, each field with what of it the page of this very model does not show (``inferred``)."""
    fields: dict[str, Any] = {}
    for name, value in new["fields"].items():
        marks = [what for mark, what in _MARKS.items() if value.get(mark)]
        inferred = "name" if new.get("sister_docs") else next(iter(marks), "")
        fields[name] = {key: part for key, part in value.items() if key not in _MARKS and key != "example"}
        fields[name] |= {"inferred": inferred} if inferred else {}
        fields[name] |= {"source": "[I]"} if inferred in ("name", "values") else {}
    if new.get("partial"):
        known = old.get("fields", {})
        fields = {**fields, **{name: {**fields.get(name, {}), **value} for name, value in known.items()}}
    unsure = new["evidence"] != "typed" or any(value.get("inferred") for value in fields.values())
    return {**new, "fields": fields, "fresh": True, "open": bool(unsure or new.get("unnamed_fields"))}


def _models(
    lists: Mapping[str, list[str]], supplement: Mapping[str, Any], tables: Mapping[str, Any]
) -> Iterator[Model]:
    drift = supplement["drift"]
    moved = {row["from"]: row["to"] for row in drift["moved"]}
    for plural, kind in KINDS.items():
        old = lists[plural]
        new = [*drift["new"][plural], *(row["to"] for row in drift["moved"] if row["kind"] == plural)]
        for path in dict.fromkeys([*old, *new]):
            row = tables.get(path) or (tables.get(moved[path]) if path in moved else None) or {}
            fields = {name: {**value} for name, value in row.get("fields", {}).items()}
            for name, change in supplement["fields"].get(path, {}).items():
                fields[name] = {**fields[name], **change}
            yield Model(
                path=path,
                kind=kind,
                fields=fields,
                documented=bool(fields),
                partial=bool(row.get("partial")) or path in supplement["partial"],
                page=row.get("page", ""),
                note=row.get("note", ""),
                newest=bool(row.get("newest_docs")),
                new=path not in old,
                moved_to=moved.get(path, ""),
                variants=row.get("variants", {}),
                guessed=bool(row.get("path_inferred")) and path not in old,
                open=bool(row.get("open")),
                fresh=bool(row.get("fresh")),
            )
