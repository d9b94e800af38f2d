"""From field tables to the bundled skills.video contract; used by tools/build_references.py alone.

``sources`` reads tools/sources/, ``schemas`` and ``flags`` translate one model, ``document`` puts the OpenAPI
document together, ``tables`` makes the Markdown tables, ``layout`` writes JSON that diffs well.
"""
