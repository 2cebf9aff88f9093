#!/usr/bin/env python3
"""Samples for include_rules.py: a small house, what does not go in it, and what its drawings show. Run by bin/lint and bin/test."""

from include_rules import House, draw_modules, drawn
from samples import end

HOUSE = {
    "CMakeLists.txt": "set(STACK_LAYERS base log http app testing)",
    "src/base/CMakeLists.txt": "stack_library(base PRIVATE_LINKS OpenSSL::Crypto)",
    "src/log/CMakeLists.txt": "stack_library(log LINKS base)",
    "src/http/CMakeLists.txt": "stack_library(http LINKS log\n  PRIVATE_LINKS Boost::headers TEST_LINKS testing)  # not app",
    "src/app/CMakeLists.txt": "stack_library(app LINKS http PRIVATE_LINKS PostgreSQL::PostgreSQL)",
    "src/testing/CMakeLists.txt": "add_library(testing STATIC ${sources})\ntarget_link_libraries(testing PUBLIC base)\nadd_subdirectory(app)",
    "src/testing/app/CMakeLists.txt": "add_library(testing_app STATIC test_app.cpp)\ntarget_link_libraries(testing_app PUBLIC testing app)",
    "pos/arithmetic/CMakeLists.txt": "add_library(pos_arithmetic STATIC sale.cpp)",
    "pos/CMakeLists.txt": 'add_library(pos_service STATIC ${sources})\ntarget_link_libraries(pos_service PUBLIC app pos_arithmetic)\n'
    'stack_test(pos_db_test db "${db_tests}" pos_service testing_app)',
    "src/base/id.h": "",
    "src/base/hash.h": "#include <openssl/evp.h>",
    "src/log/log.h": '#include "base/id.h"',
    "src/http/server.h": '#include "log/log.h"\n#include <vector>\n#include <fmt/format.h>',
    "src/http/connection.h": "#include <boost/asio/ip/tcp.hpp>",
    "src/app/app.h": "",
    "src/testing/clock.h": "",
    "src/testing/app/test_app.h": '#include "app/app.h"',
    "pos/arithmetic/sale.h": "",
    "pos/ids.h": "",
    "pos/plumbing/edit.h": '#include "pos/ids.h"',
    "pos/modules/users/tables.h": '#include "pos/modules/tenants/tables.h"',
    "pos/modules/users/members.h": "",
    "pos/modules/tenants/tables.h": '#include "pos/ids.h"',
    "pos/modules/auth/service.h": '#include "pos/modules/users/tables.h"',
    "pos/service.h": "",
    "pos/testing/shop.h": '#include "testing/app/test_app.h"\n#include "pos/service.h"',
}

# rule, file, text, what the message must say
REPORTED = [
    ("link", "src/log/a.cpp", '#include "http/server.h"', "src/http is built on src/log (STACK_LAYERS in CMakeLists.txt)"),
    ("link", "src/log/a.h", '// first\n  #  include "app/app.h"', "src/log may include src/base:"),
    ("link", "src/base/a.cpp", '#include "log/log.h"', "may include nothing else"),
    ("link", "src/http/a.cpp", '#include "app/app.h"', "let src/app hand it in"),
    ("link", "src/app/a.cpp", '#include "pos/ids.h"', "src/ is there for any service"),
    ("link", "src/app/a_test.cpp", '#include "testing/clock.h"', "name it in TEST_LINKS of src/app/CMakeLists.txt"),
    ("link", "src/http/a_test.cpp", '#include "testing/app/test_app.h"', '"testing/app/test_app.h" is of src/testing/app'),
    ("link", "src/log/a.cpp", "#include <boost/asio/ip/tcp.hpp>", "src/log/CMakeLists.txt does not link"),
    ("link", "src/log/a.cpp", "#include <libpq-fe.h>", "does not link"),
    ("link", "pos/arithmetic/a.cpp", '#include "pos/ids.h"', "pos/arithmetic may include nothing else"),
    ("link", "pos/arithmetic/a.cpp", '#include "base/id.h"', "link it in pos/arithmetic/CMakeLists.txt"),
    ("leak", "src/app/a.cpp", '#include "http/connection.h"', "brings boost's headers (by src/http/connection.h)"),
    ("leak", "src/app/a.h", '#include "base/hash.h"', "include them in a .cpp of src/base"),
    ("service", "pos/plumbing/a.cpp", '#include "pos/modules/users/members.h"', "pos/plumbing stands before pos/modules"),
    ("service", "pos/plumbing/a.cpp", '#include "pos/modules/users/tables.h"', "pos/plumbing stands before pos/rows"),
    ("service", "pos/modules/stock/tables.h", '#include "pos/modules/users/members.h"', "may include arithmetic, ids"),
    ("service", "pos/modules/users/a.cpp", '#include "pos/service.h"', "pos/modules stands before pos/service"),
    ("service", "pos/clock.h", "", "say in bin/lint.d/include_rules.py, SERVICE, where clock stands"),
    ("circle", "pos/modules/users/a.cpp", '#include "pos/modules/auth/service.h"', "auth → users leads back (pos/modules/auth/a.cpp:2)"),
    ("circle", "src/base/a.h", '#include "base/b.h"', "src/base/a.h → src/base/b.h → src/base/a.h"),
    ("test", "src/http/a.cpp", '#include "http/server_for_test.h"', "is there for tests alone"),
    ("test", "pos/modules/users/a.cpp", '// lint: allow(service) a seed\n#include "pos/testing/shop.h"', "is there for tests alone"),
    ("link", "src/log/a.cpp", '#include "http/server.h"  // lint: allow(link)', "STACK_LAYERS"),
    ("link", "src/log/a.cpp", '#include "base/id.h"  // lint: allow(link) it is wanted', "needs no excuse"),
    ("word", "src/http/a.cpp", 'find("locationId");', '"locationId" is a word of a shop'),
    ("word", "src/http/a.h", "struct Barcodes;", "find the general one"),
    ("word", "src/http/a.h", "int open_tills = 0;", '"open_tills"'),
    ("word", "src/http/a.h", "// What a sale costs.", '"sale"'),
    ("word", "src/http/a.cpp", 'log("demo shop");', '"shop"'),
]

ACCEPTED = [
    ("src/http/a.cpp", '#include "log/log.h"\n#include "base/id.h"\n#include "server.h"\n#include <boost/asio.hpp>\n#include <unistd.h>'),
    ("src/http/a_test.cpp", '#include "testing/clock.h"'),
    ("src/app/a.cpp", '#include <libpq-fe.h>\n#include "base/id.h"\n#include "embedded/page.h"'),
    ("src/log/a.cpp", '// #include "http/server.h"'),
    ("src/log/a.cpp", '#include "http/server.h"  // lint: allow(link) until the server writes its own line'),
    ("pos/modules/auth/a.cpp", '#include "pos/modules/users/members.h"\n#include "pos/plumbing/edit.h"\n#include "base/id.h"'),
    ("pos/modules/users/a_db_test.cpp", '#include "pos/testing/shop.h"\n#include "pos/modules/auth/service.h"'),
    ("src/http/a.h", '//     record(sale);          // of a shop\nheader("Location", id);  // still, wholesale, until; https://shop.example\nDeviceId id;'),
    ("src/http/a_test.cpp", 'get("/sales");'),
    ("src/openapi/example/a.h", "struct Shop;"),
    ("pos/modules/users/a.cpp", "Shop shop;"),
    ("pos/plumbing/edit_test.cpp", '#include "pos/modules/users/members.h"'),
]

MORE = {  # what a sample needs beside it
    "circle": {
        "pos/modules/auth/a.cpp": '#include "pos/ids.h"\n#include "pos/modules/users/members.h"',
        "src/base/b.h": '#include "base/a.h"',
    },
    "test": {"src/http/server_for_test.h": ""},
}


def findings(path, text, more):
    return [(rule, message) for where, _, rule, message in House(HOUSE | more | {path: text}).findings() if where == path]


def samples():
    """What is wrong with the rules."""
    for rule, path, text, said in REPORTED:
        more = {name: text for name, text in MORE.get(rule, {}).items() if name.split("/")[0] == path.split("/")[0]}
        if not any(found == rule and said in message for found, message in findings(path, text, more)):
            yield f"not reported as {rule}, {said}: {path}: {text}"
    for path, text in ACCEPTED:
        for found in findings(path, text, {}):
            yield f"reported as {found}: {path}: {text}"
    for found in House(HOUSE).findings():
        yield f"the house itself: {found}"


def drawings():
    excused = {"pos/modules/users/a.cpp": '#include "pos/modules/auth/service.h"  // lint: allow(circle) until it is moved'}
    house = House(HOUSE | {"pos/modules/auth/a.cpp": '#include "pos/modules/users/members.h"'} | excused)
    if "    auth --> users\n    users -.-> auth\n" not in draw_modules(house):
        yield f"an excused arrow is not dotted:\n{draw_modules(house)}"
    if list(house.findings()):
        yield f"an excused circle is reported: {list(house.findings())}"
    page = drawn(House(HOUSE), "# House\n<!-- drawing: stack -->\nold\n<!-- end -->\nafter\n")
    if page != "# House\n<!-- drawing: stack -->\n```mermaid\nflowchart TD\n    app\n    pos\n    http --> log\n    log --> base\n```\n<!-- end -->\nafter\n":
        yield f"drawn otherwise:\n{page}"


if __name__ == "__main__":
    end([*samples(), *drawings()])
