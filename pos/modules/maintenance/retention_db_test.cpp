// Every table says how long its rows stay; what is to go goes, and nothing else.

#include <gmock/gmock.h>

#include "pos/modules/maintenance/retention.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;

class RetentionTest : public ShopTest {
protected:
    static CleanedUp clean_up() {
        return app->run(remove_expired(
            [] { return db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(30)); }));
    }
    static std::string count(std::string_view table, std::string_view where = "true") {
        return *app->database().value(fmt::format("select count(*) from {} where {}", table, where));
    }
};

TEST_F(RetentionTest, EveryTableIsListed) {
    std::string listed;
    for (const auto& one : table_retention) {
        EXPECT_FALSE(one.rule.empty()) << one.table;
        listed += fmt::format("{}('{}')", listed.empty() ? "" : ",", one.table);
    }
    const auto difference = [&](std::string_view from, std::string_view without) {
        return app->database().value(
            fmt::format("select string_agg(name, ', ') from ({} except {}) d (name)", from, without));
    };
    const std::string present = "select tablename::text from pg_tables where schemaname = 'public'";
    const auto values = "values " + listed;
    EXPECT_EQ(difference(present, values), std::nullopt) << "say in retention.h how long their rows stay";
    EXPECT_EQ(difference(values, present), std::nullopt) << "are no tables";
}

TEST_F(RetentionTest, WhatHasServedItsTimeGoes) {
    auto& database = app->database();
    const auto living = count("sessions");
    // Eight days of refreshes of one session, as a release before has left them; and a session that ended long ago.
    database.execute(
        "insert into refresh_tokens (id, session_id, token_hash, issued_at, expires_at, used_at) "
        "select gen_random_uuid(), (select id from sessions limit 1), sha256(n::text::bytea), now(), now() + interval "
        "'60 days', "
        "  now() - n * interval '10 minutes' from generate_series(1, 1152) n");
    database.execute(
        "insert into sessions (id, user_id, tenant_id, kind, user_agent, ip_address, created_at, last_seen_at, "
        "expires_at) "
        "select gen_random_uuid(), user_id, tenant_id, kind, '', '', now() - interval '100 days', now() - interval '91 "
        "days', "
        "  now() - interval '31 days' from sessions limit 1");
    database.execute(
        "insert into login_throttles values ('old', 1, now(), now() - interval '25 hours'), "
        "('new', 1, now(), now() - interval '23 hours')");
    database.execute("update idempotency_keys set expires_at = now() - interval '1 second'");
    const auto keys = count("idempotency_keys");

    const auto done = clean_up();
    EXPECT_EQ(std::to_string(done.idempotency_keys), keys);
    EXPECT_EQ(done.sessions, 1);
    EXPECT_EQ(done.login_throttles, 1);
    EXPECT_EQ(count("sessions"), living);
    EXPECT_EQ(count("idempotency_keys"), "0");
    EXPECT_EQ(count("login_throttles", "subject = 'old'"), "0");
    EXPECT_EQ(count("login_throttles", "subject = 'new'"), "1");
    EXPECT_EQ(count("refresh_tokens", "used_at < now() - interval '25 hours'"), "0");
    EXPECT_EQ(count("refresh_tokens", "used_at is null"), living);
    const auto again = clean_up();
    EXPECT_EQ(again.refresh_tokens + again.sessions + again.idempotency_keys + again.login_throttles, 0);
}

TEST_F(RetentionTest, WhatWasCountedOfMessagesGoes) {
    auto& database = app->database();
    database.execute(
        "insert into message_spending select id, current_date - d, 1, 800000 from tenants, unnest(array[0, 92]) d; "
        "insert into message_counts values ('number +254712345678', current_date, 1), "
        "  ('number +254712345678', current_date - 4, 10); "
        "insert into whatsapp_windows values (gen_random_uuid(), '+254712345678', now()), "
        "  (gen_random_uuid(), '+254712345679', now() - interval '3 days'); "
        "insert into parked_reports values ('twilio', 'SM1', 'sent', null, '{}', gen_random_uuid(), now()), "
        "  ('twilio', 'SM2', 'sent', null, '{}', gen_random_uuid(), now() - interval '31 days')");
    const auto tenants = count("tenants");
    const auto done = clean_up();
    EXPECT_EQ(std::to_string(done.message_spending), tenants);
    EXPECT_EQ(done.message_counts, 1);
    EXPECT_EQ(done.whatsapp_windows, 1);
    EXPECT_EQ(done.parked_reports, 1);
    EXPECT_EQ(count("message_spending"), tenants);
    EXPECT_EQ(count("message_counts", "day = current_date"), "1");
    EXPECT_EQ(count("parked_reports", "provider_id = 'SM1'"), "1");
}

TEST_F(RetentionTest, OneTableThatFailsKeepsNoOtherFromItsTurn) {
    auto& database = app->database();
    ASSERT_EQ(post("/v1/categories", R"({"name":"Tea"})", owner, {{"Idempotency-Key", "tea"}}).status, 201);
    database.execute(
        "update idempotency_keys set expires_at = now() - interval '1 second'; "
        "insert into login_throttles values ('dry', 1, now(), now() - interval '25 hours'); "
        "create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$; "
        "create trigger refuse before delete on idempotency_keys execute function refuse()");
    EXPECT_THROW(clean_up(), db::Error);
    EXPECT_NE(count("idempotency_keys"), "0");
    EXPECT_EQ(count("login_throttles", "subject = 'dry'"), "0");
    database.execute("drop function refuse() cascade");
    clean_up();
    EXPECT_EQ(count("idempotency_keys"), "0");
}

}  // namespace
