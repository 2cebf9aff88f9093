// What each SQLSTATE means to a client, over PostgreSQL's whole list (src/backend/utils/errcodes.txt of PostgreSQL 15).

#include "db/error.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/strings.h"

namespace {

constexpr std::string_view postgresql_15_errors =
    "03000 08000 08001 08003 08004 08006 08007 08P01 09000 0A000 0B000 0F000 0F001 0L000 0LP01 0P000 0Z000 0Z002 "
    "20000 21000 22000 22001 22002 22003 22004 22005 22007 22008 22009 2200B 2200C 2200D 2200F 2200G 2200H 2200L "
    "2200M 2200N 2200S 2200T 22010 22011 22012 22013 22014 22015 22016 22018 22019 2201B 2201E 2201F 2201G 2201W "
    "2201X 22021 22022 22023 22024 22025 22026 22027 2202E 2202G 2202H 22030 22031 22032 22033 22034 22035 22036 "
    "22037 22038 22039 2203A 2203B 2203C 2203D 2203E 2203F 2203G 22P01 22P02 22P03 22P04 22P05 22P06 23000 23001 "
    "23502 23503 23505 23514 23P01 24000 25000 25001 25002 25003 25004 25005 25006 25007 25008 25P01 25P02 25P03 "
    "26000 27000 28000 28P01 2B000 2BP01 2D000 2F000 2F002 2F003 2F004 2F005 34000 38000 38001 38002 38003 38004 "
    "39000 39001 39004 39P01 39P02 39P03 3B000 3B001 3D000 3F000 40000 40001 40002 40003 40P01 42000 42501 42601 "
    "42602 42611 42622 42701 42702 42703 42704 42710 42712 42723 42725 42803 42804 42809 42830 42846 42883 428C9 "
    "42939 42P01 42P02 42P03 42P04 42P05 42P06 42P07 42P08 42P09 42P10 42P11 42P12 42P13 42P14 42P15 42P16 42P17 "
    "42P18 42P19 42P20 42P21 42P22 44000 53000 53100 53200 53300 53400 54000 54001 54011 54023 55000 55006 55P02 "
    "55P03 55P04 57000 57014 57P01 57P02 57P03 57P04 57P05 58000 58030 58P01 58P02 72000 F0000 F0001 HV000 HV001 "
    "HV002 HV004 HV005 HV006 HV007 HV008 HV009 HV00A HV00B HV00C HV00D HV00J HV00K HV00L HV00M HV00N HV00P HV00Q "
    "HV00R HV010 HV014 HV021 HV024 HV090 HV091 P0000 P0001 P0002 P0003 P0004 XX000 XX001 XX002 ";

std::vector<std::string> every_sqlstate() {
    std::vector<std::string> all;
    for (const auto code : base::split(postgresql_15_errors, ' ')) {
        if (!code.empty()) all.emplace_back(code);
    }
    return all;
}

db::Error error_of(std::string sqlstate) { return db::Error({.sqlstate = std::move(sqlstate)}); }

// All that may pass by itself, and nothing else.
const std::map<std::string, std::string, std::less<>> retriable{
    {"08000", "db.unavailable"},   {"08001", "db.unavailable"},     {"08003", "db.unavailable"},
    {"08004", "db.unavailable"},   {"08006", "db.unavailable"},     {"08007", "db.unavailable"},
    {"08P01", "db.unavailable"},   {"25006", "db.unavailable"},     {"25P03", "db.timeout"},
    {"26000", "db.unavailable"},   {"40000", "db.serialization"},   {"40001", "db.serialization"},
    {"40002", "db.serialization"}, {"40003", "db.outcome_unknown"}, {"40P01", "db.serialization"},
    {"53000", "db.unavailable"},   {"53100", "db.unavailable"},     {"53200", "db.unavailable"},
    {"53300", "db.unavailable"},   {"53400", "db.unavailable"},     {"55P03", "db.timeout"},
    {"57014", "db.timeout"},       {"57P01", "db.unavailable"},     {"57P02", "db.unavailable"},
    {"57P03", "db.unavailable"},   {"57P04", "db.unavailable"},     {"57P05", "db.unavailable"}};

TEST(Errors, OfPostgresqlsWholeListOnlyWhatMayPassByItselfIsRetriable) {
    const auto all = every_sqlstate();
    ASSERT_EQ(all.size(), 249U);
    for (const auto& sqlstate : all) {
        const auto code = error_of(sqlstate).code();
        const auto expected = retriable.find(sqlstate);
        EXPECT_EQ(code.retriable, expected != retriable.end()) << sqlstate;
        if (expected != retriable.end()) EXPECT_EQ(code.code, expected->second) << sqlstate;
        EXPECT_EQ(code.retriable, code.action == base::Action::retry) << sqlstate;
        EXPECT_TRUE(code.retriable || code.status != 503) << sqlstate;
    }
}

TEST(Errors, WhatIsAboutTheDataIsTheClientsAndTheRestOurs) {
    for (const auto& sqlstate : every_sqlstate()) {
        const auto code = error_of(sqlstate).code();
        const auto type = sqlstate.substr(0, 2);
        if (code.retriable) continue;
        if (type == "22" || type == "44" || type == "54") {
            EXPECT_EQ(code.code, "db.value_refused") << sqlstate;
        } else if (type == "23") {
            EXPECT_TRUE(code.status == 409 || code.status == 422) << sqlstate;
        } else {
            EXPECT_EQ(code.status, 500) << sqlstate;
            EXPECT_EQ(code.action, base::Action::contact) << sqlstate;
        }
    }
    EXPECT_EQ(error_of("22003").code().status, 422);
    EXPECT_EQ(error_of("23505").code().code, "db.conflict");
    EXPECT_EQ(error_of("23514").code().code, "db.value_refused");
    EXPECT_EQ(error_of("42501").code().code, "db.failed");
}

TEST(Errors, WhatNoListHoldsIsFinal) {
    for (const auto* sqlstate : {"", "5", "57P", "IK409", "ST409", "99999", "HZ000", "P0001"}) {
        EXPECT_EQ(error_of(sqlstate).code().code, "db.failed") << sqlstate;
    }
}

TEST(Errors, TellCircumstancesApart) {
    EXPECT_FALSE(error_of("0A000").is_stale_statement());
    const db::Error stale({.sqlstate = "0A000", .routine = "RevalidateCachedQuery"});
    EXPECT_TRUE(stale.is_stale_statement());
    EXPECT_TRUE(stale.code().retriable) << "parsed anew the next time";
    EXPECT_TRUE(error_of("25006").is_read_only_server());
    const db::Error misdeclared({.sqlstate = "25006", .read_only_by_choice = true});
    EXPECT_FALSE(misdeclared.is_read_only_server());
    EXPECT_FALSE(misdeclared.code().retriable) << "a write that was declared a read";
}

TEST(Errors, DetailsOfRowsStayOutOfTheLog) {
    const db::Error error({.sqlstate = "23505", .message = "m", .detail = "Key (email)=(a@b) exists"});
    EXPECT_FALSE(error.cause().contains("a@b"));
}

TEST(Errors, CodesAreListed) {
    std::set<std::string_view> names;
    for (const auto& code : db::error_codes()) names.insert(code.code);
    EXPECT_EQ(names.size(), 9U);
    EXPECT_TRUE(names.contains("db.value_refused"));
    EXPECT_TRUE(names.contains("db.conflict"));
    EXPECT_TRUE(names.contains("request.invalid_cursor"));
}

}  // namespace
