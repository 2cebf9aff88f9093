#!/usr/bin/env python3
"""Samples for page_rules.py: what it must report, and what it must leave alone. Run by bin/lint and bin/test."""

from page_rules import Pages
from samples import end, judged

FILES = {
    "README.md": "",
    "docs/errors.md": "",
    "docs/operations/metrics.md": "| `db_statements_total` | counter | |",
    "docs/decisions/0007-driver.md": "",
    "src/db/README.md": "",
    "src/db/db.cpp": "",
    "examples/hello/main.cpp": '// The smallest server.\n#include "app/app.h"\n\nint main() {\n    return 0;  // ends\n}\n',
}
BLOCK = "```cpp\nint main() {\n    return 0;  // ends\n}\n```\n"

REPORTED = [
    ("name", "src/db/db.cpp", "// domain.md, Isolation: a tenant sees its own rows"),
    ("name", "src/db/db.cpp", "// see docs/isolation.md."),
    ("name", "src/db/db.cpp", "// docs/decisions/0008"),
    ("name", "src/db/db.cpp", "// lint: allow(name)\n// spec.md"),
    ("name", "docs/errors.md", "As `api.md` says."),
    ("name", "src/db/db.cpp", "int a;  // as parse() does (gone.h)"),
    ("name", "docs/errors.md", "`src/db/gone.cpp` has the table."),
    ("name", "bin/test", "# docs/tests has the list"),
    ("metric", "src/db/db.cpp", 'runs_(metrics.counter_family("db_runs_total", "Runs.", {"statement"}))'),
    ("metric", "src/db/db.cpp", 'samples.gauge(\n    "db_statements", "Statements.", 1);'),
    ("link", "src/db/README.md", "[Errors](../docs/errors.md)"),
    ("link", "docs/errors.md", "[the driver](decisions/0007.md#why)"),
    ("copy", "README.md", "<!-- copy: examples/hello/main.cpp -->\n```cpp\nint main() {}\n```"),
    ("copy", "README.md", "<!-- part of: examples/hello/main.cpp -->\n```cpp\n    return 1;\n```"),
    ("copy", "README.md", "<!-- part of: examples/hello/main.cpp -->\nText between.\n" + BLOCK),
    ("copy", "README.md", "<!-- copy: examples/gone.cpp -->\n" + BLOCK),
    ("copy", "README.md", "`examples/hello/main.cpp`, less its includes.\n\n" + BLOCK),
    ("write", "docs/guides/files.md", "```sh run\ncat a > left.json\n```"),
    ("write", "docs/guides/files.md", "```sh\ncurl -s -o left.jpg $URL\n```"),
    ("write", "docs/guides/files.md", "```sh run\ncurl -s $URL | tee left.txt\n```"),
    ("write", "clients/typescript/README.md", "```sh\nnpm pack .   # writes left-0.1.0.tgz\n```"),
]

ACCEPTED = [
    ("src/db/db.cpp", "// README.md, docs/errors.md, errors.md, docs/decisions/0007, docs/decisions/0007-driver.md and docs/"),
    ("src/db/db.cpp", "// https://example.org/spec.md; any *.md, ${name}.md, docs/*.md, docs/NNNN-*.md"),
    ("src/db/db.cpp", "// lint: allow(name) MessagePack's own\n// spec.md"),
    ("src/db/db.cpp", "// db.cpp, db/db.cpp, src/db/db.cpp, <unistd.h>\nopen(\"gone.h\");"),
    ("src/db/db.cpp", 'runs_(metrics.counter_family("db_statements_total", "Runs.", {"statement"}))'),
    ("src/db/db_test.cpp", 'metrics.counter("sales_total", "Sales.")'),
    ("docs/errors.md", "`products.h` of yours; src/db/db.cpp"),
    ("docs/errors.md", "[driver](decisions/0007-driver.md#why), [up](../README.md), [here](#codes), [web](https://a.b/c.md)"),
    ("docs/errors.md", "`docs/runs/exactly-once.json` is written by a long run."),
    ("README.md", "`examples/hello/main.cpp`, less its includes.\n\n<!-- copy: examples/hello/main.cpp -->\n" + BLOCK),
    ("README.md", "<!-- part of: examples/hello/main.cpp -->\n```cpp\n    return 0;  // ends\n```"),
    ("docs/guides/files.md", "```sh run\ncat a > passed-over.json 2>&1 >/dev/null; field a <left.json; [ 2 -gt 1.5 ]\n```"),
    ("docs/guides/files.md", "```js\na => left.json\n```"),
    ("docs/operations/install.md", "```sh\ncat a > left.json\n```"),
    ("README.md", "<!-- file: examples/of_the_page.cpp -->\n" + BLOCK),
    ("README.md", "`examples/hello/main.cpp`, less its includes.\n\n## Next\n\n" + BLOCK),
]


def rules_in(path, text):
    pages = Pages({*FILES, path}, lambda file: text if file == path else FILES[file], lambda name: name.startswith("passed-over"))
    return [rule for _, rule, _ in pages.findings(path)]


if __name__ == "__main__":
    end(judged(rules_in, REPORTED, ACCEPTED))
