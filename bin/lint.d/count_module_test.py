#!/usr/bin/env python3
"""Samples for bin/count-module: what counts as a line, a route and a concept, and what does not. Run by bin/lint."""

import importlib.machinery
import importlib.util
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("count_module", str(Path(__file__).resolve().parent.parent / "count-module"))
counter = importlib.util.module_from_spec(importlib.util.spec_from_loader("count_module", loader))
loader.exec_module(counter)

HEADERS = {
    "src/db/query.h": """
namespace db {
namespace detail { struct Hidden {}; }
enum class Compare : std::uint8_t { equal, any };
template <auto Table> [[nodiscard]] constexpr auto find(std::string_view name);
template <class Row>
    requires std::same_as<Row, int>
class Select {
public:
    Select() : a_(1), b_{2} {}
    template <auto Member> [[nodiscard]] constexpr auto where() const { return *this; }
    std::string_view doc{};
private:
    int secret = 0;
};
inline constexpr auto most = 4;
using Rows = std::vector<int>;
}  // namespace db
""",
    "src/http/errors.h": "namespace http::errors {\ninline constexpr base::ErrorCode not_found{\"x\", 404};\n}\n",
    "src/http/query_for_test.h": "namespace http { struct OnlyForTests {}; }\n",
    "pos/plumbing/edit.h": """
namespace pos {
struct Writes { int batch; friend constexpr auto describe(Writes*) { return 1; } };
template <auto T> async::Task<int> edit(int a) { if (a > 1) { return 1; } return 2; }
int live(int row);
int apply(int patch);
}
""",
    "pos/row_meta.h": "namespace pos {\nstruct RowMeta { int version = 1; };\n}\n",
    "pos/ids.h": "namespace pos {\nusing ShelfId = base::Id<struct ShelfTag>;\nusing CrateId = base::Id<struct CrateTag>;\n}\n",
    "pos/permissions.h": 'constexpr auto names = {"shelves.read",\n    "shelves.write",\n    "crates.read"};\n',
    "pos/service.cpp": '#include "pos/modules/shelves/module.h"\nauto all = {shelves_module()};\n',
    "pos/modules/shelves/shelf_test.cpp": "int tested = db::most;\n",
}


def count(code, **more):
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        for name, text in {**HEADERS, "pos/modules/shelves/module.cpp": code}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return counter.count_module(root / "pos/modules/shelves", root, **more)


class Lines(unittest.TestCase):
    def test_blank_lines_comments_and_includes_are_none(self):
        code = '#pragma once\n// why\n#include "x.h"\n\n/* a\n   b */\nint a = 1;  // one\nconst char* text = "// no comment";\n}\n'
        self.assertEqual(count(code)["lines"] - count("")["lines"], 3)

    def test_lines_of_a_raw_text_count(self):
        self.assertEqual(count('auto sql = R"(select 1\n  from x)";\n')["lines"] - count("")["lines"], 2)

    def test_elsewhere_are_ids_permissions_and_the_module(self):
        counts = count('struct Shelf { };\nstruct S {\n    ShelfId id;\n    std::optional<CrateId> crate;\n};\nauto p = may("shelves.read");')
        self.assertEqual(counts["elsewhere"], 1 + 2 + 1)

    def test_tests_are_none(self):
        self.assertEqual(count("int a;")["files"], 1)


class Endpoints(unittest.TestCase):
    def test_each_call_is_one(self):
        counts = count('void routes(http::Routes routes) {\n  routes.get("/a", a);\n  routes.del<int>("/a", b);\n  // routes.put()\n}')
        self.assertEqual(counts["endpoints"], 2)

    def test_what_may_be_several_is_refused(self):
        with self.assertRaises(SystemExit):
            count('void routes(http::Routes routes) { routes.crud<T>("/a"); }')

    def test_the_document_knows_them_all(self):
        document = {"paths": {"/a": {"get": {"tags": ["shelves"]}, "post": {"tags": ["other"]}, "parameters": []}}}
        counts = count('void routes(http::Routes routes) { routes.crud<T>("/a"); }', document=document)
        self.assertEqual(counts["endpoints"], 1)

    def test_without_routes_there_is_no_quotient(self):
        self.assertIsNone(count("int a;")["linesPerEndpoint"])


class Concepts(unittest.TestCase):
    def names(self, code):
        return count(code)["names"]

    def expect(self, code, *concepts):
        self.assertEqual(self.names(code)["concepts"], sorted(concepts))

    def test_each_counts_once(self):
        self.expect("auto a = db::find<x>(); auto b = db::find<y>(); db::Rows rows;", "db::Rows", "db::find")

    def test_plumbing_needs_no_namespace(self):
        self.expect("async::Task<int> f(RowMeta meta) { co_return live(pos::edit<t>(1)); }", "pos::RowMeta", "pos::edit", "pos::live")

    def test_namespaces_are_matched_by_their_ends(self):
        self.expect("throw Failure(errors::not_found); auto x = http::errors::not_found;", "http::errors::not_found")

    def test_a_concept_behind_a_using_or_a_function_found_by_its_argument(self):
        self.expect("using db::Rows; auto x = find(1);", "db::Rows", "db::find")

    def test_what_the_module_declares_is_its_own(self):
        self.expect("void live(int a) {}\nint find = 1;\nstruct Writes {};\nauto x = live(find); auto y = Writes{};")

    def test_neither_comments_texts_nor_what_is_hidden(self):
        self.expect('// db::find\nauto x = "db::most"; db::detail::Hidden h; http::OnlyForTests t; std::find(a);')

    def test_members_and_enumerators_are_shown_beside(self):
        names = self.names("auto a = rows.where<&x>(); a = {.doc = 1, .own = 2}; auto c = db::Compare::any; a.secret; struct Mine { int own; };")
        self.assertEqual(names["concepts"], ["db::Compare"])
        self.assertEqual(names["members"], ["any", "doc", "where"])


class TheHouse(unittest.TestCase):
    """The headers as they are: what every module uses is found in them."""

    def test_what_modules_use_is_found(self):
        house = counter.read_house(counter.ROOT)
        for name in ("db::tenant_table", "schema::field", "async::Task", "http::Body", "base::ErrorCode", "app::Module", "pos::RowMeta"):
            self.assertIn(name, house.concepts)


if __name__ == "__main__":
    unittest.main(verbosity=0)
