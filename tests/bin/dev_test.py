#!/usr/bin/env python3
"""bin/dev in a checkout without a compiler: a save builds and restarts, a failed build does not, and the end ends everything."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import ROOT, Stand

DEADLINE = 30
CMAKE = """
while [[ $1 != -B ]]; do shift; done
mkdir -p "$2" && touch "$2/build.ninja"
printf 'CMAKE_CACHEFILE_DIR:INTERNAL=%s\\nCMAKE_HOME_DIRECTORY:INTERNAL=%s\\n' "$2" "$PWD" >"$2/CMakeCache.txt"
"""
# Builds what stands in src/server, unless it says `broken`.
NINJA = """
cd "$2"
if [[ " $* " == *' -n '* ]]; then echo 'Building CXX object src/server.o' && exit; fi
if grep -q broken ../../src/server.cpp; then
    echo '[1/2] Building x'
    echo 'FAILED: src/CMakeFiles/src.dir/server.cpp.o '
    echo '/usr/bin/clang++ -c'
    echo '../../src/server.cpp:1:1: error: broken'
    if grep -q 'saved meanwhile' ../../src/server.cpp; then sed -i 's/broken.*/mended/' ../../src/server.cpp; fi
    exit 1
fi
mkdir -p pos
cp ../../src/server.cpp pos/new && chmod +x pos/new && mv pos/new pos/backend-api
echo '[2/2] Linking x'
"""
SERVER = """#!/bin/bash
# {text}
sleep infinity &
trap 'echo restarted' USR1
trap 'kill $!; echo stopped; exit 0' TERM
echo "serving: $*"
[[ -z ${{WHATSAPP_TOKEN:-}} ]] || echo "WhatsApp: $WHATSAPP_TOKEN at $WHATSAPP_BASE_URL"
[[ -z ${{REALTIME_APP_KEY:-}} ]] || echo "app: $REALTIME_APP_ID $REALTIME_APP_KEY $REALTIME_APP_SECRET"
[[ -z ${{MPESA_BASE_URL:-}} ]] || echo "M-Pesa: $MPESA_BASE_URL"
while true; do wait $!; done
"""


class Dev(unittest.TestCase):
    def setUp(self):
        self.stand = Stand()
        self.stand.__enter__()
        self.addCleanup(self.stand.__exit__)
        for name, body in {"cmake": CMAKE, "ninja": NINJA, "npm": "mkdir -p node_modules", "dpkg-query": "echo 'ii bash'"}.items():
            self.stand.program(name, body)
        self.checkout = self.stand.path / "checkout"
        shutil.copytree(ROOT / "bin", self.checkout / "bin", symlinks=True)
        for name in ("CMakePresets.json", "package.json", "package-lock.json", ".npmrc"):
            shutil.copy(ROOT / name, self.checkout)
        (self.checkout / "packages.apt").write_text("bash dev # the only package of this test\n")
        for name in ("src", "pos", "cmake"):
            (self.checkout / name).mkdir()
        self.save("first")

    def save(self, text, file="src/server.cpp"):
        (self.checkout / file).write_text(SERVER.format(text=text))

    def start(self, *arguments):
        environment = {**os.environ, "PATH": f"{self.stand.path}/programs:{os.environ['PATH']}"}
        environment.pop("BACKEND_API_BUILD_ROOT", None)
        for provider in ("MPESA", "STRIPE", "FLUTTERWAVE", "PAYSTACK", "PESAPAL", "WHATSAPP"):
            environment.pop(f"{provider}_BASE_URL", None)
        for name in ("ID", "KEY", "SECRET"):
            environment.pop(f"REALTIME_APP_{name}", None)
        self.process = subprocess.Popen(
            [self.checkout / "bin/dev", *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines = queue.Queue()
        reader = threading.Thread(target=lambda: [self.lines.put(line.rstrip("\n")) for line in self.process.stdout])
        reader.start()
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(reader.join)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    def lines_until(self, last):
        lines = []
        while not lines or last not in lines[-1]:
            lines.append(self.lines.get(timeout=DEADLINE))
        return lines

    def test_what_is_saved_during_the_first_build_is_built_as_well(self):
        self.save("broken, and saved meanwhile")
        self.start()
        said = self.lines_until("serving")
        self.assertIn("changed: src/server.cpp; building once more", said)
        self.process.send_signal(signal.SIGTERM)
        self.lines_until("stopped")
        self.assertEqual(self.process.wait(timeout=DEADLINE), 0)

    def simulate(self, says):
        (self.checkout / "tests/simulators").mkdir(parents=True)
        (self.checkout / "tests/simulators/all.mjs").write_text(f"console.log({says!r}); setInterval(() => {{}}, 1000);")

    def test_the_server_is_pointed_at_the_simulators_which_end_with_it(self):
        self.simulate("MPESA_BASE_URL=http://127.0.0.1:4567\nPAYSTACK_BASE_URL=http://127.0.0.1:4568\nready")
        self.start()
        said = "\n".join(self.lines_until("M-Pesa: "))
        self.assertIn("simulator of mpesa: http://127.0.0.1:4567", said)
        self.assertIn("simulator of paystack: http://127.0.0.1:4568", said)
        self.assertIn("M-Pesa: http://127.0.0.1:4567", said)
        self.process.send_signal(signal.SIGTERM)
        self.lines_until("stopped")
        # Its end of the pipe would keep the output open.
        self.assertEqual(self.process.wait(timeout=DEADLINE), 0)
        left = subprocess.run(["pgrep", "-f", f"{self.checkout}/tests/simulators|node tests/simulators/all.mjs"], capture_output=True, text=True)
        cwds = [Path(f"/proc/{pid}/cwd") for pid in left.stdout.split()]
        self.assertNotIn(str(self.checkout), [str(cwd.resolve()) for cwd in cwds if cwd.exists()])

    def test_what_else_a_simulator_needs_is_set_for_the_server(self):
        self.simulate("WHATSAPP_TOKEN=token-of-it\nWHATSAPP_BASE_URL=http://127.0.0.1:4569\nready")
        self.start()
        said = "\n".join(self.lines_until("WhatsApp: "))
        self.assertIn("simulator of whatsapp: http://127.0.0.1:4569", said)
        self.assertIn("WhatsApp: token-of-it at http://127.0.0.1:4569", said)
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=DEADLINE), 0)

    def test_the_key_of_the_pusher_protocol_is_said_and_set_unless_there_is_one(self):
        self.start("--port", "4001")
        said = "\n".join(self.lines_until("app: "))
        # Where it listens is the server's to say: HOST and TLS_CERTIFICATE may move it.
        self.assertRegex(said, r"(?m)^Pusher protocol: key local-app-key, at the address of the API\b(?!.*(4001|127\.0\.0\.1))")
        self.assertIn("app: local local-app-key local-app-secret", said)
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=DEADLINE), 0)

    def test_an_app_of_the_pusher_protocol_in_env_stays(self):
        (self.checkout / ".env").write_text("REALTIME_APP_KEY=mine\n")
        self.start()
        self.assertNotIn("Pusher protocol", "\n".join(self.lines_until("serving")))
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=DEADLINE), 0)

    def test_simulators_that_do_not_start_are_told_of(self):
        self.simulate("no port is free")
        self.start()
        said = "\n".join(self.lines_until("serving"))
        self.assertIn("payment providers are missing: their simulators did not start: no port is free", said)
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=DEADLINE), 0)

    def test_a_save_builds_and_restarts_a_broken_one_does_not(self):
        self.start("--data-dir", "elsewhere", "--port=4000", "--fresh")
        said = self.lines_until("watching")
        if not any(line.startswith("serving") for line in said):
            said += self.lines_until("serving")
        self.assertIn("serving: dev --data-dir elsewhere --port 4000 --fresh", said)
        self.assertIn("building local: 1 file to compile, some seconds", "\n".join(said))

        self.save("broken")
        said = self.lines_until("keeps running")
        self.assertIn("changed: src/server.cpp; building", said)
        self.assertIn("failed: src/server.cpp", said)
        self.assertIn("src/server.cpp:1:1: error: broken", said)
        self.assertNotIn("/usr/bin/clang++ -c", said)

        self.save("second")
        said = self.lines_until("restarted")
        self.assertTrue(any(line.startswith("built in ") and line.endswith(", restarting") for line in said), said)

        self.process.send_signal(signal.SIGTERM)
        self.lines_until("stopped")
        self.assertEqual(self.process.wait(timeout=DEADLINE), 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
