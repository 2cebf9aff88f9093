#include "pos/modules/auth/throttle.h"

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"
#include "http/middleware/ip_network.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/auth/statements.h"

namespace pos {

namespace {

constexpr auto remembered = std::chrono::days(1);
// One attempt in so many clears away what is forgotten.
constexpr std::uint32_t purge_interval = 64;

// Logins that nobody has are as long as they please: a digest bounds the row, and keeps what people mistyped out of the table.
std::string short_digest(std::string_view text) {
    return base::hex_encode(base::as_chars(base::sha256(text)).substr(0, 16));
}

LoginGuard::Attempt subjects_of(const LoginOrigin& origin) {
    const auto address = address_group(origin.address);
    const auto login = base::ascii_lower(origin.login);
    return {.account_at_address = "account+ip:" + short_digest(login + "\n" + address),
            .account = "account:" + short_digest(login),
            .address = "ip:" + address};
}

}  // namespace

std::string address_group(std::string_view address) {
    const auto parsed = http::IPAddress::parse(address);
    if (!parsed) return std::string(address.substr(0, 64));
    if (parsed->is_v4()) return parsed->to_string();
    constexpr std::size_t network_bytes = 8;
    return base::hex_encode(base::as_chars(parsed->bytes()).substr(0, network_bytes)) + "/64";
}

async::Task<LoginGuard::Attempt> LoginGuard::admit(db::SystemDb db, LoginOrigin origin, bool known_address) {
    auto attempt = subjects_of(origin);
    const auto now = clock_.now();
    const std::int64_t longest = options_.longest_wait.count();
    // The account as such never has to wait.
    const auto counts =
        co_await db.all(sign_in::count_attempt, {attempt.account_at_address, attempt.account, attempt.address},
                        {options_.free_failures, options_.free_failures_of_account, options_.free_failures_of_address},
                        {1, 1, options_.doubling_of_address}, {longest, 0, longest}, now);
    if (counts.size() < 3) {
        const auto until = co_await db.only(sign_in::blocked_until, {attempt.account_at_address, attempt.address});
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until.value_or(now) - now).count();
        throw base::Failure(errors::throttled).retry_after(std::max<std::int64_t>(wait, 1'000));
    }
    if (++admitted_ % purge_interval == 0) co_await db.run(sign_in::purge_throttles, now - remembered);
    const auto account = std::ranges::find(counts, attempt.account, &sign_in::ThrottleCount::subject);
    if (!known_address && account->failures > options_.free_failures_of_account) co_await slow_down();
    co_return attempt;
}

async::Task<void> LoginGuard::slow_down() {
    if (slowed_ >= options_.most_slowed) co_return;
    struct Place {
        std::size_t& slowed;
        explicit Place(std::size_t& count) : slowed(count) { ++slowed; }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place() { --slowed; }
    };
    const Place place(slowed_);
    co_await async::sleep(&loop_, options_.slow_down);
}

void LoginGuard::add_success(db::Batch& batch, const Attempt& attempt) const {
    batch.add(sign_in::forget_failures, {attempt.account_at_address, attempt.account});
    batch.add(sign_in::uncount_attempt, attempt.address, clock_.now());
}

}  // namespace pos
