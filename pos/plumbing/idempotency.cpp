#include "pos/plumbing/idempotency.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "schema/canonical.h"

namespace pos {

namespace {

// Raised by idempotency_lock() when another transaction holds the key.
constexpr std::string_view locked_sqlstate = "IK409";

constexpr db::Query<void(std::int64_t)> lock{
    {"idempotency.lock", "select from idempotency_lock($2) where $1 is not null", db::Kind::write}};
constexpr auto add_key = db::insert<tables::idempotency_keys>("idempotency.add");
constexpr auto find_key = db::find<tables::idempotency_keys>("idempotency.find");

// Members that a client changes between attempts at the same request.
constexpr std::string_view transport_noise[] = {"sentAt", "attempt", "appVersion"};

constexpr char fingerprint_version = 2;
constexpr std::size_t digest_size = sizeof(base::Digest256);

bool is_key_text(std::string_view key) {
    if (key.empty() || key.size() > max_idempotency_key) return false;
    return std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\'; });
}

StoredReply reply_of(const IdempotencyKey& row) {
    return {static_cast<std::uint16_t>(row.status),
            row.response.value,
            row.etag,
            row.location,
            row.resource_type,
            row.resource_id};
}

// Documentation alone: read_idempotency_key() reads it.
constexpr schema::Field key_field = [] {
    auto field = http::detail::field_of_part<"Idempotency-Key", std::string>;
    field.rules.min_length = 1;
    field.rules.max_length = max_idempotency_key + 2;  // with its quotes
    field.rules.pattern = R"("?[!#-\[\]-~]{1,255}"?)";
    field.rules.doc =
        "Made once by the client and sent with every attempt; quoted (RFC 8941) or bare. The first reply is given "
        "again.";
    field.rules.example = R"("0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091")";
    return field;
}();

void describe_header(http::Operation& operation, bool required) {
    operation.parameters.push_back({"header", &key_field, required});
    for (const auto& error : {errors::key_invalid, errors::key_in_progress, errors::key_reused})
        operation.can_fail(error);
}

// Throws key_reused when the key's first request was another one.
StoredReply first_reply(const IdempotentRequest& request, const IdempotencyKey& row) {
    if (request.fingerprint.matches(row.request_hash.value)) return reply_of(row);
    throw reused_key("the first request with this key had another body", row.resource_id);
}

// Whether the failure says that the key's row is there already, or that its lock is held.
enum class About : std::uint8_t { something_else, known, locked };

About about(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const db::Error& error) {
        return error.sqlstate() == locked_sqlstate ? About::locked : About::something_else;
    } catch (const base::Failure& error) {
        if (error.code() == errors::key_in_progress) return About::locked;
        return error.code() == errors::key_known ? About::known : About::something_else;
    } catch (...) {
        return About::something_else;
    }
}

}  // namespace

base::Failure key_under_way() { return base::Failure(errors::key_in_progress).retry_after(1'000); }

base::Failure reused_key(std::string detail, std::optional<base::Uuid> resource) {
    base::Failure failure(errors::key_reused, std::move(detail));
    if (!resource) return failure;
    return std::move(failure).member("resourceId", fmt::format("\"{}\"", resource->to_string()));
}

std::optional<std::string> read_idempotency_key(std::optional<std::string_view> header) {
    if (!header) return std::nullopt;
    auto text = base::trim(*header);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    if (!is_key_text(text))
        throw base::Failure(errors::key_invalid, {{"header",
                                                   "/Idempotency-Key",
                                                   "invalid_format",
                                                   "Up to 255 printable characters without spaces, quoted or bare.",
                                                   {}}});
    // iOS writes UUIDs in capitals, and what has stored one may write it otherwise: they are one key.
    if (const auto uuid = base::Uuid::from_string(text)) return uuid->to_string();
    return std::string(text);
}

IdempotencyHeader IdempotencyHeader::read(http::Context& context, http::Findings&) {
    return {read_idempotency_key(context.request().header("idempotency-key"))};
}

void IdempotencyHeader::describe(http::Operation& operation) { describe_header(operation, false); }

IdempotencyKeyHeader IdempotencyKeyHeader::read(http::Context& context, http::Findings& findings) {
    IdempotencyKeyHeader header{IdempotencyHeader::read(context, findings)};
    if (!header.key) throw base::Failure(errors::key_missing);
    return header;
}

void IdempotencyKeyHeader::describe(http::Operation& operation) {
    describe_header(operation, true);
    operation.can_fail(errors::key_missing);
}

std::string key_of(const IdempotencyHeader& header, std::optional<base::Uuid> client_request_id) {
    if (!client_request_id) {
        if (!header.key)
            throw base::Failure(errors::key_missing, "send Idempotency-Key, or clientRequestId in the body");
        return *header.key;
    }
    if (header.key && base::Uuid::from_string(*header.key) != client_request_id)
        throw base::Failure(errors::key_mismatch);
    return client_request_id->to_string();
}

std::string IdempotentRequest::scope() const {
    return fmt::format("{}\n{}\n{}\n{}", tenant.to_string(), principal_kind, route, key);
}

Fingerprint fingerprint_of(const RequestBody& body) {
    if (body.made) return *body.made;
    const auto text = schema::canonical_json(body.text, transport_noise);
    return {.meaning = base::sha256(schema::canonical_value(*body.type, body.value, transport_noise)),
            .text = base::sha256(text ? std::string_view(*text) : body.text)};
}

std::string Fingerprint::stored() const {
    std::string bytes(1, fingerprint_version);
    return bytes.append(base::as_chars(meaning)).append(base::as_chars(text));
}

bool Fingerprint::matches(std::string_view stored) const {
    if (stored.size() == digest_size) return stored == base::as_chars(text);
    if (stored.size() != 1 + 2 * digest_size || stored.front() != fingerprint_version) return false;
    return stored.substr(1, digest_size) == base::as_chars(meaning) ||
           stored.substr(1 + digest_size) == base::as_chars(text);
}

void begin_idempotent(db::Batch& batch, const IdempotentRequest& request) {
    batch.add(lock, static_cast<std::int64_t>(base::stable_hash64(request.scope())));
}

void finish_idempotent(db::Batch& batch, const IdempotentRequest& request, const StoredReply& reply,
                       base::Timestamp now) {
    batch.add(add_key, IdempotencyKey{.principal_kind = request.principal_kind,
                                      .route = request.route,
                                      .key = request.key,
                                      .request_hash = {request.fingerprint.stored()},
                                      .status = reply.status,
                                      .response = {reply.body},
                                      .etag = reply.etag,
                                      .location = reply.location,
                                      .resource_type = reply.resource_type,
                                      .resource_id = reply.resource_id,
                                      .created_at = now,
                                      .expires_at = now + replay_store_days});
}

bool is_about_the_key(const std::exception_ptr& failure) { return about(failure) != About::something_else; }

async::Task<std::optional<StoredReply>> claim_key(db::Db transaction, IdempotentRequest request) {
    auto batch = transaction.batch();
    begin_idempotent(batch, request);
    const auto slot = batch.add(find_key, request.principal_kind, request.route, request.key);
    std::exception_ptr failure;
    try {
        const auto row = (co_await batch.commit()).one(slot);
        if (!row) co_return std::nullopt;
        co_return first_reply(request, *row);
    } catch (...) {
        failure = std::current_exception();
    }
    if (about(failure) == About::locked) throw key_under_way();
    std::rethrow_exception(failure);
}

async::Task<StoredReply> replay_of(db::Db db, IdempotentRequest request, std::exception_ptr failure) {
    if (about(failure) == About::something_else) std::rethrow_exception(failure);
    const auto row = co_await db.one(find_key, request.principal_kind, request.route, request.key);
    // The first request has not committed; or the cleaner took an expired key between the two, and the next attempt is a first one.
    if (!row) throw key_under_way();
    co_return first_reply(request, *row);
}

std::vector<db::StatementView> idempotency_statements() { return db::statements(lock, add_key, find_key); }

}  // namespace pos
