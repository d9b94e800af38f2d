"""A ClawHub registry on loopback: it takes what is published, and gives versions of one skill to the two clients that
install from there (clawhub and openclaw). Its answers have the shapes that their sources check."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

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

    def resolved(self) -> dict[str, Any]:
        return {"match": None, "latestVersion": {"version": self.newest} if self.archives else None}

    def verdict(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        version = asked["version"]
        return {
            "ok": True, "decision": "pass", "reasons": [], "slug": SLUG, "version": version, "publisherHandle": OWNER,
            "requestedSlug": asked["slug"], "requestedOwnerHandle": asked.get("ownerHandle"),
            "requestedVersion": version, "security": {"status": "clean", "passed": True}, "overview": "a test",
            "securityAuditUrl": f"{self.url}/audit",
        }  # fmt: skip


class Receiver(BaseHTTPRequestHandler):
    """The calls of publishing (clawhub 0.23: each file to a place of its own), installing and updating."""

    server: Registry

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if url.path == "/upload":
            self.server.files[parse_qs(url.query)["path"][0]] = body
            self.answer({"storageId": "storage_test"})
        elif url.path.endswith("/upload-url"):
            place = f"{self.server.url}/upload?{urlencode({'path': json.loads(body)['path']})}"
            self.answer({"uploadUrl": place, "uploadTicket": "ticket_test"})
        elif url.path.endswith("/security-verdicts"):
            self.answer({"items": [self.server.verdict(item) for item in json.loads(body)["items"]]})
        else:
            self.server.payload = json.loads(body)
            self.answer({"ok": True, "skillId": "skill_test", "versionId": "version_test"})

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        answers = {
            f"/api/v1/skills/{SLUG}": self.server.skill,
            f"/api/v1/skills/{SLUG}/install": self.server.resolution,
            "/api/v1/resolve": self.server.resolved,
        }
        if url.path == "/api/v1/download":
            version = parse_qs(url.query).get("version", [self.server.newest])[0]
            self.give("application/zip", self.server.archives[version])
        elif url.path in answers:
            self.answer(answers[url.path]())
        elif url.path.endswith("/whoami"):
            self.answer({"user": {"handle": OWNER, "displayName": None, "image": None}})
        else:
            self.send_error(404)

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
