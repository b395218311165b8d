"""Stands in for the model behind the server's API, and for nothing else.

Started with the very arguments of a deployed pod (`vllm serve /models/… --served-model-name=…`); an argument that the
real server would not know stops it. It answers the OpenAI paths with the shapes of vLLM: token counts, streams that end
in `[DONE]`, errors with OpenAI's body. It has the paths that must never pass an edge, too (`/metrics`, `/pause`, …), so
that an edge which let them through would be seen. What it says means nothing, and it says so.

    python -m rehearsal.model_server --bind 127.0.0.1:PORT -- vllm serve /models/m/r --served-model-name=m …
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff00-\uffef]|[A-Za-z0-9]+|[^\sA-Za-z0-9]")
SECONDS_PER_TOKEN = 0.002
ANSWER = "これは予行(模擬環境)の応答です。モデルは動いていません。受け取った入力の要約値は {digest} です。"


@dataclass(frozen=True)
class Arguments:
    """What a pod's command line says, as far as answers depend on it."""

    weights: str
    served_model_name: str
    max_model_len: int
    max_num_seqs: int
    runner: str


@dataclass
class Counters:
    """What `/metrics` tells, under vLLM's names."""

    running: int = 0
    finished: int = 0
    prompt_tokens: int = 0
    generation_tokens: int = 0
    paused: bool = False
    started: float = field(default_factory=time.time)


def parse(argv: Sequence[str]) -> Arguments:
    """Read a pod's command line as `vllm serve` would; an unknown argument ends the process with exit code 2."""
    parser = argparse.ArgumentParser(prog="vllm", allow_abbrev=False)
    parser.add_argument("verb", choices=["serve"])
    parser.add_argument("weights")
    parser.add_argument("--served-model-name", required=True)
    parser.add_argument("--max-model-len", type=int, required=True)
    parser.add_argument("--max-num-seqs", type=int, default=256)
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - the pod's argument; the stand-in binds to --bind
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--tensor-parallel-size", type=int, default=1)
    parser.add_argument("--gpu-memory-utilization", type=float, default=0.9)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--quantization")
    parser.add_argument("--generation-config", default="auto")
    parser.add_argument("--runner", default="generate", choices=["generate", "pooling"])
    parser.add_argument("--shutdown-timeout", type=int, default=0)
    parser.add_argument("--enable-prefix-caching", action="store_true")
    parser.add_argument("--disable-fastapi-docs", action="store_true")
    found = parser.parse_args(argv[1:])
    return Arguments(found.weights, found.served_model_name, found.max_model_len, found.max_num_seqs, found.runner)


def count_tokens(text: str) -> int:
    """Tokens of a text by the stand-in's own rule: a CJK character, a word or a sign each count one."""
    return sum(1 for _ in TOKEN.finditer(text))


def error(status: int, message: str, *, kind: str = "BadRequestError", param: str | None = None) -> JSONResponse:
    """An error with OpenAI's body as vLLM fills it."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": status}}
    return JSONResponse(body, status_code=status)


class BadRequest(Exception):
    """A request that the real server would refuse with 400."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True)
class Generation:
    """One request, understood: what will be answered, in pieces of one token."""

    pieces: tuple[str, ...]
    prompt_tokens: int
    finish_reason: str
    choices: int
    stream: bool
    include_usage: bool

    @property
    def usage(self) -> dict[str, Any]:
        completion = len(self.pieces) * self.choices
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.prompt_tokens + completion,
            "prompt_tokens_details": None,
        }


def understand(body: Mapping[str, Any], prompt: str, arguments: Arguments, limit_names: Sequence[str]) -> Generation:
    """Decide the answer to a request.

    Raises:
        BadRequest: with the message that a client sees.
    """
    prompt_tokens = count_tokens(prompt)
    limit = next((body[name] for name in limit_names if body.get(name) is not None), None)
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise BadRequest(f"max_tokens must be at least 1, got {limit!r}.", limit_names[0])
    wanted = limit if limit is not None else arguments.max_model_len - prompt_tokens
    if prompt_tokens + (limit or 1) > arguments.max_model_len:
        raise BadRequest(
            f"This model's maximum context length is {arguments.max_model_len} tokens. However, you requested "
            f"{prompt_tokens + (limit or 1)} tokens ({prompt_tokens} in the prompt, {limit or 1} in the completion).",
            "messages",
        )
    for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1)):
        value = body.get(name)
        if value is not None and (not isinstance(value, int | float) or not low <= value <= high):
            raise BadRequest(f"{name} must be in [{low}, {high}], got {value!r}.", name)
    choices = body.get("n") or 1
    if not isinstance(choices, int) or not 1 <= choices <= 64:
        raise BadRequest(f"n must be between 1 and 64, got {choices!r}.", "n")
    text = ANSWER.format(digest=hashlib.sha256(prompt.encode()).hexdigest()[:12])
    stops = body.get("stop") or []
    stops = [stops] if isinstance(stops, str) else stops
    cut = min((text.index(stop) for stop in stops if stop and stop in text), default=len(text))
    pieces = tuple(_pieces(text[:cut]))
    reason = "stop" if len(pieces) <= wanted else "length"
    options = body.get("stream_options") or {}
    return Generation(
        pieces[:wanted], prompt_tokens, reason, choices, bool(body.get("stream")), bool(options.get("include_usage"))
    )


def _pieces(text: str) -> list[str]:
    found, start = [], 0
    for match in TOKEN.finditer(text):
        found.append(text[start : match.end()])
        start = match.end()
    return found


def chat_prompt(body: Mapping[str, Any]) -> str:
    """The text that a chat request's messages come to.

    Raises:
        BadRequest: the messages are not a list of role and content.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages: a non-empty list is required.", "messages")
    parts: list[str] = []
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in (
            "system",
            "developer",
            "user",
            "assistant",
            "tool",
        ):
            raise BadRequest("messages: each needs a role of system, developer, user, assistant or tool.", "messages")
        content = message.get("content")
        if isinstance(content, list):
            content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
        parts.append(str(content or ""))
    return "\n".join(parts)


class Server:
    """The paths of one model server."""

    def __init__(self, arguments: Arguments) -> None:
        self.arguments = arguments
        self.counters = Counters()

    def application(self) -> Starlette:
        generative = [
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
            Route("/v1/completions", self.completions, methods=["POST"]),
        ]
        pooling = [Route("/v1/embeddings", self.embeddings, methods=["POST"])]
        return Starlette(
            routes=[
                Route("/health", self.health),
                Route("/v1/models", self.models),
                *(generative if self.arguments.runner == "generate" else pooling),
                Route("/metrics", self.metrics),
                Route("/pause", self.pause, methods=["POST"]),
                Route("/tokenize", self.tokenize, methods=["POST"]),
                Route("/invocations", self.chat, methods=["POST"]),
            ]
        )

    async def health(self, _: Request) -> Response:
        return Response(status_code=200)

    async def models(self, _: Request) -> Response:
        model = {
            "id": self.arguments.served_model_name,
            "object": "model",
            "created": int(self.counters.started),
            "owned_by": "vllm",
            "root": self.arguments.weights,
            "parent": None,
            "max_model_len": self.arguments.max_model_len,
            "permission": [],
        }
        return JSONResponse({"object": "list", "data": [model]})

    async def metrics(self, _: Request) -> Response:
        label = f'{{model_name="{self.arguments.served_model_name}"}}'
        share = self.counters.running / self.arguments.max_num_seqs
        return PlainTextResponse(
            f"vllm:num_requests_running{label} {self.counters.running}\n"
            f"vllm:num_requests_waiting{label} 0\n"
            f"vllm:kv_cache_usage_perc{label} {share}\n"
            f"vllm:prompt_tokens_total{label} {self.counters.prompt_tokens}\n"
            f"vllm:generation_tokens_total{label} {self.counters.generation_tokens}\n"
            f"vllm:request_success_total{label} {self.counters.finished}\n"
        )

    async def pause(self, _: Request) -> Response:
        self.counters.paused = True
        return JSONResponse({"status": "paused"})

    async def tokenize(self, request: Request) -> Response:
        body = await request.json()
        return JSONResponse({"count": count_tokens(str(body.get("prompt", "")))})

    async def chat(self, request: Request) -> Response:
        return await self._generate(request, chat=True)

    async def completions(self, request: Request) -> Response:
        return await self._generate(request, chat=False)

    async def embeddings(self, request: Request) -> Response:
        body = await self._body(request)
        if isinstance(body, Response):
            return body
        given = body.get("input")
        inputs = [given] if isinstance(given, str) else given
        if not isinstance(inputs, list) or not inputs or not all(isinstance(each, str) for each in inputs):
            return error(400, "input: a string or a list of strings is required.", param="input")
        data = [{"object": "embedding", "index": i, "embedding": _vector(each)} for i, each in enumerate(inputs)]
        tokens = sum(count_tokens(each) for each in inputs)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        model = self.arguments.served_model_name
        return JSONResponse({"object": "list", "data": data, "model": model, "usage": usage})

    async def _body(self, request: Request) -> dict[str, Any] | Response:
        try:
            body = json.loads(await request.body())
        except ClientDisconnect:
            return Response(status_code=499)
        except ValueError:
            return error(400, "The request body is not JSON.")
        if not isinstance(body, dict):
            return error(400, "The request body must be a JSON object.")
        if body.get("model") is None:
            return error(400, "model: required.", param="model")
        if body["model"] != self.arguments.served_model_name:
            return error(404, f"The model `{body['model']}` does not exist.", kind="NotFoundError", param="model")
        return body

    async def _generate(self, request: Request, *, chat: bool) -> Response:
        body = await self._body(request)
        if isinstance(body, Response):
            return body
        try:
            prompt = chat_prompt(body) if chat else _completion_prompt(body)
            names = ("max_completion_tokens", "max_tokens") if chat else ("max_tokens",)
            generation = understand(body, prompt, self.arguments, names)
        except BadRequest as refusal:
            return error(400, str(refusal), param=refusal.param)
        name = request.headers.get("x-request-id", "") or f"{time.time_ns():x}"
        head = {
            "id": ("chatcmpl-" if chat else "cmpl-") + name,
            "created": int(time.time()),
            "model": self.arguments.served_model_name,
        }
        if generation.stream:
            events = self._events(generation, head, chat=chat)
            return StreamingResponse(events, media_type="text/event-stream")
        self.counters.running += 1
        try:
            await asyncio.sleep(SECONDS_PER_TOKEN * min(len(generation.pieces), 16))
        finally:
            self._finished(generation)
        text = "".join(generation.pieces)
        choices = [_choice(index, text, generation.finish_reason, chat=chat) for index in range(generation.choices)]
        kind = "chat.completion" if chat else "text_completion"
        return JSONResponse({**head, "object": kind, "choices": choices, "usage": generation.usage})

    async def _events(self, generation: Generation, head: Mapping[str, Any], *, chat: bool) -> AsyncIterator[bytes]:
        kind = "chat.completion.chunk" if chat else "text_completion"
        extra = {"usage": None} if generation.include_usage else {}

        def event(choices: list[dict[str, Any]], **more: Any) -> bytes:
            data = {**head, "object": kind, "choices": choices, **extra, **more}
            return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"

        self.counters.running += 1
        try:
            for index in range(generation.choices):
                if chat:
                    yield event([_delta(index, {"role": "assistant", "content": ""}, None)])
                for piece in generation.pieces:
                    await asyncio.sleep(SECONDS_PER_TOKEN)
                    yield event([_delta(index, {"content": piece}, None) if chat else _text(index, piece, None)])
                reason = generation.finish_reason
                yield event([_delta(index, {}, reason) if chat else _text(index, "", reason)])
            if generation.include_usage:
                yield event([], usage=generation.usage)
            yield b"data: [DONE]\n\n"
        finally:
            self._finished(generation)

    def _finished(self, generation: Generation) -> None:
        self.counters.running -= 1
        self.counters.finished += 1
        self.counters.prompt_tokens += generation.prompt_tokens
        self.counters.generation_tokens += len(generation.pieces) * generation.choices


def _completion_prompt(body: Mapping[str, Any]) -> str:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise BadRequest("prompt: a string is required.", "prompt")
    return prompt


def _vector(text: str) -> list[float]:
    digest = hashlib.sha256(text.encode()).digest()
    return [byte / 255 for byte in digest]


def _choice(index: int, text: str, reason: str, *, chat: bool) -> dict[str, Any]:
    if not chat:
        return _text(index, text, reason)
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None, "tool_calls": []}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": reason, "stop_reason": None}


def _delta(index: int, delta: Mapping[str, Any], reason: str | None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}


def _text(index: int, text: str, reason: str | None) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": reason}


def main(argv: Sequence[str]) -> None:
    """Serve until SIGTERM; running requests are let finish."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.model_server")
    parser.add_argument("--bind", required=True, metavar="127.0.0.1:PORT")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    found = parser.parse_args(argv)
    arguments = parse([part for part in found.command if part != "--"])
    host, port = found.bind.rsplit(":", 1)
    uvicorn.run(
        Server(arguments).application(),
        host=host,
        port=int(port),
        log_level="warning",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=45,
        lifespan="off",
    )


if __name__ == "__main__":
    main(sys.argv[1:])
