#!/usr/bin/env python3
"""Samples for thrown_errors.py: what it must report, and what it must leave alone. Run by bin/lint and bin/test."""

from thrown_errors import findings_in
from samples import end, judged

REPORTED = [
    ("thrown-type", "pos/modules/sales/sale.cpp", 'void f() { throw std::invalid_argument("summed lines"); }'),
    ("thrown-type", "pos/modules/sales/sale.h", 'throw std::runtime_error(fmt::format("{}", 1));'),
    ("thrown-type", "pos/plumbing/list.h", "throw std::out_of_range{name};"),
    ("thrown-type", "pos/arithmetic/sale.cpp", "throw ::std::overflow_error(what);"),
    ("thrown-type", "pos/main.cpp", "throw std::system_error(errno, std::generic_category());"),
    ("thrown-type", "pos/modules/a.cpp", "// lint: allow(thrown-type)\nthrow std::runtime_error(what);"),
    ("throwing-parse", "pos/modules/a.cpp", "const int n = std::stoi(text);"),
    ("unpublished-code", "src/db/db.cpp", 'inline constexpr base::ErrorCode lost{"request.lost_cursor", 422, false};'),
    ("unpublished-code", "pos/row_meta.h", 'constexpr ErrorCode lost{\n    "row.lost", 409, true, Action::retry, ""};'),
    ("unpublished-code", "pos/a.cpp", 'throw base::Failure(base::ErrorCode{"row.gone", 410, false, base::Action::fix, ""});'),
    ("unpublished-code", "pos/a.cpp", 'throw base::Failure({"row.gone", 410, false, base::Action::fix, "It is gone"});'),
    ("throwing-parse", "src/http/request.cpp", "return std::stoull(header);"),
    ("throwing-parse", "src/jobs/cron.cpp", "using std::stod; auto v = stod (text);"),
]

ACCEPTED = [
    ("pos/modules/sales/sale.cpp", "throw base::Failure(errors::total_mismatch);"),
    ("pos/modules/stock/adjustment.cpp", 'throw std::logic_error("another document\'s reason");'),
    ("pos/modules/auth/wiring.cpp", "// lint: allow(thrown-type) at start: it ends the program\nthrow std::runtime_error(what);"),
    ("pos/modules/sales/sale_test.cpp", "throw std::runtime_error(what);"),
    ("pos/demo/seed.cpp", "throw std::runtime_error(what);"),
    ("pos/testing/shop.h", "throw std::runtime_error(what);"),
    ("src/schema/formats.cpp", "throw std::invalid_argument(what);"),
    ("pos/row_meta.h", 'inline constexpr base::ErrorCode id_taken{"row.id_taken", 409, false};'),
    ("src/jobs/errors.h", 'inline constexpr base::ErrorCode bad_queue{"jobs.bad_queue", 400, false};'),
    ("src/http/errors.h", 'inline constexpr base::ErrorCode upgrade_required{"http.upgrade_required", 426, false};'),
    ("src/jobs/a_test.cpp", 'constexpr base::ErrorCode busy{"sale.busy", 503, true};'),
    ("pos/modules/a.cpp", "// throw std::invalid_argument(what);"),
    ("pos/modules/a.cpp", 'log("throw std::invalid_argument");'),
    ("pos/modules/a.cpp", "const auto n = base::parse_integer<int>(text); history(n); throw;"),
]


def rules_in(path, text):
    return [rule for _, rule, _ in findings_in(path, text)]


if __name__ == "__main__":
    end(judged(rules_in, REPORTED, ACCEPTED))
