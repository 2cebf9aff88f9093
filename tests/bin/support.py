"""What the tests of bin/ share: running its commands with programs put in the place of others."""

import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class Stand:
    """A folder of programs that come before those of the system.

    with Stand() as stand:
        stand.program("ninja", "echo nothing; exit 1")
        result = stand.run("bin/build", "local")        # .returncode, .stdout with what went to the error stream
        stand.calls                                     # ["ninja -C ..."]
    """

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        (self.path / "programs").mkdir()
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def program(self, name, body="exit 1"):
        file = self.path / "programs" / name
        file.write_text(f'#!/bin/bash\necho "{name} $*" >>"{self.path}/calls"\n{body}\n')
        file.chmod(0o755)

    @property
    def calls(self):
        file = self.path / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def run(self, *command, stdin="", cwd=ROOT, **variables):
        environment = {**os.environ, "PATH": f"{self.path}/programs:{os.environ['PATH']}", **variables}
        environment.pop("VERBOSE", None) if "VERBOSE" not in variables else None
        return subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )

    def call(self, function, *arguments, stdin="", **variables):
        """A function of bin/lib/."""
        script = f'source bin/lib/common.sh; {function} "$@"'
        return self.run("bash", "-c", script, "bash", *map(str, arguments), stdin=stdin, **variables)
