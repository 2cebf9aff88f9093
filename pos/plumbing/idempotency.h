#pragma once
// Writes that clients may repeat. The key's row, the effect and the stored reply are one transaction:
// a crash leaves nothing behind, and a repeated request gets the bytes of the first reply.
//
//     IdempotentRequest request{db.tenant(), "member", "POST /v1/things", key, fingerprint_of(input)};
//     auto batch = db.batch();
//     begin_idempotent(batch, request);                       // first: refuses a key that is under way or known
//     batch.add(insert_thing, thing);
//     finish_idempotent(batch, request, reply, runtime.now());
//     co_await batch.commit();                                // throws; replay_of() turns what it throws into the first reply
//
// Only successes are stored: a request that was refused may be accepted by a mended server.

#include <optional>
#include <string>

#include "base/hash.h"
#include "db/db.h"
#include "http/handler.h"
#include "pos/plumbing/runtime.h"
#include "pos/plumbing/tables.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode key_missing{"idempotency.key_missing", 400, false, base::Action::fix,
                                             "This needs an Idempotency-Key"};
inline constexpr auto key_invalid = base::invalid("idempotency.key_invalid", "The Idempotency-Key is not one");
inline constexpr auto key_mismatch =
    base::invalid("idempotency.key_mismatch", "Idempotency-Key and clientRequestId differ");
inline constexpr base::ErrorCode key_in_progress{"idempotency.in_progress", 409, true, base::Action::retry,
                                                 "The first request with this key is still running"};
inline constexpr auto key_reused = base::invalid("idempotency.key_reused", "This key belongs to another request");
}  // namespace errors

inline constexpr std::size_t max_idempotency_key = 255;
inline constexpr auto replay_store_days = std::chrono::days(30);

// The header's value: an RFC 8941 string ("…") or a bare one; a UUID in small letters. Empty when it was not sent; throws key_invalid.
[[nodiscard]] std::optional<std::string> read_idempotency_key(std::optional<std::string_view> header);

// The header as a handler's part, where a request can do without: the body has a clientRequestId, or it makes a row whose id
// the client may choose, so that a repetition is told by the id (docs/errors.md lists the routes).
struct IdempotencyHeader {
    std::optional<std::string> key;
    static IdempotencyHeader read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);
};

// Where nothing but the key tells a repetition from a second request: 400 without it.
struct IdempotencyKeyHeader : IdempotencyHeader {
    static IdempotencyKeyHeader read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);
};

// The key of a request that may name it in the header, the body, or both. As UUIDs where there are both: some platforms write
// them in upper case. Throws key_missing, key_mismatch.
[[nodiscard]] std::string key_of(const IdempotencyHeader& header, std::optional<base::Uuid> client_request_id);

// What tells a repetition from another request: SHA-256 of what the body means (schema::canonical), and of its canonical text.
// Requests are the same when one of the two is: `meaning` for a client that writes the same thing differently since its update,
// `text` for a server that reads the same bytes differently since its own, and for what was stored before there was `meaning`.
struct Fingerprint {
    base::Digest256 meaning{};
    base::Digest256 text{};

    // A version byte (2), then both. Version 1 was `text` alone, 32 bytes without a version.
    [[nodiscard]] std::string stored() const;
    [[nodiscard]] bool matches(std::string_view stored) const;
};

// A request's body as it was read and as it was sent, valid as long as both; or the fingerprint that was made of it, where it
// holds a secret.
struct RequestBody {
    template <class T>
    RequestBody(const http::Body<T>& body)  // NOLINT(google-explicit-constructor): a body is one
        : type(&schema::type_of<T>), value(&body.value), text(body.text) {}
    RequestBody(const Fingerprint& of) : made(of) {}  // NOLINT(google-explicit-constructor): it stands for the body

    const schema::Type* type = nullptr;
    const void* value = nullptr;
    std::string_view text;
    std::optional<Fingerprint> made;
};

[[nodiscard]] Fingerprint fingerprint_of(const RequestBody& body);

struct IdempotentRequest {
    base::Uuid tenant;
    std::string principal_kind;  // user, device, api_key
    std::string route;           // "POST /v1/sales"
    std::string key;
    Fingerprint fingerprint{};

    // One text for the whole scope: names the lock and the single flight.
    [[nodiscard]] std::string scope() const;
};

struct StoredReply {
    std::uint16_t status = 201;
    std::string body;
    std::optional<std::string> etag;
    std::optional<std::string> location;
    std::optional<std::string> resource_type;
    std::optional<base::Uuid> resource_id;
};

void begin_idempotent(db::Batch& batch, const IdempotentRequest& request);
void finish_idempotent(db::Batch& batch, const IdempotentRequest& request, const StoredReply& reply,
                       base::Timestamp now);

// The same where the reply is known at the end only: holds the key until the transaction ends, and gives the stored reply of a
// request that was here before. Follow with finish_idempotent(). Throws key_in_progress, key_reused.
[[nodiscard]] async::Task<std::optional<StoredReply>> claim_key(db::Db transaction, IdempotentRequest request);

// What a refused begin_idempotent() or claim_key() means: the stored reply, also while another repetition holds the key; throws
// key_in_progress, key_reused, or `failure` itself when it is about something else.
[[nodiscard]] async::Task<StoredReply> replay_of(db::Db db, IdempotentRequest request, std::exception_ptr failure);

// 409, to be sent again in a second: another request holds the key.
[[nodiscard]] base::Failure key_under_way();

// The key, or what stands for it, is another request's, which made `resource`.
[[nodiscard]] base::Failure reused_key(std::string detail, std::optional<base::Uuid> resource);

// Whether this failure is about the key (known or under way).
[[nodiscard]] bool is_about_the_key(const std::exception_ptr& failure);

// The stored reply as an answer, marked `Idempotent-Replayed: true`.
template <class T, std::uint16_t... Statuses>
[[nodiscard]] http::JsonBytes<T, Statuses...> to_json_bytes(StoredReply reply, bool replayed) {
    http::JsonBytes<T, Statuses...> rendered{std::move(reply.body), reply.status, {}};
    // What has no version has no tag, as in the document.
    if (reply.etag && schema::type_of<T>.object->find("version") != nullptr)
        rendered.headers.emplace_back("ETag", *reply.etag);
    if (reply.location) rendered.headers.emplace_back("Location", *reply.location);
    if (replayed) rendered.headers.emplace_back("Idempotent-Replayed", "true");
    return rendered;
}

[[nodiscard]] std::vector<db::StatementView> idempotency_statements();
// The function that the lock needs: raises instead of answering false, so that the batch ends there.
inline constexpr std::string_view idempotency_lock_sql =
    "create or replace function idempotency_lock(key bigint) returns void language plpgsql as $$\n"
    "begin\n"
    "  if not pg_try_advisory_xact_lock(key) then\n"
    "    raise exception 'the first request with this key is still running' using errcode = 'IK409';\n"
    "  end if;\n"
    "end $$;\n";
// A stored reply of up to a page stays in its row as it is. Compressing it cost a third of the insert, and saved nothing that
// the cleaner does not give back after 30 days.
inline constexpr std::string_view idempotency_storage_sql =
    "alter table idempotency_keys set (toast_tuple_target = 8160);\n";

}  // namespace pos
