#!/usr/bin/env python3
"""Samples for listed_statements.py: what it must report, and what it must leave alone. Run by bin/lint and bin/test."""

from listed_statements import findings_of
from samples import end

LISTED = "app::Module m() { return {.statements = db::statements(%s)}; }"

# (the declarations, what is listed, the names that are reported)
SAMPLES = [
    ('constexpr auto by_id = db::find<tables::taxes>("taxes.by_id");', "", ["by_id"]),
    ('constexpr auto by_id = db::find<tables::taxes>("taxes.by_id");', "by_id", []),
    ('constexpr db::Query<bool(TaxId)> in_use{\n    {"taxes.in_use", "select 1, 2; -- {"}};', "other", ["in_use"]),
    ("inline constexpr SystemQuery<void(UserId, base::Timestamp)> end{{\"a.end\", \"\"}};", "", ["end"]),
    ("constexpr Collection<tables::suppliers> suppliers;", "", ["suppliers"]),
    ("constexpr Collection<tables::devices> devices{.location_of = at};", "devices", []),
    ("constexpr auto page = living\n    .order_by<&A::b>().page(\"a.page\", \"a.page_after\");", "", ["page"]),
    # Parts of a list, and a builder that is no statement yet.
    ("constexpr auto living = db::select<tables::taxes>().where<&A::b>();", "", []),
    ('constexpr auto own = living.page("a", "b");\nconstexpr List all{own, other};', "all.own, all.updated", []),
    ('constexpr auto own = living.page("a", "b");\nconstexpr List all{own, other};', "", ["own", "all"]),
    ("constexpr int most = 5;\nvoid f() { constexpr auto local = 1; }", "", []),
]


def wrong():
    for declarations, listed, expected in SAMPLES:
        files = {"pos/modules/a/module.cpp": declarations + "\n" + LISTED % listed}
        names = [message.split()[0] for _, _, message in findings_of(files)]
        if names != expected:
            yield f"{declarations!r} with {listed!r}: {names}, not {expected}"


if __name__ == "__main__":
    end(wrong())
