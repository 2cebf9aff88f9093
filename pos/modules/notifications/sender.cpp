#include "pos/modules/notifications/sender.h"

#include <stdexcept>

#include "mail/open_transport.h"
#include "pos/modules/notifications/send_job.h"
#include "pos/modules/notifications/statements.h"

namespace pos {

namespace {

constexpr std::size_t longest_detail = 500;
constexpr std::string_view unsubscribe_purpose = "unsubscribe";

std::optional<std::string> detail_of(std::string reply) {
    if (reply.empty()) return std::nullopt;
    // What a server says is bytes; a column is UTF-8.
    for (auto& c : reply) {
        if (c < ' ' || c > '~') c = ' ';
    }
    reply.resize(std::min(reply.size(), longest_detail));
    return reply;
}

async::Task<bool> still_ours(db::Db db, NotificationId id, std::int32_t claim) {
    co_return (co_await db.one(mailing::begin, id, claim)).has_value();
}

NotificationFailure refusal_of(mail::Reason whose) {
    switch (whose) {
        case mail::Reason::recipient: return NotificationFailure::refused_recipient;
        case mail::Reason::message: return NotificationFailure::refused_message;
        case mail::Reason::none:
        case mail::Reason::sender: break;
    }
    return NotificationFailure::refused_sender;
}

}  // namespace

std::string Unsubscription::token(const auth::SignedValues& values) const {
    return values.sign(unsubscribe_purpose, schema::to_json(*this));
}

std::optional<Unsubscription> Unsubscription::read(const auth::SignedValues& values, std::string_view token,
                                                   base::Timestamp now) {
    const auto payload = values.verify(unsubscribe_purpose, token, now);
    if (!payload) return std::nullopt;
    auto read = schema::parse<Unsubscription>(*payload);
    if (!read) return std::nullopt;
    return *std::move(read);
}

mail::OutgoingMail write_mail(const MailShared& shared, const Notification& row, base::Uuid tenant) {
    const auto& type = message_type(row.kind);
    if (type.write == nullptr) throw std::logic_error("this kind of message goes by no mail");
    const mail::Say say(language_of(row.locale));
    std::string secret;
    if (row.secret) {
        auto opened = shared.sealed.open("notification", row.id.to_string(), row.secret->value);
        if (!opened) throw std::logic_error("the secret of a notification is sealed with another APP_SECRET");
        secret = *std::move(opened);
    }
    const auto content = type.write(row.given.text, {say, &shared.links, std::move(secret)});
    auto recipient = mail::Address::parse(row.recipient);
    if (!recipient) throw std::logic_error("the recipient is no address");
    mail::Layout layout{.sender = shared.sender_name(), .language = code_of(say.language())};
    // The same bytes at each attempt, so that a repetition is known as one.
    mail::OutgoingMail mail{.message = {.id = row.id.uuid(),
                                        .date = row.created_at,
                                        .from = shared.from,
                                        .to = {*std::move(recipient)},
                                        .subject = content.subject(),
                                        .auto_submitted = mail::AutoSubmitted::generated},
                            .is_security = !type.list};
    if (type.list) {
        auto link = shared.links.unsubscribe(Unsubscription{tenant, *type.list, row.recipient}.token(shared.values));
        // Mail programs post to https alone; in development the link stands below the text only.
        if (link.starts_with("https://")) mail.message.unsubscribe = mail::Unsubscribe{.url = link};
        layout.link = {say("Unsubscribe", "Jiondoe"), std::move(link)};
    }
    layout.footer = say("This message was sent to {}.", "Ujumbe huu umetumwa kwa {}.", row.recipient);
    mail.message.text = to_text(content, layout);
    mail.message.html = to_html(content, layout);
    return mail;
}

async::Task<std::optional<NotificationFailure>> Sender::hindrance(db::Db db, const Notification* row) {
    if (row->unknown_outcomes > 1) co_return NotificationFailure::outcome_unknown;
    if (row->attempts > send_attempts) co_return NotificationFailure::not_taken_in_time;
    // The lease began at the database's now.
    if (row->expires_at && *row->leased_until - lease >= *row->expires_at) co_return NotificationFailure::expired;
    const auto& list = message_type(row->kind).list;
    if (!list) co_return std::nullopt;
    const auto system = db::system_db(databases_, db.deadline(), db.span());
    if (co_await system.only(mailing::is_suppressed, row->recipient, db.tenant(), *list))
        co_return NotificationFailure::suppressed;
    co_return std::nullopt;
}

async::Task<void> Sender::settle(db::Db db, const Notification* row, mail::SendResult result) {
    using mail::Outcome;
    auto detail = detail_of(std::move(result.reply));
    if (result.outcome == Outcome::withdrawn) co_return;
    if (result.outcome == Outcome::accepted) {
        std::optional<std::string> provider_id;
        if (!result.provider_id.empty()) provider_id = std::move(result.provider_id);
        // Of two transports, the one that has taken it.
        auto provider = result.by.empty() ? std::string(transport_->name()) : std::move(result.by);
        co_await db.run(mailing::accepted, row->id, row->claim, provider, provider_id);
        co_return;
    }
    const bool is_unknown = result.outcome == Outcome::unknown;
    std::optional<NotificationFailure> failure;
    if (result.outcome == Outcome::refused) failure = refusal_of(result.whose);
    if (is_unknown && row->unknown_outcomes > 0) failure = NotificationFailure::outcome_unknown;
    if (result.outcome == Outcome::refused_for_now && row->attempts >= send_attempts)
        failure = NotificationFailure::not_taken_in_time;
    if (failure) {
        co_await db.run(mailing::failed, row->id, row->claim, *failure, detail, is_unknown);
        co_return;
    }
    co_await db.run(mailing::put_back, row->id, row->claim, detail, is_unknown);
    throw base::Failure(errors::mail_try_later, detail.value_or(""));
}

async::Task<void> Sender::send(db::Db db, NotificationId id) {
    const auto row = co_await db.one(mailing::claim, id, static_cast<std::int32_t>(lease.count()));
    if (!row) {
        // Sent already, or another worker is at it: then this job comes back, for the case that that one dies.
        const auto state = co_await db.one(mailing::state_of, id);
        if (state == NotificationState::queued) throw base::Failure(errors::mail_try_later, "another worker has it");
        co_return;
    }
    if (const auto failure = co_await hindrance(db, &*row)) {
        co_await db.run(mailing::failed, id, row->claim, *failure, std::nullopt, false);
        co_return;
    }
    std::optional<mail::OutgoingMail> mail;
    std::string fault;
    try {
        mail = write_mail(shared_, *row, db.tenant());
    } catch (const std::exception& error) {
        fault = error.what();
    }
    if (!fault.empty()) {
        co_await db.run(mailing::failed, id, row->claim, NotificationFailure::refused_message, fault, false);
        co_return;
    }
    mail->confirm = [db, id, claim = row->claim] { return still_ours(db, id, claim); };
    auto result = co_await transport_->send(*std::move(mail), async::Loop::now() + most_sending);
    co_await settle(db, &*row, std::move(result));
}

std::unique_ptr<mail::Mailbox> make_mailbox(const base::Clock& clock) { return std::make_unique<mail::Mailbox>(clock); }

std::unique_ptr<Sender> make_sender(const MailSettings& own, MailShared& shared, const client::Settings& calls,
                                    client::Client& http, mail::Mailbox& mailbox, const app::LoopParts& parts) {
    auto transport = mail::open_transport(
        own.transport,
        {.loop = parts.loop, .http = http, .mailbox = mailbox, .ca_file = calls.ca_file, .dkim = shared.dkim});
    return std::make_unique<Sender>(shared, parts.databases, std::move(transport));
}

}  // namespace pos
