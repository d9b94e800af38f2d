"""A ClawHub registry on loopback: it takes what is published, and gives versions of one skill to the two clients that
install from there (clawhub and openclaw). Its answers have the shapes that their sources check."""

from __future__ import annotations

import email.parser
import email.policy
import io
import json
import zipfile
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SLUG, OWNER = "generate-media", "tester"


class Registry(ThreadingHTTPServer):
    """What was published through it, and the versions that it offers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.payload: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}
        self.archives: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def environ(self) -> dict[str, str]:
        return {"CLAWHUB_REGISTRY": self.url, "CLAWHUB_URL": self.url, "NO_PROXY": "127.0.0.1"}

    def offer(self, version: str, files: Mapping[str, bytes]) -> None:
        """A newest version; every file of every version has the same time in its archive."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        self.archives[version] = packed.getvalue()

    @property
    def newest(self) -> str:
        return list(self.archives)[-1]

    def skill(self) -> dict[str, Any]:
        about = {"slug": SLUG, "displayName": SLUG, "tags": {}, "stats": {}, "createdAt": 1, "updatedAt": 1}
        newest = {"version": self.newest, "createdAt": 1, "changelog": "", "license": "MIT-0"}
        return {"skill": about, "latestVersion": newest, "owner": {"handle": OWNER}, "moderation": None}

    def resolution(self) -> dict[str, Any]:
        url = f"{self.url}/api/v1/download?slug={SLUG}&version={self.newest}"
        archive = {"version": self.newest, "downloadUrl": url}
        return {"ok": True, "slug": SLUG, "installKind": "archive", "archive": archive}

    def verdict(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        version = asked["version"]
        return {
            "ok": True, "decision": "pass", "reasons": [], "slug": SLUG, "version": version, "publisherHandle": OWNER,
            "requestedSlug": asked["slug"], "requestedOwnerHandle": asked.get("ownerHandle"),
            "requestedVersion": version, "security": {"status": "clean", "passed": True}, "overview": "a test",
            "securityAuditUrl": f"{self.url}/audit",
        }  # fmt: skip


class Receiver(BaseHTTPRequestHandler):
    """The calls of publishing (a form with ``payload`` and any number of ``files``), installing and updating."""

    server: Registry

    def do_POST(self) -> None:
        body = (
            self.rfile.read(int(self.headers["Content-Length"])) if "Content-Length" in self.headers else self.chunks()
        )
        if self.path.endswith("/security-verdicts"):
            self.answer({"items": [self.server.verdict(item) for item in json.loads(body)["items"]]})
            return
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        for part in form.iter_parts():
            content: bytes = part.get_payload(decode=True)  # type: ignore[assignment]
            if part.get_param("name", header="content-disposition") == "payload":
                self.server.payload = json.loads(content)
            else:
                self.server.files[str(part.get_filename())] = content
        self.answer({"ok": True, "skillId": "skill_test", "versionId": "version_test"})

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        answers = {
            f"/api/v1/skills/{SLUG}": self.server.skill,
            f"/api/v1/skills/{SLUG}/install": self.server.resolution,
            "/api/v1/resolve": lambda: {"match": None, "latestVersion": {"version": self.server.newest}},
        }
        if url.path == "/api/v1/download":
            version = parse_qs(url.query).get("version", [self.server.newest])[0]
            self.give("application/zip", self.server.archives[version])
        elif self.server.archives and url.path in answers:
            self.answer(answers[url.path]())
        elif url.path.endswith("/verify"):
            self.send_error(404)
        else:
            self.answer({"user": {"handle": OWNER, "displayName": None, "image": None}})

    def chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, document: dict[str, Any]) -> None:
        self.give("application/json", json.dumps(document).encode())

    def give(self, media_type: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""
