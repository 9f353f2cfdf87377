"""Lint: mistakes in stages that show in the text. Pure: text in, findings and fixes out."""
