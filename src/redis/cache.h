#pragma once
// Cache: described structs in Redis, by key. What is kept is schema::to_json; bytes that do not read as a T any more (an older
// release, a broken entry) count as absent. Without Redis every value is loaded; nobody fails because of the cache.
//
//     redis::Cache<Product> products(loop, &client, {.name = "product", .ttl = 60s, .stale = 10min}, base::system_clock(), metrics);
//     auto product = co_await products.get_or_load(id.to_string(), {"tenant:" + tenant.to_string()},
//                                                  [store, tenant, id] { return load_product(store, tenant, id); });
//     co_await products.invalidate({"tenant:" + tenant.to_string()});      // after the commit
//
// - One load at a time for a key: in this process all who want it wait for the same, and other processes for the first, a while.
// - Past `ttl`, and until `stale` after it, the old value is given and one refreshes it behind. The load may therefore run
//   after the call has returned: it must own what it uses (a Db of the request is the request's), and take a deadline of its own.
// - A tag is a version that entries remember. invalidate() makes a new one, and all entries of the tag are absent at once; a
//   load that was under way then is not kept for anybody.
// Loop's thread; await close() first.

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/sync.h"
#include "base/random.h"
#include "base/time.h"
#include "observe/metrics.h"
#include "redis/client.h"
#include "redis/patience.h"
#include "schema/schema.h"

namespace redis {

struct CacheOptions {
    std::string name;  // of the keys, and label of metrics; one a type
    async::Milliseconds ttl{60'000};
    async::Milliseconds stale{0};
    double jitter = 0.1;               // entries live up to this part shorter, so that not all end together
    std::size_t max_bytes = 1U << 20;  // larger ones are not kept
    std::size_t max_refreshes = 64;    // at a time, behind; beyond it the old value is given alone
    Patience patience{async::Milliseconds(100), async::Milliseconds(1'000)};
    async::Milliseconds lock{5'000};           // how long another process may take to load
    async::Milliseconds wait_for_others{500};  // then we load too
};

namespace detail {

using Json = std::shared_ptr<const std::string>;
using Loader = std::shared_ptr<std::move_only_function<async::Task<std::string>()>>;

class CacheCore {
public:
    CacheCore(async::Loop& loop, Client* client, CacheOptions options, const base::Clock& clock,
              observe::Metrics& metrics);
    ~CacheCore();
    CacheCore(const CacheCore&) = delete;
    CacheCore& operator=(const CacheCore&) = delete;

    // With `anew` what is kept does not count.
    async::Task<Json> get_or_load(std::string key, std::vector<std::string> tags, Loader loader, bool anew);
    async::Task<bool> invalidate(const std::vector<std::string>& tags);
    async::Task<bool> forget(std::string_view key);
    async::Task<void> close();

private:
    struct Flight;
    class Lead;
    // What Redis has of a key, and the versions of its tags; no versions when Redis did not answer.
    struct Found {
        Json json;
        bool is_fresh = false;
        std::vector<std::string> versions;
        bool is_reached = false;
    };

    async::Task<Json> lead(std::string key, std::vector<std::string> tags, Loader loader, bool anew);
    async::Task<Json> find_or_load(std::string key, std::vector<std::string> tags, Loader loader, bool anew);
    async::Task<void> refresh(std::string key, std::vector<std::string> tags, Loader loader, Found found);
    async::Task<Found> find(std::string key, std::vector<std::string> tags);
    async::Task<Found> ask(std::string key, std::vector<std::string> tags);
    async::Task<void> make_versions(std::vector<std::string> tags, std::vector<std::string>* versions);
    async::Task<bool> lock(std::string key, std::string token);
    async::Task<Json> wait_for_other(std::string key, std::vector<std::string> tags);
    async::Task<void> keep(std::string key, Json json, std::vector<std::string> versions, std::string token);
    [[nodiscard]] Command unlock(std::string_view key, std::string_view token) const;
    async::Task<bool> run_all(std::vector<Command> commands);

    [[nodiscard]] std::string entry_key(std::string_view key) const { return entry_prefix_ + std::string(key); }
    [[nodiscard]] std::string tag_key(std::string_view tag) const { return tag_prefix_ + std::string(tag); }
    [[nodiscard]] std::string lock_key(std::string_view key) const { return lock_prefix_ + std::string(key); }
    [[nodiscard]] bool is_reachable() const { return client_ != nullptr && !options_.patience.is_worn_out(); }
    [[nodiscard]] std::string token();
    [[nodiscard]] std::int64_t now_ms() const;
    [[nodiscard]] std::int64_t tag_lifetime() const;

    async::Loop& loop_;
    Client* client_;
    CacheOptions options_;
    const base::Clock& clock_;
    std::string entry_prefix_;
    std::string tag_prefix_;
    std::string lock_prefix_;
    base::SecureRandom random_;
    std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
    async::TaskGroup refreshes_;
    observe::Counter hits_;
    observe::Counter stale_;
    observe::Counter misses_;
    observe::Counter unreachable_;
};

template <class T, class Load>
struct EncodedLoad {
    Load load;
    async::Task<std::string> operator()() {
        const T value = co_await load();
        co_return schema::to_json(value);
    }
};

template <class T>
async::Task<T> get_or_load(CacheCore* core, std::string key, std::vector<std::string> tags, Loader loader) {
    for (const bool anew : {false, true}) {
        const auto json = co_await core->get_or_load(key, tags, loader, anew);
        auto value = schema::parse<T>(*json);
        if (value) co_return std::move(*value);
    }
    throw std::logic_error("a cached type does not read what it writes");
}

}  // namespace detail

template <class T>
class Cache {
public:
    // `client` may be null.
    Cache(async::Loop& loop, Client* client, CacheOptions options, const base::Clock& clock, observe::Metrics& metrics)
        : core_(loop, client, std::move(options), clock, metrics) {}

    // `load()` gives a Task<T>. Throws what it throws. For one key the tags are always the same.
    template <class Load>
    [[nodiscard]] async::Task<T> get_or_load(std::string key, std::vector<std::string> tags, Load load) {
        auto loader = std::make_shared<std::move_only_function<async::Task<std::string>()>>(
            detail::EncodedLoad<T, Load>{std::move(load)});
        return detail::get_or_load<T>(&core_, std::move(key), std::move(tags), std::move(loader));
    }
    // False: Redis could not be told, and entries may be given until they have outlived ttl and stale.
    [[nodiscard]] async::Task<bool> invalidate(const std::vector<std::string>& tags) { return core_.invalidate(tags); }
    [[nodiscard]] async::Task<bool> forget(std::string_view key) { return core_.forget(key); }
    // Waits for the refreshes under way.
    [[nodiscard]] async::Task<void> close() { return core_.close(); }

private:
    detail::CacheCore core_;
};

}  // namespace redis
