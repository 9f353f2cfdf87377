"""A real project, and editors: clients with the capabilities of real ones, on the real server process."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import pytest
import pytest_lsp
from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

SERVER = [sys.executable, "-m", "pivot_lsp"]
TIMEOUT_S = 20
T = TypeVar("T")
EDITORS = ("visual-studio-code", "neovim")
# A converter is made of all that the protocol knows, which takes time; it remembers nothing of a session.
converter = functools.cache(default_converter)
capabilities = functools.cache(client_capabilities)

HELPERS = '''
"""Helpers."""

def normalise(text):
    return text.strip().lower()
'''

STAGES = """
from pathlib import Path
from typing import Annotated

from pivot_core import loaders, outputs

import helpers

Path("imported.marker").write_text("stages.py was imported")


def clean(
    raw: Annotated[str, outputs.Dep("raw.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]:
    return helpers.normalise(raw)


def count(
    text: Annotated[str, outputs.Dep("clean.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("count.txt", loaders.Text())]:
    return str(len(text))
"""

PIPELINE = """
from pivot_core import Pipeline

import stages

pipeline = Pipeline("demo")
pipeline.register(stages.clean)
pipeline.register(stages.count)
"""


class Place:
    """Where a text stands in a file of the project, counted as an ASCII editor does."""

    def __init__(self, project: Project, name: str, text: str) -> None:
        before, _, after = project.text(name).partition(text)
        assert after
        self.line = before.count("\n")
        self.character = len(before) - before.rfind("\n") - 1
        self.document = types.TextDocumentIdentifier(project.uri(name))
        self.position = types.Position(self.line, self.character + 1)


class Project:
    """Three modules, two stages. ``stages.py`` leaves ``imported.marker`` when it is imported."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def was_imported(self) -> bool:
        return (self.root / "imported.marker").exists()

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")

    def text(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def place(self, name: str, text: str) -> Place:
        return Place(self, name, text)

    def pivot(self, *args: str) -> None:
        """Run the command line in it."""
        done = subprocess.run(
            [sys.executable, "-m", "pivot_core", *args],
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        (self.root / "imported.marker").unlink(missing_ok=True)


class Client(LanguageClient):
    """An editor's side of a connection; counts what the server asks for."""

    def __init__(self) -> None:
        super().__init__(converter_factory=converter)
        self.watched: list[str] = []
        self.watches = asyncio.Event()  # it answers when it has begun to watch
        self.watches.set()
        self.registered: dict[str, str] = {}
        self.unregistered: list[str] = []
        self.refreshes = 0
        self.published: dict[str, types.PublishDiagnosticsParams] = {}
        self.shown: list[types.ShowMessageParams] = []
        self.questions: list[str] = []
        self.answer: str | None = None  # to questions, as the person chooses
        self.events: list[dict[str, Any]] = []  # of runs
        self.changed_verdicts: list[str] = []
        features = dict(DEFAULT_CLIENT_FEATURES)
        del features[types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS]
        features.pop(types.WINDOW_SHOW_MESSAGE, None)
        register_lsp_features(self, features)

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def shown(params: types.ShowMessageParams) -> None:
            self.shown.append(params)

        @self.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
        def question(params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
            self.questions.append(params.message)
            return None if self.answer is None else types.MessageActionItem(self.answer)

        @self.feature("pivot/runEvent")
        def event(params: tuple[object, ...]) -> None:
            self.events.append(as_dict(params))

        @self.feature("pivot/verdictsChanged")
        def verdicts_changed(params: tuple[object, ...]) -> None:
            self.changed_verdicts.append(as_dict(params)["root"])

        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.published[params.uri] = params

        @self.feature(types.CLIENT_REGISTER_CAPABILITY)
        async def registered(params: types.RegistrationParams) -> None:
            self.registered |= {item.id: item.method for item in params.registrations}
            for item in params.registrations:
                watchers = item.register_options.get("watchers", [])
                self.watched += [watcher["globPattern"] for watcher in watchers]
            await self.watches.wait()

        @self.feature(types.CLIENT_UNREGISTER_CAPABILITY)
        def unregistered(params: types.UnregistrationParams) -> None:
            self.unregistered += [item.id for item in params.unregisterations]

        @self.feature(types.WORKSPACE_INLAY_HINT_REFRESH)
        def refresh_hints(params: None) -> None:
            """Asked again at the next look."""

        @self.feature(types.WORKSPACE_CODE_LENS_REFRESH)
        def refresh(params: None) -> None:
            self.refreshes += 1


def as_json(found: object) -> object:
    """What pygls made named tuples of, as it came."""
    fields = getattr(found, "_asdict", None)
    if fields is not None:
        return {key: as_json(value) for key, value in fields().items()}
    return [as_json(item) for item in found] if isinstance(found, list | tuple) else found


def as_dict(found: object) -> dict[str, Any]:
    made = as_json(found)
    assert isinstance(made, dict)
    return made


class Editor:
    """What a person does in an editor with one project open."""

    def __init__(self, client: Client, project: Project) -> None:
        self.client = client
        self.project = project
        self.versions: dict[str, int] = {}

    def open(self, name: str) -> None:
        self.versions[name] = 1
        document = types.TextDocumentItem(self.project.uri(name), "python", 1, self.project.text(name))
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(document))

    def type(self, name: str, text: str) -> None:
        """Make this the text of the buffer."""
        self.versions[name] += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.versions[name], self.project.uri(name)),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def close(self, name: str) -> None:
        document = types.TextDocumentIdentifier(self.project.uri(name))
        del self.versions[name]
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))

    def told_of_change(self, name: str) -> None:
        """As the editor's file watcher does."""
        event = types.FileEvent(self.project.uri(name), types.FileChangeType.Changed)
        self.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))

    def save(self, name: str, text: str) -> None:
        """Type a text and save it."""
        self.type(name, text)
        (self.project.root / name).write_text(text, encoding="utf-8")
        document = types.TextDocumentIdentifier(self.project.uri(name))
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(document))

    async def commands(self, name: str) -> dict[int, list[types.Command]]:
        """What the lenses of a document are, by line from 1: the first says how the stage is."""
        document = types.TextDocumentIdentifier(self.project.uri(name))
        async with asyncio.timeout(TIMEOUT_S):
            found = await self.client.text_document_code_lens_async(types.CodeLensParams(document))
        lines: dict[int, list[types.Command]] = {}
        for lens in found or ():
            assert lens.command is not None
            lines.setdefault(lens.range.start.line + 1, []).append(lens.command)
        return lines

    async def lenses(self, name: str) -> dict[int, str]:
        """How the stages of a document are, by line from 1."""
        return {line: commands[0].title for line, commands in (await self.commands(name)).items()}

    async def titles(self, name: str) -> list[str]:
        """The same, from top to bottom, without times."""
        return [title.partition(" · ")[0] for title in (await self.lenses(name)).values()]

    async def until_titles(self, name: str, wanted: list[str]) -> None:
        """Ask for the lenses until they say this."""
        seen: list[str] = []
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while seen != wanted:
                    seen = await self.titles(name)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            assert seen == wanted

    async def offered(self, name: str, line: int) -> list[str]:
        """What can be done at the lens of a line."""
        return [command.title for command in (await self.commands(name))[line][1:]]

    async def press(self, name: str, line: int, title: str) -> dict[str, Any]:
        """Use what is offered there."""
        offered = (await self.commands(name))[line]
        command = next(command for command in offered if command.title == title)
        return await self.execute(command.command, *(command.arguments or ()))

    async def execute(self, command: str, *arguments: object) -> dict[str, Any]:
        params = types.ExecuteCommandParams(command, arguments=list(arguments))
        async with asyncio.timeout(TIMEOUT_S):
            return as_dict(await self.client.workspace_execute_command_async(params))

    async def ask(self, method: str, params: object = None) -> dict[str, Any]:
        """A request of ours."""
        async with asyncio.timeout(TIMEOUT_S):
            return as_dict(await self.client.protocol.send_request_async(method, params))

    @property
    def messages(self) -> list[str]:
        return [message.message for message in self.client.shown]

    @property
    def log(self) -> str:
        return "\n".join(message.message for message in self.client.log_messages)

    @property
    def progress(self) -> list[Any]:
        """What was said of all work, in the order of its beginning."""
        return [report for reports in self.client.progress_reports.values() for report in reports]

    def insert(self, name: str, line: int, character: int, text: str) -> None:
        """Type something at a place, in the units of the client."""
        self.replace(name, line, character, character, text)

    def replace(self, name: str, line: int, start: int, end: int, text: str) -> None:
        """Type something in the place of a stretch of a line, in the units of the client."""
        where = types.Range(types.Position(line, start), types.Position(line, end))
        self.versions[name] += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.versions[name], self.project.uri(name)),
                [types.TextDocumentContentChangePartial(where, text)],
            )
        )

    @property
    def pulls(self) -> bool:
        """Whether this editor asks for diagnostics."""
        document = self.client.capabilities.text_document
        return document is not None and document.diagnostic is not None

    async def report(self, name: str, known: str | None = None) -> types.DocumentDiagnosticReport:
        """The answer to asking for diagnostics."""
        document = types.TextDocumentIdentifier(self.project.uri(name))
        async with asyncio.timeout(TIMEOUT_S):
            return await self.client.text_document_diagnostic_async(
                types.DocumentDiagnosticParams(document, previous_result_id=known)
            )

    async def diagnostics(self, name: str, version: int | None = None) -> list[types.Diagnostic]:
        """Those of the newest version (or another), in the way that this editor gets them."""
        if self.pulls:
            report = await self.report(name)
            assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
            return list(report.items)
        wanted = self.versions.get(name) if version is None else version
        return list((await self.until(lambda: self._published(name, wanted))).diagnostics)

    def _published(self, name: str, version: int | None) -> types.PublishDiagnosticsParams | None:
        found = self.client.published.get(self.project.uri(name))
        return found if found is not None and found.version == version else None

    async def until_problems(self, name: str, lines: list[int] | None = None) -> list[types.Diagnostic]:
        """The diagnostics of a file, when there are some (or they are in these lines, from 0)."""
        found: list[types.Diagnostic] = []
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                if self.pulls:
                    found = await self.diagnostics(name)
                elif (published := self.client.published.get(self.project.uri(name))) is not None:
                    found = list(published.diagnostics)
                if found if lines is None else [item.range.start.line for item in found] == lines:
                    return found
                await asyncio.sleep(0.05)

    async def answer(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until there is an answer: the project is read in the background."""
        async with asyncio.timeout(TIMEOUT_S):
            while not (found := await ask()):
                await asyncio.sleep(0.02)
        return found

    async def until(self, condition: Callable[[], T | None]) -> T:
        """Wait for something that a notification brings."""
        async with asyncio.timeout(TIMEOUT_S):
            while not (found := condition()):
                await asyncio.sleep(0.01)
        return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return _scaffold(tmp_path / "project")


@pytest.fixture(scope="session")
def ran_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = _scaffold(tmp_path_factory.mktemp("ran") / "project")
    made.pivot("run")
    return made


@pytest.fixture
def ran(project: Project, ran_once: Project) -> Project:
    """The project after a run."""
    shutil.copytree(ran_once.root, project.root, dirs_exist_ok=True)
    return project


def _scaffold(root: Path) -> Project:
    made = Project(root)
    made.root.mkdir()
    made.write("helpers.py", HELPERS)
    made.write("stages.py", STAGES)
    made.write("pipeline.py", PIPELINE)
    made.write("raw.txt", "  Hello \n")
    return made


CONFIG = ClientServerConfig(server_command=SERVER, client_factory=Client)


@pytest.fixture
def options() -> dict[str, object]:
    """What the editor says when it starts the server; for modules of tests to replace."""
    return {}


@pytest_lsp.fixture(config=CONFIG, params=EDITORS)
async def client(
    lsp_client: Client, project: Project, options: dict[str, object], request: pytest.FixtureRequest
) -> AsyncIterator[None]:
    """An editor's side of a session."""
    await initialize(lsp_client, project, request.param, options)
    yield
    if lsp_client._server is not None and lsp_client._server.returncode is None:
        await lsp_client.shutdown_session()


async def initialize(
    client: Client, project: Project, editor: str, options: dict[str, object] | None = None
) -> None:
    folder = types.WorkspaceFolder(project.root.as_uri(), "project")
    params = types.InitializeParams(
        capabilities=capabilities(editor), workspace_folders=[folder], initialization_options=options
    )
    async with asyncio.timeout(TIMEOUT_S):
        await client.initialize_session(params)


@pytest.fixture
def editor(client: Client, project: Project) -> Editor:
    return Editor(client, project)


# --- what a well-behaved client doesn't do ------------------------------------------------------


def framed(message: object) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def receive(stream: BinaryIO) -> dict[str, Any] | None:
    """The next message; None at the end."""
    length = 0
    while line := stream.readline().strip():
        if line.startswith(b"Content-Length: "):
            length = int(line.removeprefix(b"Content-Length: "))
    if not length:
        return None
    found: dict[str, Any] = json.loads(stream.read(length))
    return found


def request(method: str, params: object, number: int | None = None) -> dict[str, Any]:
    """A notification if it has no number."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        message["params"] = params
    if number is not None:
        message["id"] = number
    return message


class Raw:
    """A client that speaks the protocol by hand. Its process id, for the server, is that of ``parent``."""

    def __init__(self, parent: int | None = None, initialize: bool = True) -> None:
        self.process = subprocess.Popen(
            SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        if initialize:
            self.send("initialize", {"processId": parent, "rootUri": None, "capabilities": {}}, 1)
            assert self.receive()["result"]["capabilities"]["codeLensProvider"]
            self.send("initialized", {})

    def send(self, method: str, params: object, number: int | None = None) -> None:
        self.write(framed(request(method, params, number)))

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found = receive(self.process.stdout)
        assert found is not None
        return found

    def rest(self) -> list[dict[str, Any]]:
        """All that comes until the server ends."""
        assert self.process.stdout is not None
        found = []
        while (message := receive(self.process.stdout)) is not None:
            found.append(message)
        return found

    def ended(self) -> int:
        return self.process.wait(timeout=15)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):  # what it never read
                stream.close()


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[bytes]]:
    """A process that passes for the editor's."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def start() -> Iterator[Callable[..., Raw]]:
    """Start a server, as ``Raw`` does."""
    started: list[Raw] = []

    def make(parent: int | None = None, initialize: bool = True) -> Raw:
        started.append(Raw(parent, initialize))
        return started[-1]

    yield make
    for client in started:
        client.stop()


@pytest.fixture
def raw(parent: subprocess.Popen[bytes], start: Callable[..., Raw]) -> Raw:
    return start(parent.pid)
