#include "pos/modules/uploads/completing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/strings.h"
#include "pos/modules/documents/keeper.h"
#include "pos/modules/files/keys.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/plan_limits.h"
#include "pos/plumbing/suspension.h"

namespace pos {

namespace {

constexpr std::array image_types{"image/jpeg", "image/png", "image/webp", "image/gif"};
constexpr std::array document_types{"application/pdf", "text/csv"};

struct Alias {
    std::string_view announced;
    std::string_view type;
};
constexpr std::array image_aliases{Alias{"image/jpg", "image/jpeg"}, Alias{"image/pjpeg", "image/jpeg"},
                                   Alias{"image/x-png", "image/png"}};
// Browsers on a Windows with Excel call a CSV by Excel's name.
constexpr std::array document_aliases{
    Alias{"application/vnd.ms-excel", "text/csv"},    Alias{"application/csv", "text/csv"},
    Alias{"application/x-csv", "text/csv"},           Alias{"text/x-csv", "text/csv"},
    Alias{"text/comma-separated-values", "text/csv"}, Alias{"text/plain", "text/csv"},
    Alias{"application/x-pdf", "application/pdf"}};

std::uint64_t most_bytes(UploadPurpose purpose, const UploadParts& parts) {
    return purpose == UploadPurpose::image ? parts.maker->max_bytes() : parts.settings->document_bytes();
}

RowMeta meta_of(const UploadOrder& order, const UploadParts& parts) {
    const auto now = parts.runtime->now();
    return {.created_at = now,
            .updated_at = now,
            .created_by = order.created_by,
            .origin_device_id = parts.device.transform([](auto id) { return DeviceId(id); })};
}

Upload row_of(const UploadOrder& order, const UploadParts& parts) {
    const auto meta = meta_of(order, parts);
    Upload row{.id = order.id,
               .purpose = order.purpose,
               .kind = order.kind,
               .content_type = order.content_type,
               .name = order.name,
               .bytes = order.bytes,
               .sha256 = order.sha256,
               .expires_at = order.expires_at,
               .request_key = order.request_key,
               .metadata = order.metadata,
               .created_by = meta.created_by,
               .origin_device_id = meta.origin_device_id,
               .created_at = meta.created_at,
               .updated_at = meta.updated_at};
    if (order.purpose == UploadPurpose::image) {
        row.image_id = parts.runtime->new_id<ImageId>();
    } else {
        row.document_id = parts.runtime->new_id<DocumentId>();
    }
    return row;
}

// It counts with the upload's announced bytes until it is ready.
void add_what_becomes_of_it(db::Batch& batch, const Upload& row, RowMeta meta) {
    if (row.image_id) {
        batch.add(image_rows.add, Image{.id = *row.image_id, .meta = meta});
    } else {
        batch.add(document_rows.add, Document{.id = *row.document_id,
                                              .name = row.name.value_or("Document"),
                                              .content_type = row.content_type,
                                              .meta = meta});
    }
}

// ---- Completing ----------------------------------------------------------------------------------------------------

// One call of complete_upload(): lives in its frame.
struct Completing {
    db::Db db;
    Upload row;
    UploadParts parts;
    async::SteadyTime deadline;
    storage::ObjectInfo there{};

    [[nodiscard]] std::string key() const { return files::pending_key(db.tenant(), row.id.uuid()); }
    [[nodiscard]] StoredFiles::Inspect inspect() const {
        return {.key = key(), .etag = there.etag, .max_bytes = static_cast<std::uint64_t>(row.bytes)};
    }
    // Of the transaction that makes the image or the document ready.
    [[nodiscard]] std::function<void(db::Batch&)> ending() const {
        return [this](db::Batch& batch) {
            batch.add(uploading::end, row.id, UploadState::completed, std::nullopt, parts.runtime->now());
            batch.add(uploading::forget_pieces, row.id);
            if (row.document_id)
                audit(batch, *parts.runtime,
                      {.action = "document.add", .actor = row.created_by, .subject = row.document_id->uuid()});
        };
    }
};

void require_as_announced(const Upload& row, std::string_view media_type, std::string_view sha256) {
    const bool same_type = row.content_type.empty() || row.content_type == media_type;
    if (!same_type || (row.sha256 && *row.sha256 != sha256)) throw base::Failure(errors::upload_differs);
}

async::Task<void> become_image(const Completing* work) {
    const auto& parts = work->parts;
    const auto hold = parts.maker->hold(work->db.tenant(), work->there.size);
    auto made = co_await parts.maker->render(work->db.tenant(),
                                             co_await parts.stored->read_all(work->inspect(), work->deadline));
    require_as_announced(work->row, made.content_type, made.sha256);
    co_await parts.maker->store(work->db.tenant(), *work->row.image_id, made, work->deadline);
    made.contents.clear();
    const FinishImage finish{.id = *work->row.image_id,
                             .made = &made,
                             .public_files = &parts.maker->public_files(),
                             .now = parts.runtime->now(),
                             .device = parts.device,
                             .quota = parts.settings->quota_bytes(),
                             .more = work->ending()};
    std::ignore = co_await work->db.transaction([&finish](db::Db tx) { return finish_image(tx, finish); });
}

async::Task<void> become_document(const Completing* work) {
    const auto& parts = work->parts;
    const auto seen = co_await inspect_document(parts.stored, work->inspect(), work->deadline);
    require_as_announced(work->row, seen.media_type, seen.sha256);
    co_await keep_document(parts.stored,
                           {.tenant = work->db.tenant(),
                            .id = *work->row.document_id,
                            .from = work->key(),
                            .etag = work->there.etag,
                            .seen = seen},
                           work->deadline);
    const FinishDocument finish{.id = *work->row.document_id,
                                .seen = &seen,
                                .now = parts.runtime->now(),
                                .device = parts.device,
                                .quota = parts.settings->quota_bytes(),
                                .more = work->ending()};
    std::ignore = co_await work->db.transaction([&finish](db::Db tx) { return finish_document(tx, finish); });
}

async::Task<void> look_and_finish(Completing* work) {
    auto there = co_await work->parts.stored->head(work->key(), work->deadline);
    if (!there) throw base::Failure(errors::upload_missing);
    work->there = std::move(*there);
    if (work->there.size != static_cast<std::uint64_t>(work->row.bytes)) throw base::Failure(errors::upload_differs);
    if (work->row.image_id) {
        co_await become_image(work);
    } else {
        co_await become_document(work);
    }
}

// What is wrong with the file itself: sending the same one again would not help.
constexpr base::ErrorCode of_the_file[] = {errors::upload_differs,           errors::document_type,
                                           images::errors::unsupported_type, images::errors::too_many_bytes,
                                           images::errors::too_large,        images::errors::unreadable};

bool is_of_the_file(const base::ErrorCode& code) {
    return std::ranges::find(of_the_file, code.code, &base::ErrorCode::code) != std::end(of_the_file);
}

// The failure as the client is told of it.
std::exception_ptr told(std::exception_ptr failure) {
    const auto code = http::failure_of(failure).code();
    if (code == storage::errors::precondition_failed || code == storage::errors::not_found)
        return std::make_exception_ptr(base::Failure(errors::upload_changed));
    if (code == errors::row_not_found) return std::make_exception_ptr(base::Failure(errors::upload_ended));
    return failure;
}

async::Task<Upload> as_it_is(db::Db db, UploadId id) {
    auto row = co_await db.one(uploading::by_id, id);
    if (!row) throw base::Failure(errors::row_not_found);
    co_return *std::move(row);
}

}  // namespace

std::string canonical_type(UploadPurpose purpose, std::string_view announced) {
    auto type = base::ascii_lower(base::trim(announced.substr(0, announced.find(';'))));
    const auto aliases = purpose == UploadPurpose::image ? std::span<const Alias>(image_aliases)
                                                         : std::span<const Alias>(document_aliases);
    for (const auto& alias : aliases) {
        if (alias.announced == type) return std::string(alias.type);
    }
    return type;
}

std::vector<base::Issue> faults_of(const UploadOrder& order, const UploadParts& parts) {
    std::vector<base::Issue> issues;
    const auto is_known = order.purpose == UploadPurpose::image
                              ? std::ranges::find(image_types, order.content_type) != image_types.end()
                              : std::ranges::find(document_types, order.content_type) != document_types.end();
    if (!is_known && !order.content_type.empty())
        issues.push_back({"body",
                          "/contentType",
                          "not_taken",
                          order.purpose == UploadPurpose::image ? "image/jpeg, image/png, image/webp or image/gif"
                                                                : "application/pdf or text/csv",
                          {}});
    if (order.bytes < 0 || static_cast<std::uint64_t>(order.bytes) > most_bytes(order.purpose, parts))
        issues.push_back({"body",
                          "/bytes",
                          "too_big",
                          fmt::format("At most {} bytes are taken.", most_bytes(order.purpose, parts)),
                          {{"maximum", std::to_string(most_bytes(order.purpose, parts))}}});
    return issues;
}

// The routes ask for no permission, since it depends on the purpose: what a permission brings with it, they ask for here.
void require_upload(const auth::Caller& caller, UploadPurpose purpose) {
    if (purpose == UploadPurpose::image) return auth::detail::require_somewhere(caller, "products.write");
    auth::detail::require_everywhere(caller, "documents.write");
}

bool may_upload(const auth::Caller& caller, UploadPurpose purpose) {
    const bool is_image = purpose == UploadPurpose::image;
    const std::string_view permission = is_image ? "products.write" : "documents.write";
    if (!(is_image ? caller.may(permission) : caller.may_everywhere(permission))) return false;
    const auto& grants = *caller.grants;
    return grants.withheld_by == nullptr || !grants.withheld.test(*caller.permissions->find(permission));
}

void throw_problem(const Upload& row) {
    const auto problem = std::ranges::find(of_the_file, row.problem.value_or(""), &base::ErrorCode::code);
    throw base::Failure(problem == std::end(of_the_file) ? errors::upload_ended : *problem);
}

std::vector<base::ErrorCode> upload_walls() { return {auth::errors::forbidden, errors::subscription_suspended}; }

async::Task<Upload> begin_upload(db::Db db, UploadOrder order, UploadParts parts) {
    auto row = row_of(order, parts);
    auto batch = db.batch();
    hold_storage(batch);
    add_what_becomes_of_it(batch, row, meta_of(order, parts));
    batch.add(uploading::add, row);
    batch.add(uploading::are_few, uploading::most_open);
    require_storage(batch, parts.settings->quota_bytes());
    co_await batch.commit();
    co_return row;
}

async::Task<Upload> complete_upload(db::Db db, Upload row, UploadParts parts, async::SteadyTime deadline) {
    if (row.state == UploadState::completed) co_return row;
    if (row.state == UploadState::refused) throw_problem(row);
    if (row.state != UploadState::open || row.expires_at <= parts.runtime->now())
        throw base::Failure(errors::upload_ended);
    Completing work{.db = db, .row = std::move(row), .parts = parts, .deadline = deadline};
    std::exception_ptr failure;
    try {
        co_await look_and_finish(&work);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        // Another request may have been faster.
        auto now = co_await as_it_is(db, work.row.id);
        if (now.state == UploadState::completed) co_return now;
        if (now.state == UploadState::refused) throw_problem(now);
        const auto code = http::failure_of(failure).code();
        if (is_of_the_file(code))
            co_await end_upload(db, std::move(now), {UploadState::refused, std::string(code.code)}, parts, deadline);
        std::rethrow_exception(told(failure));
    }
    std::ignore = co_await parts.stored->remove(work.key(), deadline);
    co_return co_await as_it_is(db, work.row.id);
}

async::Task<void> end_upload(db::Db db, Upload row, EndUpload how, UploadParts parts, async::SteadyTime deadline) {
    const auto now = parts.runtime->now();
    auto batch = db.batch();
    batch.add(uploading::end, row.id, how.state, how.problem, now);
    batch.add(uploading::forget_pieces, row.id);
    batch.add(uploading::drop_image, row.image_id, now);
    batch.add(uploading::drop_document, row.document_id, now);
    co_await batch.commit();
    std::ignore = co_await parts.stored->remove(files::pending_key(db.tenant(), row.id.uuid()), deadline);
}

}  // namespace pos
