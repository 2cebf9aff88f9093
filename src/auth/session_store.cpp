#include "auth/session_store.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "auth/opaque_token.h"
#include "auth/session_cookies.h"
#include "base/strings.h"

namespace auth::detail {

namespace {

// ---- Scripts: what must happen whole. Each may run twice, as a lost connection has it sent again. -----------------------

// KEYS: the new session, and the one that it replaces, if any. ARGV: prefix, ms to idle and to live, sessions an owner may have, value,
// id, owner, created, ends, version. Answers the value; null when there is nothing to replace.
constexpr std::string_view issue_script = R"lua(
local new, old, prefix, owner = KEYS[1], KEYS[2], ARGV[1], ARGV[7]
if redis.call('EXISTS', new) == 0 then
    if old then
        local before = redis.call('HGET', old, 'owner')
        if not before then return false end
        redis.call('ZREM', prefix .. 'owner:' .. before, string.sub(old, #prefix + 1))
        redis.call('RENAME', old, new)
    else
        redis.call('HSET', new, 'value', ARGV[5])
    end
    redis.call('HSET', new, 'id', ARGV[6], 'owner', owner, 'created', ARGV[8], 'ends', ARGV[9], 'version', ARGV[10])
    redis.call('PEXPIRE', new, ARGV[2])
    if owner ~= '' then
        local index, live = prefix .. 'owner:' .. owner, {}
        for _, digest in ipairs(redis.call('ZRANGE', index, 0, -1)) do
            if redis.call('EXISTS', prefix .. digest) == 1 then
                live[#live + 1] = digest
            else
                redis.call('ZREM', index, digest)
            end
        end
        for i = 1, #live - ARGV[4] + 1 do
            redis.call('DEL', prefix .. live[i])
            redis.call('ZREM', index, live[i])
        end
        redis.call('ZADD', index, ARGV[8], string.sub(new, #prefix + 1))
        -- As long as any of them, also of those from when sessions lived longer.
        redis.call('PEXPIRE', index, math.max(redis.call('PTTL', index), ARGV[3]))
    end
end
return redis.call('HGET', new, 'value')
)lua";

// What HMGET is asked for, in the order of read().
constexpr std::array<std::string_view, 6> field_names{"version", "value", "id", "owner", "created", "ends"};

// KEYS: the session. ARGV: the version that was read, the new one, the new value. Answers 1, or what another has left.
constexpr std::string_view write_script = R"lua(
local kept = redis.call('HMGET', KEYS[1], 'version', 'value', 'id', 'owner', 'created', 'ends')
if kept[1] == ARGV[1] then redis.call('HSET', KEYS[1], 'version', ARGV[2], 'value', ARGV[3]) end
if kept[1] == ARGV[1] or kept[1] == ARGV[2] then return 1 end
return kept
)lua";

// KEYS: the owner's sessions. ARGV: prefix. Answers how many there were.
constexpr std::string_view destroy_all_script = R"lua(
local ended = 0
for _, digest in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    ended = ended + redis.call('DEL', ARGV[1] .. digest)
end
redis.call('DEL', KEYS[1])
return ended
)lua";

// KEYS: the owner's sessions. ARGV: prefix. Answers a digest and its fields, and so on.
constexpr std::string_view list_script = R"lua(
local all = {}
for _, digest in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    all[#all + 1] = digest
    all[#all + 1] = redis.call('HMGET', ARGV[1] .. digest, 'version', 'value', 'id', 'owner', 'created', 'ends')
end
return all
)lua";

std::string digest_text(const base::Digest256& digest) { return base::base64url_encode(base::as_chars(digest)); }

std::string number(auto value) { return std::to_string(static_cast<std::int64_t>(value)); }

std::string unix_ms(base::Timestamp time) {
    return number(std::chrono::floor<async::Milliseconds>(time.time_since_epoch()).count());
}

std::optional<base::Timestamp> timestamp_of(std::string_view ms) {
    const auto value = base::parse_integer<std::int64_t>(ms);
    return value ? std::optional(base::Timestamp(async::Milliseconds(*value))) : std::nullopt;
}

}  // namespace

SessionCore::SessionCore(redis::Client& client, SessionStoreOptions options, const base::Clock& clock,
                         logging::Logger logger, observe::Metrics& metrics)
    : client_(client),
      options_(std::move(options)),
      clock_(clock),
      logger_(std::move(logger)),
      issue_(redis::script_of("session_issue", issue_script, 0)),
      write_(redis::script_of("session_write", write_script, 1)),
      destroy_all_(redis::script_of("session_destroy_all", destroy_all_script, 1)),
      list_(redis::script_of("session_list", list_script, 1)) {
    if (options_.idle.count() < 1 || options_.lifetime.count() < 1 || options_.refresh_every >= options_.idle)
        throw std::invalid_argument("sessions must idle longer than refresh_every, and live");
    if (options_.max_per_owner < 1) throw std::invalid_argument("an owner must be allowed one session");
    if (options_.max_bytes > schema::ReadOptions{}.max_bytes)
        throw std::invalid_argument("a session of more than 1 MiB could not be read");
    const auto failures =
        metrics.counter_family("session_failures_total", "Sessions that could not be had.", {"reason"});
    unreadable_ = failures.with({"unreadable"});
    unavailable_ = failures.with({"unavailable"});
}

// ---- Redis ------------------------------------------------------------------------------------------------------

base::Failure SessionCore::unavailable(std::string cause) const {
    unavailable_.increment();
    return base::Failure(errors::sessions_unavailable).retry_after(1'000).cause(std::move(cause));
}

template <class R>
async::Task<R> SessionCore::or_unavailable(async::Task<R> asked) {
    try {
        co_return co_await std::move(asked);
    } catch (const base::Failure& failure) {
        throw unavailable(std::string(failure.code().code) + " " + failure.cause());
    }
}

async::Task<std::vector<redis::Reply>> SessionCore::run_all(std::vector<redis::Command> commands) {
    return or_unavailable(client_.pipeline(std::move(commands), deadline()));
}

async::Task<redis::Reply> SessionCore::eval(redis::Script script, std::vector<std::string> keys,
                                            std::vector<std::string> arguments) {
    return or_unavailable(
        client_.eval(std::move(script), std::move(keys), std::move(arguments), /*repeatable=*/true, deadline()));
}

std::string SessionCore::owner_key(std::string_view owner) const {
    return options_.prefix + "owner:" + std::string(owner);
}

// Random rather than counted: a change that was sent again is known by it.
std::string SessionCore::new_version() {
    std::array<std::uint8_t, 9> bytes{};
    random_.fill(bytes);
    return base::base64url_encode(base::as_chars(bytes));
}

void SessionCore::check_size(std::string_view json) const {
    if (json.size() <= options_.max_bytes) return;
    throw base::Failure(errors::session_too_large,
                        number(json.size()) + " bytes, of " + number(options_.max_bytes) + " at most");
}

void SessionCore::report_unreadable(std::string_view digest, std::string_view why) {
    unreadable_.increment();
    logger_.warn("a session cannot be read and counts as none", {{"key", key_of(digest)}, {"reason", why}});
}

std::optional<KeptSession> SessionCore::read(std::string digest, redis::Value fields) {
    std::array<std::string_view, field_names.size()> texts;
    auto at = fields.begin();
    for (auto& text : texts) {
        const auto field = *at++;
        if (field.is_null()) {
            // Without a version there is no such session.
            if (&text != texts.data()) report_unreadable(digest, "a field is missing");
            return std::nullopt;
        }
        text = field.text();
    }
    const auto [version, value, id_text, owner, created, ends] = texts;
    const auto id = base::Uuid::from_string(id_text);
    const auto created_at = timestamp_of(created);
    const auto ends_at = timestamp_of(ends);
    if (!id || !created_at || !ends_at) {
        report_unreadable(digest, "a field is broken");
        return std::nullopt;
    }
    if (*ends_at <= clock_.now()) return std::nullopt;
    return KeptSession{{.id = *id,
                        .owner = std::string(owner),
                        .created_at = *created_at,
                        .ends_at = *ends_at,
                        .digest = std::move(digest),
                        .version = std::string(version)},
                       std::string(value)};
}

// ---- Operations -------------------------------------------------------------------------------------------------

async::Task<std::optional<KeptSession>> SessionCore::find(std::string token) {
    const auto known = SessionCookies::digest(token);
    if (!known) co_return std::nullopt;
    auto digest = digest_text(*known);
    auto fields = redis::Command("HMGET").add(key_of(digest)).repeatable();
    for (const auto name : field_names) fields.add(name);
    std::vector<redis::Command> commands;
    commands.push_back(std::move(fields));
    commands.push_back(redis::Command("PTTL").add(key_of(digest)).repeatable());
    const auto replies = co_await run_all(std::move(commands));

    if (replies[0]->is_error()) {
        const auto text = replies[0]->text();
        if (!text.starts_with("WRONGTYPE")) throw unavailable(std::string(text));
        report_unreadable(digest, text);
        co_return std::nullopt;
    }
    auto kept = read(std::move(digest), *replies[0]);
    if (kept) co_await keep_alive(kept->info.digest, kept->info.ends_at, async::Milliseconds(replies[1]->integer()));
    co_return kept;
}

// `left`: until it would end by itself. One that has been destroyed since stays so: PEXPIRE makes no keys.
async::Task<void> SessionCore::keep_alive(std::string digest, base::Timestamp ends_at, async::Milliseconds left) {
    const auto may_live = std::chrono::ceil<async::Milliseconds>(ends_at - clock_.now());
    const auto idle = std::min(options_.idle, may_live);
    if (idle - left <= options_.refresh_every) co_return;
    std::vector<redis::Command> commands;
    commands.push_back(redis::Command("PEXPIRE").add(key_of(digest)).add(idle.count()).repeatable());
    const auto replies = co_await run_all(std::move(commands));
    if (replies[0]->is_error()) throw unavailable(std::string(replies[0]->text()));
}

async::Task<std::optional<IssuedSession>> SessionCore::issue(std::string json, std::string owner,
                                                             std::string replaces) {
    check_size(json);
    auto token = make_opaque_token(cookie_token_type, random_);
    const auto now = std::chrono::floor<async::Milliseconds>(clock_.now());
    SessionInfo info{.id = base::uuid_v7(now, random_),
                     .owner = std::move(owner),
                     .created_at = now,
                     .ends_at = now + options_.lifetime,
                     .digest = digest_text(token.digest),
                     .version = new_version()};
    std::vector<std::string> keys{key_of(info.digest)};
    if (!replaces.empty()) keys.push_back(key_of(replaces));
    std::vector<std::string> arguments{options_.prefix,
                                       number(std::min(options_.idle, options_.lifetime).count()),
                                       number(options_.lifetime.count()),
                                       number(options_.max_per_owner),
                                       std::move(json),
                                       info.id.to_string(),
                                       info.owner,
                                       unix_ms(info.created_at),
                                       unix_ms(info.ends_at),
                                       info.version};
    const auto value = co_await eval(issue_, std::move(keys), std::move(arguments));
    if (value->is_null()) co_return std::nullopt;
    co_return IssuedSession{std::move(token.text), {std::move(info), std::string(value->text())}};
}

async::Task<std::optional<KeptSession>> SessionCore::write(SessionInfo info, std::string version, std::string json) {
    check_size(json);
    std::vector<std::string> keys{key_of(info.digest)};
    std::vector<std::string> arguments{info.version, version, json};
    const auto reply = co_await eval(write_, std::move(keys), std::move(arguments));
    if (reply->is_array()) co_return read(std::move(info.digest), *reply);
    info.version = std::move(version);
    co_return KeptSession{std::move(info), std::move(json)};
}

async::Task<void> SessionCore::destroy(std::string digest, std::string owner) {
    std::vector<redis::Command> commands;
    commands.push_back(redis::Command("DEL").add(key_of(digest)).repeatable());
    if (!owner.empty()) commands.push_back(redis::Command("ZREM").add(owner_key(owner)).add(digest).repeatable());
    const auto replies = co_await run_all(std::move(commands));
    for (const auto& reply : replies) {
        if (reply->is_error()) throw unavailable(std::string(reply->text()));
    }
}

async::Task<std::size_t> SessionCore::destroy_all(std::string owner) {
    const auto reply = co_await eval(destroy_all_, {owner_key(owner)}, {options_.prefix});
    co_return static_cast<std::size_t>(reply->integer());
}

async::Task<std::vector<KeptSession>> SessionCore::list(std::string owner) {
    const auto reply = co_await eval(list_, {owner_key(owner)}, {options_.prefix});
    std::vector<KeptSession> all;
    for (auto at = reply->begin(); at != reply->end();) {
        auto digest = std::string((*at++).text());
        if (auto kept = read(std::move(digest), *at++)) all.push_back(*std::move(kept));
    }
    co_return all;
}

}  // namespace auth::detail
