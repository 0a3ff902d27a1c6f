"""HTTP the same way in both services: the application factory, strict routes, answers and problem answers.

A room writes ``router = Router(prefix="/v1/books/{book}", tags=["funds"])`` and its operations on it; the service calls
`create_app`. What every operation gets without asking: the token and scope before the body, unknown query parameters
refused, the body read once and strictly, problem+json in two languages, a request id, metrics and documented problems.
"""

from common.web.answers import JsonResponse, answer, problem_response, responses
from common.web.app import create_app
from common.web.openapi import example, missing_examples
from common.web.routes import Router, StrictRoute, raw_body
from common.wire import Wire

__all__ = [
    "JsonResponse",
    "Router",
    "StrictRoute",
    "Wire",
    "answer",
    "create_app",
    "example",
    "missing_examples",
    "problem_response",
    "raw_body",
    "responses",
]
