#pragma once
// The SQL of uploads.

#include "db/query.h"
#include "pos/modules/uploads/tables.h"
#include "pos/plumbing/list.h"

namespace pos::uploading {

using db::Kind;

#define POS_UPLOAD_COLUMNS                                                                                    \
    "id, purpose, kind, state, content_type, name, bytes, received, sha256, image_id, document_id, problem, " \
    "expires_at, request_key, fence, metadata, created_by, origin_device_id, created_at, updated_at"

// Of a tenant, at once.
inline constexpr std::int64_t most_open = 200;

inline constexpr List<tables::uploads, Newest<&Upload::created_at>, Where<&Upload::purpose>, Where<&Upload::state>>
    list;
inline constexpr auto by_id = db::find<tables::uploads>("uploads.by_id");
inline constexpr auto add = db::insert<tables::uploads>("uploads.add");
inline constexpr db::Query<Upload(std::string)> by_request{
    {"uploads.by_request", "select " POS_UPLOAD_COLUMNS " from uploads where tenant_id = $1 and request_key = $2",
     Kind::point}};
// Behind add, in a batch that holds the tenant's storage (pos/plumbing/plan_limits.h).
inline constexpr db::Query<void(std::int64_t)> are_few{
    {"uploads.are_few",
     "select violate('uploads_open') where $2 < (select count(*) from uploads where tenant_id = $1 and state = 'open')",
     Kind::write}};

// ---- Its end: one, and once --------------------------------------------------------------------------------------

inline constexpr db::Query<void(UploadId, UploadState, std::optional<std::string>, base::Timestamp)> end{
    {"uploads.end",
     "update uploads set state = $3, problem = $4, updated_at = $5 where tenant_id = $1 and id = $2 and state = 'open'",
     Kind::write}};
inline constexpr db::Query<void(UploadId)> forget_pieces{
    {"uploads.forget_pieces", "delete from upload_pieces where tenant_id = $1 and upload_id = $2", Kind::write}};
// What was to become of it, and does not any more. `bytes` of such a row are 0: nothing is stored under a key of its own.
inline constexpr db::Query<void(std::optional<ImageId>, base::Timestamp)> drop_image{
    {"uploads.drop_image",
     "update images set deleted_at = $3, updated_at = $3 where tenant_id = $1 and id = $2 and status = 'pending' "
     "and deleted_at is null",
     Kind::write}};
inline constexpr db::Query<void(std::optional<DocumentId>, base::Timestamp)> drop_document{
    {"uploads.drop_document",
     "update documents set deleted_at = $3, updated_at = $3 where tenant_id = $1 and id = $2 and status = 'pending' "
     "and deleted_at is null",
     Kind::write}};

// ---- In pieces (src/uploads/rows.h) ---------------------------------------------------------------------------------

struct ClaimedUpload {
    UploadId id;
    UploadPurpose purpose{};
    UploadState state{};
    std::int64_t bytes = 0;
    std::int64_t received = 0;
    std::int64_t fence = 0;
    std::string metadata;
    base::Timestamp expires_at;
    std::int64_t pieces = 0;

    friend constexpr auto describe(ClaimedUpload*) {
        using schema::field;
        return schema::object<ClaimedUpload>(
            "ClaimedUpload", field<&ClaimedUpload::id>("id"), field<&ClaimedUpload::purpose>("purpose"),
            field<&ClaimedUpload::state>("state"), field<&ClaimedUpload::bytes>("bytes"),
            field<&ClaimedUpload::received>("received"), field<&ClaimedUpload::fence>("fence"),
            field<&ClaimedUpload::metadata>("metadata", {.text = schema::Text::raw}),
            field<&ClaimedUpload::expires_at>("expiresAt"), field<&ClaimedUpload::pieces>("pieces"));
    }
};
// The row is locked, so that whoever claims at the same moment sees the other's fence. One that is completed or refused is shown, and not
// claimed.
// $4, $5: whether the caller may upload images, documents. Whoever may not moves nothing.
inline constexpr db::Query<void(UploadId, std::optional<std::int64_t>, bool, bool)> claim{
    {"uploads.claim",
     "update uploads set fence = fence + 1 where tenant_id = $1 and id = $2 and kind = 'tus' and state = 'open' "
     "and expires_at > now() and ($3::bigint is null or received = $3) "
     "and case purpose when 'image' then $4::boolean else $5::boolean end",
     Kind::write}};
inline constexpr db::Query<ClaimedUpload(UploadId)> claimed{
    {"uploads.claimed",
     "select u.id, u.purpose, u.state, u.bytes, u.received, u.fence, u.metadata, u.expires_at, "
     "  (select count(*) from upload_pieces p where p.tenant_id = $1 and p.upload_id = $2) as pieces "
     "from uploads u where u.tenant_id = $1 and u.id = $2 and u.kind = 'tus' "
     "and (u.state in ('completed', 'refused') or (u.state = 'open' and u.expires_at > now()))",
     Kind::write}};
// Offset and piece move together, or not at all: no row, when another one has claimed it.
inline constexpr db::Query<std::int64_t(UploadId, std::int64_t, std::int64_t, std::int64_t, base::Timestamp)> move{
    {"uploads.move",
     "with moved as ("
     "  update uploads set received = $5, expires_at = $6, updated_at = now() "
     "  where tenant_id = $1 and id = $2 and fence = $3 and received = $4 and state = 'open' returning id) "
     "insert into upload_pieces as p (tenant_id, upload_id, fence, first, length) "
     "select $1, $2, $3, $4, $5 - $4 from moved "
     "on conflict (tenant_id, upload_id, fence) do update set length = p.length + excluded.length returning p.length",
     Kind::write}};
inline constexpr db::Query<UploadPiece(UploadId)> pieces_of{
    {"uploads.pieces_of",
     "select upload_id, fence, first, length from upload_pieces where tenant_id = $1 and upload_id = $2 order by first",
     Kind::read}};

}  // namespace pos::uploading
