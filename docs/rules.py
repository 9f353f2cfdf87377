"""Writes the pages of the lint's rules, each from its rule: `make rules`.

With ``--check``, writes nothing, and fails if a page isn't what its rule says.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pivot_lsp.lint.rule import Invalid, Rule, Valid
from pivot_lsp.lint.rules import RULES

FOLDER = Path(__file__).parent / "reference" / "rules"
GROUPS = {
    "1": "Definitions",
    "2": "Types",
    "3": "Artifacts",
    "4": "Determinism",
    "5": "Processes",
    "6": "Storage and configuration",
}
MADE = "<!-- Made from the rule by `make rules`: edit that. -->\n\n"


def pages() -> dict[str, str]:
    """The text of each file, by its name."""
    return {"index.md": _index()} | {f"{rule.code}.md": _page(rule) for rule in RULES}


def _index() -> str:
    parts = [
        MADE + "# Rules of the lint\n",
        "The editor and `pivot-lsp lint` have the same rules. "
        "[Silencing and choosing them](../editor.md#lint)\n",
    ]
    for number, title in GROUPS.items():
        rows = [_row(rule) for rule in RULES if rule.code[3] == number]
        head = ["| code | | finds | fix |", "|---|---|---|---|"]
        parts.append(f"## {title}\n\n" + "\n".join([*head, *rows]) + "\n")
    return "\n".join(parts)


def _row(rule: Rule) -> str:
    mends = any(example.fixed is not None for example in rule.invalid)
    finds = _paragraphs(rule)[0].rstrip(".").replace("\n", " ")
    return f"| [`{rule.code}`]({rule.code}.md) | {rule.severity} | {finds} | {'yes' if mends else ''} |"


def _page(rule: Rule) -> str:
    parts = [MADE + f"# `{rule.code}`: {rule.name.replace('-', ' ')}\n", f"*{rule.severity}*\n"]
    parts += [_markdown(paragraph).rstrip("\n") + "\n" for paragraph in _paragraphs(rule)]
    parts.append("## Found\n")
    parts.append("What is between « and » is underlined.\n")
    parts += [_invalid(example) for example in rule.invalid]
    parts.append("## Not found\n")
    parts += [_valid(example) for example in rule.valid]
    return "\n".join(parts)


def _paragraphs(rule: Rule) -> list[str]:
    return rule.docs.strip().split("\n\n")


def _markdown(paragraph: str) -> str:
    """From the markup of docstrings: code that follows a colon is indented, names are in double backticks."""
    lines = paragraph.split("\n")
    if all(line.startswith("    ") or not line for line in lines):
        return _code("\n".join(line[4:] for line in lines))
    return paragraph.replace("``", "`").removesuffix("::") + (":" if paragraph.endswith("::") else "")


def _invalid(example: Invalid) -> str:
    text = _files(example.path, example.marked, dict(example.files))
    if example.fixed is None:
        return text
    return text + "\nAfter the fix:\n\n" + _files(example.path, example.fixed, dict(example.others_fixed))


def _valid(example: str | Valid) -> str:
    if isinstance(example, str):
        return _code(example)
    return _files(example.path, example.text, dict(example.files))


def _files(path: str, text: str, others: dict[str, str]) -> str:
    if not others:
        return _code(text)
    named = {path: text} | {name: other for name, other in others.items() if name.endswith(".py")}
    return "\n".join(f"`{name}`\n\n{_code(one)}" for name, one in named.items() if one.strip())


def _code(text: str) -> str:
    return f"```python\n{text.strip(chr(10))}\n```\n"


def main() -> int:
    """Write the pages, or check them."""
    wanted = pages()
    there = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.md")}
    if "--check" in sys.argv[1:]:
        wrong = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
        if wrong:
            print(f"not as the rules say: {', '.join(wrong)}; write them anew: make rules", file=sys.stderr)
        return 1 if wrong else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in there.keys() - wanted.keys():
        (FOLDER / name).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
