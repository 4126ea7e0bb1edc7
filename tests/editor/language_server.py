"""A small client of yaml-language-server: JSON-RPC over its standard input and output
(LSP 3.17).
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

ANSWER_TIMEOUT_S = 60


class LanguageServer:
    """One server process for a workspace folder. Use it as a context manager: its end is the end of
    the process.
    """

    def __init__(self, command: list[str], folder: Path, settings: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._settings = settings
        self._folder = folder
        self._received: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}
        self._last_id = self._last_version = 0
        assert self._process.stdout is not None
        self._reader = threading.Thread(
            target=self._receive, args=(self._process.stdout,), daemon=True
        )
        self._reader.start()

    def __enter__(self) -> LanguageServer:
        try:
            self._initialize()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.request("shutdown", None)
            self._notify("exit", None)
            self._process.wait(ANSWER_TIMEOUT_S)
        finally:
            self._end()

    def _initialize(self) -> None:
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}},
        }
        root = self._folder.as_uri()
        self.request(
            "initialize", {"processId": None, "rootUri": root, "capabilities": capabilities}
        )
        self._notify("initialized", {})
        while self._next().get("method") != "workspace/configuration":
            pass  # a request before the server has its settings is answered without a schema

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def diagnostics(self, texts: Mapping[Path, str]) -> dict[Path, list[dict[str, Any]]]:
        """What the editor reports in documents of these names and texts; the files need
        not exist.
        """
        for path, text in texts.items():
            self._open(path, text)
        while any(path.as_uri() not in self._diagnostics for path in texts):
            self._next()
        for path in texts:
            self._close(path)
        return {path: self._diagnostics[path.as_uri()] for path in texts}

    def completions(self, path: Path, text: str, line: int, column: int) -> list[dict[str, Any]]:
        """What the editor offers at a place of a document, in the order shown; line and column
        count from 1.
        """
        self._open(path, text)
        where = {
            "textDocument": {"uri": path.as_uri()},
            "position": {"line": line - 1, "character": column - 1},
        }
        items: list[dict[str, Any]] = self.request("textDocument/completion", where)["items"]
        self._close(path)
        return sorted(items, key=lambda each: str(each.get("sortText", each["label"])))

    def _open(self, path: Path, text: str) -> None:
        self._diagnostics.pop(path.as_uri(), None)
        self._last_version += 1
        document = {
            "uri": path.as_uri(),
            "languageId": "yaml",
            "version": self._last_version,
            "text": text,
        }
        self._notify("textDocument/didOpen", {"textDocument": document})

    def _close(self, path: Path) -> None:
        self._notify("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})

    def request(self, method: str, params: Any) -> Any:
        """The result of a request."""
        self._last_id += 1
        self._send({"id": self._last_id, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == self._last_id and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def _notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _next(self) -> dict[str, Any]:
        """The next message, with the server's own requests answered and its diagnostics kept."""
        message = self._received.get(timeout=ANSWER_TIMEOUT_S)
        assert message is not None, "the language server ended"
        if "method" in message and "id" in message:
            items = message.get("params", {}).get("items", [])
            self._send(
                {
                    "id": message["id"],
                    "result": [self._settings.get(each.get("section")) for each in items],
                }
            )
        elif message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self._process.stdin.flush()

    def _receive(self, stream: IO[bytes]) -> None:
        length = 0
        while line := stream.readline():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif not line.strip():
                self._received.put(json.loads(stream.read(length)))
        self._received.put(None)
