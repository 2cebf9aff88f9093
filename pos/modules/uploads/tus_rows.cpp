#include "pos/modules/uploads/tus_rows.h"

#include <algorithm>

#include "base/strings.h"
#include "http/multipart_parser.h"
#include "pos/modules/files/keys.h"
#include "uploads/metadata.h"

namespace pos {

namespace {

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

base::Issue issue(std::string_view name, std::string_view says) {
    return {"header", "/Upload-Metadata/" + std::string(name), "invalid", std::string(says), {}};
}

std::optional<UploadPurpose> purpose_of(std::string_view text) {
    if (text == "image") return UploadPurpose::image;
    if (text == "document") return UploadPurpose::document;
    return std::nullopt;
}

bool is_digest(std::string_view text) { return text.size() == 64 && base::hex_decode(text); }

// Clients call the same things differently.
std::string first_of(const uploads::Metadata& metadata, std::string_view one, std::string_view other) {
    return std::string(metadata.get(one).value_or(metadata.get(other).value_or("")));
}

struct ReadOrder {
    UploadOrder order;
    std::vector<base::Issue> issues;
};

ReadOrder order_of(const uploads::NewUpload& upload) {
    ReadOrder read{.order = {.id = UploadId(upload.id),
                             .kind = UploadKind::tus,
                             .bytes = number(upload.length),
                             .metadata = upload.metadata,
                             .expires_at = upload.expires},
                   .issues = {}};
    const auto metadata = uploads::Metadata::parse(upload.metadata);
    if (!metadata) {
        read.issues.push_back(issue("", "names with values in Base64"));
        return read;
    }
    const auto purpose = purpose_of(metadata->get("purpose").value_or(""));
    if (!purpose) read.issues.push_back(issue("purpose", "image or document"));
    read.order.purpose = purpose.value_or(UploadPurpose::image);
    read.order.content_type = canonical_type(read.order.purpose, first_of(*metadata, "filetype", "type"));
    // What a browser says of a file that it does not know.
    if (read.order.content_type == "application/octet-stream") read.order.content_type.clear();
    if (auto name = http::clean_file_name(first_of(*metadata, "filename", "name")); !name.empty())
        read.order.name = std::move(name);
    if (const auto digest = metadata->get("sha256")) {
        read.order.sha256 = base::ascii_lower(*digest);
        if (!is_digest(*digest)) read.issues.push_back(issue("sha256", "64 hexadecimal digits"));
    }
    return read;
}

uploads::UploadRow row_of(const uploading::ClaimedUpload& row) {
    return {.id = row.id.uuid(),
            .length = static_cast<std::uint64_t>(row.bytes),
            .offset = static_cast<std::uint64_t>(row.received),
            .fence = row.fence,
            .metadata = row.metadata,
            .expires = row.expires_at,
            .refused = row.state == UploadState::refused,
            .finished = row.state != UploadState::open,
            .pieces = static_cast<std::uint64_t>(row.pieces)};
}

std::vector<uploads::Piece> pieces_of(const std::vector<UploadPiece>& rows) {
    std::vector<uploads::Piece> pieces;
    for (const auto& row : rows)
        pieces.push_back({.first = static_cast<std::uint64_t>(row.first),
                          .length = static_cast<std::uint64_t>(row.length),
                          .fence = row.fence});
    return pieces;
}

std::optional<base::Digest256> digest_of(const std::optional<std::string>& hex) {
    if (!hex) return std::nullopt;
    const auto bytes = base::hex_decode(*hex);
    base::Digest256 digest{};
    if (!bytes || bytes->size() != digest.size()) return std::nullopt;
    std::ranges::copy(*bytes, reinterpret_cast<char*>(digest.data()));
    return digest;
}

// Nobody but put_together() writes there: what is there was compared with what the row says when it was put.
async::Task<bool> is_together(db::Db db, const Upload* row, const TusParts* parts, async::SteadyTime deadline) {
    const auto there = co_await parts->upload.stored->head(files::pending_key(db.tenant(), row->id.uuid()), deadline);
    co_return there && there->size == static_cast<std::uint64_t>(row->bytes);
}

// The copy that stays needs room as well. What is left here goes with the upload.
async::Task<void> remove_pieces(async::Loop* loop, uploads::Pieces* pieces, UploadId id) {
    try {
        co_await pieces->remove(loop, id.uuid());
    } catch (const std::exception&) {
        co_return;
    }
}

// The pieces as one file under the pending key, where complete_upload() looks; they are gone then.
async::Task<void> put_together(db::Db db, Upload row, TusParts parts, async::SteadyTime deadline) {
    auto& loop = db.loop();
    if (co_await is_together(db, &row, &parts, deadline)) co_return co_await remove_pieces(&loop, parts.pieces, row.id);
    auto list = pieces_of(co_await db.all(uploading::pieces_of, row.id));
    std::exception_ptr failure;
    try {
        std::ignore = co_await parts.upload.stored->put(
            {.key = files::pending_key(db.tenant(), row.id.uuid()),
             .source = uploads::read_pieces(&loop, parts.pieces, row.id.uuid(), std::move(list)),
             .length = static_cast<std::uint64_t>(row.bytes),
             .content_type = row.content_type.empty() ? "application/octet-stream" : row.content_type,
             .sha256 = digest_of(row.sha256)},
            deadline);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return co_await remove_pieces(&loop, parts.pieces, row.id);
    if (http::failure_of(failure).code() == storage::errors::wrong_hash) {
        co_await end_upload(db, row, {UploadState::refused, std::string(errors::upload_differs.code)}, parts.upload,
                            deadline);
        throw base::Failure(errors::upload_differs);
    }
    // Whoever was faster has taken the pieces away while they were read here.
    if (!co_await is_together(db, &row, &parts, deadline)) std::rethrow_exception(failure);
}

async::Task<bool> is_over(db::Db db, UploadId id) {
    const auto now = co_await db.one(uploading::by_id, id);
    co_return !now || now->state != UploadState::open;
}

async::Task<void> put_together_and_complete(db::Db db, Upload row, TusParts parts, async::SteadyTime deadline) {
    const auto id = row.id;
    std::exception_ptr failure;
    try {
        co_await put_together(db, row, parts, deadline);
        std::ignore = co_await complete_upload(db, std::move(row), parts.upload, deadline);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    // Whoever was faster has taken that file away as well.
    const auto now = co_await db.one(uploading::by_id, id);
    if (!now || now->state != UploadState::completed) std::rethrow_exception(failure);
}

}  // namespace

async::Task<void> TusRows::create(uploads::NewUpload upload, async::SteadyTime deadline) {
    auto read = order_of(upload);
    std::ranges::move(faults_of(read.order, parts_.upload), std::back_inserter(read.issues));
    if (!read.issues.empty()) throw base::Failure(http::errors::invalid, std::move(read.issues));
    require_upload(caller_, read.order.purpose);
    read.order.created_by = UserId(caller_.user_id);
    std::ignore = co_await begin_upload(db_.with_deadline(deadline), std::move(read.order), parts_.upload);
}

async::Task<std::optional<uploads::UploadRow>> TusRows::claim(base::Uuid id, std::optional<std::uint64_t> at,
                                                              async::SteadyTime deadline) {
    auto batch = db_.with_deadline(deadline).batch();
    batch.add(uploading::claim, UploadId(id), at.transform(number), may_upload(caller_, UploadPurpose::image),
              may_upload(caller_, UploadPurpose::document));
    const auto found = batch.add(uploading::claimed, UploadId(id));
    const auto results = co_await batch.commit();
    const auto row = results.one(found);
    if (!row || !may_upload(caller_, row->purpose)) co_return std::nullopt;
    co_return row_of(*row);
}

async::Task<std::optional<uploads::UploadRow>> TusRows::find(base::Uuid id, async::SteadyTime deadline) {
    const auto row = co_await db_.with_deadline(deadline).one(uploading::claimed, UploadId(id));
    if (!row || !may_upload(caller_, row->purpose)) co_return std::nullopt;
    co_return row_of(*row);
}

async::Task<bool> TusRows::move(uploads::Progress progress, async::SteadyTime deadline) {
    const auto moved =
        co_await db_.with_deadline(deadline).one(uploading::move, UploadId(progress.id), progress.fence,
                                                 number(progress.from), number(progress.to), progress.expires);
    co_return moved.has_value();
}

async::Task<void> TusRows::finish(uploads::UploadRow upload, async::SteadyTime deadline) {
    return finish_pieces(db_, UploadId(upload.id), parts_, deadline);
}

async::Task<bool> TusRows::terminate(base::Uuid id, async::SteadyTime deadline) {
    const auto db = db_.with_deadline(deadline);
    auto row = co_await db.one(uploading::by_id, UploadId(id));
    const bool is_there =
        row && row->kind == UploadKind::tus && row->state == UploadState::open && may_upload(caller_, row->purpose);
    if (!is_there) co_return false;
    co_await end_upload(db, *std::move(row), {UploadState::deleted}, parts_.upload, deadline);
    co_return true;
}

async::Task<void> finish_pieces(db::Db db, UploadId id, TusParts parts, async::SteadyTime deadline) {
    const auto timed = db.with_deadline(deadline);
    auto row = co_await timed.one(uploading::by_id, id);
    if (!row) throw base::Failure(uploads::errors::not_found);
    std::exception_ptr failure;
    try {
        if (row->state == UploadState::refused) throw_problem(*row);
        if (row->state == UploadState::open) co_await put_together_and_complete(timed, *row, parts, deadline);
    } catch (...) {
        failure = std::current_exception();
    }
    // What is refused takes no room either.
    if (!failure || co_await is_over(timed, id)) co_await parts.pieces->remove(&timed.loop(), id.uuid());
    if (failure) std::rethrow_exception(failure);
}

}  // namespace pos
