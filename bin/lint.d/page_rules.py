#!/usr/bin/env python3
"""What pages and comments say of the repository's files; prints findings, exits 1 if any.

  link   a relative link of a page leads to a file
  name   a page that a text or a comment names (`*.md`, `docs/...`) is in the repository: by its path from the root or from the
         file that names it, or by the end of its path. docs/decisions/0007 stands for the page of that number. So is a source
         that a comment of C++ or TypeScript names, or a page with its folder; a system's header is written <unistd.h>
  copy   a block of code after <!-- copy: FILE --> is FILE, and one after <!-- part of: FILE --> stands in it, less includes,
         comments and blank lines. A block that the words above it call a file (`FILE`, less its includes) has such a mark. One
         after <!-- file: FILE --> is a file that the page alone has, and that a test compiles
  metric a metric that the service counts is named in docs/operations/metrics.md
  write  a file that the commands of a guide write where they are typed, which is the clone, is one that .gitignore has

A file of somebody else's is excused by `// lint: allow(name) REASON` on the line or above it. All files are judged, since what goes
or changes is named in files that did not; it takes a second.
"""

import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

from coroutine_rules import EXCUSE

LINK = re.compile(r"\]\(([^)# ][^) ]*)\)")
# What goes on before or after is a pattern, a variable or an address, and no name.
NAMED = re.compile(r"(?<![\w./$}{*>:@-])(?:(?:[\w.-]+/)*[\w-][\w.-]*\.md|docs/(?:[\w.-]+/)*[\w-][\w.-]*[\w-])(?![\w*{<$(/-])")
SOURCE = re.compile(r"(?<![\w./$}{*>:@<\"'-])(?:[\w.-]+/)*[\w-][\w.-]*\.(?:cpp|cxx|h|ts|mjs|py|cmake|sql)(?![\w*{<$(/.-])")
COMMENT = re.compile(r"(?:^|\s)//(.*)")
MARK = re.compile(r"^<!-- (copy|part of|file): (\S+) -->$")
SAYS_SO = re.compile(r"`([\w./-]+\.(?:cpp|h|ts|mjs|sql))`, less its includes")
METRIC = re.compile(r'\b(?:counter|gauge|histogram)(?:_family)?\(\s*"([a-z_]+)"')
GUIDE = re.compile(r"^(README\.md|docs/(getting-started|build-an-app|collections)\.md|docs/guides/[^/]+\.md|clients/.+\.md)$")
# Into a file, and what a comment says of a command.
WRITTEN_NAME = re.compile(r"(?:(?<![\w=&-])>>? ?|\btee |(?<=\s)-o )(\w[\w-]*\.[\w.-]*\w)")
TOLD_NAME = re.compile(r"(?<![\w./-])\w[\w.-]*\.(?:json|yaml|tgz)\b")
METRICS_PAGE = "docs/operations/metrics.md"
# No text of ours: locks, bytes for fuzzers, what a run writes.
PASSED_OVER = re.compile(r"(^|/)package-lock\.json$|^fuzz/corpus/|\.(png|ico|woff2?)$|_rules_test\.py$|^src/auth/common_passwords\.txt$")
# Written by bin/test --long, which commits it.
WRITTEN = {"docs/runs", "docs/runs/exactly-once.json"}


class Pages:
    """files: the paths of the repository; read: path → text; ignored: whether .gitignore has a name at the root."""

    def __init__(self, files, read, ignored):
        self.files, self.read, self.ignored = set(files), read, ignored
        self.folders = {str(up) for path in files for up in PurePosixPath(path).parents}
        self.ends = {"/".join(path.split("/")[at:]) for path in files for at in range(path.count("/") + 1)}

    def findings(self, path):
        """(line, rule, message) of one file."""
        if PASSED_OVER.search(path):
            return
        lines = self.read(path).split("\n")
        for number, line in enumerate(lines, 1):
            excuses = [EXCUSE.search(text) for text in lines[max(0, number - 2) : number]]
            if MARK.match(line) or any(excuse and excuse.group(1) == "name" and excuse.group(2) for excuse in excuses):
                continue
            for name in names_in(path, LINK.sub("]", line)):
                if not self.is_there(path, name):
                    yield number, "name", f"{name} is not in the repository: name a page that is, or the test that shows it"
        if path.endswith(".md"):
            yield from self.links(path, lines)
            yield from self.copies(lines)
        if GUIDE.match(path):
            yield from self.writes(lines)
        if re.match(r"(src|pos)/(?!testing/).*(?<!_test)\.cpp$", path):
            yield from self.metrics(path)

    def metrics(self, path):
        text = self.read(path)
        for made in METRIC.finditer(text):
            if f"`{made.group(1)}`" not in self.read(METRICS_PAGE):
                yield text.count("\n", 0, made.start()) + 1, "metric", f"{made.group(1)} is not in {METRICS_PAGE}"

    def is_there(self, path, name):
        beside = normal(f"{PurePosixPath(path).parent}/{name}")
        if name in self.ends or {name, beside} & (self.files | self.folders | WRITTEN):
            return True
        numbered = re.match(r"docs/decisions/\d{4}$", name)
        return bool(numbered) and any(page.startswith(name + "-") for page in self.files)

    def links(self, path, lines):
        for number, line in enumerate(lines, 1):
            for link in LINK.findall(line):
                target = link.partition("#")[0]
                if re.match(r"(https?|mailto):", link) or not re.search(r"[./]", target):
                    continue
                if not {normal(f"{PurePosixPath(path).parent}/{target}")} & (self.files | self.folders):
                    yield number, "link", f"{link} is not there"

    def copies(self, lines):
        says_so = None  # the file that the words since the last block or heading call the next block
        for number, line in enumerate(lines, 1):
            says_so = None if line.startswith("#") else next(iter(SAYS_SO.findall(line)), says_so)
            mark = MARK.match(line)
            if mark and mark.group(1) == "file":
                says_so = None
            elif mark:
                says_so = None
                yield from self.copy(number, lines, *mark.groups())
            elif line.startswith("```"):
                if says_so:
                    yield number, "copy", f"a copy of {says_so} that nothing compares: put <!-- copy: {says_so} --> above it"
                says_so = None

    def writes(self, lines):
        runs = False
        for number, line in enumerate(lines, 1):
            if line.startswith("```"):
                runs = line.startswith("```sh")
                continue
            command, _, comment = line.partition(" #")
            names = WRITTEN_NAME.findall(command) + TOLD_NAME.findall(comment) if runs else []
            for name in sorted(set(names)):
                if name not in self.files and not self.ignored(name):
                    yield number, "write", f"{name} is left in the clone, where it may be committed: put /{name} into .gitignore"

    def copy(self, number, lines, kind, file):
        if file not in self.files:
            yield number, "copy", f"{file} is not in the repository"
            return
        block = []
        for line in lines[number + 1 :] if number < len(lines) and lines[number].startswith("```") else ():
            if line.startswith("```"):
                break
            block.append(line)
        shown, built = substance(block), substance(self.read(file).split("\n"))
        whole = shown == built
        contained = any(built[at : at + len(shown)] == shown for at in range(len(built)))
        if not shown or not (whole if kind == "copy" else contained):
            other = next((f"; the first that differs: {line.strip()}" for line in shown if line not in built), "")
            yield number, "copy", f"the block is not {'' if kind == 'copy' else 'part of '}{file}{other}"


def names_in(path, line):
    yield from NAMED.findall(line)
    if path.endswith(".md"):
        yield from (name for name in SOURCE.findall(line) if "/" in name)
    elif re.search(r"\.(cpp|cxx|h|ts|mjs)$", path):
        for comment in COMMENT.findall(line):
            yield from SOURCE.findall(comment)


def substance(lines):
    return [line.rstrip() for line in lines if line.strip() and not re.match(r"\s*(//|#include)", line)]


def normal(path):
    parts = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or "."


def ignored(name):
    return subprocess.run(["git", "check-ignore", "--quiet", "--no-index", name], check=False).returncode == 0


def main():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True)
    files = [path for path in listed.stdout.splitlines() if Path(path).is_file()]
    pages = Pages(files, lambda path: Path(path).read_text(encoding="utf-8", errors="replace"), ignored)
    found = [f"{path}:{line}: [{rule}] {message}" for path in files for line, rule, message in pages.findings(path)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
