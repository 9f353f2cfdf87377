"""What is executed of the subject ``markdown``."""

from markdown_it import MarkdownIt

TEXT = """# Title *with* emphasis

A [link](https://example.org/a%20b "title"), `code`, an ![image](x.png) and <https://auto.example>.
Line two\\
after a hard break &amp; an entity &copy; "quoted" -- dashes...

1. one
2. two
   - nested **strong**
   - [ref][id]

> quote
> continues

```python
print("fence")
```

| a | b |
|---|:-:|
| 1 | `2` |

~~gone~~ <b>html</b>

[id]: /reference 'Ref'
"""


def s(text):
    plain = MarkdownIt("commonmark")
    rich = MarkdownIt("gfm-like", {"linkify": False, "typographer": True}).enable(
        ["replacements", "smartquotes"]
    )
    tokens = [(token.type, token.tag, token.nesting, token.map, token.content) for token in plain.parse(TEXT)]
    return plain.render(TEXT), rich.render(TEXT), tokens, plain.get_active_rules()
