#!/usr/bin/env python3
"""What may be thrown where a request or a job can reach it (docs/errors.md); prints findings, exits 1 if any.

  thrown-type   pos/ throws base::Failure, whose code says what a client does next, or std::logic_error for a fault of the
                program. Any other standard exception would be a 500 for what the input caused.
  unpublished-code  a base::ErrorCode is in the table of docs/errors.md, which bin/docs takes from `backend-api problems`, so that
                `type` leads to a page; or here, among those that no client of the service is told
  throwing-parse  std::stoi and its kind throw std::invalid_argument and std::out_of_range on input: base::parse_integer and
                the schema's readers give std::optional

A line may be excused with `// lint: allow(RULE) REASON`, on it or above it; without a reason it is not.
Tests, pos/testing and pos/demo (a client of the API) may throw what they like.
"""

import re
import sys
from pathlib import Path

from coroutine_rules import EXCUSE, blank

THROWN = re.compile(r"\bthrow\s+((?:::)?(?:std|boost|fmt|simdjson)::[\w:]+)")
ALLOWED = {"std::logic_error", "::std::logic_error"}
PARSE = re.compile(r"\b(?:std::)?(sto(?:i|l|ll|ul|ull|f|d|ld))\s*\(")
# A constant, a call that makes one, or a code without a name where it is thrown: its status and `retriable` follow it.
CODE = re.compile(
    r'(?:\bErrorCode\s+\w+\s*\{|\bbase::(?:conflict|invalid|not_found)\(|\{(?=\s*"[\w.]+"\s*,\s*\d{3}\s*,\s*(?:true|false)\b))'
    r'\s*"([\w.]+)"'
)
ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = re.compile(r"^\| `([a-z0-9_]+\.[a-z0-9_]+)` \| \d{3} \|", re.MULTILINE)
# Whole codes, and whole areas.
INTERNAL = {
    "auth.callback_refused": "of routes that other systems call, for services that have them; the document lists it there",
    "client.": "of routes that call other services, for services that have them; the document lists them there",
    "feed.conflict": "says which constraint of the feed was met; the write path runs again",
    "http.upgrade_required": "of routes that upgrade, for services that have them; the document lists it there",
    "idempotency.key_known": "becomes the first reply, or idempotency.key_reused",
    "jobs.": "told to workers and to operators, in their own language",
    "mail.try_later": "told to the queue, which tries again",
    "multipart.file_type_refused": "of forms that name their files' types, for services that have them; the document lists it there",
    "notification.known": "a second message of one key is passed over",
    "report.cancelled": "a run's `failure`: docs/guides/reports.md",
    "report.interrupted": "a run's `failure`: docs/guides/reports.md",
    "report.too_large": "a run's `failure`: docs/guides/reports.md",
    "report.too_slow": "a run's `failure`: docs/guides/reports.md",
    "redis.": "becomes session.unavailable, or a limit that is not kept for the moment",
    "session.": "of cookie sessions, for services that have them; src/openapi lists what a route says",
    "sms.try_later": "told to the queue, which tries again",
    "storage.": "of routes that keep files, for services that have them; the document lists them there",
    "url.": "of routes that take addresses to be called, for services that have them; the document lists them there",
    "webhook.not_verified": "of routes that receive signed webhooks, for services that have them; the document lists it there",
}
FREE = re.compile(r"(_test\.(cpp|h)$|^src/testing/|^pos/testing/|^pos/demo/|^src/app/dev/|(^|/)test_)")


def published():
    """The codes that the service explains."""
    return set(PUBLISHED.findall((ROOT / "docs/errors.md").read_text(encoding="utf-8")))


def unpublished_in(path, raw):
    """(offset, code) of each error code that the service explains nowhere."""
    if re.match(r"examples/|src/openapi/example/|src/db/migrate/shop_schema", path):  # services of their own
        return
    known = published()
    for match in CODE.finditer(raw):
        code = match.group(1)
        if code not in known and code not in INTERNAL and code.partition(".")[0] + "." not in INTERNAL:
            yield match.start(), code


def findings_in(path, raw):
    """(line number, rule, message) of a file's text."""
    if FREE.search(path):
        return
    text = blank(raw)
    found = []
    if path.startswith("pos/"):
        for match in THROWN.finditer(text):
            if match.group(1) not in ALLOWED:
                message = f"throw base::Failure with a code instead of {match.group(1)}, or std::logic_error for a fault of ours"
                found.append((match.start(), "thrown-type", message))
    for match in PARSE.finditer(text):
        found.append((match.start(), "throwing-parse", f"{match.group(1)} throws on input; use base::parse_integer"))
    for offset, code in unpublished_in(path, raw):
        message = f"{code} is not in docs/errors.md: run bin/docs, or list it in INTERNAL"
        found.append((offset, "unpublished-code", message))
    lines = raw.split("\n")
    for offset, rule, message in found:
        number = text.count("\n", 0, offset) + 1
        excuses = [EXCUSE.search(line) for line in lines[max(0, number - 2) : number]]
        if not any(excuse and excuse.group(1) == rule and excuse.group(2) for excuse in excuses):
            yield number, rule, message


def main():
    """Standard input: the files to look at, one a line."""
    findings = []
    for path in sys.stdin.read().split("\n"):
        if re.match(r"(src|pos|examples)/.*\.(cpp|h)$", path):
            for number, rule, message in findings_in(path, Path(path).read_text(encoding="utf-8")):
                findings.append(f"{path}:{number}: [{rule}] {message}")
    print("\n".join(findings), end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
