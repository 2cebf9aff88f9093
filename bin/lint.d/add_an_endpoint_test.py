#!/usr/bin/env python3
"""docs/add-an-endpoint.md: the files that it shows compile. (What it shows of the templates is compared by page_rules.py, and compiled
by new_module_test.py.)

  add_an_endpoint_test.py BUILD     the folder with compile_commands.json
"""

import re
import sys
import unittest
from pathlib import Path

import new_module_test

PAGE = new_module_test.ROOT / "docs/add-an-endpoint.md"
FILE = re.compile(r"^<!-- file: (\S+) -->\n```cpp\n(.*?)^```$", re.M | re.S)


class AddAnEndpoint(unittest.TestCase):
    def test_the_files_of_the_page_compile(self):
        files = dict(FILE.findall(PAGE.read_text(encoding="utf-8")))
        sources = [path for path in files if path.endswith(".cpp")]
        self.assertTrue(sources, "the page shows no file")
        with new_module_test.Copy() as copy:
            for path, text in files.items():
                (copy.root / path).parent.mkdir(parents=True, exist_ok=True)
                (copy.root / path).write_text(text, encoding="utf-8")
            self.assertEqual(copy.compile((sources, "pos/modules/locations/module.cpp")), "")

    def test_every_block_of_code_is_compared_or_compiled(self):
        lines = PAGE.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines):
            if line == "```cpp":
                self.assertRegex(lines[number - 1], r"^<!-- (file|part of): \S+ -->$", f"{PAGE.name}:{number + 1}")


if __name__ == "__main__":
    new_module_test.BUILD = str(Path(sys.argv[1]).resolve())
    unittest.main(argv=sys.argv[:1])
