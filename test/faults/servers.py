"""A hub and an API model on this machine, which answer the same question the same way whenever it is asked."""
import hashlib
import json
import random
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, status, body=b"", length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        for at in range(0, len(body), 16384):
            self.wfile.write(body[at:at + 16384])
            if self.server.pause:
                time.sleep(self.server.pause)


class Hub(Handler):
    """Hugging Face's list of a repository, HEAD and GET of its files, with ranges."""

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body):
        path = self.path.split("?")[0]
        if path.startswith("/api/"):
            siblings = [{"rfilename": name, "size": len(content), "lfs": {"sha256": sha256(content), "size": len(content)}}
                        for name, content in self.server.files.items()]
            return self.send(200, json.dumps({"id": "acme/tiny", "sha": "a" * 40, "siblings": siblings}).encode())
        content = self.server.files.get(path.split("/" + "a" * 40 + "/")[-1])
        if content is None:
            return self.send(404, X_Error_Code="EntryNotFound")
        headers = {"ETag": f'"{sha256(content)}"', "X_Repo_Commit": "a" * 40}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not with_body:
            return self.send(200, length=len(content), **headers)
        if not wanted:
            return self.send(200, content, **headers)
        start, end = int(wanted[1]), min(len(content), int(wanted[2]) + 1)
        self.send(206, content[start:end], Content_Range=f"bytes {start}-{end - 1}/{len(content)}", **headers)


class Model(Handler):
    """Writes and judges Chinese questions behind OpenAI's dialect: what it says follows from the prompt alone."""

    def do_POST(self):
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][-1]["content"]
        time.sleep(0.02)
        text = json.dumps(self.judge(prompt) if "请判断每个问句" in prompt else self.write(prompt), ensure_ascii=False)
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m-1",
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 3, "total_tokens": 103}}
        self.send(200, json.dumps(body).encode(), Content_Type="application/json")

    def write(self, prompt):
        draw = random.Random(prompt)
        intent = re.search(r'"intent": "([^"]+)"\}', prompt)[1]
        items = []
        for least, most, count in re.findall(r"(\d+)-(\d+) 的 (\d+) 条", prompt):
            for _ in range(int(count)):
                question = "".join(chr(draw.randrange(0x4E00, 0x9000)) for _ in range(draw.randint(int(least), int(most))))
                self.server.intents[question] = intent
                items.append({"question": question, "intent": intent})
        return items

    def judge(self, prompt):
        numbered = re.findall(r"^(\d+)\. (.+)$", prompt[prompt.index("问句："):], re.MULTILINE)
        return [{"n": int(n), "intent": self.server.intents[question], "reason": "看问的是什么"} for n, question in numbered]


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def start(handler, pause=0.0, **state):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.pause = pause
    for name, value in state.items():
        setattr(server, name, value)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
