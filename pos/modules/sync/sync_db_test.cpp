// Snapshots and changes as a device sees them: every row once, in an order that misses nothing, and of what its reader may see.
#include <gmock/gmock.h>

#include <thread>

#include "async/sync.h"
#include "auth/authenticator.h"
#include "base/hash.h"
#include "base/strings.h"
#include "pos/modules/sync/changes.h"
#include "pos/testing/open_transaction.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using sync::ChangePage;
using ::testing::HasSubstr;
using ::testing::Not;

// What a device has: the newest state of each row, by collection and id.
using Held = std::map<std::string, std::string>;

class SyncTest : public ShopTest {
protected:
    static std::string changes_of(const std::string& cursor, const std::string& more = "") {
        return "/v1/sync/changes?since=" + cursor + more;
    }
    static ChangePage pull(const std::string& cursor, const std::string& more = "", const std::string& token = owner) {
        const auto reply = get(changes_of(cursor, more), token);
        EXPECT_EQ(reply.status, 200) << reply.body;
        return body<ChangePage>(reply);
    }
    static std::vector<std::string> lines_of(const std::string& text) {
        std::vector<std::string> lines;
        for (const auto line : base::split(text, '\n')) lines.emplace_back(line);
        EXPECT_EQ(lines.back(), "") << "the last line has an end";
        lines.pop_back();
        return lines;
    }
    static std::string member_of(const std::string& json, std::string_view name) {
        const auto at = json.find(fmt::format("\"{}\":\"", name));
        if (at == std::string::npos) return "";
        const auto start = at + name.size() + 4;
        return json.substr(start, json.find('"', start) - start);
    }
    static std::string snapshot(const std::string& more = "", const std::string& token = owner) {
        const auto reply = get("/v1/sync/snapshot" + more, token);
        EXPECT_EQ(reply.status, 200) << reply.body;
        EXPECT_TRUE(reply.complete);
        return reply.body;
    }
    static std::string cursor_in(const std::string& snapshot) {
        return member_of(lines_of(snapshot).front(), "cursor");
    }
    static Held rows_of(const std::string& snapshot) {
        Held held;
        auto lines = lines_of(snapshot);
        for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
            const auto data = lines[i].substr(lines[i].find("\"d\":") + 4);
            held[member_of(lines[i], "c") + "/" + member_of(lines[i], "id")] = data.substr(0, data.size() - 1);
        }
        return held;
    }
    static void apply(Held& held, const ChangePage& page) {
        for (const auto& change : page.changes) {
            const auto key = change.collection + "/" + text(change.id);
            if (change.op == ChangeKind::deleted) {
                held.erase(key);
            } else {
                held[key] = change.row->text;
            }
        }
    }
    static std::string follow(Held& held, std::string cursor, const std::string& more = "",
                              const std::string& token = owner) {
        for (int i = 0; i < 1'000; ++i) {
            const auto page = pull(cursor, more, token);
            apply(held, page);
            cursor = page.cursor;
            if (!page.has_more) break;
        }
        return cursor;
    }
    static std::string category(std::string_view name, const std::string& token = owner) {
        const auto reply = post("/v1/categories", fmt::format(R"({{"name":"{}"}})", name), token);
        EXPECT_EQ(reply.status, 201) << reply.body;
        return member_of(reply.body, "id");
    }
    static std::string tenant() {
        return app->database()
            .value(
                "select tenant_id from memberships m join users u on u.id = m.user_id where u.email = "
                "'owner@duka.example'")
            .value();
    }
    // One more entry of the feed for a row of categories, as record_changes() writes it.
    static std::string write_sql(const std::string& of, const std::string& id) {
        return fmt::format(
            "insert into categories (tenant_id, id, name, sort, version, created_at, updated_at) values "
            "('{0}', '{1}', '{1}', 0, 1, now(), now()); "
            "with counter as (update tenant_counters set change_seq = change_seq + 1 where tenant_id = '{0}' returning "
            "change_seq) insert into change_pointers (tenant_id, collection, row_id, seq, op) "
            "select '{0}', 'categories', '{1}', change_seq, 'u' from counter",
            of, id);
    }
    static std::string new_id(int n) { return fmt::format("0197f0c2-1111-7000-8000-{:012}", n); }
};

TEST_F(SyncTest, ASnapshotIsAllRowsAndSaysSo) {
    category("Grains");
    const auto text = snapshot();
    const auto lines = lines_of(text);
    EXPECT_THAT(lines.front(), HasSubstr(R"("schemaVersion":1)"));
    EXPECT_THAT(lines.front(), HasSubstr(R"("categories":)"));
    std::string between;
    for (std::size_t i = 1; i + 1 < lines.size(); ++i) between += lines[i] + "\n";
    EXPECT_EQ(lines.back(), fmt::format(R"({{"end":true,"rows":{},"sha256":"{}"}})", lines.size() - 2,
                                        base::hex_encode(base::as_chars(base::sha256(between)))));
    const auto page = pull(cursor_in(text));
    EXPECT_TRUE(page.changes.empty());
    EXPECT_FALSE(page.has_more);
}

TEST_F(SyncTest, ASnapshotGoesOnWhereItBrokeOff) {
    const auto whole = snapshot();
    const auto id = member_of(lines_of(whole).front(), "snapshot");
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}, lines_of(whole).front().size() + 1, whole.size() / 2,
                                 whole.size() - 1, whole.size()})
        EXPECT_EQ(snapshot(fmt::format("?after={}:{}", id, at)), whole.substr(at)) << at;
    EXPECT_EQ(get(fmt::format("/v1/sync/snapshot?after={}:{}", id, whole.size() + 1)).status, 422);
    EXPECT_EQ(get("/v1/sync/snapshot?after=nothing").status, 422);
    const auto gone = get(fmt::format("/v1/sync/snapshot?after={}:0", new_id(1)));
    EXPECT_EQ(gone.status, 410);
    EXPECT_THAT(gone.body, HasSubstr(R"("reason":"snapshot_gone")"));
    EXPECT_EQ(get(fmt::format("/v1/sync/snapshot?after={}:0", id), other).status, 410) << "another tenant's";
    EXPECT_EQ(get(fmt::format("/v1/sync/snapshot?after={}:0", id), viewer).status, 410) << "made for who sees more";
}

TEST_F(SyncTest, TheSameRowsAtTheSamePlaceAreWrittenOnce) {
    const auto first = lines_of(snapshot()).front();
    EXPECT_EQ(lines_of(snapshot()).front(), first);
    category("Another");
    EXPECT_NE(lines_of(snapshot()).front(), first);
}

TEST_F(SyncTest, WhatWasCreatedChangedAndDeletedArrives) {
    auto cursor = cursor_in(snapshot("?collections=categories"));
    const std::string more = "&collections=categories";
    const auto id = category("Tea");
    auto page = pull(cursor, more);
    ASSERT_EQ(page.changes.size(), 1U);
    EXPECT_EQ(text(page.changes[0].id), id);
    EXPECT_EQ(page.changes[0].version.value_or(0), 1);
    EXPECT_THAT(page.changes[0].row->text, HasSubstr(R"("name":"Tea")"));
    cursor = page.cursor;
    EXPECT_EQ(patch("/v1/categories/" + id, R"({"name":"Chai"})", 1).status, 200);
    EXPECT_EQ(patch("/v1/categories/" + id, R"({"name":"Chai ya asubuhi"})", 2).status, 200);
    page = pull(cursor, more);
    ASSERT_EQ(page.changes.size(), 1U) << "the newest state of a row, once";
    EXPECT_EQ(page.changes[0].version.value_or(0), 3);
    cursor = page.cursor;
    EXPECT_EQ(del("/v1/categories/" + id, 3).status, 204);
    page = pull(cursor, more);
    ASSERT_EQ(page.changes.size(), 1U);
    EXPECT_EQ(page.changes[0].op, ChangeKind::deleted);
    EXPECT_FALSE(page.changes[0].row);
    // What came and went between two pulls was never there; and a device that begins now does not hear of it in its snapshot.
    const auto brief = category("Brief");
    EXPECT_EQ(del("/v1/categories/" + brief, 1).status, 204);
    page = pull(page.cursor, more);
    ASSERT_EQ(page.changes.size(), 1U);
    EXPECT_EQ(page.changes[0].op, ChangeKind::deleted);
    EXPECT_THAT(snapshot("?collections=categories"), Not(HasSubstr(brief)));
}

// Both numbers are taken inside of their transactions, and only the second one commits at first: the first is not passed over.
TEST_F(SyncTest, AWriterThatCommitsLateIsNotMissed) {
    auto cursor = cursor_in(snapshot("?collections=categories"));
    const std::string more = "&collections=categories";
    OpenTransaction slow(app->database().url(), write_sql(tenant(), new_id(100)));
    EXPECT_TRUE(pull(cursor, more).changes.empty());
    std::thread fast([url = app->database().url(), sql = write_sql(tenant(), new_id(101))] {
        OpenTransaction waits(url, sql);  // for the counter
        waits.commit();
    });
    const auto before = pull(cursor, more);
    EXPECT_TRUE(before.changes.empty());
    slow.commit();
    fast.join();
    const auto after = pull(before.cursor, more);
    ASSERT_EQ(after.changes.size(), 2U);
    EXPECT_EQ(text(after.changes[0].id), new_id(100));
    EXPECT_EQ(text(after.changes[1].id), new_id(101));
}

// A transaction of somebody else, anywhere in the cluster, holds up nobody's feed.
TEST_F(SyncTest, AStrangersOpenTransactionDoesNotFreezeTheFeed) {
    const auto cursor = cursor_in(snapshot("?collections=categories"));
    const OpenTransaction stranger(app->database().url(),
                                   "create temporary table held (n int); insert into held values (1)");
    category("Meanwhile");
    EXPECT_EQ(pull(cursor, "&collections=categories").changes.size(), 1U);
}

TEST_F(SyncTest, ManyRowsOfOneInstantCrossPages) {
    const auto cursor = cursor_in(snapshot("?collections=categories"));
    app->database().execute(fmt::format(
        "insert into categories (tenant_id, id, name, sort, version, created_at, updated_at) "
        "select '{0}', ('0197f0c2-2222-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'many ' || n, 0, 1, now(), now() "
        "from generate_series(1, 1000) n; "
        "with counter as (update tenant_counters set change_seq = change_seq + 1000 where tenant_id = '{0}' returning "
        "change_seq) insert into change_pointers (tenant_id, collection, row_id, seq, op) "
        "select '{0}', 'categories', ('0197f0c2-2222-7000-8000-' || lpad(n::text, 12, '0'))::uuid, "
        // In another order than that of ids and names.
        "change_seq - 1000 + (n * 7919) % 1000 + 1, 'u' from counter, generate_series(1, 1000) n",
        tenant()));
    Held held;
    const auto page = pull(cursor, "&collections=categories&limit=100");
    EXPECT_EQ(page.changes.size(), 100U);
    EXPECT_TRUE(page.has_more);
    follow(held, cursor, "&collections=categories&limit=100");
    EXPECT_EQ(held.size(), 1'000U);
}

// As where pages are cut by a time: times of rows are in any order beside their places in the feed.
TEST_F(SyncTest, ManyRowsWhoseTimesAreInAnotherOrderAllArrive) {
    const auto begin = cursor_in(snapshot("?collections=categories"));
    const auto id = "('0197f0c2-4444-7000-8000-' || lpad(n::text, 12, '0'))::uuid";
    app->database().execute(fmt::format(
        "insert into categories (tenant_id, id, name, sort, version, created_at, updated_at) "
        "select '{0}', {1}, 'by time ' || n, (n * 31) % 2500, 1, now() - random() * interval '9 days', "
        "now() - random() * interval '9 days' from generate_series(1, 2500) n; "
        "with counter as (update tenant_counters set change_seq = change_seq + 2500 where tenant_id = '{0}' returning "
        "change_seq) insert into change_pointers (tenant_id, collection, row_id, seq, op) "
        "select '{0}', 'categories', {1}, change_seq - 2500 + (n * 7919) % 2500 + 1, 'u' "
        "from counter, generate_series(1, 2500) n",
        tenant(), id));
    Held held;
    follow(held, begin, "&collections=categories&limit=200");
    EXPECT_EQ(held.size(), 2'500U);
}

// 32 writers at once, some of which roll back, and a reader in between: at the end the reader has what the database has.
TEST_F(SyncTest, AReaderAmongManyWritersMissesNothing) {
    constexpr int writers = 32;
    constexpr int rounds = 12;
    const std::string more = "&collections=categories&limit=50";
    const auto begin = snapshot("?collections=categories");
    auto held = rows_of(begin);
    auto cursor = cursor_in(begin);
    std::atomic<int> running = writers;
    std::atomic<int> faults = 0;
    std::vector<std::thread> threads;
    threads.reserve(writers);
    for (int writer = 0; writer < writers; ++writer) {
        threads.emplace_back([&, writer, of = tenant(), url = app->database().url()] {
            for (int i = 0; i < rounds; ++i) {
                try {
                    OpenTransaction change(url, write_sql(of, new_id(10'000 + writer * 100 + i)));
                    std::this_thread::yield();
                    if ((writer + i) % 5 != 0) change.commit();
                } catch (const std::exception&) {
                    ++faults;
                }
            }
            --running;
        });
    }
    while (running > 0) {
        const auto page = pull(cursor, more);
        apply(held, page);
        cursor = page.cursor;
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(faults, 0);
    follow(held, cursor, more);
    EXPECT_EQ(held, rows_of(snapshot("?collections=categories")));
    EXPECT_EQ(fmt::to_string(held.size()),
              app->database().value(fmt::format(
                  "select count(*) from categories where tenant_id = '{}' and deleted_at is null", tenant())));
}

TEST_F(SyncTest, WhyADeviceHasToBeginAnew) {
    // A snapshot may be some minutes old.
    Held held;
    const auto all = follow(held, cursor_in(snapshot()));
    const auto reason = [](const std::string& cursor, const std::string& more, const std::string& token = owner) {
        const auto reply = get(changes_of(cursor, more), token);
        return fmt::format("{} {}", reply.status, member_of(reply.body, "reason"));
    };
    EXPECT_EQ(reason(all, "&collections=categories"), "410 scope_changed");
    EXPECT_EQ(reason(all, "&location=" + location()), "410 scope_changed");
    EXPECT_EQ(reason(all, "", viewer), "410 scope_changed");
    EXPECT_EQ(reason(all, "", other), "410 cursor");
    EXPECT_EQ(reason("made-up", ""), "410 cursor");
    // The database of this morning: numbers are lower, and the operator has forgotten to say so; then says so.
    app->database().execute(
        fmt::format("update tenant_counters set change_seq = change_seq - 5 where tenant_id = '{}'", tenant()));
    EXPECT_EQ(reason(all, ""), "410 epoch");
    app->database().execute(
        fmt::format("update tenant_counters set change_seq = change_seq + 500 where tenant_id = '{0}'; "
                    "update tenants set feed_epoch = gen_random_uuid() where id = '{0}'",
                    tenant()));
    EXPECT_EQ(reason(all, ""), "410 epoch");
    EXPECT_EQ(get("/v1/sync/changes").status, 422);
    EXPECT_EQ(get(changes_of(all, "&collections=users")).status, 422);
    EXPECT_EQ(get(changes_of(all, "&limit=1001")).status, 422);
    EXPECT_EQ(get(changes_of(all, "&live=26")).status, 422);
}

TEST_F(SyncTest, RowsOfAnotherLocationAreNotSentAndOneThatMovesAwayGoes) {
    const auto here = location();
    const auto there = member_of(post("/v1/locations", R"({"code":"THERE","name":"There"})").body, "id");
    const auto device = [&](const std::string& at) {
        return member_of(post("/v1/devices", fmt::format(R"({{"name":"Till","locationId":"{}"}})", at)).body, "id");
    };
    const auto mine = device(here);
    const auto begin = snapshot("?collections=devices&location=" + here);
    const auto more = "&collections=devices&location=" + here;
    const auto theirs = device(there);
    const auto page = pull(cursor_in(begin), more);
    EXPECT_TRUE(page.changes.empty());
    EXPECT_THAT(begin, HasSubstr(mine));
    EXPECT_THAT(snapshot("?collections=devices&location=" + here), Not(HasSubstr(theirs)));
    EXPECT_EQ(patch("/v1/devices/" + mine, fmt::format(R"({{"locationId":"{}"}})", there), 1).status, 200);
    const auto moved = pull(page.cursor, more);
    ASSERT_EQ(moved.changes.size(), 1U);
    EXPECT_EQ(text(moved.changes[0].id), mine);
    EXPECT_EQ(moved.changes[0].op, ChangeKind::deleted);
}

// Who works at another shop from now on begins anew, and does not keep what belongs to the first one.
TEST_F(SyncTest, WhoLosesALocationBeginsAnew) {
    const auto here = location();
    const auto there = member_of(post("/v1/locations", R"({"code":"LATER","name":"Later"})").body, "id");
    std::string role;
    for (const auto& one : body<RoleList>(get("/v1/roles")).data) {
        if (one.built_in == "manager") role = text(one.id);
    }
    const auto roles_at = [&](const std::string& at) {
        return fmt::format(R"("roles":[{{"roleId":"{}","locationId":"{}"}}])", role, at);
    };
    const auto made = post(
        "/v1/users",
        fmt::format(R"({{"name":"Juma","email":"moves@duka.example","password":"{}",{}}})", password, roles_at(here)),
        owner, {{"Idempotency-Key", "moves"}});
    ASSERT_EQ(made.status, 201) << made.body;
    const auto till = member_of(
        post("/v1/devices", fmt::format(R"({{"name":"Of the first shop","locationId":"{}"}})", here)).body, "id");
    const auto token = log_in("moves@duka.example");
    const auto before = snapshot("?collections=devices", token);
    EXPECT_THAT(before, HasSubstr(till));
    EXPECT_TRUE(pull(cursor_in(before), "&collections=devices", token).changes.empty());
    const auto user = app->database().value("select id from users where email = 'moves@duka.example'").value();
    ASSERT_EQ(patch("/v1/users/" + user, "{" + roles_at(there) + "}", 1).status, 200);
    app->host().services().use<auth::Authenticator>().invalidate_all();
    const auto again = get(changes_of(cursor_in(before), "&collections=devices"), token);
    EXPECT_EQ(again.status, 410) << again.body;
    EXPECT_EQ(member_of(again.body, "reason"), "scope_changed");
    EXPECT_THAT(snapshot("?collections=devices", token), Not(HasSubstr(till)));
}

async::Task<std::vector<InjectedResponse>> together(app::LoopHost* host, http::InjectedRequest one,
                                                    http::InjectedRequest other) {
    std::vector<async::Task<InjectedResponse>> tasks;
    tasks.push_back(host->inject(std::move(one)));
    tasks.push_back(host->inject(std::move(other)));
    co_return co_await async::when_all(std::move(tasks));
}

// A waiting request is answered by the commit of another one.
TEST_F(SyncTest, AWaitEndsWithTheChange) {
    const auto cursor = cursor_in(snapshot("?collections=categories"));
    const auto request = [](http::Method method, std::string target, std::string json) {
        http::InjectedRequest made{.method = method, .target = std::move(target), .body = std::move(json)};
        made.headers = {{"Authorization", "Bearer " + owner}, {"Content-Type", "application/json"}};
        return made;
    };
    const auto start = async::Loop::now();
    const auto replies = app->run(
        together(&app->host(), request(http::Method::get, changes_of(cursor, "&collections=categories&live=20"), ""),
                 request(http::Method::post, "/v1/categories", R"({"name":"Waited for"})")));
    EXPECT_LT(async::Loop::now() - start, std::chrono::seconds(10));
    ASSERT_EQ(replies[0].status, 200) << replies[0].body;
    EXPECT_THAT(replies[0].body, HasSubstr("Waited for"));
    const auto empty = pull(body<ChangePage>(replies[0]).cursor, "&collections=categories&live=1");
    EXPECT_TRUE(empty.changes.empty());
}

TEST_F(SyncTest, AHeartbeatShowsHolesInADevicesNumbers) {
    const auto shop = location();
    const auto device =
        member_of(post("/v1/devices", fmt::format(R"({{"name":"Till 9","locationId":"{}"}})", shop)).body, "id");
    const auto number =
        app->database().value(fmt::format("select device_number from devices where id = '{}'", device)).value();
    for (int n = 1; n <= 30; ++n) {
        if (n == 17) continue;
        const auto reply = post(
            "/v1/sales",
            fmt::format(
                R"({{"clientRequestId":"0197f0c2-3333-7000-8000-{2:012}","locationId":"{0}","deviceId":"{1}","deviceSeq":{2},)"
                R"("receiptNumber":"MAIN-{3}-{2:06}","occurredAt":"2026-11-20T09:00:00Z",)"
                R"("lines":[{{"lineNumber":1,"name":"Sugar","quantity":"1","unitPrice":5,"taxInclusive":true,"taxCode":"ZERO","taxRatePpm":0}}],)"
                R"("taxTotal":0,"total":5,"payments":[{{"method":"cash","amount":5,"tendered":5}}]}})",
                shop, device, n, number));
        ASSERT_EQ(reply.status, 201) << reply.body;
    }
    EXPECT_THAT(get("/v1/devices/" + device).body, HasSubstr(R"("lastSeqSeen":30)"));
    const auto beat = [&](const std::string& token, std::string_view more = "") {
        return post("/v1/sync/heartbeat",
                    fmt::format(R"({{"deviceId":"{}","pending":2,"lastDeviceSeq":32{}}})", device, more), token);
    };
    const auto reply = beat(owner, R"(,"storageFreeMb":900,"appVersion":"4.2.0","sentAt":"2019-01-01T00:00:00Z")");
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(R"("missing":3,"missingDeviceSeqs":[17,31,32])"));
    EXPECT_THAT(reply.body, HasSubstr(R"("clockSkewMs":-)"));
    const auto seen = get("/v1/sync/heartbeats");
    EXPECT_EQ(seen.status, 200);
    EXPECT_THAT(seen.body, HasSubstr(R"("pending":2)"));
    EXPECT_THAT(seen.body, HasSubstr(R"("missing":3)"));
    EXPECT_EQ(beat(viewer).status, 403);
    EXPECT_EQ(beat(other).status, 404);
    EXPECT_EQ(post("/v1/devices/" + device + "/revoke", R"({"status":"lost"})").status, 200);
    EXPECT_EQ(beat(owner).status, 404);
}

TEST_F(SyncTest, TheDashboardIsOfWhatItsReaderMaySee) {
    const auto shown = get("/v1/dashboard");
    ASSERT_EQ(shown.status, 200) << shown.body;
    EXPECT_THAT(shown.body, HasSubstr(R"("locationId":")" + location()));
    EXPECT_THAT(shown.body, HasSubstr(R"("lowStock":)"));
    EXPECT_THAT(get("/v1/dashboard", other).body, Not(HasSubstr(location())));
}

}  // namespace
