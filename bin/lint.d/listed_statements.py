#!/usr/bin/env python3
"""Every statement that a module declares is listed by its module: db::statements(...).

An unlisted statement compiles, starts, and throws at the first request that runs it; `db check` never sees it. So each
constant of a folder of pos/ that is a statement (db::Query, a builder that ends in .named() or .page(), a List, a TextSearch, a Collection)
must stand in a db::statements(...) of that folder, by itself or by its parts (`all.own, all.updated`); one of a header may be listed by the module that runs it.

Standard input: the files to look at, one a line; their folders are checked as a whole. Findings: path:line: rule: message.
"""

import re
import sys
from pathlib import Path

from coroutine_rules import blank

RULE = "unlisted-statement"
DEFINED = re.compile(r"^(?:inline\s+)?constexpr\s+(?P<type>[\w:<>(),\s&*]+?)\s+(?P<name>\w+)\s*(?P<start>[={;])", re.MULTILINE)
IS_STATEMENT = re.compile(
    r"\.named\s*\(|\.page\s*\(|\bdb::(?:find|insert|insert_all|replace|upsert|find_for_update)\s*<"
    r"|\b(?:db::)?(?:System|Unverified)?Query\s*<|\bdb::PageQuery\s*<|\b(?:Collection|SyncedRows)\s*<|\b(?:Sql)?List\b|\bTextSearch\s*<"
)
LISTS = re.compile(r"\bdb::statements\s*\(")


def balanced(text, start):
    """The text from the bracket at `start` to the one that closes it."""
    depth = 0
    for end in range(start, len(text)):
        if text[end] in "({[":
            depth += 1
        elif text[end] in ")}]":
            depth -= 1
            if depth == 0:
                return text[start : end + 1]
    return text[start:]


def definition(text, match):
    """What a constant is: its type and its initialiser."""
    depth = 0
    for end in range(match.start("start"), len(text)):
        if text[end] in "({[":
            depth += 1
        elif text[end] in ")}]":
            depth -= 1
        elif text[end] == ";" and depth == 0:
            return text[match.start() : end]
    return text[match.start() :]


def statements_in(text):
    """(offset, name, definition) of each constant that is a statement."""
    for match in DEFINED.finditer(text):
        whole = definition(text, match)
        if IS_STATEMENT.search(whole):
            yield match.start("name"), match.group("name"), whole


def listed_in(text):
    """Names that stand in a db::statements(...)."""
    names = set()
    for match in LISTS.finditer(text):
        names.update(re.findall(r"\w+", balanced(text, match.end() - 1)))
    return names


def findings_of(files, elsewhere=frozenset()):
    """(path, line, message) of a folder, {path: text}; a header's statements may be listed `elsewhere`."""
    texts = {path: blank(raw) for path, raw in files.items()}
    listed = set().union(*(listed_in(text) for text in texts.values()))
    found = [(path, text, *one) for path, text in sorted(texts.items()) for one in statements_in(text)]
    # A list is listed by its parts, and made of pages that have names of their own.
    for _, _, _, name, whole in found:
        if name in listed and re.search(r"\b(?:Sql)?List\b", whole):
            listed.update(re.findall(r"\w+", whole))
    for path, text, offset, name, _ in found:
        if name not in listed and not (path.endswith(".h") and name in elsewhere):
            line = text.count("\n", 0, offset) + 1
            yield path, line, f"{name} is in no db::statements(...) of {Path(path).parent}: it would refuse to run"


def main():
    """Standard input: the files to look at, one a line."""
    folders = {str(Path(path).parent) for path in sys.stdin.read().split("\n") if re.match(r"pos/(modules/\w+|plumbing)/.*\.(h|cpp)$", path)}
    failed = False
    everywhere = set()
    for path in Path("pos").rglob("*.cpp"):
        everywhere |= listed_in(blank(path.read_text(encoding="utf-8")))
    for folder in sorted(folders):
        files = {
            str(path): path.read_text(encoding="utf-8")
            for path in sorted(Path(folder).iterdir())
            if path.suffix in (".h", ".cpp") and not path.name.endswith("_test.cpp")
        }
        for path, line, message in findings_of(files, everywhere):
            failed = True
            print(f"{path}:{line}: {RULE}: {message}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
