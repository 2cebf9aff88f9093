#include "redis/cache.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace redis::detail {

using namespace std::chrono_literals;

namespace {

constexpr auto poll_interval = 20ms;
constexpr std::string_view format = "1";

// An entry is a line and the JSON: "1 <fresh until, ms since 1970> <version of each tag, by commas>\n{...}".
std::string entry_of(std::int64_t fresh_until, const std::vector<std::string>& versions, std::string_view json) {
    std::string text(format);
    text += ' ';
    base::append_integer(text, fresh_until);
    char separator = ' ';
    for (const auto& version : versions) {
        text += std::exchange(separator, ',');
        text += version;
    }
    if (versions.empty()) text += ' ';
    text += '\n';
    return text += json;
}

struct Entry {
    std::int64_t fresh_until = 0;
    std::string_view versions;
    std::string_view json;
};

std::optional<Entry> read_entry(std::string_view text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto parts = base::split(text.substr(0, end), ' ');
    if (parts.size() != 3 || parts[0] != format) return std::nullopt;
    const auto fresh_until = base::parse_integer<std::int64_t>(parts[1]);
    if (!fresh_until) return std::nullopt;
    return Entry{.fresh_until = *fresh_until, .versions = parts[2], .json = text.substr(end + 1)};
}

std::string joined(const std::vector<std::string>& versions) {
    std::string text;
    for (const auto& version : versions) text.append(text.empty() ? "" : ",").append(version);
    return text;
}

}  // namespace

struct CacheCore::Flight {
    Flight(async::Loop& loop, bool anew) : landed(loop), is_anew(anew) {}
    async::Event landed;
    bool is_anew;
    Json json;
    std::exception_ptr error;
};

// Ends the flight however its leader ends.
class CacheCore::Lead {
public:
    Lead(CacheCore& owner, std::string key, bool anew)
        : owner_(owner), key_(std::move(key)), flight_(std::make_shared<Flight>(owner.loop_, anew)) {
        owner_.flights_.insert_or_assign(key_, flight_);
    }
    Lead(const Lead&) = delete;
    Lead& operator=(const Lead&) = delete;
    ~Lead() {
        const auto found = owner_.flights_.find(key_);
        if (found != owner_.flights_.end() && found->second == flight_) owner_.flights_.erase(found);
        flight_->landed.set();
    }
    [[nodiscard]] Flight& flight() const { return *flight_; }

private:
    CacheCore& owner_;
    std::string key_;
    std::shared_ptr<Flight> flight_;
};

CacheCore::CacheCore(async::Loop& loop, Client* client, CacheOptions options, const base::Clock& clock,
                     observe::Metrics& metrics)
    : loop_(loop),
      client_(client),
      options_(std::move(options)),
      clock_(clock),
      entry_prefix_("cache:" + options_.name + ":"),
      tag_prefix_("cache-tag:" + options_.name + ":"),
      lock_prefix_("cache-lock:" + options_.name + ":"),
      refreshes_(loop) {
    const auto requests =
        metrics.counter_family("cache_requests_total", "Values asked of a cache.", {"cache", "outcome"});
    hits_ = requests.with({options_.name, "hit"});
    stale_ = requests.with({options_.name, "stale"});
    misses_ = requests.with({options_.name, "miss"});
    unreachable_ = requests.with({options_.name, "unreachable"});
}

CacheCore::~CacheCore() = default;

async::Task<void> CacheCore::close() { return refreshes_.join(); }

// ---- One load at a time -----------------------------------------------------------------------------------------

async::Task<Json> CacheCore::get_or_load(std::string key, std::vector<std::string> tags, Loader loader, bool anew) {
    while (true) {
        const auto found = flights_.find(key);
        if (found == flights_.end()) co_return co_await lead(key, tags, loader, anew);
        const auto flight = found->second;
        co_await flight->landed;
        if (flight->error) std::rethrow_exception(flight->error);
        if (flight->json && (!anew || flight->is_anew)) co_return flight->json;
        // What it found was bad, or its leader was destroyed half-way.
    }
}

async::Task<Json> CacheCore::lead(std::string key, std::vector<std::string> tags, Loader loader, bool anew) {
    const Lead leadership(*this, key, anew);
    auto& flight = leadership.flight();
    try {
        flight.json = co_await find_or_load(key, std::move(tags), std::move(loader), anew);
    } catch (...) {
        flight.error = std::current_exception();
    }
    if (flight.error) std::rethrow_exception(flight.error);
    co_return flight.json;
}

async::Task<Json> CacheCore::find_or_load(std::string key, std::vector<std::string> tags, Loader loader, bool anew) {
    auto found = co_await find(key, tags);
    if (anew) found.json = nullptr;
    if (found.json && found.is_fresh) {
        hits_.increment();
        co_return found.json;
    }
    if (found.json) {
        stale_.increment();
        auto json = found.json;
        if (refreshes_.running() < options_.max_refreshes)
            refreshes_.spawn(refresh(std::move(key), std::move(tags), std::move(loader), std::move(found)));
        co_return json;
    }
    (found.is_reached ? misses_ : unreachable_).increment();
    if (!found.is_reached) co_return std::make_shared<const std::string>(co_await (*loader)());
    const auto ours = token();
    const bool may_load = anew || co_await lock(key, ours);
    if (!may_load) {
        if (auto json = co_await wait_for_other(key, std::move(tags))) co_return json;
    } else if (!anew) {
        // Who held the lock before may have kept it since it was looked for.
        found = co_await find(key, std::move(tags));
        if (found.json) {
            std::vector<Command> commands;
            commands.push_back(unlock(key, ours));
            co_await run_all(std::move(commands));
            co_return found.json;
        }
    }
    auto json = std::make_shared<const std::string>(co_await (*loader)());
    co_await keep(std::move(key), json, std::move(found.versions), ours);
    co_return json;
}

// Behind: nobody waits for it, and who fails leaves the old value.
async::Task<void> CacheCore::refresh(std::string key, std::vector<std::string> tags, Loader loader, Found found) {
    const auto ours = token();
    if (!co_await lock(key, ours)) co_return;
    // Somebody may have refreshed it since it was read.
    found = co_await find(key, tags);
    if (!found.is_reached || (found.json && found.is_fresh)) co_return;
    Json json;
    try {
        json = std::make_shared<const std::string>(co_await (*loader)());
    } catch (const std::exception&) {
        co_return;
    }
    co_await keep(std::move(key), json, std::move(found.versions), ours);
}

// ---- Redis ------------------------------------------------------------------------------------------------------

async::Task<CacheCore::Found> CacheCore::find(std::string key, std::vector<std::string> tags) {
    if (!is_reachable()) co_return Found{};
    try {
        co_return co_await ask(std::move(key), std::move(tags));
    } catch (const base::Failure&) {
        options_.patience.wear_out();
    }
    co_return Found{};
}

async::Task<CacheCore::Found> CacheCore::ask(std::string key, std::vector<std::string> tags) {
    auto command = Command("MGET").add(entry_key(key)).repeatable();
    for (const auto& tag : tags) command.add(tag_key(tag));
    const auto reply = co_await client_->run(std::move(command), options_.patience.deadline());
    Found found{.json = nullptr, .is_fresh = false, .versions = {}, .is_reached = true};
    for (auto at = ++reply->begin(); at != reply->end(); ++at)
        found.versions.emplace_back((*at).is_null() ? std::string_view() : (*at).text());
    if (std::ranges::find(found.versions, std::string()) != found.versions.end())
        co_await make_versions(tags, &found.versions);
    const auto kept = reply->at(0);
    const auto entry = kept.is_null() ? std::nullopt : read_entry(kept.text());
    if (!entry || entry->versions != joined(found.versions)) co_return found;
    found.json = std::make_shared<const std::string>(entry->json);
    found.is_fresh = now_ms() < entry->fresh_until;
    co_return found;
}

// A tag that was evicted, or never was, gets a version that no entry has: absent must not be a version, or what had been
// invalidated would come back.
async::Task<void> CacheCore::make_versions(std::vector<std::string> tags, std::vector<std::string>* versions) {
    std::vector<Command> commands;
    for (const auto& tag : tags) {
        commands.push_back(
            Command("SET").add(tag_key(tag)).add(token()).add("NX").add("PX").add(tag_lifetime()).repeatable());
        commands.push_back(Command("GET").add(tag_key(tag)).repeatable());
    }
    const auto replies = co_await client_->pipeline(std::move(commands), options_.patience.deadline());
    for (std::size_t i = 0; i < tags.size(); ++i) (*versions)[i] = replies[2 * i + 1]->text();
}

async::Task<bool> CacheCore::lock(std::string key, std::string token) {
    try {
        auto command = Command("SET").add(lock_key(key)).add(token).add("NX").add("PX").add(options_.lock.count());
        const auto reply = co_await client_->run(std::move(command), options_.patience.deadline());
        co_return !reply->is_null();
    } catch (const base::Failure&) {
        options_.patience.wear_out();
    }
    co_return true;
}

async::Task<Json> CacheCore::wait_for_other(std::string key, std::vector<std::string> tags) {
    const auto end = async::Loop::now() + options_.wait_for_others;
    while (async::Loop::now() < end) {
        // lint: allow(sleep) of a request; ends with the time to wait for others
        co_await async::sleep(&loop_, poll_interval);
        auto found = co_await find(key, tags);
        if (found.json || !found.is_reached) co_return found.json;
    }
    co_return nullptr;
}

async::Task<void> CacheCore::keep(std::string key, Json json, std::vector<std::string> versions, std::string token) {
    std::vector<Command> commands;
    if (json->size() <= options_.max_bytes) {
        const auto most = static_cast<std::uint64_t>(static_cast<double>(options_.ttl.count()) * options_.jitter);
        const auto ttl = options_.ttl.count() - static_cast<std::int64_t>(random_.below(most + 1));
        commands.push_back(Command("SET")
                               .add(entry_key(key))
                               .add(entry_of(now_ms() + ttl, versions, *json))
                               .add("PX")
                               .add(ttl + options_.stale.count())
                               .repeatable());
    }
    commands.push_back(unlock(key, token));
    co_await run_all(std::move(commands));
}

Command CacheCore::unlock(std::string_view key, std::string_view token) const {
    constexpr std::string_view if_ours =
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";
    return Command("EVAL").add(if_ours).add(1).add(lock_key(key)).add(token).labelled("cache_unlock").repeatable();
}

async::Task<bool> CacheCore::run_all(std::vector<Command> commands) {
    if (client_ == nullptr) co_return false;
    try {
        const auto replies = co_await client_->pipeline(std::move(commands), options_.patience.deadline());
        co_return std::ranges::none_of(replies, [](const Reply& reply) { return reply->is_error(); });
    } catch (const base::Failure&) {
        options_.patience.wear_out();
    }
    co_return false;
}

async::Task<bool> CacheCore::invalidate(const std::vector<std::string>& tags) {
    std::vector<Command> commands;
    for (const auto& tag : tags)
        commands.push_back(Command("SET").add(tag_key(tag)).add(token()).add("PX").add(tag_lifetime()).repeatable());
    return run_all(std::move(commands));
}

async::Task<bool> CacheCore::forget(std::string_view key) {
    std::vector<Command> commands;
    commands.push_back(Command("DEL").add(entry_key(key)).repeatable());
    return run_all(std::move(commands));
}

std::string CacheCore::token() {
    std::array<std::uint8_t, 9> bytes{};
    random_.fill(bytes);
    return base::base64url_encode(base::as_chars(bytes));
}

std::int64_t CacheCore::now_ms() const {
    return std::chrono::floor<std::chrono::milliseconds>(clock_.now().time_since_epoch()).count();
}

// Longer than any entry that remembers it; when it ends, that costs a load each.
std::int64_t CacheCore::tag_lifetime() const {
    constexpr async::Milliseconds day = 24h;
    return std::max(day, 2 * (options_.ttl + options_.stale)).count();
}

}  // namespace redis::detail
