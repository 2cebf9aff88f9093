#!/usr/bin/env python3
"""Everything in bin/ and every command of backend-api explains itself, starts nothing for that, and says what it knows.

  help_test.py PROGRAM      PROGRAM: backend-api
"""

import functools
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import ROOT, Stand

PROGRAM = ""
SCRIPTS = sorted(path.name for path in (ROOT / "bin").iterdir() if path.is_file())
# What a command that only explains itself has no business with.
NOT_STARTED = ("apt-get", "cmake", "initdb", "ninja", "node", "npm", "redis-server", "runuser", "sudo", "wrk")
USAGE = 64


class Bin(unittest.TestCase):
    def run_alone(self, *command, cwd=ROOT):
        with Stand() as stand:
            for name in NOT_STARTED:
                stand.program(name)
            result = stand.run(*command, cwd=cwd)
            self.assertEqual(stand.calls, [], command)
            return result

    def test_help_explains_and_ends(self):
        for name in SCRIPTS:
            for option in ("--help", "-h"):
                with self.subTest(name=name, option=option):
                    result = self.run_alone(ROOT / "bin" / name, option)
                    self.assertEqual(result.returncode, 0, result.stdout)
                    self.assertIn(f"bin/{name}", result.stdout)
                    self.assertGreater(len(result.stdout), 100)

    def test_help_from_another_folder(self):
        result = self.run_alone("../bin/build", "--help", cwd=ROOT / "docs")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("bin/build", result.stdout)

    def test_an_unknown_option_is_told_beside_the_known_ones(self):
        for name in SCRIPTS:
            with self.subTest(name=name):
                result = self.run_alone(ROOT / "bin" / name, "--no-such-option")
                self.assertIn(result.returncode, (USAGE, 2), result.stdout)  # 2: argparse
                self.assertIn("--no-such-option", result.stdout)
                self.assertIn("--help", result.stdout)
                for option in known_options(name):
                    self.assertIn(option, result.stdout)

    def test_so_are_other_words(self):
        for command, said in {
            ("bin/build", "no-such-preset"): "there are: dev local tsan fuzz release",
            ("bin/build", "--train-only"): "goes with --pgo",
            ("bin/dev", "now"): "unknown argument now",
            ("bin/dev", "--port", "high"): "--port needs a number",
            ("bin/lint", "src/no_such_folder"): "there is no src/no_such_folder",
            ("bin/setup", "no-such-command"): "bench build dev docs lint test",
            ("bin/test", "--repeat", "often"): "takes a number",
            ("bin/test", "--long", "--fast"): "unknown option --fast",
            ("bin/with-servers", "no-such-program"): "there is no command no-such-program",
        }.items():
            with self.subTest(command=command):
                result = self.run_alone(*command)
                self.assertEqual(result.returncode, USAGE, result.stdout)
                self.assertIn(said, result.stdout)


@functools.cache
def known_options(script):
    with Stand() as stand:
        return stand.call("known_options", script).stdout.split()


def run_program(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, check=False)


@functools.cache
def help_of(*words):
    return run_program(*words, "--help")


def subcommands_of(text):
    below = text.partition("Subcommands:\n")[2].partition("\n\n")[0]  # examples follow
    return re.findall(r"^  (\S+)", below, re.M)


@functools.cache
def commands(words=()):
    """Every command of the program: () itself, ("db",), ("db", "generate"), ..."""
    below = [commands((*words, name)) for name in subcommands_of(help_of(*words).stdout)]
    return [words, *(command for found in below for command in found)]


class Program(unittest.TestCase):
    def test_every_command_explains_itself(self):
        self.assertIn(("db", "generate"), commands())
        self.assertGreater(len(commands()), 12)
        for words in commands():
            with self.subTest(words=words):
                result = help_of(*words)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertIn("Usage:", result.stdout)
                # Its first line says what it is for.
                self.assertGreater(len(result.stdout.splitlines()[0].split()), 1, result.stdout)
        self.assertEqual(run_program("db", "-h").stdout, help_of("db").stdout)

    def test_what_a_full_disk_cut_is_no_success(self):
        for words in (
            ("--help",),
            ("--version",),
            ("openapi",),
            ("problems",),
            ("config",),
            ("licenses",),
            ("routes",),
            ("postman",),
            ("postman", "--environment"),
            ("completions", "bash"),
            ("db", "generate", "--help"),
        ):
            with self.subTest(words=words), open("/dev/full", "wb") as full:
                result = subprocess.run([PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertIn("what was printed could not be written", result.stderr)

    def test_a_wrong_shell_is_told_which_there_are(self):
        for shell in ("tcsh", "0", "", "BASH"):
            with self.subTest(shell=shell):
                result = run_program("completions", shell)
                self.assertEqual((result.returncode, result.stdout), (USAGE, ""))
                self.assertIn("is none of bash, zsh, fish", result.stderr)

    def test_bash_completes_what_options_take(self):
        script = run_program("completions", "bash").stdout
        for line, offered in {
            "postman --format b": ["bruno"],
            "postman --format bruno --to=x --base": ["--base-url"],
            "completions ''": ["bash", "zsh", "fish", "--help"],
            "plans set --period ''": ["month", "year"],
            "payments resolve --outcome not": ["not_paid"],
            "worker --queues mail,paym": ["mail,payments"],
            "db console --data-dir sr": ["src"],
            "postman --to sr": ["src"],
            "dev --data-dir serve --fr": ["--fresh"],
            "db console --tenant ''": [],
        }.items():
            with self.subTest(line=line):
                words = f"COMP_WORDS=(backend-api {line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))"
                asked = f"{script}\n{words.replace('=x', ' = x')}\n_backend_api\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
                result = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
                self.assertEqual(result.stdout.split(), offered, result.stderr)

    def test_what_was_typed_does_not_rule_the_terminal(self):
        for words in (("\x1b[31mred",), ("completions", "\x1b[31mred"), ("dev", "--port", "\x1b[31m")):
            with self.subTest(words=words):
                result = run_program(*words)
                self.assertEqual(result.returncode, USAGE)
                self.assertNotIn("\x1b", result.stderr)

    def test_every_command_says_what_it_knows(self):
        for words in commands():
            with self.subTest(words=words):
                result = run_program(*words, "--no-such-option")
                self.assertEqual(result.returncode, USAGE)
                self.assertIn("--no-such-option", result.stderr)
                known = help_of(*words).stdout.partition("\nExamples:\n")[0]
                for name in [*subcommands_of(known), *re.findall(r"(?<!\S)--[a-z-]+", known)]:
                    self.assertIn(name, result.stderr)


class WhatTextsName(unittest.TestCase):
    """A hint or a page that names a command names one that exists."""

    def texts(self):
        for folder in ("bench", "docs", "examples", "fuzz", "pos", "src", "tests", "."):
            for path in sorted((ROOT / folder).glob("*.md") if folder == "." else (ROOT / folder).rglob("*")):
                name = str(path.relative_to(ROOT))
                # A decision tells of its day.
                if path.suffix not in (".md", ".cpp", ".h") or "node_modules" in name or name.startswith("docs/decisions/"):
                    continue
                # Literals that go on in the next line are one text.
                yield name, re.sub(r'"\s*\n\s*"', "", (ROOT / name).read_text())

    def test_options_of_bin(self):
        for name, text in self.texts():
            for script, options in re.findall(r"\bbin/([a-z][a-z-]*)((?: --[a-z][a-z-]*)+)", text):
                for option in options.split():
                    self.assertIn(option, known_options(script), f"{name}: bin/{script} {option}")

    def test_what_the_development_mode_recommends_bin_dev_takes(self):
        recommended = set()
        for name, text in self.texts():
            if name.startswith("src/app/dev/") and name.endswith(".cpp"):
                recommended.update(re.findall(r"\bwith (--[a-z][a-z-]*)", text))
        self.assertEqual(recommended - set(known_options("dev")), set())
        self.assertIn("--data-dir", recommended)
        self.assertEqual({option for option in recommended if option not in help_of("dev").stdout}, set())

    def test_a_page_that_names_a_command_of_the_program_says_where_the_program_is(self):
        # Whoever reads operations has begun with their first page. What is generated, and decisions, tell no reader what to type.
        others = ("docs/decisions/", "docs/operations/", "docs/configuration.md", "docs/errors.md")
        pages = [*sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("clients/*/README.md")), ROOT / "docs/operations/README.md"]
        looked_at = 0
        for path in pages:
            name, text = str(path.relative_to(ROOT)), path.read_text()
            is_first = name == "docs/operations/README.md"
            if "node_modules" in name or (name.startswith(others) and not is_first):
                continue
            if is_first or re.search(r"(?:^|`|\| )backend-api (?!image-decoder)[a-z]", text, re.M):
                looked_at += 1
                self.assertTrue("build/local/pos/backend-api" in text, f"{name} does not say where the program is")
        self.assertGreater(looked_at, 12)

    def test_commands_of_the_program(self):
        known = set(commands())
        for name, text in self.texts():
            text = text.replace("backend-api image-decoder", "")  # which the service starts by itself
            for first, second in re.findall(r"(?:[`/]|[Rr]un: )backend-api ([a-z]+)(?: ([a-z][a-z-]*))?", text):
                self.assertIn((first,), known, f"{name}: backend-api {first}")
                if second and any(len(words) > 1 and words[0] == first for words in known):
                    self.assertIn((first, second), known, f"{name}: backend-api {first} {second}")


if __name__ == "__main__":
    PROGRAM = str(Path(sys.argv[1]).resolve())
    unittest.main(argv=sys.argv[:1])
