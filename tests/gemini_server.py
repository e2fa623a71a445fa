"""A server that speaks the Gemini API's protocol on this machine, with faults on demand.

It counts what it answers with 200: those are the calls that one would pay for.
"""

import base64
import hashlib
import io
import json
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

PLENTY_S = 60


@dataclass
class Asked:
    """One request."""

    model: str
    prompt: str
    image: np.ndarray | None
    config: dict
    headers: dict
    digest: str


def png(picture, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind)
    return file.getvalue()


def grey(asked):
    return np.full((32, 48, 3), 128, np.uint8)


def yes(asked):
    return "yes"


def none(asked, number):
    return None


@dataclass
class GeminiServer:
    """Answers with `paint(asked)`, an RGB array, or with `say(asked)` where words are asked for.

    `fault(asked, number)` names what happens to the request instead, or is None; `number` counts the requests
    of the same question from 0.
    """

    key: str
    paint: object = grey
    say: object = yes
    fault: object = none
    usage: bool = True
    asked: list = field(default_factory=list)
    paid: Counter = field(default_factory=Counter)
    gate: threading.RLock = field(default_factory=threading.RLock)
    epoch: int = 0
    seen: Counter = field(default_factory=Counter)
    ended: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    @property
    def n_paid(self):
        return sum(self.paid.values())

    @property
    def keys(self):
        return {each.headers.get("x-goog-api-key") for each in self.asked}

    @contextmanager
    def running(self):
        class Handler(_Handler):
            owner = self

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.ended.set()
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: GeminiServer

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked, owner = _read(self.path, body, self.headers), self.owner
        epoch = owner.epoch
        with owner.gate:
            number = owner.seen[asked.digest]
            owner.seen[asked.digest] += 1
            owner.asked.append(asked)
            if epoch != owner.epoch:  # whoever asked is no more
                return self._drop()
            fault = owner.fault(asked, number)
            name, *more = fault if isinstance(fault, tuple) else (fault,)
            if name in ("drop", "hang"):
                pass
            elif isinstance(name, int):
                return self._send(name, _error(name, *more[1:]), more[0] if more else {})
            else:
                owner.paid[asked.digest] += 1
                return self._send(200, _answer(owner, asked, name))
        if name == "hang":
            owner.ended.wait(PLENTY_S)
        return self._drop()

    def _drop(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, code, body, headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _read(path, body, headers):
    told = json.loads(body)
    version, _, rest = path.lstrip("/").partition("/")
    folder, _, name = rest.partition("/")
    model, _, method = name.partition(":")
    assert (version, folder, method) == ("v1beta", "models", "generateContent"), path
    (content,) = told["contents"]
    prompt, image = "", None
    for part in content["parts"]:
        if "text" in part:
            prompt += part["text"]
        else:
            # In the alphabet for addresses, as Google's package writes it.
            data = base64.b64decode(part["inlineData"]["data"], altchars=b"-_")
            image = np.array(Image.open(io.BytesIO(data)))
    return Asked(
        model, prompt, image, told["generationConfig"], dict(headers), hashlib.sha256(body).hexdigest()
    )


def _error(code, message="try again", details=()):
    return {"error": {"code": code, "message": message, "status": "FAULT", "details": list(details)}}


def _picture(data, mime="image/png", **more):
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode()}, **more}


def _answer(owner, asked, fault):
    if fault == "garbage":
        return b"<html>not JSON</html>"
    tokens = {"promptTokenCount": 300, "totalTokenCount": 300}
    if fault == "blocked":
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": tokens}
    if fault == "nothing":
        return {"usageMetadata": tokens}
    candidate = {"index": 0, "finishReason": "STOP"}
    if fault == "refuse":
        candidate |= {"finishReason": "IMAGE_SAFETY"}
        return {"candidates": [candidate], "usageMetadata": tokens}
    if asked.config["responseModalities"] == ["TEXT"] or fault == "words":
        text = "I would rather not." if fault == "words" else owner.say(asked)
        parts = [{"text": "let me see", "thought": True}, {"text": text}]
        tokens |= {"candidatesTokenCount": 20, "thoughtsTokenCount": 50, "totalTokenCount": 370}
    else:
        right = owner.paint(asked)
        other = png(255 - right)
        parts = [_picture(png(right))]
        if fault == "corrupt":
            parts = [_picture(png(right)[:-40])]
        elif fault == "two":
            parts += [{"text": "and another one"}, _picture(other)]
        elif fault == "draft":
            parts = [_picture(other, thought=True), *parts]
        elif fault == "jpeg":
            parts = [_picture(png(right, "JPEG"), "image/jpeg")]
        elif fault == "alpha":
            parts = [_picture(png(np.dstack([right, right[..., :1]])))]
        elif fault is not None:
            raise AssertionError(f"no fault is named {fault!r}")
        painted = {"modality": "IMAGE", "tokenCount": 1120}
        tokens |= {"candidatesTokenCount": 1120, "candidatesTokensDetails": [painted]}
    candidate["content"] = {"role": "model", "parts": parts}
    found = {"candidates": [candidate], "modelVersion": f"{asked.model}-001"}
    return {**found, "usageMetadata": tokens} if owner.usage else found
