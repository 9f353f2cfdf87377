"""Names that mean something to the code graph: what widens, what reads annotations, what is harmless.

All are full dotted names as the graph resolves them. Nothing here is imported.
"""

# ruff: noqa: SIM905  # long lists of words read better as text
from __future__ import annotations

import sys
from functools import cache

ENGINE = "pivot_core"
# What the loaders of these names do is done by libraries.
LOADERS = {
    "CSV": frozenset({"pandas"}),
    "Parquet": frozenset({"pandas", "pyarrow"}),
    "YAML": frozenset({"yaml"}),
    "MatplotlibFigure": frozenset({"matplotlib"}),
}


def packages_of_loader(name: str) -> frozenset[str]:
    """The packages behind ``pivot_core.loaders.CSV`` and the like."""
    module, _, kind = name.rpartition(".")
    return LOADERS.get(kind, frozenset()) if module == f"{ENGINE}.loaders" else frozenset()


# Calls after which the code that runs can't be told from the text.
WIDENING = (
    "builtins.exec",
    "builtins.eval",
    "builtins.compile",
    "builtins.globals",
    "sys._getframe",
    "runpy.run_path",
    "importlib.util.spec_from_file_location",
    "importlib.util.module_from_spec",
    "importlib.machinery.SourceFileLoader",
)
IMPORTERS = frozenset(
    {
        "builtins.__import__",
        "importlib.import_module",
        "importlib.__import__",
        "importlib.util.find_spec",
        "pkgutil.resolve_name",
        "runpy.run_module",
    }
)
# What a module's own names can be set through.
NAMESPACES = frozenset({"builtins.globals", "builtins.vars", "builtins.locals", "builtins.exec"})

# What replaces something that it is given the name of; and what does it by any name.
REPLACING = frozenset({"dict", "multiple", "patch", "setattr", "delattr"})
REPLACES = ("mock", "unittest.mock", "pytest", "_pytest")
# What gives a module that is named at run time, and the libraries that do.
GIVES_MODULES = IMPORTERS | {
    "importlib",
    "importlib.reload",
    "inspect",
    "inspect.getmodule",
    "pkgutil",
}

# What an attribute hands out, beyond its own value.
ATTRIBUTES = {
    "__doc__": "docs",
    "model_json_schema": "docs",
    "json_schema": "docs",
    "__annotations__": "annotations",
    "__annotate__": "annotations",
    "__signature__": "annotations",
    "__type_params__": "annotations",
    "__subclasses__": "subclasses",
    "__code__": "source",
    "__firstlineno__": "source",
    "f_lineno": "source",
    "f_locals": "source",
    "tb_lineno": "source",
    "co_cellvars": "source",
    "co_code": "source",
    "co_consts": "source",
    "co_firstlineno": "source",
    "co_freevars": "source",
    "co_lines": "source",
    "co_names": "source",
    "co_positions": "source",
    "co_varnames": "source",
}
# What of a code object doesn't depend on how it is written.
OF_CODE = frozenset(
    {"co_argcount", "co_flags", "co_kwonlyargcount", "co_name", "co_posonlyargcount", "co_qualname"}
)

# What hands out the documentation or the annotations of whatever it is given.
READS_DOCS = (
    "inspect.getdoc",
    "inspect.getmembers",
    "inspect.cleandoc",
    "builtins.help",
    "pydoc",
    "cmd",
    "doctest",
    "unittest",
    "xmlrpc.server",
    "argh",
    "click",
    "clize",
    "cyclopts",
    "defopt",
    "docopt",
    "docstring_parser",
    "fire",
    "langchain",
    "plac",
    "typer",
)
READS_ANNOTATIONS = (
    "inspect.signature",
    "inspect.Signature",
    "inspect.get_annotations",
    "inspect.getfullargspec",
    "typing.get_type_hints",
    "typing_extensions.get_type_hints",
    "annotationlib",
    "functools.singledispatch",
    "functools.singledispatchmethod",
    "builtins.help",
    "pydoc",
)
# Mappings and functions for environment variables; what reads these by names that it is given or makes up.
ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.getenvb")
READS_ENVIRONMENT = (
    "os.path.expandvars",
    "decouple",
    "dotenv",
    "dynaconf",
    "environ",
    "environs",
    "pydantic.BaseSettings",
    "pydantic_settings",
    "starlette.config",
    "typed_settings",
)
# What hands a command to a shell, which expands them.
SHELLS = (
    "subprocess",
    "os.system",
    "os.popen",
    "asyncio.create_subprocess_shell",
    "asyncio.create_subprocess_exec",
)
# What executes a file of code by its path, or finds any module.
BY_FILE = (
    "runpy.run_path",
    "importlib.util.spec_from_file_location",
    "importlib.machinery.SourceFileLoader",
    "importlib.machinery.PathFinder",
    "pkgutil.get_importer",
    "pydoc.importfile",
    "pydoc.locate",
    "sys.meta_path",
    "sys.path_hooks",
)
# What gives any object, or the names of any module.
REACHES_ALL = (
    "gc.get_objects",
    "gc.get_referents",
    "gc.get_referrers",
    "inspect.getmodule",
    "types.FrameType.f_globals",
    "types.FunctionType.__globals__",
)
# What hands out the text itself, or where in it something stands, or what its local variables are called.
READS_SOURCE = (
    "dis",
    "inspect.findsource",
    "inspect.getclosurevars",
    "inspect.getcomments",
    "inspect.getframeinfo",
    "inspect.getinnerframes",
    "inspect.getouterframes",
    "inspect.getsource",
    "inspect.getsourcelines",
    "inspect.stack",
    "inspect.trace",
    "linecache",
    "tokenize.open",
    "traceback.StackSummary",
    "traceback.TracebackException",
    "traceback.extract_stack",
    "traceback.extract_tb",
    "traceback.format_exc",
    "traceback.format_exception",
    "traceback.format_stack",
    "traceback.format_tb",
    "traceback.print_exc",
    "traceback.print_exception",
    "traceback.print_stack",
    "traceback.print_tb",
    "traceback.walk_stack",
    "traceback.walk_tb",
)

# Decorators and base classes that never look at the annotations of functions.
INERT_DECORATORS = (
    "builtins",
    "abc",
    "atexit",
    "contextlib",
    "dataclasses",
    "enum",
    "typing",
    "typing_extensions",
    "collections",
    "warnings",
    "functools.wraps",
    "functools.lru_cache",
    "functools.cache",
    "functools.cached_property",
    "functools.partial",
    "functools.total_ordering",
    # They look at those of fields, and count arguments.
    "attr.attrs",
    "attr.dataclass",
    "attr.define",
    "attr.frozen",
    "attr.mutable",
    "attr.s",
    "attrs.define",
    "attrs.frozen",
    "attrs.mutable",
    "msgspec.Struct",
    "pydantic.BaseModel",
    "pydantic.RootModel",
    "pydantic.dataclasses.dataclass",
    "pydantic.field_validator",
    "pydantic.model_validator",
    "pydantic_settings.BaseSettings",
    ENGINE,
)

# Libraries that never look at the annotations of the functions they are handed.
ANNOTATION_BLIND = frozenset(
    """
    numpy pandas scipy sklearn matplotlib pyarrow seaborn PIL yaml requests tqdm joblib loky
    statsmodels xgboost lightgbm catboost h5py networkx openpyxl lxml bs4 orjson msgpack lz4
    zstandard xxhash blake3 pivot_core
    """.split()
)

# Libraries that never look at the documentation of what they decorate or derive from.
DOCS_BLIND = ANNOTATION_BLIND | frozenset(
    """
    attr attrs backoff beartype cachetools dask diskcache jax jaxtyping numba pandera polars pydantic
    pydantic_settings pytest ray tenacity tensorflow torch typeguard typing_extensions
    """.split()
)

# Built-ins that call what they are given; no other built-in calls a function of the project.
CALLING_BUILTINS = frozenset(
    {"map", "filter", "iter", "sorted", "min", "max", "next", "type", "exec", "eval", "__import__"}
)

# Methods that change the object they are called on, wherever the call stands.
MUTATORS = frozenset(
    """
    append appendleft extend extendleft insert add update setdefault pop popitem popleft remove
    discard clear sort reverse register unregister __setitem__ __delitem__ __setattr__ __delattr__
    difference_update intersection_update symmetric_difference_update
    fit fit_predict fit_transform partial_fit set_params
    """.split()
)
# Functions that change what they are given, and whose value is of use.
CHANGING = (
    "builtins.next",
    "heapq",
    "operator.iadd",
    "operator.iconcat",
    "operator.iand",
    "operator.ior",
    "operator.isub",
    "operator.ixor",
)
# Classes of libraries that remember all classes that are made from them.
REMEMBERS_CLASSES = ("marshmallow.Schema", "ruamel.yaml.YAMLObject", "yaml.YAMLObject")
# What makes objects that are another way to what they were made of.
WRAPPING = (
    "builtins.getattr",
    "builtins.memoryview",
    "collections.ChainMap",
    "csv.DictWriter",
    "csv.writer",
    "functools.partial",
    "io.TextIOWrapper",
    "types.MappingProxyType",
    "types.SimpleNamespace",
)
# Methods whose value shares nothing with the object.
COPYING = frozenset(
    "copy deepcopy model_copy format join lower upper strip split read_text read_bytes".split()
)
# Functions that print, if they aren't given a file.
PRINTING = frozenset({"print", "print_exc", "print_exception", "print_stack", "print_tb"})
# Methods that are called for what they print.
TALKING = frozenset(
    """
    debug info warning warn error exception critical log
    """.split()
)

# Methods that begin what a ``with`` statement would end.
ENTERING = frozenset({"__enter__", "__aenter__", "enter_context", "enter_async_context"})

# What makes objects that are another one after each use: generators of random numbers, iterators, files.
STATEFUL = (
    "random.Random",
    "random.SystemRandom",
    "numpy.random.default_rng",
    "numpy.random.RandomState",
    "numpy.random.Generator",
    "numpy.random.SeedSequence",
    "sklearn.utils.check_random_state",
    "torch.Generator",
    "itertools",
    "csv.reader",
    "builtins.enumerate",
    "builtins.filter",
    "builtins.iter",
    "builtins.map",
    "builtins.open",
    "builtins.zip",
    "contextvars.ContextVar",
)
# Libraries with such a generator of their own, behind their functions.
DRAWING = ("random", "numpy.random")

# State of the process that any library may look at, whoever changes it.
AMBIENT = (
    "codecs.register",
    "codecs.register_error",
    "copyreg",
    "locale.setlocale",
    "os.chdir",
    "os.environ",
    "os.putenv",
    "os.unsetenv",
    "site.addsitedir",
    "sys.meta_path",
    "sys.path",
    "sys.path_hooks",
    "sys.set_int_max_str_digits",
    "sys.setrecursionlimit",
    "time.tzset",
)


# Libraries that others may use, of those whose state matters to more than themselves.
_SHARED_STATE = frozenset({"matplotlib", "numpy", "pandas", "random", "tensorflow", "torch"})
# Libraries that use none of them (``numpy`` is used by the rest), or only these.
_USES = {
    **dict.fromkeys(
        """
        numpy PIL bs4 blake3 click joblib loky lxml lz4 msgpack openpyxl orjson pydantic requests rich tqdm
        xxhash yaml zstandard
        """.split(),
        frozenset[str](),
    ),
    "h5py": frozenset({"numpy"}),
    "pyarrow": frozenset({"numpy", "pandas"}),
    "scipy": frozenset({"numpy"}),
    "torch": frozenset({"numpy", "random"}),
    "pandas": frozenset({"matplotlib", "numpy"}),
}


def may_use(package: str, other: str) -> bool:
    """What changes the state of the other library may change what the package does."""
    if package == other:
        return True
    if other not in _SHARED_STATE or package == ENGINE or package in sys.stdlib_module_names:
        return False
    return other in _USES.get(package, _SHARED_STATE)


def under(name: str, prefixes: tuple[str, ...]) -> bool:
    """``name`` is one of the prefixes or an attribute of one."""
    return f"{name}.".startswith(_dotted(prefixes))


@cache
def _dotted(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{prefix}." for prefix in prefixes)
