#include "pos/modules/sync/cursor.h"

#include <gtest/gtest.h>

#include "pos/modules/sync/errors.h"

namespace {

using namespace pos::sync;

constexpr std::string_view secret = "a secret of the tests, 32 bytes or more";

base::Uuid id(int n) {
    return base::Uuid::from_string("0197f0c2-0000-7000-8000-00000000000" + std::to_string(n)).value();
}

const base::Timestamp issued = base::parse_timestamp("2026-11-22T09:00:00Z").value();

Cursor cursor() {
    return {.epoch = id(1), .scope = "scope", .seq = 91822, .schema = schema_version, .issued_at = issued};
}

TEST(SyncCursor, IsReadAsItWasWritten) {
    const auto read = open_cursor(seal(cursor(), secret, id(7)), secret, id(7));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->epoch, id(1));
    EXPECT_EQ(read->scope, "scope");
    EXPECT_EQ(read->seq, 91822);
    EXPECT_EQ(read->schema, schema_version);
    EXPECT_EQ(read->issued_at, issued);
}

TEST(SyncCursor, OfAnotherTenantOrSecretOrWithAnotherByteIsNone) {
    const auto text = seal(cursor(), secret, id(7));
    EXPECT_FALSE(open_cursor(text, secret, id(8)));
    EXPECT_FALSE(open_cursor(text, "another secret of the tests, of 32 bytes", id(7)));
    EXPECT_FALSE(open_cursor("", secret, id(7)));
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto other = text;
        other[i] = other[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(open_cursor(other, secret, id(7))) << i;
        EXPECT_FALSE(open_cursor(text.substr(0, i), secret, id(7))) << i;
    }
}

TEST(SyncCursor, SaysWhyADeviceBeginsAnew) {
    struct Case {
        std::string_view name;
        FeedPlace place;
        std::string_view scope;
        std::chrono::days later;
        std::optional<Resync> reason;
    };
    const Case cases[] = {
        {"as it was", {id(1), 91822}, "scope", {}, std::nullopt},
        {"the feed has moved", {id(1), 99999}, "scope", std::chrono::days(180), std::nullopt},
        {"another epoch", {id(2), 99999}, "scope", {}, Resync::epoch},
        {"a feed that is behind: the database is an older one", {id(1), 91821}, "scope", {}, Resync::epoch},
        {"another scope", {id(1), 99999}, "other", {}, Resync::scope_changed},
        {"too old", {id(1), 91822}, "scope", std::chrono::days(181), Resync::too_old},
    };
    for (const auto& one : cases)
        EXPECT_EQ(why_resync(cursor(), one.place, one.scope, issued + one.later), one.reason) << one.name;
    auto older = cursor();
    older.schema = schema_version - 1;
    EXPECT_EQ(why_resync(older, {id(1), 91822}, "scope", issued), Resync::schema);
}

TEST(SyncCursor, TheProblemNamesTheReason) {
    const auto failure = resync(Resync::snapshot_gone);
    EXPECT_EQ(failure.code(), pos::errors::resync_required);
    ASSERT_EQ(failure.members().size(), 1U);
    EXPECT_EQ(failure.members().at(0).name, "reason");
    EXPECT_EQ(failure.members().at(0).json, R"("snapshot_gone")");
}

}  // namespace
