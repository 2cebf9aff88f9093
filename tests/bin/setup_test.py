#!/usr/bin/env python3
"""bin/setup and packages.apt: who needs what."""

import functools
import json
import re
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import ROOT, Stand

COMMANDS = {"bench", "build", "dev", "docs", "lint", "test"}
# What only some commands need, and would keep a newcomer waiting.
LATER = {"chromium", "clang-format-19", "clang-tidy-19", "libclang-rt-19-dev", "llvm-19", "python3", "wrk"}


def packages():
    for line in (ROOT / "packages.apt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, commands, *_ = line.split("#")[0].split()
            yield name, set(commands.split(","))


@functools.cache
def wanted_by(*commands):
    """On a system where nothing is installed, but a newer Node."""
    with Stand() as stand:
        stand.program("dpkg-query", "exit 1")
        result = stand.run("bin/setup", "--check", *commands)
        return set(result.stdout.partition("missing Debian packages: ")[2].split())


class Packages(unittest.TestCase):
    def test_each_says_who_needs_it_and_why(self):
        for name, commands in packages():
            self.assertLessEqual(commands, COMMANDS, name)
        for line in (ROOT / "packages.apt").read_text().splitlines():
            self.assertRegex(line, r"^$|^#|^[a-z0-9.+-]+ +[a-z,]+ +(unless-node +)?# .{8}")

    def test_bin_dev_waits_for_nothing_that_others_need(self):
        dev = wanted_by("dev")
        self.assertTrue({"clang-19", "libpq-dev", "postgresql-15", "redis-server", "inotify-tools"} <= dev)
        self.assertEqual(dev & LATER, set())

    def test_the_others_bring_the_rest(self):
        dev = wanted_by("dev")
        self.assertEqual(wanted_by("bench") - dev, {"wrk"})
        self.assertEqual(wanted_by("docs") - dev, {"python3"})
        self.assertEqual(wanted_by("build") - dev, {"libclang-rt-19-dev", "llvm-19"})
        self.assertTrue({"clang-format-19", "clang-tidy-19", "python3"} <= wanted_by("lint"))
        self.assertTrue({"chromium", "libclang-rt-19-dev", "llvm-19", "clang-format-19", "python3"} <= wanted_by("test"))
        self.assertEqual(wanted_by("build", "bench") - dev, {"libclang-rt-19-dev", "llvm-19", "wrk"})
        self.assertEqual(wanted_by(), set().union(*(wanted_by(command) for command in COMMANDS)))

    def test_each_command_asks_for_its_own(self):
        for name in COMMANDS:
            script = (ROOT / "bin" / name).read_text()
            self.assertRegex(script, rf"(?m)^[^#]*\bbin/setup ([a-z]+ )*{name}\b", f"bin/{name}")

    def test_what_the_build_and_bin_dev_take_of_npm_is_no_development_dependency(self):
        used = {"pino-pretty"}  # src/app/dev/pretty_log.mjs
        for file in (ROOT / "src").rglob("CMakeLists.txt"):
            used.update(re.findall(r"node_modules/([\w.-]+)", file.read_text()))
        self.assertTrue({"bullmq", "swagger-ui-dist"} <= used)
        self.assertLessEqual(used, set(json.loads((ROOT / "package.json").read_text())["dependencies"]))
        locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
        waiting = [f"node_modules/{name}" for name in used]
        while waiting:
            place = waiting.pop()
            self.assertNotIn("dev", locked[place], place)
            for name in locked[place].get("dependencies", {}):
                inside = f"{place}/node_modules/{name}"
                waiting.append(inside if inside in locked else f"node_modules/{name}")

    def test_an_installation_shows_how_far_it_is(self):
        names = [f"package{number}" for number in range(20)]
        said = "Reading package lists...\nGet:1 http://deb.debian.org bookworm InRelease\n"
        said += "0 upgraded, 20 newly installed, 0 to remove and 5 not upgraded.\nNeed to get 212 MB of archives.\n"
        for step in ("Get:{} http://x", "Unpacking {} (1.0) ...", "Setting up {} (1.0) ..."):
            said += "".join(step.format(name) + "\n" for name in names)
        said = said.replace("Get:package", "Get:")
        with Stand() as stand:
            function = "eval \"$(sed -n '/^show_installation()/,/^}/p' bin/setup)\"; show_installation"
            shown = stand.run("bash", "-c", f"source bin/lib/common.sh; {function}", stdin=said).stdout.splitlines()
        self.assertEqual(shown[0], "Need to get 212 MB of archives")
        self.assertEqual(shown[1:], [f"installing packages: {percent} %" for percent in range(10, 101, 10)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
