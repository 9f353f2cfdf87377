"""Reads that no ``open`` of the worker's own tells of: by native code, and by processes that it starts."""

from __future__ import annotations

import shutil
import sqlite3
from importlib.machinery import EXTENSION_SUFFIXES

import pandas
import pytest
import xxhash._xxhash

STAGE = """
import os, sys
import pandas
import helpers

def reading(
    text: Annotated[str, outputs.Dep("in.txt", Text)],
) -> Annotated[str, outputs.Out("out.txt", Text)]:
    {body}

pipeline = Pipeline("p")
pipeline.register(reading)
"""
HELPERS = """
from pathlib import Path

def load(name):
    return Path(f"{name}.txt").read_text()

def save(name):
    Path(f"{name}.tmp").write_text("made")

def again(name):
    return Path(f"{name}.tmp").read_text()
"""


@pytest.fixture
def reading(project):
    project.write("in.txt", "in")
    project.write("extra.txt", "one")
    project.write("helpers.py", HELPERS)

    def made(body: str) -> None:
        project.pipeline(STAGE.format(body=body))
        assert project.run().outcomes == {"reading": "ran"}
        assert project.states() == {"reading": "fresh"}

    return made


PROCESSES = {
    "forked": """
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(1) as pool:
        return "".join(pool.map(helpers.load, ["extra"]))
    """,
    "os.fork": """
    if not os.fork():
        helpers.load("extra")
        os._exit(0)
    os.wait()
    return ""
    """,
    "spawned": """
    import multiprocessing
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return "".join(pool.map(helpers.load, ["extra"]))
    """,
    "joblib": """
    from joblib import Parallel, delayed
    return "".join(Parallel(n_jobs=2)(delayed(helpers.load)(name) for name in ["in", "extra"]))
    """,
}


@pytest.mark.parametrize("body", PROCESSES.values(), ids=PROCESSES)
def test_what_the_processes_of_a_pool_read_is_an_input(project, reading, body):
    """Also those that are started anew, which the usual way of starting in a worker must not break."""
    reading(body)
    project.write("helpers.py", "# the same\n" + HELPERS)
    assert project.states() == {"reading": "fresh"}
    project.write("extra.txt", "two")
    assert project.reasons("reading") == [("discovered_input", "extra.txt")]
    assert project.run().outcomes == {"reading": "ran"}
    assert project.states() == {"reading": "fresh"}


def test_what_a_pool_reads_while_a_module_is_imported_is_an_input(project, reading):
    project.write(
        "settings.py",
        """
        import helpers
        from concurrent.futures import ProcessPoolExecutor
        with ProcessPoolExecutor(1) as pool:
            text, = pool.map(helpers.load, ["extra"])
        """,
    )
    reading("import settings; return settings.text")
    project.write("extra.txt", "two")
    assert project.reasons("reading") == [("discovered_input", "extra.txt")]


def test_what_one_process_writes_for_another_is_no_input(project, reading):
    reading(
        """
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(1) as pool:
        pool.submit(helpers.save, "t").result()
        return pool.submit(helpers.again, "t").result() + helpers.again("t")
    """
    )
    (project.root / "t.tmp").unlink()
    assert project.states() == {"reading": "fresh"}


@pytest.mark.parametrize("between", ["", "pandas.read_parquet('rows')"])
def test_what_a_stage_reads_before_another_process_writes_it_is_an_input(project, reading, between):
    """Whatever native code reads in between."""
    pandas.DataFrame({"a": [1], "k": [1]}).to_parquet(project.root / "rows", partition_cols=["k"])
    project.write("count.tmp", "from before")
    reading(
        f"""
    from concurrent.futures import ProcessPoolExecutor
    found = helpers.again("count")
    {between}
    with ProcessPoolExecutor(1) as pool:
        pool.submit(helpers.save, "count").result()
    return found
    """
    )
    project.write("count.tmp", "edited")
    assert ("discovered_input", "count.tmp") in project.reasons("reading")


@pytest.mark.parametrize(
    "body",
    [
        "return str(pandas.read_parquet('rows.parquet').values)",
        "import pyarrow.parquet\n    return str(pyarrow.parquet.read_table('rows.parquet').to_pylist())",
        "import pyarrow.parquet\n    return str(pyarrow.parquet.ParquetFile(Path('rows.parquet')).metadata)",
        "import pyarrow.dataset as ds\n    return str(ds.dataset('rows.parquet').to_table().to_pylist())",
    ],
)
def test_a_table_that_native_code_reads_is_an_input(project, reading, body):
    table = project.root / "rows.parquet"
    pandas.DataFrame({"a": [1]}).to_parquet(table)
    reading(body)
    pandas.DataFrame({"a": [2]}).to_parquet(table)
    assert ("discovered_input", "rows.parquet") in project.reasons("reading")


def test_a_folder_of_tables_that_native_code_reads_is_an_input(project, reading):
    folder = project.root / "rows"
    pandas.DataFrame({"a": [1], "k": [1]}).to_parquet(folder, partition_cols=["k"])
    reading("return str(pandas.read_parquet('rows').values)")
    pandas.DataFrame({"a": [1], "k": [2]}).to_parquet(folder, partition_cols=["k"])
    assert ("discovered_input", "rows/") in project.reasons("reading")


@pytest.mark.parametrize(
    "body",
    [
        "table.to_parquet('made'); table.to_csv('made.csv'); return str(pandas.read_parquet('made').values)",
        "import pyarrow, pyarrow.dataset as ds\n    t = pyarrow.table({'a': [1]})\n"
        "    ds.write_dataset(t, 'made', format='csv', existing_data_behavior='overwrite_or_ignore')\n"
        "    return str(ds.dataset('made', format='csv').to_table().to_pylist())",
    ],
)
def test_a_table_that_a_stage_writes_is_no_input_of_it(project, reading, body):
    reading(f"table = pandas.DataFrame({{'a': [1]}})\n    {body}")
    project.write("in.txt", "other")
    assert not project.run().of("warning")
    made = project.root / "made"
    shutil.rmtree(made) if made.is_dir() else made.unlink()
    assert project.states() == {"reading": "fresh"}


def test_a_database_that_is_named_by_an_address_is_an_input(project, reading):
    database = project.root / "rows.db"
    sqlite3.connect(database).execute("create table one (a)").connection.close()
    reading("import sqlite3; return str(sqlite3.connect('file:rows.db?mode=ro', uri=True).total_changes)")
    sqlite3.connect(database).execute("create table two (a)").connection.close()
    assert project.reasons("reading") == [("discovered_input", "rows.db")]


@pytest.mark.parametrize(
    "body",
    [
        "import ctypes; return ctypes.CDLL('./_xxhash.so')._name",
        "import _xxhash; return _xxhash.__file__[-10:]",
        "import native; return native.found",
    ],
)
def test_a_compiled_module_or_library_is_an_input(project, reading, body):
    library = project.root / "_xxhash.so"
    shutil.copy(xxhash._xxhash.__file__, library)
    project.write("native.py", "import _xxhash\nfound = _xxhash.__name__\n")
    reading(body)
    with library.open("ab") as file:
        file.write(b"\0")
    assert project.reasons("reading") == [("discovered_input", "_xxhash.so")]


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("more/extra.py", "import pkg.extra as found"),
        ("extra.zip", "sys.path.append('extra.zip'); import zipped as found"),
        ("extra.py", "found = Path('extra' + '.p' + 'y').read_text()"),
    ],
)
def test_what_an_import_finds_in_another_place_is_an_input(project, reading, path, head):
    """And a text of Python that is read as data while a module is imported."""

    def write(text):
        if path.endswith(".zip"):
            project.write("zipped.py", text)
            shutil.make_archive(str(project.root / "extra"), "zip", project.root, "zipped.py")
            (project.root / "zipped.py").unlink()
        else:
            project.write(path, text)

    write("text = 'one'\n")
    project.write("pkg/__init__.py", "__path__.append(__path__[0] + '/../more')\n")
    project.write("place.py", f"import sys\nfrom pathlib import Path\n{head}\n")
    reading("import place; return str(getattr(place.found, 'text', place.found))")
    write("text = 'two'\n")
    assert project.reasons("reading") == [("discovered_input", path)]


PROGRAMS = {
    "a path that is put together": """
    tools = Path(__file__).parent / "tools"
    return subprocess.check_output([sys.executable, tools / f"{text}clean.py"], text=True)
    """,
    "a shell": """
    return subprocess.check_output(f"{sys.executable} tools/{text}clean.py", shell=True, text=True)
    """,
    "a module": """
    return subprocess.check_output([sys.executable, "-m", f"tools.{text}clean"], text=True)
    """,
}


@pytest.mark.parametrize("body", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_that_only_running_tells_of_is_followed_as_code(project, reading, body):
    project.write("tools/__init__.py", "")
    project.write("tools/inclean.py", "import os, sys\nsys.path[0] = 'tools'\nimport more\nprint(more.f())\n")
    project.write("tools/more.py", "def f():\n    return 1\n\ndef main():\n    pass\n")
    reading(f"import subprocess\n{body}")
    project.edit("tools/more.py", "    return 1", "    # what\n    return 1")
    project.edit("tools/inclean.py", "print", "# what\nprint")
    assert project.states() == {"reading": "fresh"}
    project.edit("tools/more.py", "return 1", "return 2")
    assert project.reasons("reading") == [("code", "tools.inclean")]
    assert project.run().outcomes == {"reading": "ran"}
    assert project.read("out.txt") == "2\n"
    assert project.states() == {"reading": "fresh"}


def test_a_program_that_has_no_name_as_a_module_is_an_input(project, reading):
    project.write("tools/01-clean.py", "print(1)")
    reading("import subprocess; return subprocess.getoutput(f'{sys.executable} tools/01-clean.py')")
    project.write("tools/01-clean.py", "print(2)")
    assert project.reasons("reading") == [("discovered_input", "tools/01-clean.py")]


LOADED = """
import importlib.util
from pathlib import Path

def load(path):
    spec = importlib.util.spec_from_file_location("plugin", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.NAME
"""


@pytest.mark.parametrize("twice", [False, True])  # the second time, there is bytecode
def test_a_module_that_is_loaded_from_its_path_is_an_input(project, reading, twice):
    project.write("plugins/01-one.py", "NAME = 'one'\n")
    project.write("plugins/two.py", "NAME = 'two'\n")
    project.write("plug.py", LOADED)
    reading("import plug; return ''.join(map(plug.load, sorted(Path('plugins').glob('*.py'))))")
    if twice:
        project.run("--force")
    project.write("plugins/two.py", "NAME = 'two'  # followed as code\n")
    assert project.states() == {"reading": "fresh"}
    project.write("plugins/01-one.py", "NAME = 'ONE'\n")
    assert project.reasons("reading") == [("discovered_input", "plugins/01-one.py")]


KEPT = {
    "asked about": "Path('extra.txt').exists()",
    "handed to native code": "pandas.read_parquet('extra.parquet')",
    "read by a fork": "[*ProcessPoolExecutor(1).map(helpers.load, ['extra'])]",
}


@pytest.mark.parametrize("read", KEPT.values(), ids=KEPT)
def test_what_a_cache_keeps_of_a_file_is_an_input_of_the_next_stage_of_the_worker(project, reading, read):
    project.write(
        "kept.py",
        f"""
        import functools
        import helpers
        import pandas
        from concurrent.futures import ProcessPoolExecutor
        from pathlib import Path

        @functools.cache
        def kept():
            return str({read})
        """,
    )
    project.pipeline(
        """
        import kept

        def one() -> Annotated[str, outputs.Out("1.txt", Text)]:
            return kept.kept()

        def two() -> Annotated[str, outputs.Out("2.txt", Text)]:
            return kept.kept()

        def late() -> Annotated[str, outputs.Out("3.txt", Text)]:
            return "late"

        pipeline = Pipeline("p")
        for stage in (one, two, late):
            pipeline.register(stage)
        """
    )
    pandas.DataFrame({"a": [1]}).to_parquet(project.root / "extra.parquet")
    project.run("-j1")
    assert set(project.states().values()) == {"fresh"}
    (project.root / "extra.txt").unlink()
    (project.root / "extra.parquet").unlink()
    assert project.states() == {"one": "stale", "two": "stale", "late": "fresh"}


def test_a_pool_that_lives_on_tells_each_stage_what_it_reads_for_it(project, reading):
    project.write(
        "work.py",
        """
        from joblib import Parallel, delayed
        import helpers

        def load():
            return "".join(Parallel(n_jobs=2)(delayed(helpers.load)("extra") for _ in range(2)))
        """,
    )
    project.pipeline(
        """
        import work

        def one() -> Annotated[str, outputs.Out("1.txt", Text)]:
            return work.load()

        def two() -> Annotated[str, outputs.Out("2.txt", Text)]:
            return work.load()

        pipeline = Pipeline("p")
        pipeline.register(one)
        pipeline.register(two)
        """
    )
    project.run("-j1")
    project.write("extra.txt", "two")
    assert project.states() == {"one": "stale", "two": "stale"}


COMMANDS = {
    "os.spawnv": "os.spawnv(os.P_WAIT, '/bin/sh', ['sh', 'extra.txt']); return ''",
    "os.execv": "if not os.fork(): os.execv('/bin/sh', ['sh', 'extra.txt'])\n    os.wait(); return ''",
    "an executable": "import subprocess; subprocess.run(['x'], executable='./extra.txt'); return ''",
    "posix_spawn": "os.waitpid(os.posix_spawn('./extra.txt', ['x'], {}), 0); return ''",
}


@pytest.mark.parametrize("body", COMMANDS.values(), ids=COMMANDS)
def test_what_a_command_line_names_is_an_input_however_it_is_started(project, reading, body):
    (project.root / "extra.txt").write_text("#!/bin/sh\n")
    (project.root / "extra.txt").chmod(0o755)
    reading(body)
    project.write("extra.txt", "#!/bin/sh\ntrue\n")
    assert project.reasons("reading") == [("discovered_input", "extra.txt")]


def test_what_a_stage_reads_by_a_link_that_it_makes_is_an_input_by_its_own_name(project, reading):
    link = "os.symlink('extra.txt', 'other.txt')"
    reading(f"{link}; text = Path('other.txt').read_text(); os.unlink('other.txt'); return text")
    project.write("extra.txt", "two")
    assert project.reasons("reading") == [("discovered_input", "extra.txt")]


def test_what_a_stage_puts_in_the_place_of_what_it_has_read_is_its_own(project, reading):
    """As one does who keeps something for the next time: read, and replace by one rename."""
    project.write("kept.txt", "1")
    reading(
        """
    kept = Path("kept.txt").read_text()
    Path("kept.new").write_text("2")
    os.replace("kept.new", "kept.txt")
    return kept
    """
    )
    project.write("kept.txt", "3")
    assert project.reasons("reading") == [("discovered_input", "kept.txt")]


def test_what_a_stage_moves_and_reads_then_is_still_an_input(project, reading):
    reading("os.replace('extra.txt', 'moved.txt'); return Path('moved.txt').read_text()")
    project.write("moved.txt", "two")
    assert project.reasons("reading") == [("discovered_input", "moved.txt")]


@pytest.mark.parametrize("ask", ["os.getenvb(name)", "os.environb.get(name)"])
def test_a_variable_whose_name_is_bytes_is_an_input(project, reading, ask):
    reading(f"name = ('extr' + text[:0] + 'a').upper().encode(); return str({ask})")
    stage = project.status(env={"EXTRA": "1"})["reading"]
    assert [(reason["kind"], reason["subject"]) for reason in stage["reasons"]] == [("environment", "EXTRA")]


def test_a_compiled_module_that_comes_to_stand_beside_its_text_is_what_the_stage_imports(project, reading):
    """As mypyc and Cython leave it. The text counts no more: Python doesn't look at it."""
    project.write("_xxhash.py", "__name__ = 'text'")
    reading("import _xxhash; return _xxhash.__file__[-3:]")
    shutil.copy(xxhash._xxhash.__file__, project.root / f"_xxhash{EXTENSION_SUFFIXES[0]}")
    assert project.states() == {"reading": "stale"}
    assert project.run().outcomes == {"reading": "ran"}
    assert project.read("out.txt") == ".so"
    project.write("_xxhash.py", "__name__ = 'other'")
    assert project.states() == {"reading": "fresh"}
