#!/usr/bin/env python3
"""src/app/dev/pretty_log.mjs: what bin/dev shows of the log on a terminal."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "src/app/dev/pretty_log.mjs"
REQUEST = {
    "level": 30,
    "time": 0,
    "pid": 1,
    "hostname": "here",
    "reqId": "till-0001",
    "trace_id": "a",
    "span_id": "b",
    "req": {"id": "till-0001", "method": "GET", "url": "/v1/products?limit=5", "remoteAddress": "127.0.0.1", "remotePort": 1},
    "res": {"statusCode": 404},
    "route": "/v1/products",
    "userId": "u",
    "tenantId": "t",
    "code": "product.not_found",
    "responseTime": 1.234,
    "msg": "request completed",
}


def shown(*lines):
    # Debian 12's Node cannot require() ECMAScript modules; a newer one can be told not to.
    newer = subprocess.run(["node", "-p", "process.features.require_module === true"], capture_output=True, text=True, check=True)
    options = ["--no-experimental-require-module"] if newer.stdout == "true\n" else []
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    return subprocess.run(["node", *options, SCRIPT], input=text, capture_output=True, text=True, check=True).stdout.splitlines()


class PrettyLog(unittest.TestCase):
    def test_a_line_each(self):
        request, plain, other = shown(REQUEST, {"level": 40, "time": 0, "module": "jobs", "queue": "mail", "msg": "slow"}, "no JSON")
        self.assertRegex(request, r"INFO: GET /v1/products\?limit=5 404 1\.234 ms, request completed \{")
        # What belongs to one request, and why it failed, can be looked for.
        self.assertEqual(json.loads(request[request.index("{") :]), {"reqId": "till-0001", "code": "product.not_found"})
        self.assertRegex(plain, r'WARN: slow \{"module":"jobs","queue":"mail"\}$')
        self.assertEqual(other, "no JSON")

    def test_an_exception_keeps_its_lines(self):
        error = {"type": "Failure", "message": "broken", "stack": "Failure: broken\n    at somewhere"}
        lines = shown({"level": 50, "time": 0, "err": error, "msg": "request failed"})
        self.assertGreater(len(lines), 3)
        self.assertIn("at somewhere", "\n".join(lines))

    def test_it_is_what_the_development_mode_runs(self):
        self.assertIn('"src/app/dev/pretty_log.mjs"', (ROOT / "src/app/dev/supervisor.h").read_text())
        self.assertTrue(SCRIPT.stat().st_mode & 0o100)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
