"""How an artifact becomes a value and back.

A loader is a frozen dataclass at module level; its fields are its options and hold JSON values only.
Write your own by deriving from :class:`Reader`, :class:`Writer` or, for both, :class:`Loader`::

    @dataclass(frozen=True)
    class Image(loaders.Loader[np.ndarray, np.ndarray]):
        quality: int = 90

        def load(self, path: Path) -> np.ndarray: ...
        def save(self, value: np.ndarray, path: Path) -> None: ...

``save`` should write the same bytes for the same value: then nothing downstream runs again for an
output that came out the same. Libraries are imported when they are used, not before.

(The classes below that add no field inherit being a frozen dataclass: each use of the decorator costs
half a millisecond, and this module is imported by every worker.)
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from types import ModuleType

    import pandas as pd
    from matplotlib.figure import Figure

R = TypeVar("R", covariant=True)
W = TypeVar("W", contravariant=True)

PICKLE_PROTOCOL = 5  # fixed, so that another Python doesn't change the bytes of every pickle


@dataclass(frozen=True)
class Reader(ABC, Generic[R]):
    """Reads an artifact. ``load`` may raise anything; the stage then fails."""

    @abstractmethod
    def load(self, path: Path) -> R: ...


@dataclass(frozen=True)
class Writer(ABC, Generic[W]):
    """Writes an artifact. The folder of ``path`` is there; ``path`` itself isn't, or is replaced."""

    @abstractmethod
    def save(self, value: W, path: Path) -> None: ...


class Loader(Reader[R], Writer[W]):
    """Reads and writes: what ``Loader[R, W]`` reads is an R, what it writes a W.

    For incremental outputs, a loader of your own defines ``empty``, too.
    """

    def empty(self) -> R:
        """What an incremental output is before its first run; each call gives a new value."""
        raise NotImplementedError(f"{type(self).__name__} has no empty value")


@dataclass(frozen=True)
class Text(Loader[str, str]):
    """A text file, as one str. Line ends are read as ``\\n`` and written as they are."""

    encoding: str = "utf-8"

    def load(self, path: Path) -> str:
        return path.read_text(encoding=self.encoding)

    def empty(self) -> str:
        return ""

    def save(self, value: str, path: Path) -> None:
        if not isinstance(value, str):
            raise TypeError(f"a {type(value).__name__} can't be written as text")
        path.write_bytes(value.encode(self.encoding))


@dataclass(frozen=True)
class JSON(Loader[object, object]):
    """One JSON document. numpy scalars and arrays are written as numbers and lists."""

    indent: int | None = 2

    def load(self, path: Path) -> object:
        import json

        return json.loads(path.read_bytes())

    def empty(self) -> object:
        return {}

    def save(self, value: object, path: Path) -> None:
        path.write_text(_json(value, self.indent) + "\n", encoding="utf-8", newline="")


class JSONL(Loader["list[object]", "Iterable[object]"]):
    """JSON Lines: a list of documents, one a line."""

    def load(self, path: Path) -> list[object]:
        import json

        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]

    def empty(self) -> list[object]:
        return []

    def save(self, value: Iterable[object], path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(_json(item, None) + "\n" for item in value)


class YAML(Loader[object, object]):
    """One YAML document, of plain values only; keys keep their order."""

    def load(self, path: Path) -> object:
        import yaml

        return yaml.safe_load(path.read_bytes())

    def empty(self) -> object:
        return {}

    def save(self, value: object, path: Path) -> None:
        import yaml

        text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
        path.write_text(text, encoding="utf-8", newline="")


@dataclass(frozen=True)
class CSV(Loader["pd.DataFrame", "pd.DataFrame"]):
    """A table, by pandas. A path that ends with ``.gz`` is compressed.

    ``index``: the first column is the table's index. ``dtype``: pandas types by column.
    ``parse_dates``: the columns that are dates. ``float_format``: as in "%.6g".
    """

    sep: str = ","
    index: bool = False
    dtype: Mapping[str, str] | None = None
    parse_dates: tuple[str, ...] = ()
    float_format: str | None = None
    encoding: str = "utf-8"

    def load(self, path: Path) -> pd.DataFrame:
        pandas: ModuleType = _library("pandas", "loaders.CSV")
        frame: pd.DataFrame = pandas.read_csv(
            path,
            sep=self.sep,
            index_col=0 if self.index else None,
            dtype=None if self.dtype is None else dict(self.dtype),
            parse_dates=list(self.parse_dates),
            encoding=self.encoding,
        )
        return frame

    def empty(self) -> pd.DataFrame:
        frame: pd.DataFrame = _library("pandas", "loaders.CSV").DataFrame()
        return frame

    def save(self, value: pd.DataFrame, path: Path) -> None:
        if path.suffix != ".gz":
            with path.open("w", encoding=self.encoding, newline="") as file:
                self._write(value, file)
            return
        import gzip
        import io

        # pandas would put the time and the file's name into the header.
        with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
            self._write(value, io.TextIOWrapper(packed, encoding=self.encoding, newline=""))

    def _write(self, value: pd.DataFrame, file: io.TextIOBase) -> None:
        value.to_csv(
            file, sep=self.sep, index=self.index, float_format=self.float_format, lineterminator="\n"
        )
        file.flush()


@dataclass(frozen=True)
class Parquet(Loader["pd.DataFrame", "pd.DataFrame"]):
    """A table, by pandas and pyarrow. ``index``: None keeps the index only where it says something."""

    compression: Literal["snappy", "gzip", "brotli", "lz4", "zstd"] | None = "snappy"
    index: bool | None = None

    def load(self, path: Path) -> pd.DataFrame:
        _library("pyarrow", "loaders.Parquet")
        frame: pd.DataFrame = _library("pandas", "loaders.Parquet").read_parquet(path, engine="pyarrow")
        return frame

    def empty(self) -> pd.DataFrame:
        frame: pd.DataFrame = _library("pandas", "loaders.Parquet").DataFrame()
        return frame

    def save(self, value: pd.DataFrame, path: Path) -> None:
        _library("pyarrow", "loaders.Parquet")
        value.to_parquet(path, engine="pyarrow", compression=self.compression, index=self.index)


class Pickle(Loader[object, object]):
    """Any object of Python. Read only by stages that declare it: Pivot itself never unpickles."""

    def load(self, path: Path) -> object:
        import pickle

        with path.open("rb") as file:
            return pickle.load(file)

    def empty(self) -> object:
        return None

    def save(self, value: object, path: Path) -> None:
        import pickle

        with path.open("wb") as file:
            pickle.dump(value, file, protocol=PICKLE_PROTOCOL)


class PathOnly(Loader["Path", "Path | str"]):
    """The path itself. As an output: the stage writes the file (or the folder) and returns its path."""

    def load(self, path: Path) -> Path:
        return path

    def save(self, value: Path | str, path: Path) -> None:
        from pathlib import Path

        from pivot_core.errors import PivotError

        if not isinstance(value, (str, Path)):
            raise PivotError(
                f"with PathOnly the stage writes {path} and returns its path, not a {type(value).__name__}"
            )
        if Path(value).resolve() != path.resolve():
            raise PivotError(
                f"the stage returned the path {value}, but its output is {path}: write that, and return it"
            )
        if not path.exists():
            raise PivotError(f"the stage returned the path {path}, but there is nothing there")


@dataclass(frozen=True)
class MatplotlibFigure(Writer["Figure"]):
    """A matplotlib figure as a picture, closed after it was written.

    ``dpi``: dots an inch. ``format``: by the path's suffix if None.
    """

    dpi: int = 150
    format: Literal["png", "svg", "pdf", "jpg", "webp"] | None = None

    def save(self, value: Figure, path: Path) -> None:
        matplotlib: ModuleType = _library("matplotlib", "loaders.MatplotlibFigure")
        kind = self.format or path.suffix.removeprefix(".") or "png"
        with matplotlib.rc_context({"svg.hashsalt": "pivot"}):
            value.savefig(path, dpi=self.dpi, format=kind, metadata=_UNDATED.get(kind))
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            pyplot.close(value)


# What would change the bytes though the picture is the same: times, and matplotlib's version.
_UNDATED: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}

_EXTRAS = {"pandas": "pandas", "pyarrow": "pandas", "matplotlib": "matplotlib"}


def _library(name: str, loader: str) -> ModuleType:
    """Import what a loader works with. Raises PivotError, with the extra to install, if it is missing."""
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        from pivot_core.errors import PivotError

        extra = _EXTRAS[name]
        raise PivotError(
            f"{loader} needs {name}, which is not installed: pip install 'pivot-core[{extra}]'"
        ) from error


def _json(value: object, indent: int | None) -> str:
    import json

    return json.dumps(value, indent=indent, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    """numpy's values as Python's; numpy needn't be installed for that."""
    to_list = getattr(value, "tolist", None)
    if to_list is not None and type(value).__module__ == "numpy":
        return to_list()
    raise TypeError(f"a {type(value).__name__} can't be written as JSON")
