#include "pos/modules/auth/throttle.h"

#include <algorithm>
#include <map>
#include <random>

#include "base/hash.h"
#include "base/strings.h"
#include "http/middleware/ip_network.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/auth/statements.h"

namespace pos {

namespace {

// Longer than any bucket takes to run dry.
constexpr auto remembered = std::chrono::days(1);
// One failure in so many clears away what is forgotten: more rows than they made.
constexpr std::uint32_t purge_interval = 64;

using Buckets = std::vector<std::pair<std::string, LoginGuard::Bucket>>;

// The arguments of sign_in::count_failure.
void add_count(db::SystemBatch& batch, const Buckets& buckets, base::Timestamp now,
               const std::vector<std::string>& gates, db::BatchSlot<sign_in::ThrottleCount>* slot = nullptr) {
    std::vector<std::string> subjects;
    std::vector<std::int32_t> free;
    std::vector<std::int32_t> doubling;
    std::vector<std::int64_t> leak;
    std::vector<std::int32_t> most;
    std::vector<std::int64_t> longest;
    for (const auto& [subject, bucket] : buckets) {
        subjects.push_back(subject);
        free.push_back(bucket.free);
        doubling.push_back(bucket.doubling);
        leak.push_back(bucket.leak.count());
        most.push_back(bucket.most);
        longest.push_back(bucket.longest_wait.count());
    }
    const auto added = batch.add(sign_in::count_failure, subjects, free, doubling, leak, most, longest, now, gates);
    if (slot != nullptr) *slot = added;
}

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

class LoginGuard::Turns : public std::enable_shared_from_this<Turns> {
public:
    // Gives the turn to the next one when it is gone, also when nobody took it up.
    class Turn {
    public:
        Turn(std::shared_ptr<Turns> turns, std::string line) : turns_(std::move(turns)), line_(std::move(line)) {}
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() { turns_->pass_on(line_); }

    private:
        std::shared_ptr<Turns> turns_;
        std::string line_;
    };
    struct Waiter {
        explicit Waiter(async::Loop& loop) : called(loop) {}

        async::Event called;
        std::shared_ptr<const Turn> turn{};
    };

    Turns(async::Loop& loop, std::size_t most_waiting) : loop_(loop), most_waiting_(most_waiting) {}

    // Null: there are too many.
    static async::Task<std::shared_ptr<const void>> take(std::shared_ptr<Turns> turns, std::string line) {
        if (turns->lines_.try_emplace(line).second) co_return std::make_shared<const Turn>(turns, line);
        auto& waiting = turns->lines_[line];
        if (waiting.size() >= turns->most_waiting_) turns->take_any(waiting)->called.set();
        const auto waiter = std::make_shared<Waiter>(turns->loop_);
        waiting.push_back(waiter);
        co_await waiter->called;
        co_return std::move(waiter->turn);
    }

private:
    using Line = std::vector<std::shared_ptr<Waiter>>;

    // By lot: whatever order there was, a flood would fit itself to it.
    std::shared_ptr<Waiter> take_any(Line& waiting) {
        std::swap(waiting[random_() % waiting.size()], waiting.back());
        auto chosen = std::move(waiting.back());
        waiting.pop_back();
        return chosen;
    }

    void pass_on(const std::string& line) {
        const auto found = lines_.find(line);
        if (found->second.empty()) {
            lines_.erase(found);
            return;
        }
        const auto next = take_any(found->second);
        next->turn = std::make_shared<const Turn>(shared_from_this(), line);
        next->called.set();
    }

    async::Loop& loop_;
    std::size_t most_waiting_;
    std::map<std::string, Line> lines_;
    std::minstd_rand random_{std::random_device{}()};
};

LoginGuard::LoginGuard(Options options, async::Loop& loop, const base::Clock& clock)
    : options_(options),
      loop_(loop),
      clock_(clock),
      turns_(std::make_shared<Turns>(loop, std::max<std::size_t>(options.most_waiting, 1))) {}

void LoginGuard::refuse(base::Timestamp now, base::Timestamp until) const {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
    throw base::Failure(errors::throttled).retry_after(std::max<std::int64_t>(wait, 1'000));
}

async::Task<LoginGuard::Attempt> LoginGuard::admit(db::SystemDb db, LoginOrigin origin, bool known_address) {
    auto attempt = subjects_of(origin);
    const auto now = clock_.now();
    const auto gates =
        known_address ? std::vector<std::string>() : std::vector{attempt.account_at_address, attempt.address};
    auto batch = db.batch();
    db::BatchSlot<sign_in::ThrottleCount> counted{};
    add_count(batch, {{attempt.account_at_address, options_.account_at_address}}, now, gates, &counted);
    const auto of_account = batch.add(sign_in::failures_of, attempt.account, options_.account.leak.count(), now);
    const auto results = co_await batch.commit();
    const auto pair = results.one(counted);
    if (!pair) refuse(now, (co_await db.only(sign_in::blocked_until, gates)).value_or(now));
    if (!known_address) {
        if (results.one(of_account).value_or(0) > options_.account.free) co_await slow_down();
    } else if (pair->failures > options_.account_at_address.free) {
        attempt.turn = co_await Turns::take(turns_, attempt.account_at_address + ' ' + origin.holding);
        if (!attempt.turn) refuse(now, now + options_.slow_down);
        co_await async::sleep(&loop_, options_.slow_down);
    }
    co_return attempt;
}

async::Task<bool> LoginGuard::add_failure(db::SystemDb db, Attempt attempt) {
    const auto now = clock_.now();
    auto batch = db.batch();
    db::BatchSlot<sign_in::ThrottleCount> counted{};
    add_count(batch, {{attempt.account, options_.account}, {attempt.address, options_.address}}, now, {}, &counted);
    if (++failed_ % purge_interval == 0) batch.add(sign_in::purge_throttles, now - remembered, options_.most_buckets);
    const auto results = co_await batch.commit();
    co_return std::ranges::any_of(results.all(counted), [&](const sign_in::ThrottleCount& bucket) {
        return bucket.subject == attempt.account && bucket.failures == options_.account.free + 1;
    });
}

async::Task<void> LoginGuard::take_back(db::SystemDb db, Attempt attempt) {
    auto batch = db.batch();
    batch.add(sign_in::uncount_attempt, attempt.account_at_address, clock_.now());
    batch.add(sign_in::forget_empty, attempt.account_at_address);
    co_await batch.commit();
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

void LoginGuard::add_success(db::SystemBatch& batch, const Attempt& attempt) {
    batch.add(sign_in::forget_failures, attempt.account_at_address);
}

}  // namespace pos
