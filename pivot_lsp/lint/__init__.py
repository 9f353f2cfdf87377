"""Lint: mistakes in stages that show in the text of one file. Pure: text in, findings out."""

from pivot_lsp.lint.engine import lint, parse
from pivot_lsp.lint.rule import Finding, Related

__all__ = ["Finding", "Related", "lint", "parse"]
