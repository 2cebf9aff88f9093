#include "pos/modules/documents/keeper.h"

#include <algorithm>

#include "base/hasher.h"
#include "base/strings.h"
#include "pos/modules/documents/kind.h"
#include "pos/modules/files/keys.h"
#include "pos/plumbing/idempotency.h"
#include "pos/plumbing/plan_limits.h"

namespace pos {

async::Task<SeenDocument> inspect_document(const StoredFiles* stored, StoredFiles::Inspect what,
                                           async::SteadyTime deadline) {
    auto stream = co_await stored->open(std::move(what), deadline);
    DocumentKind kind;
    base::Hasher digest(base::Hasher::Algorithm::sha256);
    SeenDocument seen;
    while (true) {
        const auto piece = co_await stream.read();
        if (!piece) throw storage::failure(piece.error());
        if (piece->empty()) break;
        kind.add(*piece);
        digest.add(*piece);
        seen.bytes += piece->size();
    }
    seen.media_type = kind.media_type();
    if (seen.media_type.empty()) throw base::Failure(errors::document_type, std::string(kind.fault()));
    seen.sha256 = base::hex_encode(digest.finish());
    co_return seen;
}

namespace {

base::Digest256 digest_of(std::string_view hex) {
    base::Digest256 digest{};
    const auto bytes = base::hex_decode(hex);
    if (bytes && bytes->size() == digest.size()) std::ranges::copy(*bytes, reinterpret_cast<char*>(digest.data()));
    return digest;
}

}  // namespace

Document same_document(Document row, std::string_view sha256) {
    if (row.sha256 != sha256) throw reused_key("The first request with this key sent another file", row.id.uuid());
    return row;
}

async::Task<void> keep_document(const StoredFiles* stored, KeepDocument what, async::SteadyTime deadline) {
    co_await stored->copy({.from = std::move(what.from),
                           .to = files::document_key(what.tenant, what.id.uuid(), what.seen.sha256),
                           .if_match = std::move(what.etag),
                           .content_type = what.seen.media_type,
                           .cache_control = "private, no-store",
                           .content_disposition = "attachment"},
                          {.size = what.seen.bytes, .sha256 = digest_of(what.seen.sha256)}, deadline);
}

async::Task<Document> finish_document(db::Db tx, FinishDocument what) {
    co_await tx.run(plan_limits::hold_storage);
    auto row = co_await tx.one(document_rows.lock, what.id);
    if (!row || row->meta.deleted_at) throw base::Failure(errors::row_not_found);
    if (row->status == DocumentStatus::ready) co_return same_document(*std::move(row), what.seen->sha256);
    row->status = DocumentStatus::ready;
    row->content_type = what.seen->media_type;
    row->bytes = static_cast<std::int64_t>(what.seen->bytes);
    row->sha256 = what.seen->sha256;
    const auto before = row->meta.version;
    row->meta.version = next_version(before);
    row->meta.updated_at = what.now;
    auto batch = tx.batch();
    batch.add(document_rows.replace, *row, before);
    if (what.more) what.more(batch);
    require_storage(batch, what.quota);
    record_changes(batch, {change_of(document_rows, *row)}, what.device);
    co_await batch.commit();
    co_return *std::move(row);
}

}  // namespace pos
