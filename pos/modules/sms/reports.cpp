#include "pos/modules/sms/reports.h"

#include <algorithm>

#include "pos/modules/notifications/send_job.h"
#include "pos/modules/notifications/statements.h"

namespace pos {

namespace {

constexpr std::size_t longest_detail = 500;

// A message of these kinds says nothing without its secret.
bool needs_secret(NotificationKind kind) {
    return kind == NotificationKind::invite || kind == NotificationKind::phone_code;
}

std::string_view word_of(sms::Instead instead) {
    switch (instead) {
        case sms::Instead::whatsapp_template: return "template";
        case sms::Instead::sms: return "sms";
        case sms::Instead::nothing: break;
    }
    return "";
}
sms::Instead instead_of(std::string_view word) {
    if (word == "template") return sms::Instead::whatsapp_template;
    return word == "sms" ? sms::Instead::sms : sms::Instead::nothing;
}

std::string name_of(std::string_view provider, std::string_view provider_id) {
    return fmt::format("{}:{}", provider, provider_id);
}

// As the row of the next message of the chain. Its parts and price are known, as its text is the same one.
Notification next_row(const Notification& refused, NextMessage next, const ReportParts& parts) {
    Notification row;
    const auto first = refused.follows.value_or(refused.id);
    row.id = parts.runtime->new_id<NotificationId>();
    row.idempotency_key =
        fmt::format("follow:{}:{}", first.to_string(), next.channel == Channel::sms ? "sms" : "template");
    row.channel = next.channel;
    row.kind = refused.kind;
    row.locale = refused.locale;
    row.recipient = refused.recipient;
    row.user_id = refused.user_id;
    row.message_id = row.id.to_string();
    row.given = refused.given;
    row.created_at = parts.runtime->now();
    row.expires_at = refused.expires_at;
    row.follows = first;
    row.form = next.form;
    std::string secret;
    if (refused.secret) {
        auto opened = parts.mail->sealed.open("notification", refused.id.to_string(), refused.secret->value);
        if (!opened) throw std::logic_error("the secret of a notification is sealed with another APP_SECRET");
        secret = *std::move(opened);
        row.secret = schema::Bytes{parts.mail->sealed.seal("notification", row.id.to_string(), secret)};
    }
    const auto price = parts.messaging->price_of(
        row.channel, row.recipient, write_to_phone(*parts.mail, row.kind, row.locale, row.given.text, secret).text);
    row.parts = price.parts;
    row.cost_millionths = price.millionths;
    return row;
}

// A chain counts once, as long as the message before it does.
async::Task<void> write_next(db::Db tx, const Notification* row, bool counts, const ReportParts* parts) {
    auto batch = tx.batch();
    batch.add(mailing::add, *row);
    std::vector<std::string> subjects;
    std::vector<std::int32_t> most;
    if (counts) {
        subjects.push_back(texting::number_subject(*row));
        most.push_back(parts->messaging->per_number());
    }
    const auto own = leaves_by_service(row->kind) ? std::nullopt : std::optional(row->channel);
    batch.add(texting::charge, row->id, *row->cost_millionths, subjects, most, parts->messaging->daily_limit(), own,
              parts->messaging->per_number_of_tenant());
    parts->runtime->outbox().add(batch, send_phone_message, SendNotification{row->id});
    co_await batch.commit();
}

bool is_over(NotificationState state) {
    return state != NotificationState::queued && state != NotificationState::sent &&
           state != NotificationState::unknown;
}

// The row is locked.
async::Task<void> apply_report(db::SystemDb transaction, texting::KnownMessage known, const ToldReport* told,
                               ReportParts parts) {
    const auto& report = told->report;
    const auto now = parts.runtime->now();
    if (report.is_opted_out) {
        const PhoneWish wish{told->scope, known.row.recipient, true, std::min(report.at.value_or(now), now)};
        co_await transaction.run(texting::wish, wish);
    }
    const auto state = state_after(known.row.state, report.delivery);
    if (!state) co_return;
    std::optional<NotificationFailure> failure;
    std::optional<std::string> detail;
    if (*state == NotificationState::failed) {
        failure = report.is_opted_out ? NotificationFailure::opted_out : NotificationFailure::undelivered;
        detail = message_detail(report.code, report.text);
    }
    const auto acting = transaction.as_tenant(known.tenant_id);
    co_await acting.run(texting::told, known.row.id, *state, failure, detail, report.provider_id, now);
    auto next = *state == NotificationState::failed ? next_message(known.row, report.instead) : std::nullopt;
    if (next) next->is_counted = known.row.counted && !texting::counts_for_the_tenant(known.row);
    if (next) co_await follow_up(acting, std::make_shared<const Notification>(std::move(known.row)), *next, parts);
}

// Whose account tells of it; the service's own may tell of any tenant's message.
bool may_tell(const ToldReport& told, base::Uuid tenant) { return told.scope.is_nil() || told.scope == tenant; }

async::Task<std::optional<texting::KnownMessage>> find_message(db::SystemDb transaction, const ToldReport* told) {
    auto known = co_await transaction.one(texting::by_provider_id, told->provider, told->report.provider_id);
    if (!known && told->message) {
        known = co_await transaction.one(texting::by_id, *told->message, told->provider);
        // Of another message of ours: the provider has only one id for each.
        if (known && known->row.provider_id) known.reset();
    }
    if (known && !may_tell(*told, known->tenant_id)) known.reset();
    co_return known;
}

}  // namespace

std::optional<NotificationState> state_after(NotificationState known, sms::Delivery news) {
    using State = NotificationState;
    const bool is_read = news == sms::Delivery::read;
    if (is_read && known == State::delivered) return State::read;
    if (is_over(known)) return std::nullopt;
    switch (news) {
        case sms::Delivery::unknown: return std::nullopt;
        case sms::Delivery::queued:
        case sms::Delivery::sent: return known == State::sent ? std::nullopt : std::optional(State::sent);
        case sms::Delivery::failed:
        case sms::Delivery::expired: return State::failed;
        case sms::Delivery::delivered: return State::delivered;
        case sms::Delivery::read: return State::read;
    }
    return std::nullopt;
}

std::optional<NextMessage> next_message(const Notification& refused, sms::Instead instead) {
    if (refused.channel != Channel::whatsapp) return std::nullopt;
    if (needs_secret(refused.kind) && !refused.secret) return std::nullopt;
    switch (instead) {
        case sms::Instead::nothing: return std::nullopt;
        case sms::Instead::sms: return NextMessage{Channel::sms};
        case sms::Instead::whatsapp_template:
            if (refused.form != MessageForm::text) return std::nullopt;
            return NextMessage{Channel::whatsapp, MessageForm::from_template};
    }
    return std::nullopt;
}

async::Task<bool> follow_up(db::ActingDb acting, std::shared_ptr<const Notification> refused, NextMessage next,
                            ReportParts parts) {
    if (refused->expires_at && *refused->expires_at <= parts.runtime->now()) co_return false;
    try {
        const auto row = next_row(*refused, next, parts);
        const bool counts = !next.is_counted;
        co_await acting.transaction(
            [&row, counts, &parts](db::ActingDb tx) { return write_next(tx, &row, counts, &parts); });
        co_return true;
    } catch (const base::Failure& failure) {
        const auto& code = failure.code();
        if (code != errors::sms_spending_limit && code != errors::sms_number_limit && code != errors::sms_not_mobile &&
            code != errors::sms_not_sent_there)
            throw;
    }
    co_return false;
}

async::Task<void> take_report(db::SystemDb transaction, std::shared_ptr<const ToldReport> told, ReportParts parts) {
    const auto& report = told->report;
    co_await transaction.run(texting::hold_provider_id, name_of(told->provider, report.provider_id));
    auto known = co_await find_message(transaction, told.get());
    if (known) {
        co_await apply_report(transaction, *std::move(known), told.get(), parts);
        co_return;
    }
    ParkedReport parked{.provider = told->provider,
                        .provider_id = report.provider_id,
                        .delivery = std::string(sms::to_string(report.delivery)),
                        .recipient = std::nullopt,
                        .report = {schema::to_json(MessageReport{
                            std::string(sms::to_string(report.delivery)), std::string(word_of(report.instead)),
                            report.is_opted_out, report.code, message_detail("", report.text).value_or("")})},
                        .scope = told->scope,
                        .received_at = parts.runtime->now()};
    if (!report.to.empty()) parked.recipient = report.to;
    co_await transaction.run(texting::park, parked);
}

async::Task<void> take_parked_reports(db::SystemDb transaction, std::string provider, std::string provider_id,
                                      ReportParts parts) {
    const auto parked = co_await transaction.all(texting::take_parked, provider, provider_id);
    std::vector<ToldReport> all;
    for (const auto& one : parked) {
        const auto kept = schema::parse<MessageReport>(one.report.text, {.lenient = true});
        if (!kept) continue;
        const auto delivery = sms::delivery_of(kept->delivery).value_or(sms::Delivery::unknown);
        all.push_back({.report = {.provider_id = one.provider_id,
                                  .to = one.recipient.value_or(""),
                                  .delivery = delivery,
                                  .instead = instead_of(kept->instead),
                                  .is_opted_out = kept->is_opted_out,
                                  .code = kept->code,
                                  .text = kept->text},
                       .provider = one.provider,
                       .scope = one.scope});
    }
    std::ranges::sort(all, {}, [](const ToldReport& one) { return one.report.delivery; });
    for (const auto& told : all) {
        auto known = co_await transaction.one(texting::by_provider_id, told.provider, told.report.provider_id);
        if (known && may_tell(told, known->tenant_id))
            co_await apply_report(transaction, *std::move(known), &told, parts);
    }
}

std::optional<std::string> message_detail(std::string_view code, std::string_view text) {
    std::string detail(code);
    if (!detail.empty() && !text.empty()) detail += ": ";
    detail += text;
    if (detail.empty()) return std::nullopt;
    detail.resize(std::min(detail.size(), longest_detail));
    for (auto& c : detail) {
        if (c < ' ' || c > '~') c = ' ';
    }
    return detail;
}

}  // namespace pos
