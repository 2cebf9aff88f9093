#!/usr/bin/env python3
"""Coroutine rules that clang-tidy does not check (docs/decisions/0001-toolchain.md); prints findings, exits 1 if any.

  reference-parameter  a coroutine takes its parameters by value, but for what the library that calls it keeps until it has
                       ended: Context& and Job<T>&, a part's Findings&, a stream's BodyWriter&
  capturing-lambda     a lambda that captures and returns a Task: its captures die before its frame, unless `this auto`
                       copies them into it
  await-in-catch       no co_await inside a catch block
  structured-binding   no structured binding directly on a co_await
  sleep                what runs until it is told to end (src/app, src/jobs, src/redis) sleeps by an async::Stop, which ends
                       its sleep too

A line may be excused with `// lint: allow(RULE) REASON`, on it or above it; without a reason it is not.
A function counts as a coroutine when it returns Task<...>; one whose body, visible here, has no co_await, co_return or
co_yield only forwards a task and may take references. A declaration alone is judged as a coroutine when its definition,
in the same set of files, is one.
"""

import re
import sys
from pathlib import Path

ALLOWED_REFERENCE = re.compile(r"^(const\s+)?(\w+::)*(Context|Job\s*<.*>|Findings|BodyWriter)\s*&\s*\w*$", re.S)
SELF_BY_VALUE = re.compile(r"^\s*this\s+auto\b(?!\s*&)")
TASK_FUNCTION = re.compile(r"\b(?:async::)?Task\s*<")
LAMBDA = re.compile(r"\[([^\[\]]*)\]\s*(?:<[^<>]*>\s*)?\(([^()]*(?:\([^()]*\)[^()]*)*)\)\s*(?:mutable\s*|noexcept\s*)*->\s*((?:\w+::)*Task\s*<)")
UNTYPED_LAMBDA = re.compile(r"\[([^\[\]]+)\]\s*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)\s*)?(?:mutable\s*|noexcept\s*)*\{")
UNTIL_TOLD_TO_END = re.compile(r"(^|/)src/(app|jobs|redis)/(?!.*_(test|for_test)\.\w+$)")
KEYWORD = re.compile(r"\bco_(await|return|yield)\b")
EXCUSE = re.compile(r"//\s*lint:\s*allow\(([\w-]+)\)\s*(\S.*)?$")


def blank(text):
    """Comments and literals become spaces, so that positions and line numbers stay."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])+\'', re.S)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def closing(text, start, opened, closed):
    depth = 0
    for position in range(start, len(text)):
        if text[position] == opened:
            depth += 1
        elif text[position] == closed:
            depth -= 1
            if depth == 0:
                return position
    return -1


def close_angle(text, start):
    depth = 0
    for position in range(start, min(len(text), start + 2000)):
        if text[position] == "<":
            depth += 1
        elif text[position] == ">" and text[position - 1] != "-":
            depth -= 1
            if depth == 0:
                return position
        elif text[position] in ";{":
            return -1
    return -1


def split_parameters(text):
    depth, parameter = 0, ""
    for character in text:
        depth += character in "<([{"
        depth -= character in ">)]}"
        if character == "," and depth == 0:
            yield parameter
            parameter = ""
        else:
            parameter += character
    if parameter.strip():
        yield parameter


def without_lambdas(body):
    """A body less its inner lambdas, whose co_await is not the function's own."""
    result, position = "", 0
    for match in re.finditer(r"\[[^\[\]]*\]\s*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)\s*)?(?:mutable\s*|noexcept\s*)*(?:->[^{;]*)?\{", body):
        if match.start() < position:
            continue
        end = closing(body, match.end() - 1, "{", "}")
        if end > 0:
            result += body[position : match.start()]
            position = end + 1
    return result + body[position:]


def functions(text):
    """(offset, name, parameters, body or None) of what returns Task<...> by name."""
    for match in TASK_FUNCTION.finditer(text):
        end = close_angle(text, match.end() - 1)
        if end < 0:
            continue
        head = re.compile(r"\s*((?:[\w~]+(?:<[^<>()]*>)?::)*\w+)\s*\(").match(text, end + 1)
        if not head or head.group(1) in {"if", "while", "return", "operator"}:
            continue
        close = closing(text, head.end() - 1, "(", ")")
        if close < 0:
            continue
        tail = re.compile(r"[\s\w&]*?(\{|;|=|,|\))").match(text, close + 1)
        body = None
        if tail and tail.group(1) == "{":
            body = text[tail.end() - 1 : closing(text, tail.end() - 1, "{", "}") + 1]
        elif not tail or tail.group(1) in ",)":
            continue
        yield match.start(), head.group(1), text[head.end() : close], body


class Files:
    def __init__(self, paths):
        self.raw = {path: Path(path).read_text(encoding="utf-8") for path in paths}
        self.blanked = {path: blank(text) for path, text in self.raw.items()}
        self.findings = []

    def report(self, path, offset, rule, message):
        number = self.blanked[path].count("\n", 0, offset) + 1
        lines = self.raw[path].split("\n")
        for line in lines[max(0, number - 2) : number]:
            excuse = EXCUSE.search(line)
            if excuse and excuse.group(1) == rule and excuse.group(2):
                return
        self.findings.append(f"{path}:{number}: [{rule}] {message}")

    def check(self):
        defined = {}
        for text in self.blanked.values():
            for _, name, parameters, body in functions(text):
                if body is not None:
                    key = (name.split("::")[-1], len(list(split_parameters(parameters))))
                    defined[key] = defined.get(key, False) or bool(KEYWORD.search(without_lambdas(body)))
        for path, text in self.blanked.items():
            for offset, name, parameters, body in functions(text):
                key = (name.split("::")[-1], len(list(split_parameters(parameters))))
                is_coroutine = KEYWORD.search(without_lambdas(body)) if body is not None else defined.get(key, False)
                if is_coroutine:
                    self.check_parameters(path, offset, name, parameters)
            self.check_lambdas(path, text)
            self.check_catches(path, text)
            for match in re.finditer(r"\bauto\s*(?:&&?|const\s*&)?\s*\[[^\]]*\]\s*=\s*\(?\s*co_await\b", text):
                self.report(path, match.start(), "structured-binding", "name the result first: auto r = co_await ...; auto& [a, b] = r;")
            if UNTIL_TOLD_TO_END.search(path):
                for match in re.finditer(r"\basync::sleep\s*\(", text):
                    self.report(path, match.start(), "sleep", "no stop ends this: sleep by an async::Stop, or say what bounds it")
        return self.findings

    def check_parameters(self, path, offset, name, parameters):
        for parameter in split_parameters(parameters):
            declared = parameter.split("=")[0].strip()
            # A reference inside angle brackets or parentheses belongs to a function type, not to the parameter.
            outer = re.sub(r"<.*>|\(.*\)", "", declared, flags=re.S)
            if "&" in outer and not ALLOWED_REFERENCE.match(declared):
                self.report(path, offset, "reference-parameter", f"{name}: '{' '.join(declared.split())}' may dangle; pass it by value")

    def check_lambdas(self, path, text):
        for match in LAMBDA.finditer(text):
            start = text.find("{", match.end())
            body = text[start : closing(text, start, "{", "}") + 1] if start > 0 else ""
            if match.group(1).strip() and not SELF_BY_VALUE.match(match.group(2)) and KEYWORD.search(without_lambdas(body[1:])):
                self.report(path, match.start(), "capturing-lambda", "captures die before the frame; make it a named function")
        for match in UNTYPED_LAMBDA.finditer(text):
            if text[: match.start()].rstrip().endswith(("auto", "auto&", "auto&&", "[")) or not match.group(1).strip():
                continue
            body = text[match.end() - 1 : closing(text, match.end() - 1, "{", "}") + 1]
            if KEYWORD.search(without_lambdas(body[1:])):
                self.report(path, match.start(), "capturing-lambda", "captures die before the frame; make it a named function")

    def check_catches(self, path, text):
        for match in re.finditer(r"\bcatch\s*\(", text):
            close = closing(text, match.end() - 1, "(", ")")
            start = text.find("{", close)
            body = text[start : closing(text, start, "{", "}") + 1]
            found = re.search(r"\bco_await\b", without_lambdas(body[1:]))
            if found:
                self.report(path, match.start(), "await-in-catch", "leave the catch block before the co_await")


def main():
    """Arguments: all files; standard input: those to report about, one a line."""
    chosen = set(sys.stdin.read().split("\n"))
    findings = [finding for finding in Files(sys.argv[1:]).check() if finding.split(":", 1)[0] in chosen]
    print("\n".join(findings), end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
