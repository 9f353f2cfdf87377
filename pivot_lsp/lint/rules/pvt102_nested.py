"""A stage defined inside a function or a class.

A worker gets the module and the name of a stage, imports the one and looks for the other. What is defined
when a function is called isn't there to be found::

    def add_stages(pipeline: Pipeline):
        def clean(rows: Annotated[DataFrame, Dep("raw.csv", CSV())]) -> ...:      # PVT102
            return rows.dropna()
        pipeline.register(clean)

    def clean(rows: Annotated[DataFrame, Dep("raw.csv", CSV())]) -> ...:
        return rows.dropna()

    def add_stages(pipeline: Pipeline):
        pipeline.register(clean)

The fix moves the stage above the function, with the functions, classes and imports of that function that it
needs; a call of ``register`` takes the place of ``@pipeline.register``. It is offered where the name is free
and the stage uses no variable of the function. With imports of other libraries, decorators of unknown
effect, or defaults like ``[]``, it isn't among the safe ones: all that then happens at import, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pivot_lsp.lint.moving import to_module_level
from pivot_lsp.lint.needs import captured
from pivot_lsp.lint.rule import Hit, Invalid, Rule
from pivot_lsp.source.nesting import outer_function, qualified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.stages import Part


def check(part: Part) -> Iterator[Hit]:
    """One hit for each stage that isn't at module level; what uses variables of a function is PVT103's."""
    for function in part.functions:
        node, scope = function.node, function.scope
        if function.at_module_level or captured(part, node, scope):
            continue
        outer = outer_function(part.top, node)
        if outer is None:
            message = f"{qualified(part.top, node)} is defined inside a class"
            hint = "define a function at module level and register that"
        else:
            message = f"{node.name} is defined inside {outer}: a worker can't find it"
            hint = "move it to module level"
        yield Hit(part.top.name_spot(node), message, hint, fix=to_module_level(part, [node], scope))


_HEAD = """from typing import Annotated, TypedDict
from pivot_core import Pipeline, loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]
"""

RULE = Rule(
    code="PVT102",
    name="nested-stage",
    severity="error",
    docs=__doc__,
    check=check,
    valid=(
        """
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

if True:
    def clean(
        rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())],
    ) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]:
        def word(text): return text.strip()
        return word(rows)

def add_stages(pipeline: Pipeline):
    def log(name): print(name)
    log("clean")
    pipeline.register(clean)
""",
        # Not a stage: nothing says that it reads or writes anything.
        """
from pivot_core import Pipeline

class Reader:
    def read(self): ...

def make():
    def inner(rows): return rows
    return inner

pipeline = Pipeline("demo")
""",
    ),
    invalid=(
        Invalid(
            _HEAD
            + """
def add_stages(pipeline: Pipeline):
    # What comes in.
    def «clean»(
        rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())],
    ) -> Made:
        \"\"\"Clean the rows.

        All of them.
        \"\"\"
        rows = '''
    as it is
        '''  # a text
        print(rows)
        # done

    pipeline.register(clean)  # here
""",
            _HEAD
            + """
# What comes in.
def clean(
    rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())],
) -> Made:
    \"\"\"Clean the rows.

    All of them.
    \"\"\"
    rows = '''
    as it is
        '''  # a text
    print(rows)
    # done


def add_stages(pipeline: Pipeline):
    pipeline.register(clean)  # here
""",
        ),
        # The registration stays where it is: how often the function is called, nobody knows.
        Invalid(
            _HEAD
            + """
def add_stages(pipeline: Pipeline):
    @pipeline.register  # the first
    def «clean»(räume: Annotated[str, outputs.Dep("räume.txt", loaders.Text())]) -> Made: ...
    print("added")
""",
            _HEAD
            + """
def clean(räume: Annotated[str, outputs.Dep("räume.txt", loaders.Text())]) -> Made: ...


def add_stages(pipeline: Pipeline):
    pipeline.register(clean)  # the first
    print("added")
""",
        ),
        # What it needs comes along.
        Invalid(
            _HEAD
            + """
def make(kind):
    import json as j
    print(kind)

    def parsed(text):
        return j.loads(text)

    def «clean»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
        print(parsed(rows))

    return clean
""",
            """from typing import Annotated, TypedDict
from pivot_core import Pipeline, loaders, outputs
import json as j

Made = Annotated[dict, outputs.Metric("made.json")]

def parsed(text):
    return j.loads(text)


def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    print(parsed(rows))


def make(kind):
    import json as j
    print(kind)

    return clean
""",
        ),
        Invalid(
            _HEAD
            + """
class Job:
    def add(self, pipeline: Pipeline):
        if self:
            print(self)
        with self:
            def «clean»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...
""",
            _HEAD
            + """
def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...


class Job:
    def add(self, pipeline: Pipeline):
        if self:
            print(self)
        with self:
            pass
""",
        ),
        # Registered by name only.
        Invalid(
            """
from typing import Annotated
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def build() -> pc.Pipeline:
    pipeline = pc.Pipeline("demo")
    def «clean»() -> Made: ...
    pipeline.register(clean)
    return pipeline
""",
            """
from typing import Annotated
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def clean() -> Made: ...


def build() -> pc.Pipeline:
    pipeline = pc.Pipeline("demo")
    pipeline.register(clean)
    return pipeline
""",
        ),
        # A method, a name that is taken, one of two, a path that only the function knows, a name from below.
        Invalid(
            _HEAD
            + """
class Stages:
    def «clean»(self, rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...
"""
        ),
        Invalid(
            _HEAD
            + """
def clean(): ...

def build():
    def «clean»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...
"""
        ),
        Invalid(
            _HEAD
            + """
def build():
    def «filter»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...
"""
        ),
        Invalid(
            _HEAD
            + """
def build(clean):
    if clean is None:
        def «clean»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...
    return clean
"""
        ),
        Invalid(
            _HEAD
            + """
def build(path):
    def «clean»(rows: Annotated[str, outputs.Dep(path, loaders.Text())]) -> None: ...
"""
        ),
        Invalid(
            _HEAD
            + """
def build():
    def «clean»(rows: Annotated[str, outputs.Dep(PATH, loaders.Text())]) -> None: ...

PATH = "rows.txt"
"""
        ),
        Invalid(
            _HEAD
            + """
def build():
    global clean
    def «clean»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...
"""
        ),
        Invalid(
            _HEAD
            + """
from names import *

def build():
    def «clean»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...
"""
        ),
        Invalid(
            _HEAD
            + """
def first():
    def clean(): ...

def build():
    def «clean»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...
"""
        ),
        Invalid(
            _HEAD
            + """
def outer(rows):
    def build():
        def «outer»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...
"""
        ),
    ),
)
