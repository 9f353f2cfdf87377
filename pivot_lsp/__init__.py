"""The language server of Pivot, and its lint: what the terminal knows, in the editor, on unsaved text."""
