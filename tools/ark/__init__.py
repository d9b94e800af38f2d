"""The tables of references/agcloud.md, from the document beside it."""
