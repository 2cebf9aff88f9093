#include "pos/modules/realtime/tickets.h"

#include <fmt/format.h>

#include "auth/opaque_token.h"
#include "base/strings.h"

namespace pos {

namespace {

constexpr std::string_view ticket_type = "wst";
constexpr std::string_view key_prefix = "rt:ticket:";

std::string text_of(const TicketHolder& holder) {
    return fmt::format("{} {}", holder.session_id.to_string(), holder.expires_at.time_since_epoch().count());
}

std::optional<TicketHolder> read_holder(std::string_view text) {
    const auto session = base::Uuid::from_string(text.substr(0, base::Uuid::text_size));
    if (!session || text.size() <= base::Uuid::text_size + 1) return std::nullopt;
    const auto micros = base::parse_integer<std::int64_t>(text.substr(base::Uuid::text_size + 1));
    if (!micros) return std::nullopt;
    return TicketHolder{*session, base::Timestamp(std::chrono::microseconds(*micros))};
}

}  // namespace

void SocketTickets::keep(std::string key, const Kept& kept, base::Timestamp now) {
    const std::scoped_lock lock(mutex_);
    if (kept_.size() >= most_kept) std::erase_if(kept_, [&](const auto& one) { return one.second.until <= now; });
    if (kept_.size() >= most_kept) kept_.erase(kept_.begin());
    kept_.insert_or_assign(std::move(key), kept);
}

std::optional<TicketHolder> SocketTickets::take_kept(const std::string& key, base::Timestamp now) {
    const std::scoped_lock lock(mutex_);
    const auto found = kept_.find(key);
    if (found == kept_.end()) return std::nullopt;
    const auto kept = found->second;
    kept_.erase(found);
    if (kept.until <= now) return std::nullopt;
    return kept.holder;
}

async::Task<std::string> SocketTickets::give(redis::Client* redis, TicketHolder holder, base::Timestamp now) {
    const auto token = auth::make_opaque_token(ticket_type, random_);
    auto key = std::string(key_prefix) + base::hex_encode(base::as_chars(token.digest));
    if (redis == nullptr) {
        keep(std::move(key), {holder, now + life}, now);
    } else {
        co_await redis->run(
            redis::Command("SET").add(key).add(text_of(holder)).add("EX").add(life.count()).repeatable());
    }
    co_return token.text;
}

async::Task<std::optional<TicketHolder>> SocketTickets::take(redis::Client* redis, std::string ticket,
                                                             base::Timestamp now) {
    const auto digest = auth::opaque_token_digest(ticket_type, ticket);
    if (!digest) co_return std::nullopt;
    const auto key = std::string(key_prefix) + base::hex_encode(base::as_chars(*digest));
    if (redis == nullptr) co_return take_kept(key, now);
    // Read and removed in one: of two who come with it one is let in.
    const auto reply = co_await redis->run(redis::Command("GETDEL").add(key));
    if (reply->is_null()) co_return std::nullopt;
    co_return read_holder(reply->text());
}

std::unique_ptr<SocketTickets> make_socket_tickets(base::SecureRandom& random) {
    return std::make_unique<SocketTickets>(random);
}

}  // namespace pos
