"""OpenAPI documents as the one contract: endpoints, models, validation, templates, flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .age import (
        RENEW as RENEW,
        gone_since as gone_since,
        if_old as if_old,
        is_own as is_own,
        source_of as source_of,
        whole_date as whole_date,
    )
    from .budget import Budget as Budget
    from .catalog import Contract as Contract, open_contract as open_contract
    from .changes import diff as diff
    from .convention import (
        by_convention as by_convention,
        likely_kind as likely_kind,
        looks_like_its as looks_like_its,
    )
    from .fields import fields_of as fields_of, narrowed as narrowed
    from .flags import FlagForm as FlagForm
    from .layer import kept_files as kept_files
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
        navigation_in as navigation_in,
        read_navigation as read_navigation,
    )
    from .operations import Endpoint as Endpoint, Operation as Operation
    from .problems import UNCHECKED as UNCHECKED, Problem as Problem
    from .refs import PREFIX as PREFIX, closure as closure
    from .renewal import (
        Fresh as Fresh,
        fresh_document as fresh_document,
        is_in_force as is_in_force,
        what_changes as what_changes,
    )
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
        ("age", "RENEW gone_since if_old is_own source_of whole_date"),
        ("budget", "Budget"),
        ("catalog", "Contract open_contract"),
        ("changes", "diff"),
        ("convention", "by_convention likely_kind looks_like_its"),
        ("fields", "fields_of narrowed"),
        ("flags", "FlagForm"),
        ("layer", "kept_files"),
        ("load", "Document document_from_bytes read_bytes read_document"),
        ("malformed", "strangers"),
        ("merging", "merge"),
        ("modelinfo", "ModelInfo"),
        ("navigation", "Page endpoints_of in_category navigation_in read_navigation"),
        ("operations", "Endpoint Operation"),
        ("problems", "UNCHECKED"),
        ("problems", "Problem"),
        ("refs", "PREFIX closure"),
        ("renewal", "Fresh fresh_document is_in_force what_changes"),
        ("report", "describe list_endpoints list_models"),
        ("said_names", "Known models_said"),
        ("source", "Source make_source"),
        ("spelling", "nearest"),
        ("template", "make_template"),
        ("variants", "variants_of"),
    )
