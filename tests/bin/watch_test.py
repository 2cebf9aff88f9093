#!/usr/bin/env python3
"""bin/lib/watch.sh, as bin/dev uses it, over a folder of its own: what is a save, and what is none."""

import queue
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DEADLINE = 30
WATCH = """
source bin/lib/common.sh
source bin/lib/watch.sh
changed() { say "changed $1"; }
wanted() { true; }
watch_sources "$1" changed wanted
"""


class Watch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name in ("src/base", "pos/migrations", "cmake", "build", "extra"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "CMakeLists.txt").write_text("")
        self.process = subprocess.Popen(
            ["bash", "-c", WATCH, "bash", folder.name], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.addCleanup(self.end)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=lambda: [self.lines.put(line.rstrip("\n")) for line in self.process.stdout])
        self.reader.start()
        self.assertEqual(self.lines.get(timeout=DEADLINE), "watching src pos cmake")

    def end(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def save(self, path, text="x"):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def expect(self, *paths):
        self.assertIn(self.lines.get(timeout=DEADLINE), [f"changed {path}" for path in paths])

    def test_new_folders_are_watched_from_their_first_file_on(self):
        self.save("pos/migrations/20260102030405_add_brands/migration.sql")
        self.expect("pos/migrations/20260102030405_add_brands/migration.sql")
        self.save("pos/modules/brands/deep/tables.h")
        self.expect("pos/modules/brands/deep/tables.h")
        self.save("pos/modules/brands/deep/tables.h", "y")
        self.expect("pos/modules/brands/deep/tables.h")
        self.save("pos/modules/brands/module.cpp")
        self.expect("pos/modules/brands/module.cpp")

    def test_what_goes_away_or_moves_is_a_change(self):
        self.save("src/base/a.cpp")
        self.expect("src/base/a.cpp")
        (self.folder / "src/base/a.cpp").rename(self.folder / "src/base/b.cpp")
        self.expect("src/base/a.cpp", "src/base/b.cpp")
        (self.folder / "src/base/b.cpp").unlink()
        self.expect("src/base/b.cpp")
        # A folder with its files, from where nothing is watched and back.
        self.save("extra/other/c.h")
        (self.folder / "extra/other").rename(self.folder / "src/other")
        self.expect("src/other/c.h")
        (self.folder / "src/other").rename(self.folder / "extra/other")
        self.expect("src/other")

    def test_a_file_at_the_top_that_an_editor_replaces_stays_watched(self):
        for text in ("1", "2", "3"):
            self.save("extra/draft", text)
            (self.folder / "extra/draft").rename(self.folder / "CMakeLists.txt")
            self.expect("CMakeLists.txt")

    def test_the_rest_is_none(self):
        for path in (
            "build/local/made.cpp",
            "extra/page.json",
            "src/base/README.md",
            "src/base/.money.cpp.swp",
            "src/base/.#money.cpp",
            "src/base/money.cpp~",
            "src/base/4913",
            "package.json",
        ):
            self.save(path)
        (self.folder / "src/empty").mkdir()
        # Had one of those been taken for a save, it would be said first, or with this one.
        self.save("src/base/money.cpp")
        self.expect("src/base/money.cpp")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
