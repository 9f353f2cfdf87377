"""Lint: mistakes in stages that show in the text. Pure: text in, findings and fixes out."""

from pivot_lsp.lint.engine import Linter, lint
from pivot_lsp.lint.rule import Finding

__all__ = ["Finding", "Linter", "lint"]
