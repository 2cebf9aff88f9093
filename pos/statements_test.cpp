// What holds for the text of every statement of the program.

#include <gmock/gmock.h>

#include "db/query.h"
#include "pos/row_meta.h"
#include "pos/service.h"

namespace {

using namespace pos;

// `version + 1` that stands in no POS_NEXT_VERSION: at the edge of the column PostgreSQL refuses the row, and for good.
bool counts_beyond_the_edge(std::string_view sql) {
    constexpr std::string_view sum = "version + 1";
    for (auto at = sql.find(sum); at != std::string_view::npos; at = sql.find(sum, at + 1)) {
        auto start = at;
        while (start > 0 && sql[start - 1] != ' ' && sql[start - 1] != '(') --start;
        const auto version = sql.substr(start, at + 7 - start);
        const auto whole = std::string("case when ").append(version).append(" < 2147483647 then ");
        if (!sql.substr(0, start).ends_with(whole)) return true;
    }
    return false;
}

TEST(Statements, CountVersionsRoundTheEdge) {
    const auto service = definition();
    for (const auto& module : service.modules) {
        for (const auto& statement : module.statements)
            EXPECT_FALSE(counts_beyond_the_edge(db::render(statement)))
                << statement.full_name() << ": write version = \" POS_NEXT_VERSION(\"version\") \" (pos/row_meta.h)";
    }
}

TEST(Statements, TheRuleSeesWhatItIsFor) {
    EXPECT_TRUE(counts_beyond_the_edge("update a set version = version + 1"));
    EXPECT_TRUE(counts_beyond_the_edge("update a set version = (a.version + 1)"));
    EXPECT_TRUE(counts_beyond_the_edge("set version = " POS_NEXT_VERSION("version") ", version = version + 1"));
    EXPECT_FALSE(counts_beyond_the_edge("update a set version = " POS_NEXT_VERSION("a.version")));
    EXPECT_EQ(next_version(1), 2);
    EXPECT_EQ(next_version(2'147'483'647), 1);
}

}  // namespace
