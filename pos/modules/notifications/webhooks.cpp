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

// A member of what strangers send: whichever JSON type it has today, it costs itself alone.
struct SendGridEvent {
    schema::Json event;
    schema::Json notification;  // our own custom argument: smtp-id is not in each event
    schema::Json smtp_id;
    schema::Json type;
    schema::Json status;
    schema::Json reason;
    schema::Json response;

    friend constexpr auto describe(SendGridEvent*) {
        return schema::object<SendGridEvent>(
            "SendGridEvent", schema::field<&SendGridEvent::event>("event", {.defaulted = true}),
            schema::field<&SendGridEvent::notification>("notification", {.defaulted = true}),
            schema::field<&SendGridEvent::smtp_id>("smtp-id", {.defaulted = true}),
            schema::field<&SendGridEvent::type>("type", {.defaulted = true}),
            schema::field<&SendGridEvent::status>("status", {.defaulted = true}),
            schema::field<&SendGridEvent::reason>("reason", {.defaulted = true}),
            schema::field<&SendGridEvent::response>("response", {.defaulted = true}));
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
struct MailgunSigned {
    MailgunSignature signature;

    friend constexpr auto describe(MailgunSigned*) {
        return schema::object<MailgunSigned>("MailgunSigned", schema::field<&MailgunSigned::signature>("signature"));
    }
};
struct MailgunHeaders {
    schema::Json message_id;

    friend constexpr auto describe(MailgunHeaders*) {
        return schema::object<MailgunHeaders>(
            "MailgunHeaders", schema::field<&MailgunHeaders::message_id>("message-id", {.defaulted = true}));
    }
};
struct MailgunMessage {
    schema::Json headers;

    friend constexpr auto describe(MailgunMessage*) {
        return schema::object<MailgunMessage>("MailgunMessage",
                                              schema::field<&MailgunMessage::headers>("headers", {.defaulted = true}));
    }
};
struct MailgunStatus {
    schema::Json code;
    schema::Json message;
    schema::Json description;

    friend constexpr auto describe(MailgunStatus*) {
        return schema::object<MailgunStatus>(
            "MailgunStatus", schema::field<&MailgunStatus::code>("code", {.defaulted = true}),
            schema::field<&MailgunStatus::message>("message", {.defaulted = true}),
            schema::field<&MailgunStatus::description>("description", {.defaulted = true}));
    }
};
struct MailgunEvent {
    schema::Json event;
    schema::Json severity;
    schema::Json reason;
    schema::Json message;
    schema::Json status;

    friend constexpr auto describe(MailgunEvent*) {
        return schema::object<MailgunEvent>(
            "MailgunEvent", schema::field<&MailgunEvent::event>("event", {.defaulted = true}),
            schema::field<&MailgunEvent::severity>("severity", {.defaulted = true}),
            schema::field<&MailgunEvent::reason>("reason", {.defaulted = true}),
            schema::field<&MailgunEvent::message>("message", {.defaulted = true}),
            schema::field<&MailgunEvent::status>("delivery-status", {.defaulted = true}));
    }
};
struct MailgunWebhook {
    MailgunEvent event;

    friend constexpr auto describe(MailgunWebhook*) {
        return schema::object<MailgunWebhook>("MailgunWebhook", schema::field<&MailgunWebhook::event>("event-data"));
    }
};

struct Taken {
    std::int64_t events = 0;
    std::int64_t unread = 0;

    friend constexpr auto describe(Taken*) {
        return schema::object<Taken>(
            "MailEventsTaken", schema::field<&Taken::events>("events"),
            schema::field<&Taken::unread>("unread", {.doc = "Events that could not be read; the log has them."}));
    }
};

template <class T>
std::optional<T> read(std::string_view body) {
    auto value = schema::parse<T>(body, {.max_bytes = body.size(), .lenient = true});
    if (!value) return std::nullopt;
    return *std::move(value);
}

// A text or a number as text, and nothing of anything else.
std::string text_of(const schema::Json& member) {
    const auto& json = member.text;
    if (json.starts_with('"')) return read<std::string>(json).value_or("");
    return !json.empty() && (json[0] == '-' || (json[0] >= '0' && json[0] <= '9')) ? json : std::string();
}

// An object of which something can be read, or an empty one.
template <class T>
T part_of(const schema::Json& member) {
    return read<T>(member.text).value_or(T{});
}

// The elements of an array (`[`) or the members of an object (`{`) as they were written, so that each is read by itself: one that is
// not JSON spoils no other. nullopt: the text is not one such value.
std::optional<std::vector<std::string_view>> pieces_of(std::string_view text, char opening) {
    constexpr std::string_view blank = " \t\r\n";
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
    while (!text.empty() && blank.contains(text.back())) text.remove_suffix(1);
    if (text.size() < 2 || text.front() != opening || text.back() != (opening == '[' ? ']' : '}')) return std::nullopt;
    text = text.substr(1, text.size() - 2);
    std::vector<std::string_view> pieces;
    if (text.find_first_not_of(blank) == std::string_view::npos) return pieces;
    std::int64_t depth = 0;
    bool in_string = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
            continue;
        }
        if (c == '"') in_string = true;
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        if (c != ',' || depth != 0) continue;
        pieces.push_back(text.substr(begin, i - begin));
        begin = i + 1;
    }
    pieces.push_back(text.substr(begin));
    return pieces;
}

// The first member of an object that T reads.
template <class T>
std::optional<T> member_of(std::string_view body) {
    for (const auto& piece : pieces_of(body, '{').value_or(std::vector<std::string_view>())) {
        if (auto value = read<T>(fmt::format("{{{}}}", piece))) return value;
    }
    return std::nullopt;
}

// "<0197f0c2-…@mail.example>": ours begin with the notification's id.
std::optional<NotificationId> id_of(std::string_view message_id) {
    if (message_id.starts_with('<')) message_id.remove_prefix(1);
    const auto id = base::Uuid::from_string(message_id.substr(0, message_id.find('@')));
    if (!id) return std::nullopt;
    return NotificationId(*id);
}

// What a stranger's server says: no control characters, which a terminal would obey.
std::optional<std::string> detail_of(std::string text) {
    if (text.empty()) return std::nullopt;
    auto end = std::min(text.size(), longest_detail);
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    for (auto& c : text) {
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
    }
    return text;
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
    MailEvent event{.id = id_of(text_of(sent.notification))};
    if (!event.id) event.id = id_of(text_of(sent.smtp_id));
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
    const auto headers = part_of<MailgunHeaders>(part_of<MailgunMessage>(sent.message).headers);
    const auto status = part_of<MailgunStatus>(sent.status);
    MailEvent event{.id = id_of(text_of(headers.message_id))};
    const auto description = text_of(status.description);
    const auto name = text_of(sent.event);
    event.detail = detail_of(description.empty() ? text_of(status.message) : description);
    if (name == "delivered") event.meaning = Meaning::delivered;
    if (name == "failed" && text_of(sent.severity) == "permanent") {
        const bool is_held_back = text_of(sent.reason).starts_with("suppress");
        event.meaning = is_held_back ? Meaning::dropped : Meaning::bounced;
        // Sometimes 550, sometimes "5.1.1".
        event.suppresses = !is_held_back && !is_for_now(text_of(status.code), event.detail.value_or(""));
    }
    if (name == "complained") event.meaning = Meaning::complained;
    if (name == "unsubscribed") event.meaning = Meaning::unsubscribed;
    return event;
}

// ---- Who may tell ------------------------------------------------------------------------------------------------

[[noreturn]] void refuse() { throw base::Failure(errors::webhook_refused); }

// The key as SendGrid shows it is the base64 of a PEM.
std::string pem_of(std::string_view base64) {
    return fmt::format("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", base64);
}

std::optional<auth::Key> sendgrid_key(std::string_view base64) {
    auto read = auth::Key::from_pem(pem_of(base64));
    if (!read || read->algorithm() != auth::Algorithm::es256) return std::nullopt;
    return *std::move(read);
}

// Sent again for a day, then never.
constexpr auto oldest_batch = std::chrono::hours(25);
// The repetitions of eight hours bear the first one's timestamp.
constexpr auto oldest_webhook = std::chrono::hours(9);
constexpr auto newest_webhook = std::chrono::minutes(5);

void require_age(std::string_view timestamp, base::Timestamp now, std::chrono::hours oldest) {
    const auto seconds = base::parse_integer<std::uint32_t>(timestamp);
    if (!seconds) refuse();
    const auto age = now - base::Timestamp(std::chrono::seconds(*seconds));
    if (age > oldest || age < -newest_webhook) refuse();
}

async::Task<base::Uuid> verify_sendgrid(auth::UnverifiedCallback sent) {
    const auto& key = sent.use<const MailSettings>().sendgrid_webhook_key;
    const auto signature = sent.header("X-Twilio-Email-Event-Webhook-Signature");
    const auto timestamp = sent.header("X-Twilio-Email-Event-Webhook-Timestamp");
    if (!key || !signature || !timestamp) refuse();
    const auto der = base::base64_decode(*signature);
    const auto raw = der ? raw_signature(*der) : std::nullopt;
    auto public_key = sendgrid_key(*key);
    if (!raw || !public_key) refuse();
    auth::KeyOperations operations(*std::move(public_key));
    if (!operations.verify(std::string(*timestamp) + std::string(sent.bytes()), *raw)) refuse();
    require_age(*timestamp, sent.use<Runtime>().now(), oldest_batch);
    co_return base::Uuid::nil();
}

async::Task<base::Uuid> verify_mailgun(auth::UnverifiedCallback sent) {
    const auto& key = sent.use<const MailSettings>().mailgun_webhook_key;
    // The signature alone: what else is in the body makes nobody a forger.
    const auto signed_part = member_of<MailgunSigned>(sent.bytes());
    if (!key || !signed_part) refuse();
    const auto& [timestamp, token, signature] = signed_part->signature;
    const auto wanted = base::hex_encode(base::as_chars(base::hmac_sha256(*key, timestamp + token)));
    if (!base::constant_time_equal(base::ascii_lower(signature), wanted)) refuse();
    require_age(timestamp, sent.use<Runtime>().now(), oldest_webhook);
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
async::Task<Taken> take_sendgrid(http::Context& context, auth::Callback<verify_sendgrid, most_webhook_bytes> callback,
                                 db::SystemDb db, http::Service<Runtime> runtime) {
    auto sent = read_sendgrid_events(callback.bytes());
    if (sent.unread > 0) context.logger().warn("mail events cannot be read", {{"unread", sent.unread}});
    std::ranges::sort(sent.events, {}, [](const MailEvent& event) { return std::pair(event.id, event.position); });
    const auto shared = std::make_shared<const std::vector<MailEvent>>(std::move(sent.events));
    co_await db.transaction(
        [shared, now = runtime->now()](db::SystemDb transaction) { return apply_all(transaction, shared, now); });
    co_return Taken{std::ssize(*shared), sent.unread};
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

async::Task<Taken> take_mailgun(http::Context& context, auth::Callback<verify_mailgun, most_webhook_bytes> callback,
                                db::SystemDb db, http::Service<Runtime> runtime) {
    const auto signed_part = member_of<MailgunSigned>(callback.bytes());
    const auto event = read_mailgun_event(callback.bytes());
    if (!event) context.logger().warn("mail events cannot be read", {{"unread", 1}});
    const auto call =
        std::make_shared<const MailgunCall>(MailgunCall{"mailgun:" + signed_part->signature.token,
                                                        {std::string(base::as_chars(base::sha256(callback.bytes())))},
                                                        event.value_or(MailEvent{}),
                                                        runtime->now()});
    const bool is_new =
        co_await db.transaction([call](db::SystemDb transaction) { return take_once(transaction, call); });
    // The signature does not cover the body: a token that comes with another one was stolen.
    if (!is_new && co_await db.one(mailing::webhook_body, call->token) != call->body_hash) refuse();
    co_return Taken{is_new && event ? 1 : 0, is_new && !event ? 1 : 0};
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

bool is_sendgrid_key(std::string_view base64) { return sendgrid_key(base64).has_value(); }

MailEvents read_sendgrid_events(std::string_view body) {
    MailEvents sent;
    const auto pieces = pieces_of(body, '[');
    if (!pieces) return {.unread = 1};
    for (const auto& piece : *pieces) {
        const auto event = read<SendGridEvent>(piece);
        if (!event || text_of(event->event).empty()) {
            ++sent.unread;
            continue;
        }
        sent.events.push_back(meaning_of(*event));
        sent.events.back().position = sent.events.size();
    }
    return sent;
}

std::optional<MailEvent> read_mailgun_event(std::string_view body) {
    const auto webhook = member_of<MailgunWebhook>(body);
    if (!webhook || text_of(webhook->event.event).empty()) return std::nullopt;
    return meaning_of(webhook->event);
}

void webhook_routes(http::Routes routes) {
    routes.post(
        "/callbacks/mail/sendgrid", take_sendgrid,
        {.id = "takeSendGridEvents",
         .summary = "SendGrid tells what became of mails",
         .description = "Its signed event webhook; `SENDGRID_WEBHOOK_KEY` is its public key. Each event is read by "
                        "itself; one that cannot be read is counted and logged.",
         .errors = {errors::webhook_refused}});
    routes.post("/callbacks/mail/mailgun", take_mailgun,
                {.id = "takeMailgunEvent",
                 .summary = "Mailgun tells what became of a mail",
                 .description = "`MAILGUN_WEBHOOK_KEY` is its HTTP webhook signing key. A repetition of eight hours "
                                "later is taken; a token that comes with another body is refused.",
                 .errors = {errors::webhook_refused}});
}

}  // namespace pos
