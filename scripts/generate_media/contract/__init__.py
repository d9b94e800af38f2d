"""OpenAPI documents as the one contract: endpoints, models, validation, templates, flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .budget import Budget as Budget
    from .catalog import Contract as Contract, open_contract as open_contract
    from .changes import diff as diff
    from .fields import fields_of as fields_of, narrowed as narrowed
    from .flags import FlagForm as FlagForm
    from .load import (
        Document as Document,
        document_from_bytes as document_from_bytes,
        read_bytes as read_bytes,
        read_document as read_document,
    )
    from .malformed import strangers as strangers
    from .merging import merge as merge
    from .modelinfo import ModelInfo as ModelInfo
    from .navigation import (
        Page as Page,
        endpoints_of as endpoints_of,
        in_category as in_category,
        read_navigation as read_navigation,
    )
    from .operations import Endpoint as Endpoint, Operation as Operation
    from .problems import UNCHECKED as UNCHECKED
    from .refs import PREFIX as PREFIX, closure as closure
    from .report import describe as describe, list_endpoints as list_endpoints, list_models as list_models
    from .said_names import Known as Known, models_said as models_said
    from .source import Source as Source, make_source as make_source
    from .spelling import nearest as nearest
    from .template import make_template as make_template
    from .variants import variants_of as variants_of
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("budget", "Budget"),
        ("catalog", "Contract open_contract"),
        ("changes", "diff"),
        ("fields", "fields_of narrowed"),
        ("flags", "FlagForm"),
        ("load", "Document document_from_bytes read_bytes read_document"),
        ("malformed", "strangers"),
        ("merging", "merge"),
        ("modelinfo", "ModelInfo"),
        ("navigation", "Page endpoints_of in_category read_navigation"),
        ("operations", "Endpoint Operation"),
        ("problems", "UNCHECKED"),
        ("refs", "PREFIX closure"),
        ("report", "describe list_endpoints list_models"),
        ("said_names", "Known models_said"),
        ("source", "Source make_source"),
        ("spelling", "nearest"),
        ("template", "make_template"),
        ("variants", "variants_of"),
    )
