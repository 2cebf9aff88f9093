#!/usr/bin/env python3
"""What `backend-api new module` writes: it compiles, is formatted, and is as short as the house wants it.

  new_module_test.py PROGRAM BUILD     PROGRAM: backend-api; BUILD: the folder with compile_commands.json

The module is written into a copy of pos/, and compiled there by the command of a sibling, syntax alone.
"""

import concurrent.futures
import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bin/lint.d"))

import compile_checks

PROGRAM, BUILD = "", ""
MOST_LINES_AN_ENDPOINT = 18


def load_counter():
    loader = importlib.machinery.SourceFileLoader("count_module", str(ROOT / "bin/count-module"))
    counter = importlib.util.module_from_spec(importlib.util.spec_from_loader("count_module", loader))
    loader.exec_module(counter)
    return counter


class Copy:
    """A copy of pos/ to write modules into."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        shutil.copytree(ROOT / "pos", self.root / "pos", ignore=shutil.ignore_patterns("migrations"))
        shutil.copy(ROOT / ".clang-format", self.root)
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def run(self, *arguments):
        return subprocess.run([PROGRAM, "new", "module", *arguments], cwd=self.root, capture_output=True, text=True, check=False)

    def texts(self):
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def compile(self, *units):
        """Compiles each unit, a list of sources that are one text, by the commands of siblings; returns what the compiler says."""
        os.chdir(ROOT)
        flags = compile_checks.Flags(BUILD)

        def one(index, sources, sibling):
            unit = self.root / f"unit{index}.cpp"
            unit.write_text("".join(f'#include "{source}"\n' for source in sources))
            here = [f"-I{self.root}" if flag.rstrip("/") == "-I." else flag for flag in flags.of_source(sibling)]
            return subprocess.run(
                [compile_checks.CLANG, *here, "-fsyntax-only", str(unit)], capture_output=True, text=True, check=False
            )

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = pool.map(lambda at: one(at[0], *at[1]), enumerate(units))
            return "\n".join(result.stderr for result in results if result.returncode)


class NewModule(unittest.TestCase):
    def test_compiles_is_formatted_and_short(self):
        with Copy() as copy:
            written = copy.run("suppliers")
            self.assertEqual(written.returncode, 0, written.stderr)
            self.assertIn("db generate add_suppliers", written.stdout)
            self.assertIn("bin/docs", written.stdout)
            module = copy.root / "pos/modules/suppliers"
            self.assertEqual(
                sorted(path.name for path in module.iterdir()),
                ["README.md", "module.cpp", "module.h", "suppliers_db_test.cpp", "tables.h"],
            )
            sources = [str(path) for path in [*module.glob("*.h"), *module.glob("*.cpp"), copy.root / "pos/permissions.h"]]
            formatted = subprocess.run(["clang-format-19", "--dry-run", "--Werror", *sources], capture_output=True, text=True, check=False)
            self.assertEqual(formatted.returncode, 0, formatted.stderr)
            counter = load_counter()
            count = counter.count_module(module, copy.root, counter.read_house(ROOT))
            self.assertEqual(count["endpoints"], 5)
            self.assertLessEqual(count["linesPerEndpoint"], MOST_LINES_AN_ENDPOINT)
            self.assertEqual(
                copy.compile(
                    (["pos/modules/suppliers/module.cpp", "pos/collections.cpp", "pos/service.cpp"], "pos/modules/locations/module.cpp"),
                    (["pos/modules/suppliers/suppliers_db_test.cpp"], "pos/modules/locations/places_db_test.cpp"),
                ),
                "",
            )

    def test_names_of_several_words(self):
        with Copy() as copy:
            self.assertEqual(copy.run("purchase_orders").returncode, 0)
            module = copy.root / "pos/modules/purchase_orders"
            text = "".join(path.read_text() for path in sorted(module.iterdir()))
            for part in (
                "struct PurchaseOrderFields",
                '"/purchase-orders/{id}"',
                '"/v1/purchase-orders"',
                '.id = "listPurchaseOrders", .summary = "Purchase orders by name"',
                '"Delete a purchase order"',
                '"purchase_order.name_taken"',
                'Create<"purchase_orders.write">',
                "class PurchaseOrdersTest",
            ):
                self.assertIn(part, text)
            self.assertNotIn("upplier", text)
            self.assertIn('"Add an offer"', self.text_of(copy, "offers", "module.cpp"))

    def text_of(self, copy, name, file):
        self.assertEqual(copy.run(name).returncode, 0)
        return (copy.root / "pos/modules" / name / file).read_text()

    def test_a_dry_run_writes_nothing(self):
        with Copy() as copy:
            before = copy.texts()
            said = copy.run("suppliers", "--dry-run")
            self.assertEqual(said.returncode, 0)
            self.assertIn("would write pos/modules/suppliers/tables.h", said.stdout)
            self.assertIn('"suppliers.write",', said.stdout)
            for kept_in_the_singular in ("registers", "orders", "returns"):
                self.assertEqual(copy.run(kept_in_the_singular, "--dry-run").returncode, 0)
            self.assertEqual(copy.texts(), before)

    def test_what_is_there_stays(self):
        with Copy() as copy:
            before = copy.texts()
            refused = {
                ("locations",): "pos/modules/locations is there already",
                ("Suppliers",): "lower-case",
                ("a__b",): "lower-case",
                ("../x",): "lower-case",
                ("routes",): "take another name",
                ("references",): "a word of C++ or of SQL",
                ("stock_levels",): "the table stock_levels is there already",
                ("variant_barcodes",): "the table variant_barcodes is there already",
                ("staff",): "--singular",
                ("sheep", "--singular", "sheep"): "singular and plural",
                ("edits",): "Edit is declared in pos/plumbing/writer.h",
                ("collections",): "Collection is declared in pos/plumbing/collection.h",
                ("goods", "--singular", "search"): "Search is declared in pos/plumbing/search.h",
            }
            for arguments, message in refused.items():
                said = copy.run(*arguments)
                self.assertEqual(said.returncode, 1, arguments)
                self.assertIn(message, said.stderr)
            self.assertEqual(copy.texts(), before)
            # A list that looks otherwise than the command knows it.
            service = copy.root / "pos/service.cpp"
            service.write_text(service.read_text().replace("maintenance_module(),", "maintenance_module() ,"))
            before = copy.texts()
            said = copy.run("suppliers")
            self.assertEqual(said.returncode, 1)
            self.assertIn("`maintenance_module(),` stands there not once; nothing was written", said.stderr)
            self.assertEqual(copy.texts(), before)


if __name__ == "__main__":
    PROGRAM, BUILD = (str(Path(argument).resolve()) for argument in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1])
