#include "pos/modules/sms/phone_sender.h"

#include <stdexcept>

#include "pos/modules/notifications/send_job.h"
#include "pos/modules/notifications/statements.h"

namespace pos {

namespace {

async::Task<bool> still_ours(db::Db db, NotificationId id, std::int32_t claim, std::optional<MessageForm> form,
                             std::string provider) {
    co_return (co_await db.one(texting::begin, id, claim, form, provider)).has_value();
}

NotificationFailure refusal_of(const sms::SendResult& result) {
    if (result.is_opted_out) return NotificationFailure::opted_out;
    switch (result.whose) {
        case sms::Reason::recipient: return NotificationFailure::refused_recipient;
        case sms::Reason::message: return NotificationFailure::refused_message;
        case sms::Reason::none:
        case sms::Reason::sender: break;
    }
    return NotificationFailure::refused_sender;
}

sms::OutgoingMessage message_of(const ReportParts& parts, const Notification& row, const SenderAccount& from) {
    std::string secret;
    if (row.secret) {
        auto opened = parts.mail->sealed.open("notification", row.id.to_string(), row.secret->value);
        if (!opened) throw std::logic_error("the secret of a notification is sealed with another APP_SECRET");
        secret = *std::move(opened);
    }
    auto text = write_to_phone(*parts.mail, row.kind, row.locale, row.given.text, std::move(secret));
    sms::OutgoingMessage message{.id = row.id.uuid(), .to = {row.recipient}};
    if (row.form == MessageForm::from_template) {
        message.whatsapp_template = sms::Template{.name = std::string(schema::name_of(row.kind)),
                                                  .language = std::string(schema::name_of(row.locale)),
                                                  .values = std::move(text.values),
                                                  .button = std::move(text.button),
                                                  .is_code = text.is_code};
    } else {
        message.text = std::move(text.text);
    }
    message.callback_url = parts.messaging->callback_url(from.name) + "/" + row.id.to_string();
    if (row.expires_at)
        message.valid_for = std::chrono::ceil<std::chrono::seconds>(*row.expires_at - parts.runtime->now());
    return message;
}

// The row's own transaction: what the provider calls it, and what was told of it before.
struct Acceptance {
    Notification row;
    sms::SendResult result;
    std::string provider;
    std::string currency;
    ReportParts parts;
};

async::Task<void> accept(db::SystemDb transaction, std::shared_ptr<const Acceptance> what, base::Uuid tenant) {
    const auto& [row, result, provider, currency, parts] = *what;
    co_await transaction.run(texting::hold_provider_id, fmt::format("{}:{}", provider, result.provider_id));
    auto batch = transaction.as_tenant(tenant).batch();
    batch.add(texting::accepted, row.id, row.claim, result.provider_id);
    if (result.cost && result.cost->currency == currency)
        batch.add(texting::correct_cost, row.id, result.cost->millionths);
    co_await batch.commit();
    co_await take_parked_reports(transaction, provider, result.provider_id, parts);
}

struct Refusal {
    std::shared_ptr<const Notification> row;
    NotificationFailure failure{};
    std::optional<std::string> detail;
    std::optional<NextMessage> next;
    ReportParts parts;
};

async::Task<void> refuse(db::SystemDb transaction, std::shared_ptr<const Refusal> what, base::Uuid tenant) {
    const auto& row = *what->row;
    const auto acting = transaction.as_tenant(tenant);
    const auto changed = co_await acting.run(mailing::failed, row.id, row.claim, what->failure, what->detail, false);
    // Somebody has told of it meanwhile, or another claim has it.
    if (changed == 0) co_return;
    // In the order in which both are taken.
    co_await acting.run(texting::uncount, row.id);
    co_await acting.run(texting::correct_cost, row.id, std::int64_t{0});
    if (what->next) co_await follow_up(acting, what->row, *what->next, what->parts);
}

struct Silence {
    std::shared_ptr<const Notification> row;
    std::optional<std::string> detail;
    bool counts = false;
    std::optional<NextMessage> next;
    ReportParts parts;
};

async::Task<void> give_up(db::SystemDb transaction, std::shared_ptr<const Silence> what, base::Uuid tenant) {
    const auto& row = *what->row;
    const auto acting = transaction.as_tenant(tenant);
    const auto changed = co_await acting.run(texting::outcome_unknown, row.id, row.claim, what->detail, what->counts);
    if (changed > 0 && what->next) co_await follow_up(acting, what->row, *what->next, what->parts);
}

// Silence lets only a code go on, which is the same in both messages.
std::optional<NextMessage> next_after_silence(const Notification& row) {
    if (row.kind != NotificationKind::phone_code) return std::nullopt;
    auto next = next_message(row, sms::Instead::sms);
    if (next) next->is_counted = row.counted && !texting::counts_for_the_tenant(row);
    return next;
}

}  // namespace

async::Task<std::optional<NotificationFailure>> PhoneSender::hindrance(db::Db db, const Notification* row,
                                                                       base::Uuid scope) {
    if (row->attempts > send_phone_attempts) co_return NotificationFailure::not_taken_in_time;
    if (row->expires_at && parts_.runtime->now() >= *row->expires_at) co_return NotificationFailure::expired;
    // What somebody has just asked for themselves reaches them all the same, unless their provider says no.
    if (!message_type(row->kind).list) co_return std::nullopt;
    if (co_await system(db).only(texting::is_opted_out, scope, row->recipient))
        co_return NotificationFailure::opted_out;
    co_return std::nullopt;
}

// Free text while the person's own last message is young enough, a template otherwise.
async::Task<std::optional<MessageForm>> PhoneSender::form_of(db::Db db, const Notification* row, base::Uuid scope) {
    if (row->channel != Channel::whatsapp) co_return std::nullopt;
    // An authentication message has a form of its own, and a link its button.
    if (row->form || row->kind == NotificationKind::phone_code)
        co_return row->form.value_or(MessageForm::from_template);
    const auto written_at = co_await system(db).one(texting::written_at, scope, row->recipient);
    const bool is_open = written_at && parts_.runtime->now() < *written_at + sms::whatsapp_window;
    co_return is_open ? MessageForm::text : MessageForm::from_template;
}

async::Task<void> PhoneSender::fail(db::Db db, Notification row, NotificationFailure failure,
                                    std::optional<std::string> detail, sms::Instead instead) {
    const auto next = next_message(row, instead);
    const auto what = std::make_shared<const Refusal>(
        Refusal{std::make_shared<const Notification>(std::move(row)), failure, std::move(detail), next, parts_});
    co_await system(db).transaction(
        [what, tenant = db.tenant()](db::SystemDb transaction) { return refuse(transaction, what, tenant); });
}

async::Task<void> PhoneSender::settle(db::Db db, Notification row, SenderAccount from, sms::SendResult result) {
    using sms::Outcome;
    auto detail = message_detail(result.code, result.reply);
    if (result.outcome == Outcome::withdrawn) co_return;
    if (result.outcome == Outcome::accepted) {
        const auto what = std::make_shared<const Acceptance>(Acceptance{std::move(row), std::move(result),
                                                                        std::string(sms::provider_of(from.account)),
                                                                        parts_.messaging->currency(), parts_});
        co_await system(db).transaction(
            [what, tenant = db.tenant()](db::SystemDb transaction) { return accept(transaction, what, tenant); });
        co_return;
    }
    if (result.outcome == Outcome::unknown) {
        const auto next = next_after_silence(row);
        const auto what = std::make_shared<const Silence>(
            Silence{std::make_shared<const Notification>(std::move(row)), std::move(detail), true, next, parts_});
        co_await system(db).transaction(
            [what, tenant = db.tenant()](db::SystemDb transaction) { return give_up(transaction, what, tenant); });
        co_return;
    }
    if (result.outcome == Outcome::refused_for_now && row.attempts < send_phone_attempts) {
        co_await db.run(mailing::put_back, row.id, row.claim, detail, false);
        throw base::Failure(errors::sms_try_later, detail.value_or(""));
    }
    if (result.is_opted_out) {
        const PhoneWish wish{from.scope, row.recipient, true, parts_.runtime->now()};
        co_await system(db).run(texting::wish, wish);
    }
    const bool is_for_good = result.outcome == Outcome::refused;
    const auto failure = is_for_good ? refusal_of(result) : NotificationFailure::not_taken_in_time;
    co_await fail(db, std::move(row), failure, std::move(detail), is_for_good ? result.instead : sms::Instead::sms);
}

async::Task<void> PhoneSender::send(db::Db db, NotificationId id) {
    auto row = co_await db.one(mailing::claim, id, static_cast<std::int32_t>(lease.count()));
    if (!row) {
        const auto state = co_await db.one(mailing::state_of, id);
        if (state == NotificationState::queued) throw base::Failure(errors::sms_try_later, "another worker has it");
        co_return;
    }
    if (row->unknown_outcomes > 0) {
        // It had begun, and who sent it wrote nothing down.
        const auto next = next_after_silence(*row);
        const auto what = std::make_shared<const Silence>(
            Silence{std::make_shared<const Notification>(*std::move(row)), std::nullopt, false, next, parts_});
        co_await system(db).transaction(
            [what, tenant = db.tenant()](db::SystemDb transaction) { return give_up(transaction, what, tenant); });
        co_return;
    }
    auto from = co_await accounts_.find(db, row->kind, row->channel);
    if (!from) {
        co_await fail(db, *std::move(row), NotificationFailure::refused_sender, "no account sends such messages",
                      sms::Instead::sms);
        co_return;
    }
    // The account that it waited for has been taken away: it has not been counted for who sends it now.
    if (from->scope.is_nil() && texting::counts_for_the_tenant(*row)) {
        co_await fail(db, *std::move(row), NotificationFailure::refused_sender, "the account that sends it is gone",
                      sms::Instead::nothing);
        co_return;
    }
    if (const auto failure = co_await hindrance(db, &*row, from->scope)) {
        co_await fail(db, *std::move(row), *failure, std::nullopt, sms::Instead::nothing);
        co_return;
    }
    // By an account that the tenant has got meanwhile.
    if (!from->scope.is_nil() && row->counted) co_await db.run(texting::uncount, row->id);
    row->form = co_await form_of(db, &*row, from->scope);
    std::optional<sms::OutgoingMessage> message;
    std::string fault;
    try {
        message = message_of(parts_, *row, *from);
    } catch (const std::exception& error) {
        fault = error.what();
    }
    if (!message) {
        co_await fail(db, *std::move(row), NotificationFailure::refused_message, fault, sms::Instead::nothing);
        co_return;
    }
    message->confirm = [db, id, claim = row->claim, form = row->form,
                        provider = std::string(sms::provider_of(from->account))] {
        return still_ours(db, id, claim, form, provider);
    };
    const auto transport = accounts_.open(from->account);
    auto results = co_await transport->send(*std::move(message), async::Loop::now() + most_sending);
    co_await settle(db, *std::move(row), *std::move(from), std::move(results.at(0)));
}

std::unique_ptr<PhoneSender> make_phone_sender(MailShared& mail, Messaging& messaging, Runtime& runtime,
                                               SenderAccounts& accounts, const app::LoopParts& parts) {
    return std::make_unique<PhoneSender>(ReportParts{&mail, &messaging, &runtime}, parts.databases, accounts);
}

}  // namespace pos
