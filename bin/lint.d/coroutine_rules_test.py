#!/usr/bin/env python3
"""Samples for coroutine_rules.py: what it must report, and what it must leave alone. Run by bin/lint."""

import tempfile
from pathlib import Path

from coroutine_rules import Files
from samples import end, judged

REPORTED = {
    "reference-parameter": [
        "async::Task<int> f(const std::string& text) { co_return text.size(); }",
        "Task<void> Pool::run(Job& job) { co_await job; }",
        "Task<void> f(std::string&& text) { co_return; }",
        "Task<int> f(Row& row);\nTask<int> f(Row& row) { co_return 1; }",
        "// lint: allow(reference-parameter)\nTask<void> f(int& a) { co_return; }",  # an excuse without a reason
        "Task<std::vector<std::pair<int, int>>> f(int a, std::map<int, int>& b) { co_return {}; }",
    ],
    "capturing-lambda": [
        "auto f = [&]() -> Task<int> { co_return 1; };",
        "auto f = [value](int a) -> async::Task<void> { co_await g(a); };",
        "spawn([this] { co_await g(); });",
        "auto f = [value](this auto& self) -> Task<void> { co_await g(value); };",
    ],
    "await-in-catch": ["Task<void> f() { try { co_await g(); } catch (const E& e) { co_await h(); } }"],
    "structured-binding": ["Task<void> f() { auto [a, b] = co_await g(); }", "Task<void> f() { const auto& [a, b] = co_await g(); }"],
    "sleep": ["Task<void> f() { while (!stopping_) co_await async::sleep(&loop_, retry_); }"],
}

ACCEPTED = [
    "Task<void> f() { while (co_await stop_.sleep(retry_)) co_await g(); }",
    "// lint: allow(sleep) of a request\nTask<void> f() { co_await async::sleep(&loop_, pause); }",
    "Task<void> f(Context& context) { co_await g(); }",
    "Task<void> f(http::Context& context, Next next) { co_await next(); }",
    "Task<void> f(Job<SendMail>& job) { co_await g(); }",
    "Task<Caller> Caller::read(http::Context& context, http::Findings& /*unused*/) { co_await g(); }",
    "Task<void> operator()(BodyWriter& out) { co_await out.write(piece); }",
    "auto f = [value](this auto, int a) -> Task<void> { co_await g(value, a); };",
    "Task<void> f(std::function<void(int&)> visit) { co_return; }",
    "Task<void> f(const std::string& text) { return g(std::string(text)); }",  # forwards, no frame
    "Task<void> f(Row& row);",  # not known to be a coroutine here
    "Task<void> f(int& a) { return run([]() -> Task<void> { co_return; }); }",
    "auto f = []() -> Task<int> { co_return 1; };",
    "auto f = [&] { return 1; };",
    "Task<void> f() { try { co_await g(); } catch (const E& e) { failed = true; } co_await h(); }",
    "Task<void> f() { auto r = co_await g(); auto& [a, b] = r; }",
    "// Task<void> f(int& a) { co_return; }",
    "// lint: allow(reference-parameter) the caller awaits it before its own frame ends\nTask<void> f(int& a) { co_return; }",
]


def rules_in(text):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "src/jobs/sample.cpp")
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        return sorted({line.split("[", 1)[1].split("]", 1)[0] for line in Files([str(path)]).check()})


if __name__ == "__main__":
    end(judged(rules_in, [(rule, text) for rule, texts in REPORTED.items() for text in texts], [(text,) for text in ACCEPTED]))
