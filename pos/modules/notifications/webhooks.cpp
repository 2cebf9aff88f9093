#include "pos/modules/notifications/webhooks.h"

#include <algorithm>

#include "auth/callback.h"
#include "auth/caller.h"
#include "auth/jwk.h"
#include "base/hash.h"
#include "base/strings.h"
#include "pos/modules/notifications/messages.h"
#include "pos/modules/notifications/settings.h"
#include "pos/modules/notifications/statements.h"
#include "pos/plumbing/runtime.h"

namespace pos {

namespace {

constexpr std::size_t longest_detail = 500;
constexpr std::uint64_t most_webhook_bytes = 1U << 20U;  // SendGrid sends a thousand events at once

// ---- What they send ----------------------------------------------------------------------------------------------

struct SendGridEvent {
    schema::Maybe<std::string> event;
    schema::Maybe<std::string> smtp_id;
    schema::Maybe<std::string> type;
    schema::Maybe<std::string> status;
    schema::Maybe<std::string> reason;
    schema::Maybe<std::string> response;

    friend constexpr auto describe(SendGridEvent*) {
        return schema::object<SendGridEvent>(
            "SendGridEvent", schema::field<&SendGridEvent::event>("event"),
            schema::field<&SendGridEvent::smtp_id>("smtp-id"), schema::field<&SendGridEvent::type>("type"),
            schema::field<&SendGridEvent::status>("status"), schema::field<&SendGridEvent::reason>("reason"),
            schema::field<&SendGridEvent::response>("response"));
    }
};

struct MailgunSignature {
    std::string timestamp;
    std::string token;
    std::string signature;

    friend constexpr auto describe(MailgunSignature*) {
        return schema::object<MailgunSignature>("MailgunSignature",
                                                schema::field<&MailgunSignature::timestamp>("timestamp"),
                                                schema::field<&MailgunSignature::token>("token", {.max_length = 200}),
                                                schema::field<&MailgunSignature::signature>("signature"));
    }
};
struct MailgunHeaders {
    schema::Maybe<std::string> message_id;

    friend constexpr auto describe(MailgunHeaders*) {
        return schema::object<MailgunHeaders>("MailgunHeaders",
                                              schema::field<&MailgunHeaders::message_id>("message-id"));
    }
};
struct MailgunMessage {
    MailgunHeaders headers;

    friend constexpr auto describe(MailgunMessage*) {
        return schema::object<MailgunMessage>("MailgunMessage",
                                              schema::field<&MailgunMessage::headers>("headers", {.defaulted = true}));
    }
};
struct MailgunStatus {
    schema::Maybe<double> code;
    schema::Maybe<std::string> message;
    schema::Maybe<std::string> description;

    friend constexpr auto describe(MailgunStatus*) {
        return schema::object<MailgunStatus>("MailgunStatus", schema::field<&MailgunStatus::code>("code"),
                                             schema::field<&MailgunStatus::message>("message"),
                                             schema::field<&MailgunStatus::description>("description"));
    }
};
struct MailgunEvent {
    std::string event;
    schema::Maybe<std::string> severity;
    schema::Maybe<std::string> reason;
    MailgunMessage message;
    MailgunStatus status;

    friend constexpr auto describe(MailgunEvent*) {
        return schema::object<MailgunEvent>(
            "MailgunEvent", schema::field<&MailgunEvent::event>("event"),
            schema::field<&MailgunEvent::severity>("severity"), schema::field<&MailgunEvent::reason>("reason"),
            schema::field<&MailgunEvent::message>("message", {.defaulted = true}),
            schema::field<&MailgunEvent::status>("delivery-status", {.defaulted = true}));
    }
};
struct MailgunWebhook {
    MailgunSignature signature;
    MailgunEvent event;

    friend constexpr auto describe(MailgunWebhook*) {
        return schema::object<MailgunWebhook>("MailgunWebhook", schema::field<&MailgunWebhook::signature>("signature"),
                                              schema::field<&MailgunWebhook::event>("event-data"));
    }
};

struct Taken {
    std::int64_t events = 0;

    friend constexpr auto describe(Taken*) {
        return schema::object<Taken>("MailEventsTaken", schema::field<&Taken::events>("events"));
    }
};

template <class T>
std::optional<T> read(std::string_view body) {
    auto value = schema::parse<T>(body, {.max_bytes = body.size(), .lenient = true});
    if (!value) return std::nullopt;
    return *std::move(value);
}

std::string text_of(const schema::Maybe<std::string>& text) { return text ? *text : std::string(); }

// "<0197f0c2-…@mail.example>": ours begin with the notification's id.
std::optional<NotificationId> id_of(std::string_view message_id) {
    if (message_id.starts_with('<')) message_id.remove_prefix(1);
    const auto id = base::Uuid::from_string(message_id.substr(0, message_id.find('@')));
    if (!id) return std::nullopt;
    return NotificationId(*id);
}

std::optional<std::string> detail_of(const std::string& text) {
    if (text.empty()) return std::nullopt;
    auto end = std::min(text.size(), longest_detail);
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end);
}

// The address is there, and its mailbox is full or its server busy.
bool is_for_now(std::string_view status, std::string_view reason) {
    const auto words = base::ascii_lower(reason);
    return status.starts_with('4') || status == "552" || status.starts_with("5.2.2") || words.contains("5.2.2") ||
           words.contains("mailbox full") || words.contains("mailbox is full") || words.contains("over quota") ||
           words.contains("overquota");
}

MailEvent meaning_of(const SendGridEvent& sent) {
    using Meaning = MailEvent::Meaning;
    MailEvent event{.id = id_of(text_of(sent.smtp_id))};
    const auto name = text_of(sent.event);
    const auto reason = text_of(sent.reason);
    event.detail = detail_of(reason.empty() ? text_of(sent.response) : reason);
    if (name == "delivered") event.meaning = Meaning::delivered;
    if (name == "bounce") {
        event.meaning = Meaning::bounced;
        // "blocked": refused for now or for what we wrote, not for the address.
        event.suppresses = text_of(sent.type) != "blocked" && !is_for_now(text_of(sent.status), reason);
    }
    if (name == "dropped") event.meaning = Meaning::dropped;
    if (name == "spamreport") event.meaning = Meaning::complained;
    if (name == "unsubscribe" || name == "group_unsubscribe") event.meaning = Meaning::unsubscribed;
    return event;
}

MailEvent meaning_of(const MailgunEvent& sent) {
    using Meaning = MailEvent::Meaning;
    MailEvent event{.id = id_of(text_of(sent.message.headers.message_id))};
    const auto description = text_of(sent.status.description);
    event.detail = detail_of(description.empty() ? text_of(sent.status.message) : description);
    if (sent.event == "delivered") event.meaning = Meaning::delivered;
    if (sent.event == "failed" && text_of(sent.severity) == "permanent") {
        const bool is_held_back = text_of(sent.reason).starts_with("suppress");
        event.meaning = is_held_back ? Meaning::dropped : Meaning::bounced;
        const auto code = sent.status.code ? fmt::format("{:.0f}", *sent.status.code) : std::string();
        event.suppresses = !is_held_back && !is_for_now(code, event.detail.value_or(""));
    }
    if (sent.event == "complained") event.meaning = Meaning::complained;
    if (sent.event == "unsubscribed") event.meaning = Meaning::unsubscribed;
    return event;
}

// ---- Who may tell ------------------------------------------------------------------------------------------------

[[noreturn]] void refuse() { throw base::Failure(errors::webhook_refused); }

// The key as SendGrid shows it is the base64 of a PEM.
std::string pem_of(std::string_view base64) {
    return fmt::format("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", base64);
}

async::Task<base::Uuid> verify_sendgrid(auth::UnverifiedCallback sent) {
    const auto& key = sent.use<const MailSettings>().sendgrid_webhook_key;
    const auto signature = sent.header("X-Twilio-Email-Event-Webhook-Signature");
    const auto timestamp = sent.header("X-Twilio-Email-Event-Webhook-Timestamp");
    if (!key || !signature || !timestamp) refuse();
    const auto der = base::base64_decode(*signature);
    const auto raw = der ? raw_signature(*der) : std::nullopt;
    auto read = auth::Key::from_pem(pem_of(*key));
    if (!raw || !read || read->algorithm() != auth::Algorithm::es256) refuse();
    auth::KeyOperations operations(*std::move(read));
    if (!operations.verify(std::string(*timestamp) + std::string(sent.bytes()), *raw)) refuse();
    co_return base::Uuid::nil();
}

// The repetitions of eight hours bear the first one's timestamp.
constexpr auto oldest_webhook = std::chrono::hours(9);
constexpr auto newest_webhook = std::chrono::minutes(5);

async::Task<base::Uuid> verify_mailgun(auth::UnverifiedCallback sent) {
    const auto& key = sent.use<const MailSettings>().mailgun_webhook_key;
    const auto webhook = read<MailgunWebhook>(sent.bytes());
    if (!key || !webhook) refuse();
    const auto& [timestamp, token, signature] = webhook->signature;
    const auto wanted = base::hex_encode(base::as_chars(base::hmac_sha256(*key, timestamp + token)));
    if (!base::constant_time_equal(base::ascii_lower(signature), wanted)) refuse();
    const auto seconds = base::parse_integer<std::int64_t>(timestamp);
    if (!seconds) refuse();
    const auto age = sent.use<Runtime>().now() - base::Timestamp(std::chrono::seconds(*seconds));
    if (age > oldest_webhook || age < -newest_webhook) refuse();
    co_return base::Uuid::nil();
}

// ---- What comes of it --------------------------------------------------------------------------------------------

MailSuppression suppression_of(const MailEvent& event, const mailing::Told& told, base::Timestamp now) {
    using Meaning = MailEvent::Meaning;
    MailSuppression row{.scope = told.tenant_id,
                        .list = MailList::all,
                        .address = told.recipient,
                        .reason = SuppressionReason::complaint,
                        .detail = event.detail,
                        .created_at = now};
    if (event.meaning == Meaning::bounced) {
        row.scope = base::Uuid::nil();
        row.reason = SuppressionReason::bounce;
    }
    if (event.meaning == Meaning::unsubscribed) {
        row.list = message_type(told.kind).list.value_or(MailList::all);
        row.reason = SuppressionReason::unsubscribe;
    }
    return row;
}

// In a transaction. A message that we do not know is somebody else's of the same account there.
async::Task<void> apply(db::SystemDb transaction, const MailEvent* event, base::Timestamp now) {
    using Meaning = MailEvent::Meaning;
    if (!event->id || event->meaning == Meaning::nothing) co_return;
    const auto told = co_await transaction.one(mailing::told, *event->id);
    if (!told) co_return;
    auto batch = transaction.batch();
    switch (event->meaning) {
        case Meaning::nothing: break;
        case Meaning::delivered: batch.add(mailing::delivered, *event->id, now); break;
        case Meaning::bounced:
            batch.add(mailing::not_delivered, *event->id, NotificationState::bounced,
                      NotificationFailure::address_bounced, event->detail, now);
            break;
        case Meaning::dropped:
            batch.add(mailing::not_delivered, *event->id, NotificationState::failed, NotificationFailure::dropped,
                      event->detail, now);
            break;
        case Meaning::complained:
        case Meaning::unsubscribed: break;
    }
    const bool ends_list = event->meaning == Meaning::complained || event->meaning == Meaning::unsubscribed;
    if (event->suppresses || ends_list) batch.add(mailing::suppress, suppression_of(*event, *told, now));
    if (batch.size() > 0) co_await batch.commit();
}

async::Task<void> apply_all(db::SystemDb transaction, std::shared_ptr<const std::vector<MailEvent>> events,
                            base::Timestamp now) {
    for (const auto& event : *events) co_await apply(transaction, &event, now);
}

// Events come in any order and again; what they do can be done again. In the order of ids, so that two senders do not lock each other.
async::Task<Taken> take_sendgrid(auth::Callback<verify_sendgrid, most_webhook_bytes> callback, db::SystemDb db,
                                 http::Service<Runtime> runtime) {
    auto events = read_sendgrid_events(callback.bytes());
    std::ranges::sort(events, {}, [](const MailEvent& event) { return std::pair(event.id, event.position); });
    const auto shared = std::make_shared<const std::vector<MailEvent>>(std::move(events));
    co_await db.transaction(
        [shared, now = runtime->now()](db::SystemDb transaction) { return apply_all(transaction, shared, now); });
    co_return Taken{std::ssize(*shared)};
}

struct MailgunCall {
    std::string token;
    schema::Bytes body_hash;
    MailEvent event;
    base::Timestamp now;
};

// Whether it had its effect now; the token is burnt with it.
async::Task<bool> take_once(db::SystemDb transaction, std::shared_ptr<const MailgunCall> call) {
    if (!co_await transaction.one(mailing::use_webhook, call->token, call->body_hash, call->now)) co_return false;
    co_await apply(transaction, &call->event, call->now);
    co_return true;
}

async::Task<Taken> take_mailgun(auth::Callback<verify_mailgun, most_webhook_bytes> callback, db::SystemDb db,
                                http::Service<Runtime> runtime) {
    const auto webhook = read<MailgunWebhook>(callback.bytes());
    const auto call =
        std::make_shared<const MailgunCall>(MailgunCall{"mailgun:" + webhook->signature.token,
                                                        {std::string(base::as_chars(base::sha256(callback.bytes())))},
                                                        read_mailgun_event(callback.bytes()).value_or(MailEvent{}),
                                                        runtime->now()});
    const bool is_new =
        co_await db.transaction([call](db::SystemDb transaction) { return take_once(transaction, call); });
    // The signature does not cover the body: a token that comes with another one was stolen.
    if (!is_new && co_await db.one(mailing::webhook_body, call->token) != call->body_hash) refuse();
    co_return Taken{is_new ? 1 : 0};
}

}  // namespace

std::optional<std::string> raw_signature(std::string_view der) {
    constexpr std::size_t half = 32;
    constexpr char sequence = 0x30;
    constexpr char integer = 0x02;
    const auto take = [&der](char tag) -> std::optional<std::string_view> {
        if (der.size() < 2 || der[0] != tag) return std::nullopt;
        const auto length = static_cast<unsigned char>(der[1]);
        if (length >= 0x80U || der.size() < length + 2U) return std::nullopt;
        const auto content = der.substr(2, length);
        der.remove_prefix(length + 2U);
        return content;
    };
    const auto body = take(sequence);
    if (!body || !der.empty()) return std::nullopt;
    der = *body;
    std::string raw;
    for (int i = 0; i < 2; ++i) {
        auto number = take(integer);
        if (!number || number->empty()) return std::nullopt;
        while (number->size() > half && number->front() == '\0') number->remove_prefix(1);
        if (number->size() > half) return std::nullopt;
        raw += std::string(half - number->size(), '\0');
        raw += *number;
    }
    if (!der.empty()) return std::nullopt;
    return raw;
}

std::vector<MailEvent> read_sendgrid_events(std::string_view body) {
    std::vector<MailEvent> events;
    for (const auto& event : read<std::vector<SendGridEvent>>(body).value_or(std::vector<SendGridEvent>())) {
        events.push_back(meaning_of(event));
        events.back().position = events.size();
    }
    return events;
}

std::optional<MailEvent> read_mailgun_event(std::string_view body) {
    const auto webhook = read<MailgunWebhook>(body);
    if (!webhook) return std::nullopt;
    return meaning_of(webhook->event);
}

void webhook_routes(http::Routes routes) {
    routes.post("/callbacks/mail/sendgrid", take_sendgrid,
                {.id = "takeSendGridEvents",
                 .summary = "SendGrid tells what became of mails",
                 .description = "Its signed event webhook; `SENDGRID_WEBHOOK_KEY` is its public key.",
                 .errors = {errors::webhook_refused}});
    routes.post("/callbacks/mail/mailgun", take_mailgun,
                {.id = "takeMailgunEvent",
                 .summary = "Mailgun tells what became of a mail",
                 .description = "`MAILGUN_WEBHOOK_KEY` is its HTTP webhook signing key. A repetition of eight hours "
                                "later is taken; a token that comes with another body is refused.",
                 .errors = {errors::webhook_refused}});
}

}  // namespace pos
