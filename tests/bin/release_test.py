#!/usr/bin/env python3
"""bin/release: what is tagged installs what is tagged."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import ROOT

BINARY = str(Path(sys.argv.pop(1)).resolve())
# Of the world, and of what was.
OTHERS = re.compile(r"^(docs/(changelog|openapi-released|decisions/|runs/)|bin/lint\.d/|fuzz/|bench/|src/|"
                    r".*(package-lock\.json|_test\.(cpp|py)|\.test\.ts)$)")


class Release(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.clone = Path(folder.name) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, self.clone], check=True)
        # As it stands, committed or not.
        changed = subprocess.run(["git", "diff", "HEAD", "--binary"], cwd=ROOT, check=True, capture_output=True).stdout
        if changed:
            subprocess.run(["git", "apply"], cwd=self.clone, input=changed, check=True)
            self.git("commit", "--quiet", "--all", "--message", "as it stands")

    def git(self, *arguments):
        who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
        return subprocess.run(["git", *who, *arguments], cwd=self.clone, check=True, capture_output=True, text=True).stdout

    def release(self, *arguments):
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
               for what, value in (("NAME", "Somebody"), ("EMAIL", "somebody@example.com"))}
        return subprocess.run(["bin/release", *arguments], cwd=self.clone, capture_output=True, text=True,
                              env={**os.environ, **who, "BACKEND_API_BINARY": BINARY})

    def test_nothing_of_the_tag_says_the_version_before(self):
        before = re.search(r'definition\.version = "([^"]*)"', (self.clone / "pos/service.cpp").read_text())[1]
        result = self.release("--breaking", "47.11.2")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("v47.11.2", self.git("tag"))
        word = re.compile(rf"(?<![\d.]){re.escape(before)}(?!\d|\.\d)")
        left = [line for line in self.git("grep", "--line-number", "--fixed-strings", before).splitlines()
                if not OTHERS.match(line.split(":", 1)[0]) and word.search(line.split(":", 2)[2])]
        self.assertEqual(left, [])
        for file, text in (("Dockerfile", "ARG VERSION=47.11.2"), ("compose.yaml", "${VERSION:-47.11.2}"),
                           ("deploy/kubernetes/base/server.yaml", "image: backend-api:47.11.2"),
                           ("deploy/kubernetes/overlays/staging/kustomization.yaml", "47.11.2-rc.1"),
                           ("clients/typescript/package.json", '"version": "47.11.2"'),
                           ("docs/guides/offline.md", "backend-api-client-47.11.2.tgz"),
                           ("docs/operations/install.md", "backend-api:47.11.2"),
                           ("docs/openapi-released.json", '"version":"47.11.2"')):
            self.assertIn(text, (self.clone / file).read_text(), file)
        self.assertRegex((self.clone / "docs/changelog.md").read_text(), r"(?m)^## 47\.11\.2, \d{4}-\d\d-\d\d$")
        self.assertEqual(self.git("status", "--porcelain"), "")

    def test_what_others_call_so_stays(self):
        for version in ("1.0.0", "1.0.1", "1.1.1", "1.2.0"):
            result = self.release(*(["--breaking"] if version == "1.0.0" else []), version)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        moved = re.compile(r"backend-api|newTag: |VERSION|version|x-digest")
        changed = [line for line in self.git("diff", "--unified=0", "v1.0.0", "v1.2.0").splitlines()
                   if re.match(r"[+-](?![+-])", line) and not moved.search(line)]
        self.assertEqual(changed, [])
        self.assertIn("Tus-Resumable: 1.0.0", (self.clone / "docs/guides/files.md").read_text())

    def test_versions_that_are_none_are_refused(self):
        for version in ("0.0.1", "1.0", "01.2.3", "next"):
            result = self.release(version)
            self.assertNotEqual(result.returncode, 0, version)
        self.assertEqual(self.git("tag"), "")


if __name__ == "__main__":
    unittest.main()
