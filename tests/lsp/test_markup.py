"""What is told in Markdown, for editors that don't show that."""

from __future__ import annotations

import pytest

from pivot_lsp import explaining
from pivot_lsp.markup import plain


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**clean** \u00b7 stale", "clean \u00b7 stale"),
        ("reads `raw.txt`, `a_b*.txt`", "reads raw.txt, a_b*.txt"),
        (f"reads {explaining._code('a`b')}", "reads a`b"),
        (explaining._escaped("x.__f__ [1] *a* <b> #|~ c:\\d"), "x.__f__ [1] *a* <b> #|~ c:\\d"),
        (
            "- code: f changed ([helpers\\_a.py:3](file:///p/helpers_a.py#L3))",
            "- code: f changed (helpers_a.py:3)",
        ),
        ("", ""),
        ("  *moved*", "  moved"),
        ("a\n\n  ```diff\n  -    `x`**2\n  ```\n**b**", "a\n\n  -    `x`**2\nb"),
        ("  ````diff\n  ```\n  **a**\n  ````\n**b**", "  ```\n  **a**\nb"),
    ],
)
def test_plain_text_is_without_the_marks_and_else_the_same(markdown: str, text: str) -> None:
    assert plain(markdown) == text
