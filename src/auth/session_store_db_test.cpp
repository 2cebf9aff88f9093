// Sessions over a real Redis: when they end, who may end them, what requests that come together leave, and what happens without it.

#include "auth/session_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <iostream>

#include "async/sync.h"
#include "auth/opaque_token.h"
#include "auth/session_cookies.h"
#include "base/fake_clock.h"
#include "base/strings.h"
#include "log/log.h"
#include "testing/redis_server.h"

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Basket {
    std::int64_t items = 0;
    std::string note;

    friend constexpr auto describe(Basket*) {
        return schema::object<Basket>("Basket", schema::field<&Basket::items>("items"),
                                      schema::field<&Basket::note>("note", {.defaulted = true}));
    }
};

using Store = auth::SessionStore<Basket>;
using Session = auth::Session<Basket>;
using NewSession = auth::NewSession<Basket>;

void add_one(Basket& basket) { ++basket.items; }

class SessionStoreTest : public testing::Test {
protected:
    SessionStoreTest() { make(); }

    void make(auth::SessionStoreOptions options = {}) {
        options.idle = options.idle == auth::SessionStoreOptions{}.idle ? 1h : options.idle;
        options.refresh_every = 10min;
        options.timeout = 20s;  // also on a machine that is busy
        for (auto [client, store] : {std::pair(&first_client, &first), std::pair(&second_client, &second)}) {
            store->reset();
            client->emplace(loop,
                            redis::Options{.endpoints = redis::fixed_endpoint(*redis::parse_url(server.url())),
                                           .reconnect_minimum = 5ms},
                            logging::Logger(), metrics);
            store->emplace(**client, options, clock, log.logger(), metrics);
        }
    }

    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(loop, std::move(task));
    }
    NewSession create(std::string owner = {}, std::int64_t items = 0) {
        return run(first->create(Basket{items, ""}, std::move(owner)));
    }
    std::optional<Session> find(const std::string& token) { return run(second->find(token)); }
    std::vector<std::string> ids_of(const std::string& owner) {
        std::vector<std::string> ids;
        for (const auto& session : run(first->list(owner))) ids.push_back(session.id.to_string());
        return ids;
    }
    // Of what a call throws; "" when it does not.
    template <class T>
    std::string code_of(async::Task<T> task) {
        try {
            run(std::move(task));
        } catch (const base::Failure& failure) {
            EXPECT_EQ(failure.code().status, failure.code() == auth::errors::session_too_large ? 413 : 503);
            return std::string(failure.code().code);
        }
        return "";
    }

    static std::string key_of(const auth::SessionInfo& session) { return "sess:" + session.digest; }
    std::chrono::milliseconds ttl(const std::string& key) {
        const auto reply = server.command({"PTTL", key});
        return std::chrono::milliseconds(*base::parse_integer<std::int64_t>(base::trim(reply.substr(1))));
    }
    void set_ttl(const std::string& key, std::chrono::milliseconds left) {
        ASSERT_EQ(server.command({"PEXPIRE", key, std::to_string(left.count())}), ":1\r\n");
    }
    double failures(std::string_view reason) {
        return metrics.counter_family("session_failures_total", "Sessions that could not be had.", {"reason"})
            .with({reason})
            .value();
    }

    testing::RedisServer server;
    async::Loop loop;
    observe::Metrics metrics;
    base::FakeClock clock;
    std::shared_ptr<logging::MemorySink> lines = std::make_shared<logging::MemorySink>();
    logging::Log log{{}, lines};
    std::optional<redis::Client> first_client;
    std::optional<redis::Client> second_client;
    std::optional<Store> first;
    std::optional<Store> second;
};

TEST_F(SessionStoreTest, instances_share_a_session) {
    const auto fresh = create("ann", 3);
    const auto session = find(fresh.token);
    ASSERT_TRUE(session);
    EXPECT_EQ(session->id, fresh.session.id);
    EXPECT_EQ(session->owner, "ann");
    EXPECT_EQ(session->value.items, 3);
    EXPECT_EQ(session->created_at, clock.now());
    EXPECT_EQ(session->ends_at, clock.now() + 12h);
    EXPECT_EQ(session->version, fresh.session.version);
    EXPECT_NE(create("ann").token, fresh.token);
}

TEST_F(SessionStoreTest, redis_never_sees_a_token) {
    const auto fresh = create("ann");
    const auto digest = base::sha256(fresh.token);
    EXPECT_EQ(fresh.session.digest, base::base64url_encode(base::as_chars(digest)));
    const auto secret = fresh.token.substr(fresh.token.find('_') + 1);
    for (const auto& command : {std::vector<std::string>{"KEYS", "*"},
                                {"HGETALL", key_of(fresh.session)},
                                {"ZRANGE", "sess:owner:ann", "0", "-1"}}) {
        const auto reply = server.command(command);
        EXPECT_GT(reply.size(), 10U);
        EXPECT_FALSE(reply.contains(secret)) << reply;
    }
}

TEST_F(SessionStoreTest, what_is_no_token_is_refused_without_asking) {
    const auto fresh = create();
    const auto body = fresh.token.substr(4);
    server.kill();
    for (const auto& token : {std::string(), std::string("sid_"), body, "rt_" + body, "sid-" + body, "SID_" + body,
                              fresh.token + "A", fresh.token.substr(0, 46), "sid_" + std::string(43, '!'),
                              std::string(100'000, 'A'), "sid_" + std::string(42, 'A') + "\n"})
        EXPECT_FALSE(find(token)) << token;
    EXPECT_EQ(code_of(second->find(fresh.token)), "session.unavailable");
}

// ---- How long ---------------------------------------------------------------------------------------------------

TEST_F(SessionStoreTest, use_keeps_a_session_alive_with_few_writes) {
    const auto fresh = create();
    const auto key = key_of(fresh.session);
    EXPECT_GT(ttl(key), 59min);
    EXPECT_LE(ttl(key), 60min);
    set_ttl(key, 51min);
    EXPECT_TRUE(find(fresh.token));
    EXPECT_LE(ttl(key), 51min);
    set_ttl(key, 49min);
    EXPECT_TRUE(find(fresh.token));
    EXPECT_GT(ttl(key), 59min);
    EXPECT_THAT(server.command({"INFO", "commandstats"}), HasSubstr("cmdstat_pexpire:calls=4,"));  // two of them ours
}

TEST_F(SessionStoreTest, use_does_not_keep_it_alive_for_ever) {
    const auto fresh = create();
    const auto key = key_of(fresh.session);
    clock.advance(11h + 40min);
    set_ttl(key, 1min);
    EXPECT_TRUE(find(fresh.token));
    EXPECT_GT(ttl(key), 19min);
    EXPECT_LE(ttl(key), 20min);
    clock.advance(20min - 1ms);
    EXPECT_TRUE(find(fresh.token));
    clock.advance(1ms);
    EXPECT_FALSE(find(fresh.token));
    make({.lifetime = 5min});
    EXPECT_LE(ttl(key_of(create().session)), 5min);
}

TEST_F(SessionStoreTest, one_that_ended_in_redis_is_none) {
    const auto fresh = create("ann");
    server.command({"DEL", key_of(fresh.session)});
    EXPECT_FALSE(find(fresh.token));
    EXPECT_FALSE(run(first->update(fresh.session, add_one)));
    EXPECT_FALSE(run(first->regenerate(fresh.session, "ann")));
    run(first->destroy(fresh.session));
    EXPECT_EQ(ids_of("ann").size(), 0U);
    EXPECT_EQ(server.command({"DBSIZE"}), ":0\r\n");  // nothing of it came back
    EXPECT_EQ(failures("unreadable"), 0);
}

// ---- Changes ----------------------------------------------------------------------------------------------------

TEST_F(SessionStoreTest, an_update_keeps_what_another_has_written_meanwhile) {
    const auto fresh = create();
    const auto key = key_of(fresh.session);
    const auto seen_by_both = find(fresh.token);
    set_ttl(key, 30min);
    const auto after_first = run(first->update(*seen_by_both, add_one));
    EXPECT_EQ(after_first->value.items, 1);
    const auto after_second = run(second->update(*seen_by_both, [](Basket& basket) { basket.note = "gift"; }));
    EXPECT_EQ(after_second->value.items, 1);
    EXPECT_EQ(after_second->value.note, "gift");
    EXPECT_LE(ttl(key), 30min);
    EXPECT_NE(after_second->version, after_first->version);
    const auto session = find(fresh.token);
    EXPECT_EQ(session->value.items, 1);
    EXPECT_EQ(session->value.note, "gift");
    EXPECT_EQ(session->version, after_second->version);
}

async::Task<int> add(Store* store, Session session) {
    auto after = co_await store->update(std::move(session), add_one);
    co_return after ? 1 : 0;
}
async::Task<std::vector<int>> all_of(std::vector<async::Task<int>> tasks) {
    co_return co_await async::when_all(std::move(tasks));
}

TEST_F(SessionStoreTest, requests_that_come_together_lose_nothing) {
    const auto fresh = create();
    std::vector<async::Task<int>> tasks;
    for (int i = 0; i < 40; ++i) tasks.push_back(add(i % 2 == 0 ? &*first : &*second, fresh.session));
    EXPECT_EQ(run(all_of(std::move(tasks))), std::vector<int>(40, 1));
    EXPECT_EQ(find(fresh.token)->value.items, 40);
}

TEST_F(SessionStoreTest, too_many_at_once_are_told) {
    // Whoever changes the value while a change is being made to it, every time.
    const auto fresh = create();
    const auto meddle = [&](Basket& basket) {
        ++basket.items;
        server.command({"HSET", key_of(fresh.session), "version", std::to_string(basket.items)});
        server.command({"HSET", key_of(fresh.session), "value", R"({"items":)" + std::to_string(basket.items) + "}"});
    };
    try {
        run(first->update(fresh.session, meddle));
        FAIL();
    } catch (const base::Failure& failure) {
        EXPECT_EQ(failure.code(), auth::errors::session_contended);
        EXPECT_EQ(failure.code().status, 409);
    }
}

// As after a connection that was lost before the answer.
TEST_F(SessionStoreTest, what_is_sent_again_is_done_once) {
    server.command({"CONFIG", "SET", "slowlog-log-slower-than", "0"});
    const auto send_again = [&] {
        const auto log = run(first_client->run(redis::Command("SLOWLOG").add("GET").add(1)));
        const auto sent = log->at(0).at(3);
        ASSERT_EQ(sent.at(0).text(), "EVALSHA");
        redis::Command again("EVALSHA");
        for (auto at = ++sent.begin(); at != sent.end(); ++at) again.add((*at).text());
        EXPECT_FALSE(run(first_client->run(again))->is_null());
    };
    make({.max_per_owner = 2});
    create("eve");  // Redis knows the scripts by now
    const auto oldest = create("ann");
    const auto fresh = create("ann", 1);
    send_again();
    EXPECT_EQ(ids_of("ann").size(), 2U);
    EXPECT_TRUE(find(oldest.token));

    const auto read = find(fresh.token);
    EXPECT_TRUE(run(first->update(oldest.session, add_one)));
    const auto changed = run(first->update(*read, add_one));
    send_again();
    EXPECT_EQ(find(fresh.token)->value.items, 2);
    EXPECT_EQ(find(fresh.token)->version, changed->version);

    const auto renewed = run(first->regenerate(*changed, "ann"));
    send_again();
    EXPECT_EQ(find(renewed->token)->value.items, 2);
    EXPECT_FALSE(find(fresh.token));
    EXPECT_EQ(ids_of("ann").size(), 2U);
}

TEST_F(SessionStoreTest, holds_no_more_than_it_may) {
    make({.max_bytes = 100});
    EXPECT_EQ(code_of(first->create(Basket{0, std::string(100, 'x')})), "session.too_large");
    const auto fresh = create();
    const auto grow = [](Basket& basket) { basket.note += std::string(60, 'x'); };
    const auto grown = run(first->update(fresh.session, grow));
    ASSERT_TRUE(grown);
    EXPECT_EQ(code_of(first->update(*grown, grow)), "session.too_large");
    EXPECT_EQ(find(fresh.token)->value.note.size(), 60U);
}

// ---- Whose ------------------------------------------------------------------------------------------------------

TEST_F(SessionStoreTest, signing_in_makes_the_old_token_worthless) {
    const auto before = create();
    const auto after_change = run(second->update(before.session, add_one));
    clock.advance(1h);
    const auto after = run(first->regenerate(before.session, "ann"));
    ASSERT_TRUE(after);
    EXPECT_NE(after->token, before.token);
    EXPECT_NE(after->session.id, before.session.id);
    EXPECT_EQ(after->session.value.items, 1);  // also what was changed since it was read
    EXPECT_FALSE(find(before.token));
    EXPECT_FALSE(run(second->update(*after_change, add_one)));
    EXPECT_FALSE(run(second->regenerate(before.session, "eve")));
    const auto session = find(after->token);
    ASSERT_TRUE(session);
    EXPECT_EQ(session->owner, "ann");
    EXPECT_EQ(session->id, after->session.id);
    EXPECT_EQ(session->ends_at, clock.now() + 12h);
    EXPECT_EQ(ids_of("ann"), std::vector{after->session.id.to_string()});
    // Another user of the same browser.
    const auto next = run(first->regenerate(*session, "bob"));
    EXPECT_EQ(server.command({"ZCARD", "sess:owner:ann"}), ":0\r\n");
    EXPECT_EQ(ids_of("bob"), std::vector{next->session.id.to_string()});
    EXPECT_EQ(run(first->destroy_all("ann")), 0U);
    EXPECT_TRUE(find(next->token));
}

TEST_F(SessionStoreTest, ends_one_or_all_of_an_owner_and_no_others) {
    const auto nobody = create();
    const auto anna = create("anna");
    const auto first_of_ann = create("ann");
    clock.advance(1s);
    const auto second_of_ann = create("ann");
    EXPECT_EQ(ids_of("ann"), (std::vector{first_of_ann.session.id.to_string(), second_of_ann.session.id.to_string()}));

    run(second->destroy(first_of_ann.session));
    EXPECT_FALSE(find(first_of_ann.token));
    EXPECT_EQ(ids_of("ann"), std::vector{second_of_ann.session.id.to_string()});
    EXPECT_EQ(run(second->destroy_all("ann")), 1U);
    EXPECT_FALSE(find(second_of_ann.token));
    EXPECT_FALSE(run(first->update(second_of_ann.session, add_one)));
    EXPECT_EQ(run(second->destroy_all("ann")), 0U);
    EXPECT_EQ(run(second->destroy_all("")), 0U);
    EXPECT_TRUE(find(anna.token));
    EXPECT_TRUE(find(nobody.token));
    run(first->destroy(nobody.session));
    EXPECT_FALSE(find(nobody.token));
}

TEST_F(SessionStoreTest, an_owner_may_have_so_many) {
    make({.max_per_owner = 3});
    std::vector<NewSession> all;
    for (int i = 0; i < 5; ++i) {
        all.push_back(create("ann"));
        // A clock that lags behind must not cost the new session its place.
        clock.advance(i == 3 ? -1h : 1s);
    }
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(find(all[i].token).has_value(), i >= 2) << i;
    // Those that have ended take no place.
    server.command({"DEL", key_of(all[3].session)});
    const auto next = create("ann");
    EXPECT_TRUE(find(all[2].token));
    EXPECT_TRUE(find(all[4].token));
    EXPECT_TRUE(find(next.token));
    EXPECT_EQ(server.command({"ZCARD", "sess:owner:ann"}), ":3\r\n");
}

TEST_F(SessionStoreTest, all_of_an_owner_are_found_as_long_as_one_lives) {
    create("ann");
    make({.lifetime = 1h});  // the next release
    create("ann");
    EXPECT_GT(ttl("sess:owner:ann"), 11h);
    EXPECT_EQ(run(first->destroy_all("ann")), 2U);
}

async::Task<int> create_and_tell(Store* store, std::vector<NewSession>* made) {
    auto fresh = co_await store->create(Basket{}, "ann");
    made->push_back(std::move(fresh));
    co_return 0;
}
async::Task<int> end_all(Store* store) {
    const auto ended = co_await store->destroy_all("ann");
    co_return static_cast<int>(ended);
}

TEST_F(SessionStoreTest, signing_out_everywhere_while_others_sign_in) {
    make({.max_per_owner = 60});  // however late one of the two connects
    std::vector<NewSession> made;
    std::vector<async::Task<int>> tasks;
    for (int i = 0; i < 60; ++i) {
        auto* store = i % 2 == 0 ? &*first : &*second;
        tasks.push_back(i % 10 == 5 ? end_all(store) : create_and_tell(store, &made));
    }
    int ended = 0;
    for (const int count : run(all_of(std::move(tasks)))) ended += count;
    EXPECT_GT(ended, 0);
    // Whatever the order was: who is left is on the list, so that the next time ends it.
    std::vector<std::string> left;
    for (const auto& fresh : made) {
        if (find(fresh.token)) left.push_back(fresh.session.id.to_string());
    }
    EXPECT_EQ(left.size() + static_cast<std::size_t>(ended), made.size());
    EXPECT_THAT(ids_of("ann"), testing::UnorderedElementsAreArray(left));
    run(second->destroy_all("ann"));
    for (const auto& fresh : made) EXPECT_FALSE(find(fresh.token));
}

// ---- What goes wrong --------------------------------------------------------------------------------------------

TEST_F(SessionStoreTest, what_does_not_read_is_none_and_is_told) {
    double count = 0;
    for (const auto& [field, text] :
         std::initializer_list<std::pair<std::string, std::string>>{{"value", ""},
                                                                    {"value", "{"},
                                                                    {"value", R"({"items":"three"})"},
                                                                    {"value", R"({"items":1,"ofAnotherRelease":2})"},
                                                                    {"id", "1"},
                                                                    {"ends", "soon"},
                                                                    {"created", ""}}) {
        const auto fresh = create("ann");
        server.command({"HSET", key_of(fresh.session), field, text});
        EXPECT_FALSE(find(fresh.token)) << field << ": " << text;
        EXPECT_EQ(failures("unreadable"), ++count) << field << ": " << text;
        EXPECT_THAT(lines->lines().back(), HasSubstr("a session cannot be read and counts as none"));
        server.command({"DEL", key_of(fresh.session)});
    }
    for (const std::string field : {"value", "id", "owner", "created", "ends"}) {
        const auto fresh = create("ann");
        server.command({"HDEL", key_of(fresh.session), field});
        EXPECT_FALSE(find(fresh.token)) << field;
        EXPECT_EQ(failures("unreadable"), ++count) << field;
        server.command({"DEL", key_of(fresh.session)});
    }
    const auto fresh = create("ann");
    const auto good = create("ann");
    server.command({"HSET", key_of(fresh.session), "value", "?"});
    EXPECT_EQ(ids_of("ann"), std::vector{good.session.id.to_string()});
    server.command({"DEL", key_of(fresh.session)});
    server.command({"LPUSH", key_of(fresh.session), "no session"});
    EXPECT_FALSE(find(fresh.token));
    EXPECT_EQ(failures("unavailable"), 0);
}

TEST_F(SessionStoreTest, without_redis_nobody_is_told_that_there_is_no_session) {
    const auto fresh = create("ann");
    EXPECT_TRUE(find(fresh.token));
    server.kill();
    EXPECT_EQ(code_of(first->find(fresh.token)), "session.unavailable");
    EXPECT_EQ(code_of(first->create({}, "ann")), "session.unavailable");
    EXPECT_EQ(code_of(first->update(fresh.session, add_one)), "session.unavailable");
    EXPECT_EQ(code_of(first->regenerate(fresh.session, "ann")), "session.unavailable");
    EXPECT_EQ(code_of(first->destroy(fresh.session)), "session.unavailable");
    EXPECT_EQ(code_of(first->destroy_all("ann")), "session.unavailable");
    EXPECT_EQ(code_of(first->list("ann")), "session.unavailable");
    EXPECT_EQ(failures("unavailable"), 7);
    server.start();
    make();
    EXPECT_FALSE(find(fresh.token));  // this one keeps nothing
    EXPECT_TRUE(find(create("ann").token));
}

TEST_F(SessionStoreTest, a_redis_that_hangs_or_refuses_is_away_too) {
    const auto fresh = create("ann");
    Store hasty(*first_client, {.timeout = 50ms}, clock, {}, metrics);
    server.freeze(true);
    EXPECT_EQ(code_of(hasty.find(fresh.token)), "session.unavailable");
    server.freeze(false);
    // Full, with the one policy that keeps sessions.
    server.command({"CONFIG", "SET", "maxmemory", "1"});
    EXPECT_EQ(code_of(first->create({}, "ann")), "session.unavailable");
    EXPECT_TRUE(find(fresh.token));
    EXPECT_EQ(code_of(first->update(fresh.session, add_one)), "session.unavailable");
    run(first->destroy(fresh.session));
    server.command({"CONFIG", "SET", "maxmemory", "0"});
    EXPECT_FALSE(find(fresh.token));
    server.command({"CONFIG", "SET", "requirepass", "secret"});
    make();
    EXPECT_EQ(code_of(second->find(fresh.token)), "session.unavailable");
}

TEST_F(SessionStoreTest, refuses_options_that_cannot_work) {
    for (const auto& options :
         {auth::SessionStoreOptions{.idle = 1min}, auth::SessionStoreOptions{.lifetime = 0ms},
          auth::SessionStoreOptions{.max_bytes = 2U << 20}, auth::SessionStoreOptions{.max_per_owner = 0}})
        EXPECT_THROW(Store(*first_client, options, clock, {}, metrics), std::invalid_argument);
}

// ---- Not a test: a figure for src/auth/README.md ------------------------------------------------------------------

async::Task<int> find_often(Store* store, std::string token, int times) {
    int found = 0;
    for (int i = 0; i < times; ++i) {
        const auto session = co_await store->find(token);
        if (session) ++found;
    }
    co_return found;
}

TEST_F(SessionStoreTest, DISABLED_cost) {
    for (const int at_once : {1, 64}) {
        const auto cpu = std::clock();
        const auto began = async::Loop::now();
        std::vector<async::Task<int>> tasks;
        for (int i = 0; i < at_once; ++i)
            tasks.push_back(find_often(&*first, create("ann", i).token, 64'000 / at_once));
        run(all_of(std::move(tasks)));
        const auto seconds = std::chrono::duration<double>(async::Loop::now() - began).count();
        std::cout << at_once << " at once: " << 64'000 / seconds << "/s, "
                  << static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / 64'000 * 1e6 << " us of CPU each\n";
    }
}

}  // namespace
