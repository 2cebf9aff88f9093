#!/usr/bin/env python3
"""bin/lib/build.sh: what a build says, how long it takes, and whose tree it builds."""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import ROOT, Stand

COMMAND = "/usr/bin/ccache /usr/bin/clang++-19 -DA " + "-Iinclude " * 300
FAILED = f"""ninja: Entering directory `/x'
[1/3] Building CXX object src/base/CMakeFiles/base.dir/decimal.cpp.o
FAILED: src/app/CMakeFiles/app.dir/dev/signals.cpp.o 
{COMMAND}
In file included from ../../src/app/dev/signals.cpp:1:
../../src/app/dev/signals.h:7:3: error: unknown type name 'sigset'
{ROOT}/src/base/money.h:9:1: note: declared here
[2/3] Linking CXX static library src/base/libbase.a
FAILED: pos/backend-api 
: && clang++-19 {COMMAND} && :
ld.lld-19: error: undefined symbol: app::run
ninja: build stopped: subcommand failed.
"""
SHOWN = """building local 1/3
failed: src/app/dev/signals.cpp
In file included from src/app/dev/signals.cpp:1:
src/app/dev/signals.h:7:3: error: unknown type name 'sigset'
src/base/money.h:9:1: note: declared here
building local 2/3
failed: pos/backend-api
ld.lld-19: error: undefined symbol: app::run
ninja: build stopped: subcommand failed.
the whole command: bin/build --verbose local
"""
MANIFEST = """
rule CXX
  command = cp $in $out
  description = Building CXX object $out
rule GLOB
  command = true
  restat = 1
  generator = 1
  description = Re-checking globbed directories...
build force: phony
build {tree}/globs: GLOB | force
build build.ninja: GLOB {tree}/globs
{objects}
build all: phony {names}
default all
"""


class WhatABuildSays(unittest.TestCase):
    def show(self, text, **variables):
        with Stand() as stand:
            return stand.call("show_build", "local", ROOT / "build/local", stdin=text, **variables).stdout

    def test_the_file_the_line_and_the_message_without_the_command(self):
        self.assertEqual(self.show(FAILED), SHOWN)

    def test_the_command_where_it_is_wanted(self):
        shown = self.show(FAILED, VERBOSE="1")
        self.assertIn(COMMAND, shown)
        self.assertNotIn("--verbose", shown)

    def test_colours_do_not_hide_a_failure(self):
        coloured = FAILED.replace("FAILED: ", "\x1b[31mFAILED: \x1b[0m").replace("../../src", "\x1b[1m../../src")
        shown = self.show(coloured)
        self.assertNotIn(COMMAND, shown)
        self.assertIn("\x1b[1msrc/app/dev/signals.h:7:3: error:", shown)

    def test_progress_in_a_pipe_is_a_line_each_tenth(self):
        lines = self.show("".join(f"[{done}/200] Building CXX object x.o\n" for done in range(1, 201))).splitlines()
        self.assertEqual(len(lines), 11)
        self.assertEqual((lines[0], lines[-1]), ("building local 1/200", "building local 200/200"))

    def test_what_cmake_tells_along_the_way_is_left_out(self):
        self.assertEqual(self.show("-- Configuring done\n-- GLOB mismatch!\nCMake Error at x\n"), "CMake Error at x\n")


class HowLong(unittest.TestCase):
    def announce(self, took, files):
        """took: {file: milliseconds} of an earlier build."""
        with Stand() as stand:
            tree = stand.path / "tree"
            tree.mkdir()
            (tree / "in").write_text("")
            names = [f"{name}.o" for name in files]
            objects = "\n".join(f"build {name}: CXX in" for name in names)
            (tree / "build.ninja").write_text(MANIFEST.format(tree=tree, objects=objects, names=" ".join(names)))
            log = "".join(f"0\t{time}\t0\t{name}.o\t0\n" for name, time in took.items())
            (tree / ".ninja_log").write_text("# ninja log v5\n" + log)
            said = stand.call("announce_build", "local", tree, 2).stdout
            self.assertFalse([name for name in names if (tree / name).exists()], "it only asks")
            return said

    def test_by_what_the_files_took_before(self):
        said = self.announce({"a": 10_000, "b": 30_000}, ["a", "b"])
        self.assertEqual(said, "building local: 2 files to compile, about 20 s with 2 at a time\n")
        said = self.announce({"a": 2_000}, ["a"])
        self.assertEqual(said, "building local: 1 file to compile, some seconds with 2 at a time\n")

    def test_new_files_and_those_that_ccache_had_take_what_others_do(self):
        took = {f"f{number}": 6_000 for number in range(10)} | {"cached": 30}
        said = self.announce(took, [*took, *(f"new{number}" for number in range(49))])
        self.assertIn("60 files to compile, about 3 min with 2 at a time, less where ccache knows the files\n", said)

    def test_a_first_build_is_told_too(self):
        self.assertIn("200 files to compile, about 5 min", self.announce({}, [f"f{number}" for number in range(200)]))

    def test_nothing_is_said_of_nothing(self):
        self.assertEqual(self.announce({}, []), "")


class WhoseTree(unittest.TestCase):
    def configure(self, stand, home, place):
        """Of a tree that was made for the sources in `home` and stands, by what it says, in `place`."""
        tree = stand.path / "build/local"
        tree.mkdir(parents=True)
        cache = f"CMAKE_CACHEFILE_DIR:INTERNAL={place or tree}\nCMAKE_HOME_DIRECTORY:INTERNAL={home}\n"
        (tree / "CMakeCache.txt").write_text(cache)
        (tree / "build.ninja").write_text("")
        (tree / "old.o").write_text("")
        stand.program("cmake", f'mkdir -p "{tree}" && touch "{tree}/build.ninja"')
        result = stand.call("configure", "local", BACKEND_API_BUILD_ROOT=str(stand.path / "build"))
        self.assertEqual(result.returncode, 0, result.stdout)
        return (tree / "old.o").exists(), stand.calls

    def test_of_another_checkout_is_made_anew(self):
        with Stand() as stand:
            kept, calls = self.configure(stand, "/somewhere/else", None)
            self.assertFalse(kept)
            self.assertEqual(len(calls), 1)

    def test_that_was_moved_is_made_anew(self):
        with Stand() as stand:
            kept, calls = self.configure(stand, ROOT, "/before/build/local")
            self.assertFalse(kept)
            self.assertEqual(len(calls), 1)

    def test_ours_is_kept_by_whatever_name(self):
        for by_link in (False, True):
            with Stand() as stand:
                home = ROOT
                if by_link:
                    home = stand.path / "link"
                    home.symlink_to(ROOT)
                kept, calls = self.configure(stand, home, None)
                self.assertTrue(kept)
                self.assertEqual(calls, [])

    def test_nothing_in_bin_builds_past_it(self):
        builders = []
        for file in sorted((ROOT / "bin").rglob("*")):
            if not file.is_file() or file.suffix == ".py":
                continue
            code = [line for line in file.read_text().splitlines() if not line.lstrip().startswith("#")]
            if any("ninja -" in line or "cmake --" in line for line in code):
                builders.append(str(file.relative_to(ROOT)))
        self.assertEqual(builders, ["bin/lib/build.sh"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
