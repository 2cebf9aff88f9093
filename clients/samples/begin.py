import os
import pathlib
import urllib.error
import urllib.request
import uuid


def call(method, path, body=None, key=None, version=None, headers=None, content_type="application/json"):
    """Status and text of the reply. After no reply, and after one with "retriable": true, send the same again, with the same key."""
    request = urllib.request.Request(os.environ["BASE_URL"] + path, method=method)
    if token := os.environ.get("TOKEN"):
        request.add_header("Authorization", f"Bearer {token}")
    if key is not None:
        request.add_header("Idempotency-Key", str(key))
    if version is not None:
        request.add_header("If-Match", f'"{version}"')
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    if body is not None:
        request.data = body.encode() if isinstance(body, str) else body
        request.add_header("Content-Type", content_type)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read().decode()
