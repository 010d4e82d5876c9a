"""The OpenAI protocols behind one base URL: chat completions, responses, embeddings, and the list of models."""

from __future__ import annotations

from collections.abc import Callable

from sluicegate.doubles.answer import Answer, Call, json_answer, unserved
from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.openai_chat import CHAT
from sluicegate.doubles.openai_embeddings import Embeddings
from sluicegate.doubles.openai_error import openai_error
from sluicegate.doubles.openai_responses import RESPONSES
from sluicegate.doubles.replies import Replies
from sluicegate.doubles.wire import exchange
from sluicegate.model import Json

__all__ = ["OpenAI"]

_MODELS = ("gpt-4o-mini-2024-07-18", "gpt-4o-mini", "gpt-4o", "text-embedding-3-small", "text-embedding-3-large")


class OpenAI:
    """`/v1/chat/completions`, `/v1/responses`, `/v1/embeddings` and `/v1/models`."""

    prefix = "/v1"
    variable = "OPENAI_BASE_URL"
    keys = ("OPENAI_API_KEY",)

    def __init__(self, replies: Replies, *, latencies: Latencies) -> None:
        self._routes: dict[str, Callable[[Call], Answer]] = {
            "/chat/completions": lambda call: exchange(call, replies, CHAT),
            "/responses": lambda call: exchange(call, replies, RESPONSES),
            "/embeddings": Embeddings(latencies=latencies).answer,
        }

    def answer(self, call: Call) -> Answer:
        """Answer one request; what is wrong with it is told in the protocol's own error object."""
        path = call.path.removeprefix(self.prefix)
        route = self._routes.get(path)
        if route is not None:
            if call.method != "POST":
                return unserved(openai_error(405, "Method not allowed; use POST."))
            return route(call)
        if call.method == "GET" and path == "/models":
            return json_answer({"object": "list", "data": [_model(name) for name in _MODELS]})
        if call.method == "GET" and path.startswith("/models/"):
            return json_answer(_model(path.removeprefix("/models/")))
        return unserved(openai_error(404, f"Unknown request URL: {call.method} {path[:200]}.", code="unknown_url"))


def _model(name: str) -> dict[str, Json]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "sluicegate"}
