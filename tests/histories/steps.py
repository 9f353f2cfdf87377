"""What happens to a project between two runs: edits of the model, and what befalls the files themselves."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeAlias

from model import FORMS, LIBRARIES, READS, STAGES, Const, Helper, World, dotted

Edit: TypeAlias = Callable[[World, random.Random], str]


def edit_a_helper(world: World, rng: random.Random) -> str:
    helper = rng.choice(list(world.helpers.values()))
    helper.factor = rng.randrange(1, 20)
    return f"{helper.name} has another factor"


def edit_a_constant(world: World, rng: random.Random) -> str:
    const = rng.choice(list(world.consts.values()))
    const.value = rng.randrange(50)
    return f"{const.name} = {const.value}"


def write_otherwise(world: World, rng: random.Random) -> str:
    """Cosmetic: nothing may run because of it."""
    module = rng.choice([*LIBRARIES, *STAGES, "pipeline"])
    world.styles[module] = rng.randrange(10**6)
    return f"{module} is written otherwise"


def change_a_form(world: World, rng: random.Random) -> str:
    helper = rng.choice(list(world.helpers.values()))
    helper.form = rng.choice(FORMS)
    return f"{helper.name} is a {helper.form}"


def change_what_it_calls(world: World, rng: random.Random) -> str:
    helper = rng.choice(list(world.helpers.values()))
    before = sorted(world.helpers, key=lambda name: int(name[1:]))
    before = before[: before.index(helper.name)]
    before = [name for name in before if _level(world.helpers[name]) <= _level(helper)]
    helper.helpers = rng.sample(before, min(len(before), rng.randrange(3)))
    consts = [const.name for const in world.consts.values() if _level(const) <= _level(helper)]
    helper.consts = rng.sample(consts, min(len(consts), rng.randrange(3)))
    return f"{helper.name} calls {helper.helpers} {helper.consts}"


def move_a_helper(world: World, rng: random.Random) -> str:
    helper = rng.choice(list(world.helpers.values()))
    users = [each for each in world.helpers.values() if helper.name in each.helpers]
    used = [
        *(world.helpers[name] for name in helper.helpers),
        *(world.consts[name] for name in helper.consts),
    ]
    lowest = max(map(_level, used), default=0)
    highest = min(map(_level, users), default=len(LIBRARIES) - 1)
    helper.module = LIBRARIES[rng.randrange(lowest, highest + 1)]
    return f"{helper.name} is in {helper.module}"


def rename_a_helper(world: World, rng: random.Random) -> str:
    old = rng.choice(list(world.helpers))
    # Numbers say which may call which.
    new = f"h{old[1:]}0" if int(old[1:]) < 1 else old[:-1] if old.endswith("0") and len(old) > 2 else f"{old}"
    if new in world.helpers or new == old:
        return "no helper is renamed"
    world.helpers = {new if name == old else name: each for name, each in world.helpers.items()}
    world.helpers[new].name = new
    for each in (*world.helpers.values(), *world.stages.values()):
        each.helpers = [new if name == old else name for name in each.helpers]
    return f"{old} is called {new}"


def let_it_fail(world: World, rng: random.Random) -> str:
    failing = [helper for helper in world.helpers.values() if helper.fails]
    helper = rng.choice(failing or list(world.helpers.values()))
    helper.fails = not failing
    return f"{helper.name} {'fails' if helper.fails else 'is mended'}"


def change_params(world: World, rng: random.Random) -> str:
    with_params = [stage for stage in world.stages.values() if stage.size is not None]
    if not with_params:
        return "nobody has params"
    stage = rng.choice(with_params)
    if rng.random() < 0.5:
        stage.size = rng.randrange(4)
        return f"{stage.name} has size {stage.size}"
    if stage.name in world.sizes and rng.random() < 0.5:
        del world.sizes[stage.name]
        return f"params.yaml says nothing of {stage.name}"
    world.sizes[stage.name] = rng.randrange(4)
    return f"params.yaml: {stage.name} {world.sizes[stage.name]}"


def change_data(world: World, rng: random.Random) -> str:
    path = rng.choice(["data/a.txt", "data/b.txt", "data/notes.txt", "data/many/x", "data/many/y"])
    needed = path in ("data/a.txt", "data/b.txt")
    world.data[path] = rng.choice(["one", "two", "three", *([] if needed else [None, None])])
    return f"{path}: {world.data[path]}"


def lose_an_input(world: World, rng: random.Random) -> str:
    path = rng.choice(["data/a.txt", "data/b.txt"])
    world.data[path] = "again" if world.data[path] is None else None
    return f"{path}: {world.data[path]}"


def set_a_variable(world: World, rng: random.Random) -> str:
    name = rng.choice(["PIVOT_H_A", "PIVOT_H_B"])
    if name in world.variables and rng.random() < 0.5:
        del world.variables[name]
    else:
        world.variables[name] = rng.choice("12")
    return f"{name}={world.variables.get(name)}"


def change_what_it_reads(world: World, rng: random.Random) -> str:
    stage = rng.choice(list(world.stages.values()))
    stage.reads = rng.sample(READS, rng.choice([0, 1, 2]))
    return f"{stage.name} reads {stage.reads}"


def change_a_stage(world: World, rng: random.Random) -> str:
    stage = rng.choice(list(world.stages.values()))
    stage.helpers = rng.sample(sorted(world.helpers), rng.randrange(1, 3))
    return f"{stage.name} calls {stage.helpers}"


def rewire_a_stage(world: World, rng: random.Random) -> str:
    names = list(world.stages)
    stage = world.stages[rng.choice(names)]
    before = names[: names.index(_of(world, stage.name))]
    stage.deps = rng.sample(["data/a.txt", "data/b.txt", *before], rng.randrange(1, 3))
    return f"{stage.name} depends on {stage.deps}"


def move_an_output(world: World, rng: random.Random) -> str:
    stage = rng.choice(list(world.stages.values()))
    stage.folder = rng.choice(["out", "made", "out/more"])
    return f"{stage.name} makes {stage.out}"


def change_the_kind(world: World, rng: random.Random) -> str:
    stage = rng.choice(list(world.stages.values()))
    stage.kind = rng.choice(["text", "tree", "file"])
    return f"{stage.name} makes a {stage.kind}"


def rename_a_stage(world: World, rng: random.Random) -> str:
    stage = rng.choice(list(world.stages.values()))
    old, stage.name = (
        stage.name,
        rng.choice([stage.function, f"{stage.function}@x", f"other_{stage.function}"]),
    )
    if old in world.sizes:
        world.sizes[stage.name] = world.sizes.pop(old)
    return f"{old} is called {stage.name}"


def move_a_stage(world: World, rng: random.Random) -> str:
    stage = rng.choice(list(world.stages.values()))
    stage.module = rng.choice(STAGES)
    return f"{stage.name} is in {stage.module}"


def drop_a_stage(world: World, rng: random.Random) -> str:
    used = {dep for stage in world.stages.values() for dep in stage.deps}
    free = [name for name in world.stages if name not in used]
    if len(world.stages) < 3 or not free:
        return "no stage goes"
    gone = rng.choice(free)
    world.sizes.pop(world.stages.pop(gone).name, None)
    return f"stage {gone} goes"


def add_a_stage(world: World, rng: random.Random) -> str:
    number = next(at for at in range(20) if f"s{at}" not in world.stages)
    like = rng.choice(list(world.stages.values()))
    stage = world.copy().stages[_of(world, like.name)]
    stage.name = stage.function = f"s{number}"
    stage.folder = "out"
    stage.deps = rng.sample(["data/a.txt", "data/b.txt", *world.stages], rng.randrange(1, 3))
    world.stages[stage.name] = stage
    return f"stage {stage.name} comes, like {like.name}"


def patch(world: World, rng: random.Random) -> str:
    """What pipeline.py imports changes what others find."""
    if world.patches and rng.random() < 0.6:
        world.patches.pop()
        return "a patch less"
    if rng.random() < 0.5:
        const = rng.choice(list(world.consts.values()))
        world.patches.append(f"{dotted(const.module)}.{const.name} = {rng.randrange(50)}")
    else:
        helper = rng.choice(list(world.helpers.values()))
        world.patches.append(f"{dotted(helper.module)}.{helper.name} = lambda x: x + {rng.randrange(9)}")
    return f"patch: {world.patches[-1]}"


def break_the_syntax(world: World, rng: random.Random) -> str:
    world.broken = None if world.broken else rng.choice([*LIBRARIES, *STAGES])
    return f"broken: {world.broken}"


EDITS: dict[Edit, int] = {
    edit_a_helper: 14,
    edit_a_constant: 8,
    write_otherwise: 20,
    change_a_form: 8,
    change_what_it_calls: 6,
    move_a_helper: 5,
    rename_a_helper: 3,
    let_it_fail: 4,
    change_params: 8,
    change_data: 10,
    lose_an_input: 2,
    set_a_variable: 4,
    change_what_it_reads: 4,
    change_a_stage: 4,
    rewire_a_stage: 4,
    move_an_output: 3,
    change_the_kind: 3,
    rename_a_stage: 3,
    move_a_stage: 3,
    drop_a_stage: 2,
    add_a_stage: 3,
    patch: 4,
    break_the_syntax: 2,
}


def edited(world: World, rng: random.Random) -> tuple[World, str]:
    """Another project, by one edit."""
    after = world.copy()
    edit = rng.choices(list(EDITS), list(EDITS.values()))[0]
    return after, edit(after, rng)


def _level(each: Helper | Const) -> int:
    return LIBRARIES.index(each.module)


def _of(world: World, name: str) -> str:
    return next(key for key, stage in world.stages.items() if stage.name == name)
