#include "pos/modules/second_factor/phone_proofs.h"

#include <algorithm>

#include "base/strings.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/second_factor/errors.h"
#include "pos/modules/second_factor/statements.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/current_caller.h"

namespace pos {

namespace {

using db::Kind;
using db::SystemQuery;
using second_factor::Attempts;

constexpr SystemQuery<PhoneVerification(UserId)> open_verification{
    {"phone.verification",
     "select user_id, phone, code_id, created_at, sent_at, expires_at, used_at from phone_verifications "
     "where user_id = $1",
     Kind::point}};
constexpr SystemQuery<void(PhoneVerification)> put_verification{
    {"phone.put_verification",
     "insert into phone_verifications (user_id, phone, code_id, created_at, sent_at, expires_at, used_at) "
     "values ($1, $2, $3, $4, $5, $6, $7) on conflict (user_id) do update set phone = excluded.phone, "
     "code_id = excluded.code_id, created_at = excluded.created_at, sent_at = excluded.sent_at, "
     "expires_at = excluded.expires_at, used_at = excluded.used_at",
     Kind::write}};
constexpr SystemQuery<void(UserId, base::Timestamp)> use_verification{
    {"phone.use_verification", "update phone_verifications set used_at = $2 where user_id = $1", Kind::write}};

// Whoever has written it down and never proven it loses it to who reads its messages.
constexpr SystemQuery<void(std::string, UserId, base::Timestamp)> free_number{
    {"phone.free_number",
     "update users set phone = null, updated_at = $3, version = " POS_NEXT_VERSION(
         "version") " where phone = $1 and id <> $2 and phone_verified_at is null",
     Kind::write}};
constexpr SystemQuery<void(UserId, std::string, base::Timestamp)> set_number{
    {"phone.set_number",
     "update users set phone = $2, phone_verified_at = $3, updated_at = $3, version = " POS_NEXT_VERSION(
         "version") " where id = $1 and disabled_at is null",
     Kind::write}};
constexpr SystemQuery<Locale(UserId)> locale_of{
    {"phone.locale_of", "select locale from users where id = $1 and disabled_at is null", Kind::point}};

// Six digits that only we can work out of the id; they stand in no table.
std::string code_of(const auth::SignedValues& values, base::Uuid id) {
    const auto digest = base::sha256(values.tag("phone-code", id.to_string()));
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) number = number << 8U | digest[i];
    return fmt::format("{:06}", number % 1'000'000);
}

}  // namespace

struct PhoneProofs::Request {
    const Parts* parts;
    Subject subject;
    std::string phone;
    std::string code;  // to prove it by
    base::Timestamp now;

    [[nodiscard]] bool is_about(const PhoneVerification& row) const {
        return row.phone == phone && !row.used_at && row.expires_at > now;
    }
    [[nodiscard]] CodeAttempt attempt(CodeAttemptKind kind) const {
        return {parts->runtime.new_id<base::Id<struct CodeAttemptTag>>().uuid(), subject.user, kind, now};
    }
};

namespace {

void require_below(const Attempts& attempts, std::int64_t most, const base::ErrorCode& error, base::Timestamp now) {
    if (attempts.count < most) return;
    const auto wait = attempts.oldest.value_or(now) + PhoneProofs::day_window - now;
    throw base::Failure(error).retry_after(std::chrono::ceil<std::chrono::milliseconds>(wait).count());
}

// What there is of a person, under the lock that all requests about them take.
struct Known {
    std::optional<PhoneVerification> row;
    Attempts attempts;
};
async::Task<Known> look(db::SystemDb transaction, std::shared_ptr<const PhoneProofs::Request> request,
                        CodeAttemptKind kind) {
    const auto user = request->subject.user;
    auto reading = transaction.batch();
    reading.add(hold_off_everywhere, user);
    const auto row = reading.add(open_verification, user);
    const auto attempts =
        reading.add(second_factor::attempts_since, user, kind, request->now - PhoneProofs::day_window);
    const auto results = co_await reading.commit();
    co_return Known{results.one(row), results.one(attempts).value_or(Attempts{})};
}

async::Task<PhoneCodeSent> store_code(db::SystemDb transaction, std::shared_ptr<const PhoneProofs::Request> request) {
    const auto known = co_await look(transaction, request, CodeAttemptKind::phone_code_sent);
    const auto now = request->now;
    const auto user = request->subject.user;
    const bool is_open = known.row && request->is_about(*known.row);
    if (is_open && now - known.row->sent_at < PhoneProofs::resend_after)
        co_return PhoneCodeSent{request->phone, known.row->expires_at};
    require_below(known.attempts, PhoneProofs::most_codes, errors::phone_code_limit, now);
    // A code that nobody may try costs money for nothing.
    const auto guesses = co_await transaction.one(second_factor::attempts_since, user, CodeAttemptKind::phone_guess,
                                                  now - PhoneProofs::day_window);
    require_below(guesses.value_or(Attempts{}), PhoneProofs::most_guesses, errors::phone_guess_limit, now);
    const auto locale = co_await transaction.one(locale_of, user);
    if (!locale) throw base::Failure(errors::user_disabled);
    const auto sent = request->attempt(CodeAttemptKind::phone_code_sent);
    PhoneVerification row{.user_id = user,
                          .phone = request->phone,
                          .code_id = is_open ? known.row->code_id : base::Uuid(sent.id),
                          .created_at = is_open ? known.row->created_at : now,
                          .sent_at = now,
                          .expires_at = now + PhoneProofs::code_life,
                          .used_at = {}};
    const auto acting = transaction.as_tenant(request->subject.tenant.uuid());
    auto batch = acting.batch();
    acting.system(batch).add(put_verification, row);
    acting.system(batch).add(second_factor::add_attempt, sent);
    request->parts->notifier.add(batch,
                                 PhoneCodeMessage{.minutes = static_cast<std::int32_t>(PhoneProofs::code_life.count())},
                                 {.key = "phone_code:" + sent.id.to_string(),
                                  .recipient = row.phone,
                                  .locale = *locale,
                                  .user = user,
                                  .expires_at = row.expires_at,
                                  .secret = code_of(request->parts->auth.values(), row.code_id),
                                  .channel = Channel::sms,
                                  .source = request->subject.address});
    co_await batch.commit();
    co_return PhoneCodeSent{row.phone, row.expires_at};
}

// Whether the code was right.
async::Task<bool> store_proof(db::SystemDb transaction, std::shared_ptr<const PhoneProofs::Request> request) {
    const auto known = co_await look(transaction, request, CodeAttemptKind::phone_guess);
    if (!known.row || !request->is_about(*known.row)) throw base::Failure(errors::phone_no_code);
    require_below(known.attempts, PhoneProofs::most_guesses, errors::phone_guess_limit, request->now);
    const auto code = code_of(request->parts->auth.values(), known.row->code_id);
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto system = acting.system(batch);
    const auto user = request->subject.user;
    if (!base::constant_time_equal(code, request->code)) {
        system.add(second_factor::add_attempt, request->attempt(CodeAttemptKind::phone_guess));
        co_await batch.commit();
        co_return false;
    }
    system.add(free_number, request->phone, user, request->now);
    const auto set = system.add(set_number, user, request->phone, request->now);
    system.add(use_verification, user, request->now);
    audit(batch, request->parts->runtime,
          {.action = "phone.verify", .actor = user, .subject = user.uuid(), .address = request->subject.address});
    const auto results = co_await batch.commit();
    if (results.affected(set) != 1) throw base::Failure(errors::user_disabled);
    co_return true;
}

}  // namespace

async::Task<PhoneCodeSent> PhoneProofs::send(db::SystemDb db, Subject subject, std::string phone) const {
    parts_.notifier.require_service_on(Channel::sms);
    const auto request = std::make_shared<const Request>(
        Request{&parts_, std::move(subject), std::move(phone), {}, parts_.runtime.now()});
    co_return co_await db.transaction([request](db::SystemDb transaction) { return store_code(transaction, request); });
}

async::Task<ProvenPhone> PhoneProofs::prove(db::SystemDb db, Subject subject, std::string phone,
                                            std::string code) const {
    std::erase(code, ' ');
    const auto request = std::make_shared<const Request>(
        Request{&parts_, std::move(subject), std::move(phone), std::move(code), parts_.runtime.now()});
    const bool is_right =
        co_await db.transaction([request](db::SystemDb transaction) { return store_proof(transaction, request); });
    if (!is_right) throw base::Failure(errors::code_wrong);
    co_return ProvenPhone{request->phone, request->now};
}

std::unique_ptr<PhoneProofs> make_phone_proofs(AuthService& auth, Runtime& runtime, Notifier& notifier) {
    return std::make_unique<PhoneProofs>(PhoneProofs::Parts{auth, runtime, notifier});
}

std::vector<db::StatementView> phone_proof_statements() {
    return db::statements(open_verification, put_verification, use_verification, free_number, set_number, locale_of);
}

}  // namespace pos
