"""What skills.video's error answers mean (references/open-platform-api.md)."""

from __future__ import annotations

from ...core import Category
from ..base import ErrorRule

CODE = r"^(IMAGE|VIDEO|TTS)_GENERATION_"

ERRORS: tuple[ErrorRule, ...] = (
    ErrorRule(Category.CREDITS, "skills-video [D]", code=CODE + "INSUFFICIENT_CREDITS$"),
    ErrorRule(Category.CREDITS, "skills-video [D]", statuses=(402,)),
    ErrorRule(Category.CONTENT_REJECTED, "skills-video [D]", code=CODE + "CONTENT_REJECTED$"),
    ErrorRule(Category.VALIDATION, "skills-video [D]", code=CODE + "INVALID_INPUT$"),
    ErrorRule(
        Category.VALIDATION,
        "skills-video [D]",
        code=CODE + "UNSUPPORTED_MODEL$",
        guidance="the model may be retired: python3 scripts/inspect_openapi.py --provider skills.video --models",
    ),
    ErrorRule(Category.TRANSIENT, "skills-video [D]", code=CODE + "RATE_LIMITED$", retry=True),
    ErrorRule(Category.TRANSIENT, "skills-video [D]; a refusal as answer to a create [I]",
              code=CODE + "PROVIDER_UNAVAILABLE$", retry=True),
    ErrorRule(Category.UNKNOWN, "skills-video [D]", code=CODE + "FAILED$", on=("create",), ended_generation=True,
              guidance="the generation failed at the provider; the same command makes a new job"),
    ErrorRule(Category.OUTCOME_UNKNOWN, "skills-video [D]", code=CODE + "TIMEOUT$", on=("create",),
              may_have_been_created=True),
    ErrorRule(
        Category.AUTH,
        "skills-video [D]",
        statuses=(403,),
        guidance="API access is part of the paid plans only: https://skills.video/dashboard",
    ),
)  # fmt: skip
