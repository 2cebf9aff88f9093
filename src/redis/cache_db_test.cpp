// The cache over a real Redis: who loads, who waits, and what happens without it.

#include "redis/cache.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/fake_clock.h"
#include "testing/redis_server.h"

namespace {

using namespace std::chrono_literals;

struct Price {
    std::string sku;
    std::int64_t minor = 0;

    friend constexpr auto describe(Price*) {
        return schema::object<Price>("Price", schema::field<&Price::sku>("sku"), schema::field<&Price::minor>("minor"));
    }
};

// What a load gives, how often it was asked, and a door that keeps it waiting.
struct Source {
    explicit Source(async::Loop& on) : loop(on), door(on) { door.set(); }
    async::Loop& loop;
    async::Event door;
    std::int64_t price = 100;
    int loads = 0;
    bool fails = false;
};

async::Task<Price> load_price(Source* source) {
    ++source->loads;
    const auto price = source->price;
    co_await source->door;
    if (source->fails) throw std::runtime_error("no database");
    co_return Price{"SUGAR", price};
}

class CacheTest : public testing::Test {
public:
    CacheTest() { make(); }
    ~CacheTest() override {
        for (auto* cache : {&first, &second}) async::run_until_done(loop, (*cache)->close());
    }

protected:
    using Cache = redis::Cache<Price>;

    void make(redis::CacheOptions options = {}, redis::Patience patience = redis::Patience(10s, 1h)) {
        options.name = "price";
        options.jitter = 0;
        options.patience = patience;
        for (auto [client, cache] : {std::pair(&first_client, &first), std::pair(&second_client, &second)}) {
            cache->reset();
            client->emplace(loop,
                            redis::Options{.endpoints = redis::fixed_endpoint(*redis::parse_url(server.url())),
                                           .reconnect_minimum = 5ms},
                            logging::Logger(), metrics);
            cache->emplace(loop, &**client, options, clock, metrics);
        }
    }
    async::Task<Price> ask(Cache& cache, std::vector<std::string> tags = {"shop"}) {
        return cache.get_or_load("SUGAR", std::move(tags), [this] { return load_price(&source); });
    }
    std::int64_t get(Cache& cache, std::vector<std::string> tags = {"shop"}) {
        return async::run_until_done(loop, ask(cache, std::move(tags))).minor;
    }
    void settle() { async::run_until_done(loop, first->close()); }

    testing::RedisServer server;
    async::Loop loop;
    observe::Metrics metrics;
    base::FakeClock clock;
    Source source{loop};
    std::optional<redis::Client> first_client;
    std::optional<redis::Client> second_client;
    std::optional<Cache> first;
    std::optional<Cache> second;
};

TEST_F(CacheTest, loads_once_and_shares_with_other_instances) {
    EXPECT_EQ(get(*first), 100);
    source.price = 200;
    EXPECT_EQ(get(*first), 100);
    EXPECT_EQ(get(*second), 100);
    EXPECT_EQ(source.loads, 1);
    EXPECT_TRUE(metrics.render().contains(R"(cache_requests_total{cache="price",outcome="hit"} 2)"))
        << metrics.render();
    EXPECT_TRUE(async::run_until_done(loop, first->forget("SUGAR")));
    EXPECT_EQ(get(*second), 200);
}

TEST_F(CacheTest, a_tag_makes_all_its_entries_absent) {
    EXPECT_EQ(get(*first, {"shop", "sugar"}), 100);
    source.price = 200;
    EXPECT_TRUE(async::run_until_done(loop, second->invalidate({"other"})));
    EXPECT_EQ(get(*first, {"shop", "sugar"}), 100);
    EXPECT_TRUE(async::run_until_done(loop, second->invalidate({"sugar"})));
    EXPECT_EQ(get(*first, {"shop", "sugar"}), 200);
    // An evicted tag does not bring anything back.
    source.price = 300;
    server.command({"DEL", "cache-tag:price:sugar"});
    EXPECT_EQ(get(*first, {"shop", "sugar"}), 300);
}

TEST_F(CacheTest, what_was_invalidated_while_it_was_loaded_is_not_kept) {
    source.door.reset();
    const auto both = [](async::Task<Price> load, Cache* other, Source* from) -> async::Task<std::int64_t> {
        auto results = co_await async::when_all(std::move(load), [](Cache* cache, Source* open) -> async::Task<int> {
            while (open->loads == 0) co_await async::sleep(&open->loop, 1ms);
            open->price = 200;
            co_await cache->invalidate({"shop"});
            open->door.set();
            co_return 0;
        }(other, from));
        co_return std::get<0>(results).minor;
    };
    EXPECT_EQ(async::run_until_done(loop, both(ask(*first), &*second, &source)), 100);
    EXPECT_EQ(get(*first), 200);
}

TEST_F(CacheTest, all_who_want_a_key_wait_for_one_load) {
    std::vector<async::Task<Price>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(ask(i % 2 == 0 ? *first : *second));
    const auto prices =
        async::run_until_done(loop, [](std::vector<async::Task<Price>> all) -> async::Task<std::vector<Price>> {
            co_return co_await async::when_all(std::move(all));
        }(std::move(tasks)));
    for (const auto& price : prices) EXPECT_EQ(price.minor, 100);
    EXPECT_EQ(source.loads, 1);
}

TEST_F(CacheTest, an_error_goes_to_all_who_waited_and_is_not_kept) {
    source.fails = true;
    EXPECT_THROW(get(*first), std::runtime_error);
    source.fails = false;
    make({.wait_for_others = 10ms});  // the failed load's lock is still there
    EXPECT_EQ(get(*first), 100);
    EXPECT_EQ(source.loads, 2);
}

TEST_F(CacheTest, an_old_value_is_given_while_one_refreshes_it) {
    make({.ttl = 60s, .stale = 600s});
    EXPECT_EQ(get(*first), 100);
    source.price = 200;
    clock.advance(59s);
    EXPECT_EQ(get(*first), 100);
    EXPECT_EQ(source.loads, 1);
    clock.advance(2s);
    source.door.reset();
    EXPECT_EQ(get(*first), 100);
    EXPECT_EQ(get(*first), 100);
    EXPECT_EQ(get(*second), 100);
    source.door.set();
    settle();
    EXPECT_EQ(get(*second), 200);
    EXPECT_EQ(source.loads, 2);
    EXPECT_TRUE(metrics.render().contains(R"(outcome="stale"} 3)")) << metrics.render();
    // A refresh that fails leaves it.
    source.fails = true;
    clock.advance(61s);
    EXPECT_EQ(get(*first), 200);
    settle();
    EXPECT_EQ(get(*first), 200);
}

TEST_F(CacheTest, entries_end_in_redis_too) {
    make({.ttl = 60s, .stale = 30s});
    get(*first);
    const auto left = server.command({"TTL", "cache:price:SUGAR"});
    EXPECT_TRUE(left == ":90\r\n" || left == ":89\r\n") << left;
}

TEST_F(CacheTest, bad_bytes_are_absent) {
    const auto version = [this] {
        get(*first);
        const auto text = server.command({"GET", "cache-tag:price:shop"});
        return text.substr(text.find("\r\n") + 2, 12);
    }();
    const std::string fresh = "1 99999999999999 " + version + "\n";
    for (const std::string& bytes : {std::string(), std::string("x"), std::string("2 99999999999999 x\n{}"), fresh,
                                     fresh + "{", fresh + R"({"sku":1,"minor":2})", fresh + R"({"sku":"SUGAR"})",
                                     fresh + R"({"sku":"SUGAR","minor":1,"removedMember":2})"}) {
        const int before = source.loads;
        server.command({"SET", "cache:price:SUGAR", bytes});
        EXPECT_EQ(get(*first), 100) << bytes;
        EXPECT_EQ(source.loads, before + 1) << bytes;
        EXPECT_EQ(get(*first), 100) << bytes;
        EXPECT_EQ(source.loads, before + 1) << bytes;
    }
    server.command({"SET", "cache:price:SUGAR", fresh + R"({"sku":"SUGAR","minor":7})"});
    EXPECT_EQ(get(*first), 7);
    server.command({"DEL", "cache:price:SUGAR"});
    server.command({"LPUSH", "cache:price:SUGAR", "not a string"});
    EXPECT_EQ(get(*first), 100);
}

TEST_F(CacheTest, large_values_are_not_kept) {
    make({.max_bytes = 10});
    get(*first);
    get(*first);
    EXPECT_EQ(source.loads, 2);
}

TEST_F(CacheTest, an_emptied_redis_costs_a_load) {
    EXPECT_EQ(get(*first), 100);
    server.command({"FLUSHALL"});
    server.command({"SCRIPT", "FLUSH"});
    source.price = 200;
    EXPECT_EQ(get(*first), 200);
    EXPECT_EQ(get(*second), 200);
    EXPECT_EQ(source.loads, 2);
}

TEST_F(CacheTest, a_redis_that_takes_no_writes_is_done_without) {
    make({}, redis::Patience(5s, 0ms));
    EXPECT_EQ(get(*first), 100);
    server.command({"CONFIG", "SET", "maxmemory", "1"});
    source.price = 200;
    EXPECT_EQ(get(*first), 100) << "what it holds it still gives";
    EXPECT_FALSE(async::run_until_done(loop, first->invalidate({"shop"}))) << "and says that it could not forget";
    server.command({"DEL", "cache:price:SUGAR"});
    EXPECT_EQ(get(*first), 200);
    EXPECT_EQ(get(*first), 200);
    EXPECT_EQ(source.loads, 3);
    server.command({"CONFIG", "SET", "maxmemory", "0"});
    EXPECT_EQ(get(*first), 200);
    EXPECT_EQ(get(*second), 200);
    EXPECT_EQ(source.loads, 4);
}

TEST_F(CacheTest, without_redis_everything_is_loaded) {
    EXPECT_EQ(get(*first), 100);
    server.kill();
    source.price = 200;
    EXPECT_EQ(get(*first), 200);
    EXPECT_EQ(get(*first), 200);
    EXPECT_EQ(source.loads, 3);
    EXPECT_FALSE(async::run_until_done(loop, first->invalidate({"shop"})));
    EXPECT_FALSE(async::run_until_done(loop, first->forget("SUGAR")));
    Cache alone(loop, nullptr, {.name = "alone"}, clock, metrics);
    EXPECT_EQ(get(alone), 200);
    EXPECT_EQ(source.loads, 4);
}

}  // namespace
