#!/usr/bin/env python3
"""The two checks that compile: clang-tidy, and headers compiled alone. Prints findings, exits 1 if any.

  compile_checks.py tidy|headers BUILD JOBS < FILES    paths from the root of the repository, one a line

A source that includes the header of its own name first compiles it alone: so `headers` leaves such headers to it, and `tidy`,
given a header, runs over that source, or over the header itself when there is none. Who else includes a header is not looked
at: the build compiles them (docs/decisions/0034-lint.md).
BUILD holds compile_commands.json; a source that is not in it is passed over. What passed once is not run again while the
command, the configuration, the file and the headers of ours that it includes keep their bytes: .cache/lint/ holds a
record of each pass, with paths from the root, so that a second clone may begin with a copy of it. Of the system's headers
nothing is recorded but the version of the compiler.
"""

import concurrent.futures
import functools
import hashlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

CLANG, TIDY = "clang++-19", "clang-tidy-19"
RECORDS = Path(".cache/lint")
FLAG = ("-I", "-isystem", "-D", "-W", "-std", "-f")
HEADER = ["-x", "c++", "-Wno-pragma-once-outside-header", "-Wno-unused-const-variable"]
INCLUDE = re.compile(r'^#include ["<]([^">]+)[">]', re.M)
FINDING = re.compile(r"^[^ ]+:\d+:\d+: (?:error|warning|fatal error): ")


@functools.cache
def digest(path):
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def flags_by_source(build):
    """Source → the flags it is compiled with, less what names it and its object; paths from the root."""
    root = re.compile(re.escape(str(Path.cwd())) + r"(?:/|(?= |$))")
    flags = {}
    for entry in json.loads(Path(build, "compile_commands.json").read_text(encoding="utf-8")):
        command = re.sub(r" -isystem (?=\S)", " -isystem", root.sub("./", entry["command"]))
        kept = [argument for argument in shlex.split(command) if argument.startswith(FLAG)]
        flags.setdefault(root.sub("", entry["file"]), kept)
    return flags


class Flags:
    def __init__(self, build):
        self.by_source = flags_by_source(build)
        # A library's own sources last: its tests see less than they do.
        sources = sorted(self.by_source.items(), key=lambda entry: not entry[0].endswith("_test.cpp"))
        self.by_folder = {str(Path(source).parent): flags for source, flags in sources}

    def of_source(self, path):
        return self.by_source.get(path)

    def of_header(self, path):
        """Those of a source beside it: a library's headers may need what it alone is compiled with."""
        beside = (self.by_folder.get(str(folder)) for folder in Path(path).parents)
        return [*(next((flags for flags in beside if flags), None) or self.by_folder["src/base"]), *HEADER]

    def own_source(self, header):
        """The source that includes this header first, and so compiles it alone; or None."""
        source = header.removesuffix(".h") + ".cpp"
        if source not in self.by_source:
            return None
        first = INCLUDE.search(Path(source).read_text(encoding="utf-8"))
        return source if first and Path(first.group(1)).name == Path(header).name else None


# What a source includes, it is to include itself: precompiled headers hide what is missing, and need a build.
PRECOMPILED = re.compile(r" -Winvalid-pch| -Xclang -include(?:-pch)? -Xclang \S+| -Xclang -fno-pch-timestamp")


def without_precompiled_headers(build):
    """A folder with the commands of BUILD, less what has headers precompiled."""
    commands = json.loads(Path(build, "compile_commands.json").read_text(encoding="utf-8"))
    RECORDS.mkdir(parents=True, exist_ok=True)
    Path(RECORDS, "compile_commands.json").write_text(
        json.dumps([entry | {"command": PRECOMPILED.sub("", entry["command"])} for entry in commands]), encoding="utf-8"
    )
    return str(RECORDS)


class Tidy:
    name = "tidy"

    def __init__(self, build):
        self.build = without_precompiled_headers(build)
        self.flags = Flags(self.build)
        # As the tool reads it: a comment in .clang-tidy runs nothing again.
        self.configuration = [run(TIDY, "--version").stdout, run(TIDY, "--dump-config").stdout]

    def chosen(self, paths):
        return [path if path.endswith(".cpp") else self.flags.own_source(path) or path for path in paths]

    def flags_of(self, path):
        return self.flags.of_source(path) if path.endswith(".cpp") else self.flags.of_header(path)

    def check(self, path):
        as_compiled = ["-p", self.build, path] if path.endswith(".cpp") else [path, "--", *self.flags_of(path)]
        result = run(TIDY, "-quiet", *as_compiled)
        return result.returncode == 0, result.stdout or result.stderr


class Headers:
    name = "headers"

    def __init__(self, build):
        self.flags = Flags(without_precompiled_headers(build))
        self.configuration = [run(CLANG, "--version").stdout]

    def chosen(self, paths):
        return [path for path in paths if not self.flags.own_source(path)]

    def flags_of(self, path):
        return [*self.flags.of_header(path), "-fsyntax-only"]

    def check(self, path):
        result = run(CLANG, *self.flags_of(path), path)
        return result.returncode == 0, result.stderr


def inputs(check, path):
    """Path → digest of what the compiler reads of ours. Taken before the check, so that an edit meanwhile counts."""
    listed = run(CLANG, *check.flags_of(path), "-MM", "-MT", "x", path).stdout.replace("\\\n", " ").split()[1:]
    return {path: digest(path)} | {name: digest(name) for name in listed}


def findings(output):
    """Each finding with its lines of code."""
    block = []
    for line in output.splitlines():
        if FINDING.match(line):
            if block:
                yield "\n".join(block)
            block = [line]
        elif block:
            block.append(line)
    if block:
        yield "\n".join(block)


def checked(check, path):
    record = RECORDS / check.name / path.replace("/", "__")
    command = hashlib.sha256(repr((check.configuration, check.flags_of(path))).encode()).hexdigest()
    try:
        passed = json.loads(record.read_text(encoding="utf-8"))
        if passed["command"] == command and all(digest(name) == seen for name, seen in passed["inputs"].items()):
            return []
    except (OSError, ValueError, KeyError):
        pass
    seen = inputs(check, path)
    ok, output = check.check(path)
    if ok:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({"command": command, "inputs": seen}), encoding="utf-8")
        return []
    return list(findings(output)) or [f"{path}: {output or 'the tool failed'}"]


def main():
    kind, build, jobs = sys.argv[1:]
    check = {"tidy": Tidy, "headers": Headers}[kind](build)
    paths = {path for path in check.chosen(sys.stdin.read().splitlines()) if check.flags_of(path)}
    # The long ones first, so that no core waits for the last.
    paths = sorted(paths, key=lambda path: (-Path(path).stat().st_size, path))
    told = set()  # a header's findings come with every source that includes it
    with concurrent.futures.ThreadPoolExecutor(int(jobs)) as pool:
        for found in pool.map(functools.partial(checked, check), paths):
            for finding in found:
                if (head := finding.split("\n", 1)[0]) not in told:
                    told.add(head)
                    print(finding, flush=True)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
