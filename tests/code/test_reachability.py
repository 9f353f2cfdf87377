"""Random projects: the fingerprint is that of the definitions reached, and of nothing else.

The generator knows by itself what refers to what, so it also knows what a stage reaches; the code graph has
to find that out from the text. Most of the projects are executed, too.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pivot_core.types import CodeFact

# In an order in which each can be imported after those before it; a package comes after what is in it.
MODULES: Final = ("a", "n.b", "p.c", "p.q.d", "p.q", "p", "stages")
PACKAGES: Final = ("p", "p.q")  # ``n`` is a namespace package
STYLES: Final = ("name", "name as", "module", "module as", "from package", "star", "again", "twice again")
KINDS: Final = ("function", "function", "function", "constant", "table", "alias", "class")
NEED_ONE: Final = ("table", "alias")


@dataclass
class Reference:
    to: Definition
    style: str
    through: list[str] = field(default_factory=list)  # modules that import it for others


@dataclass
class Definition:
    name: str
    module: str
    kind: str
    value: int
    references: list[Reference] = field(default_factory=list)

    @property
    def unit(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass
class Model:
    """``lazy``: what could be imported in a circle is imported in functions, so that it can be executed."""

    definitions: list[Definition]
    lazy: bool

    @property
    def stage(self) -> Definition:
        return self.definitions[-1]

    def reached(self) -> list[Definition]:
        found: dict[str, Definition] = {}
        waiting = [self.stage]
        while waiting:
            one = waiting.pop()
            if one.name not in found:
                found[one.name] = one
                waiting += [reference.to for reference in one.references]
        return [one for one in self.definitions if one.name in found]

    def unreached(self) -> list[Definition]:
        reached = {one.name for one in self.reached()}
        return [one for one in self.definitions if one.name not in reached]

    def files(self) -> dict[str, str]:
        writer = Text(self.lazy)
        for one in self.definitions:
            writer.add(one)
        files = {path_of(name): "" for name in MODULES}
        for name, body in writer.bodies.items():
            files[path_of(name)] = "\n".join([*writer.imports[name], "", *body])
        return {**files, "pipeline.py": "import stages\n"}


def path_of(module: str) -> str:
    return module.replace(".", "/") + ("/__init__.py" if module in PACKAGES else ".py")


class Text:
    """A model as source text."""

    def __init__(self, lazy: bool) -> None:
        self.lazy = lazy
        self.bodies: dict[str, list[str]] = {name: [] for name in MODULES}
        self.imports: dict[str, dict[str, None]] = {name: {} for name in MODULES}

    def add(self, one: Definition) -> None:
        inner: dict[str, None] = {}
        spelled = [(reference.to, self.spelling(one, reference, inner)) for reference in one.references]
        used = [use(to, text) for to, text in spelled]
        visit = [f"if {one.name!r} in seen:", "    return 0", f"seen.add({one.name!r})"]
        if one.kind == "function":
            start = ["seen = set()"] if one.name == "s" else visit
            lines = [*inner, *start, f"return [{', '.join([str(one.value), *used])}]"]
            text = [f"def {one.name}({'text' if one.name == 's' else 'seen'}):", *indented(lines)]
        elif one.kind == "class":
            base = next((text for to, text in spelled if to.kind == "class"), "object")
            used = ["super().run(seen)" if text.startswith(f"{base}()") else text for text in used]
            lines = [*visit, f"return [{', '.join([str(one.value), *used])}]"]
            text = [f"class {one.name}({base}):", f"    value = {one.value}", "    def run(self, seen):"]
            text += indented(indented(lines))
        elif one.kind == "constant":
            text = [f"{one.name} = [{', '.join([str(one.value), *used])}]"]
        elif one.kind == "table":
            text = [f"{one.name} = {{'value': {one.value}, 'use': {spelled[0][1]}}}"]
        else:
            text = [f"{one.name} = {spelled[0][1]}"]
        self.bodies[one.module] += text

    def spelling(self, one: Definition, reference: Reference, inner: dict[str, None]) -> str:
        """How a definition names another; the imports that this needs."""
        to = reference.to
        if to.module == one.module:
            return to.name
        source, name = self.imported_by_others(one, reference)
        early = MODULES.index(source) < MODULES.index(one.module)
        imports = self.imports[one.module] if early or not self.lazy else inner
        style = reference.style
        if style == "module" and one.module in PACKAGES:
            style = "module as"  # its parent doesn't know it yet while it is imported
        if style == "star" and imports is inner:
            style = "name"
        package, _, last = source.rpartition(".")
        short = source.replace(".", "_")
        if style in ("module as", "from package") and not (package and style == "from package"):
            line, text = f"import {source} as {short}", f"{short}.{name}"
        elif style == "from package":
            line, text = f"from {package} import {last} as {last}_{short}", f"{last}_{short}.{name}"
        elif style == "module":
            line, text = f"import {source}", f"{source}.{name}"
        elif style == "star":
            line, text = f"from {source} import *", name
        elif style == "name as":
            line, text = f"from {source} import {name} as the_{name}", f"the_{name}"
        else:
            line, text = f"from {source} import {name}", name
        imports[line] = None
        return text

    def imported_by_others(self, one: Definition, reference: Reference) -> tuple[str, str]:
        """Where the definition can be had from after each of the modules has imported it."""
        source, name = reference.to.module, reference.to.name
        for module in reference.through:
            last = len(MODULES) if one.kind == "function" else MODULES.index(one.module)
            if module != one.module and MODULES.index(source) < MODULES.index(module) < last:
                # A name that no other import of the module has: one bound twice is a definition of its own.
                again = f"{reference.to.name}_{source}_{module}".replace(".", "_")
                self.imports[module][f"from {source} import {name} as {again}"] = None
                source, name = module, again
        return source, name


def use(to: Definition, text: str) -> str:
    """The value of a definition, from a function."""
    target = to
    while target.kind == "alias":
        target = target.references[0].to
    if target.kind == "table":
        return f"{text}['value'], " + use(target.references[0].to, f"{text}['use']")
    return {"function": f"{text}(seen)", "class": f"{text}().run(seen)"}.get(target.kind, text)


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


# --- drawing one ---------------------------------------------------------------------------------------


@st.composite
def models(draw: st.DrawFn) -> Model:
    lazy = draw(st.booleans())
    places = sorted(draw(st.lists(st.sampled_from(MODULES), min_size=4, max_size=12)), key=MODULES.index)
    definitions = [
        Definition(f"d{number}", module, draw(st.sampled_from(KINDS)), number + 10)
        for number, module in enumerate(places)
    ]
    definitions.append(Definition("s", "stages", "function", 0))
    for place, one in enumerate(definitions):
        choices = _choices(one, definitions[:place], definitions[:-1])
        if one.kind in NEED_ONE and not choices:
            one.kind = "constant"
            choices = _choices(one, definitions[:place], [])
        most = 1 if one.kind in NEED_ONE else min(3, len(choices))
        fewest = most if one.name == "s" or one.kind in NEED_ONE else min(1, most)
        if choices:
            chosen = st.lists(st.sampled_from(choices), min_size=fewest, max_size=most, unique_by=id)
            one.references = [draw(references(to)) for to in draw(chosen)]
    return Model(definitions, lazy)


def _choices(one: Definition, earlier: list[Definition], others: list[Definition]) -> list[Definition]:
    """What a definition may refer to; a function anything, the rest what is there when it is imported."""
    if one.kind == "function":
        return others
    wanted = {"constant": ("constant",), "table": ("function",)}.get(one.kind, ("function", "class"))
    return [other for other in earlier if other.kind in wanted]


@st.composite
def references(draw: st.DrawFn, to: Definition) -> Reference:
    style = draw(st.sampled_from(STYLES))
    through = draw(st.lists(st.sampled_from(MODULES), max_size=2)) if style.endswith("again") else []
    return Reference(to, style, through)


# --- what must hold ------------------------------------------------------------------------------------

with_random_projects = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def edited(model: Model, one: Definition) -> Model:
    other = copy.deepcopy(model)
    next(each for each in other.definitions if each.name == one.name).value += 100
    return other


def is_late(one: Definition, reference: Reference) -> bool:
    """A star import, directly or on the way, of a module that is imported after this one."""
    styles = STYLES[5:]
    return reference.style in styles and MODULES.index(reference.to.module) >= MODULES.index(one.module)


# Without modules that star-import each other: which of them has the name then depends on who is first, and
# the code graph answers with more than the definition that is reached, never with less.
acyclic = models().filter(
    lambda model: not any(is_late(one, each) for one in model.definitions for each in one.references)
)


def hashes(fact: CodeFact) -> dict[str, str]:
    return {name: unit.hash for name, unit in fact.units.items()}


@with_random_projects
@given(model=acyclic)
def test_exactly_the_definitions_that_are_referred_to_are_reached(code, model):
    code = code.emptied().write(model.files())
    assert set(code.fact().units) == {one.unit for one in model.reached()}


@with_random_projects
@given(model=models(), data=st.data())
def test_an_edit_changes_the_hash_of_its_unit_and_with_it_the_fingerprints_that_reach_it(code, model, data):
    one = data.draw(st.sampled_from([each for each in model.definitions if each.kind != "alias"]))
    code = code.emptied().write(model.files())
    before, was = code.fact(), code.output()
    code.write(edited(model, one).files())
    after, now = code.fact(), code.output()
    matters = one.name in {each.name for each in model.reached()}
    assert (after.fingerprint != before.fingerprint) == matters
    assert dict(hashes(before).items() - hashes(after).items()).keys() == ({one.unit} if matters else set())
    if model.lazy:
        assert was.startswith("[")
        assert (now != was) == matters


@with_random_projects
@given(model=acyclic, data=st.data())
def test_where_and_how_a_definition_is_written_does_not_matter(code, model, data):
    code = code.emptied().write(model.files())
    before = code.fact()
    other = copy.deepcopy(model)
    functions = [one for one in other.definitions if one.kind == "function" and one is not other.stage]
    for one in data.draw(st.permutations(functions)):  # they may stand anywhere
        other.definitions.remove(one)
        other.definitions.insert(data.draw(st.integers(0, len(other.definitions) - 1)), one)
    files = other.files()
    for module in data.draw(st.lists(st.sampled_from(MODULES))):
        users = [one for one in model.definitions if one.module == module]
        files[path_of(module)] = "\n".join([
            '"""Documentation."""  # and a comment',
            files[path_of(module)].replace("\n", "  # note\n\n"),
            *(f"def unrelated_{one.name}():\n    return {one.name}" for one in users),
            *(f"UNRELATED_{one.name} = [{one.name}]" for one in users if one.kind == "constant"),
            *(f"class Unrelated_{one.name}({one.name}): pass" for one in users if one.kind == "class"),
        ])  # fmt: skip
    code.write({**files, "p/unrelated.py": "from a import *\n", "unrelated.py": "def f(:\n"})
    after = code.fact()
    assert after.fingerprint == before.fingerprint
    assert hashes(after) == hashes(before)


@with_random_projects
@given(model=acyclic, data=st.data())
def test_how_a_definition_is_imported_does_not_matter(code, model, data):
    """Imports in the function itself are written down with it, so only those of the module are changed."""
    code = code.emptied().write(model.files())
    before = code.fact()
    for one in model.definitions:
        for reference in one.references:
            early = MODULES.index(reference.to.module) < MODULES.index(one.module)
            if (early or not model.lazy) and not reference.through:
                reference.style = data.draw(st.sampled_from(STYLES if early else STYLES[:5]))
    code.write(model.files())
    assert hashes(code.fact()) == hashes(before)


@with_random_projects
@given(model=acyclic, data=st.data())
def test_the_answer_depends_on_the_text_alone(code, model, data, elsewhere):
    """Not on the folder, the seed of hashes, what was asked before, or what is in the cache."""
    code = code.emptied().write(model.files())
    cold = code.fact()
    assert code.fact() == cold, "with all summaries in the cache"
    for key in data.draw(st.lists(st.sampled_from(sorted(code.cache)), unique=True)):
        del code.cache[key]
    graph = code.graph()
    for one in data.draw(st.permutations(model.definitions)):
        graph.stage([(one.module, one.name)])
    assert graph.stage([("stages", "s")]) == cold, "after other questions"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(code.project.root, folder, dirs_exist_ok=True)
        answer = elsewhere.ask(folder)
    assert (answer["fingerprint"], answer["units"]) == (cold.fingerprint, hashes(cold)), "on another machine"
