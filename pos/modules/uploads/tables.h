#pragma once
// Uploads: files that are on their way, by a signed URL or in pieces (tus), until they are an image or a document.

#include "pos/modules/documents/tables.h"
#include "pos/modules/images/tables.h"

namespace pos {

using UploadId = base::Id<struct UploadTag>;

namespace errors {
inline constexpr auto upload_request_used =
    base::conflict("upload.request_used", "An upload was begun under this key already");
inline constexpr base::ErrorCode too_many_uploads{
    "upload.too_many", 429, false, base::Action::fix,
    "The shop has as many unfinished uploads as it may: complete or delete some"};
inline constexpr auto unknown_upload = base::invalid("upload.unknown", "There is no such upload");
inline constexpr auto unknown_document = base::invalid("document.unknown", "There is no such document");
inline constexpr base::ErrorCode upload_missing{"upload.missing", 409, false, base::Action::fix,
                                                "Nothing was uploaded yet: send the file first"};
inline constexpr base::ErrorCode upload_incomplete{"upload.incomplete", 409, false, base::Action::fix,
                                                   "A part of the file has not come yet"};
inline constexpr base::ErrorCode upload_ended{"upload.ended", 410, false, base::Action::fix,
                                              "The upload has expired or was deleted: begin another one"};
inline constexpr auto upload_differs = base::invalid("upload.differs", "The file is not the one that was announced");
inline constexpr base::ErrorCode upload_changed{"upload.changed", 409, true, base::Action::retry,
                                                "The file was replaced while it was looked at"};
}  // namespace errors

enum class UploadPurpose : std::uint8_t { image, document };
constexpr auto describe(UploadPurpose*) {
    return schema::enumeration<UploadPurpose>("UploadPurpose",
                                              {{UploadPurpose::image, "image"}, {UploadPurpose::document, "document"}});
}

// signed_url: the client puts the file into the storage by itself. tus: it comes here in pieces.
enum class UploadKind : std::uint8_t { signed_url, tus };
constexpr auto describe(UploadKind*) {
    return schema::enumeration<UploadKind>("UploadKind",
                                           {{UploadKind::signed_url, "signed_url"}, {UploadKind::tus, "tus"}});
}

enum class UploadState : std::uint8_t { open, completed, refused, expired, deleted };
constexpr auto describe(UploadState*) {
    return schema::enumeration<UploadState>("UploadState", {{UploadState::open, "open"},
                                                            {UploadState::completed, "completed"},
                                                            {UploadState::refused, "refused"},
                                                            {UploadState::expired, "expired"},
                                                            {UploadState::deleted, "deleted"}});
}

struct Upload {
    UploadId id;
    UploadPurpose purpose{};
    UploadKind kind{};
    UploadState state = UploadState::open;
    std::string content_type;
    std::optional<std::string> name;
    std::int64_t bytes = 0;
    std::int64_t received = 0;
    std::optional<std::string> sha256;
    std::optional<ImageId> image_id;
    std::optional<DocumentId> document_id;
    std::optional<std::string> problem;
    base::Timestamp expires_at;
    std::optional<std::string> request_key;
    std::int64_t fence = 0;
    std::string metadata;
    std::optional<UserId> created_by;
    std::optional<DeviceId> origin_device_id;
    base::Timestamp created_at;
    base::Timestamp updated_at;

    friend constexpr auto describe(Upload*) {
        using schema::field;
        return schema::object<Upload>(
            "Upload", field<&Upload::id>("id"), field<&Upload::purpose>("purpose"), field<&Upload::kind>("kind"),
            field<&Upload::state>("state",
                                  {.doc = "`refused`: the file was not what had been announced; `problem` says "
                                          "why. Begin another upload."}),
            field<&Upload::content_type>("contentType", {.text = schema::Text::raw}),
            field<&Upload::name>("name", {.text = schema::Text::name}), field<&Upload::bytes>("bytes"),
            field<&Upload::received>(
                "received", {.doc = "Of a tus upload: how many bytes are here for good. Of a completed one, all."}),
            field<&Upload::sha256>("sha256", {.text = schema::Text::raw}),
            field<&Upload::image_id>("imageId", {.doc = "What it has become: of a `completed` one alone."}),
            field<&Upload::document_id>("documentId"),
            field<&Upload::problem>("problem", {.text = schema::Text::raw, .doc = "An error code."}),
            field<&Upload::expires_at>("expiresAt"),
            field<&Upload::request_key>("requestKey", {.text = schema::Text::raw, .internal = true}),
            field<&Upload::fence>("fence", {.internal = true}),
            field<&Upload::metadata>("metadata", {.text = schema::Text::raw, .internal = true}),
            field<&Upload::created_by>("createdBy", {.internal = true}),
            field<&Upload::origin_device_id>("originDeviceId", {.internal = true}),
            field<&Upload::created_at>("createdAt"), field<&Upload::updated_at>("updatedAt"));
    }
};

// What one request has added to a tus upload (src/uploads/rows.h).
struct UploadPiece {
    UploadId upload_id;
    std::int64_t fence = 0;
    std::int64_t first = 0;
    std::int64_t length = 0;

    friend constexpr auto describe(UploadPiece*) {
        return schema::object<UploadPiece>("UploadPiece", schema::field<&UploadPiece::upload_id>("uploadId"),
                                           schema::field<&UploadPiece::fence>("fence"),
                                           schema::field<&UploadPiece::first>("first"),
                                           schema::field<&UploadPiece::length>("length"));
    }
};

// Where the search for files without a row, or rows without files, goes on.
struct FileSweep {
    std::string name;
    std::string after;
    base::Timestamp updated_at;

    friend constexpr auto describe(FileSweep*) {
        return schema::object<FileSweep>("FileSweep",
                                         schema::field<&FileSweep::name>("name", {.text = schema::Text::raw}),
                                         schema::field<&FileSweep::after>("after", {.text = schema::Text::raw}),
                                         schema::field<&FileSweep::updated_at>("updatedAt"));
    }
};

namespace tables {
inline constexpr auto uploads = db::tenant_table<Upload>(
    "uploads", db::primary_key<&Upload::id>(errors::id_taken),
    db::unique<&Upload::request_key>("uploads_request", errors::upload_request_used).where("request_key is not null"),
    db::references<&Upload::image_id>("uploads_image", images, errors::unknown_image),
    db::references<&Upload::document_id>("uploads_document", documents, errors::unknown_document),
    db::check("uploads_bytes", "bytes >= 0 and received between 0 and bytes", db::errors::value_refused),
    db::check("uploads_purpose",
              "(purpose = 'image') = (image_id is not null) "
              "and (purpose = 'document') = (document_id is not null)",
              db::errors::value_refused),
    // What statements.h refuses.
    db::check("uploads_open", "bytes >= 0", errors::too_many_uploads),
    db::index<&Upload::created_at, &Upload::id>("uploads_newest"),
    db::index<&Upload::image_id>("uploads_of_image").where("image_id is not null"),
    db::index<&Upload::document_id>("uploads_of_document").where("document_id is not null"),
    // Across tenants: what is cleaned up.
    db::expression_index("uploads_due", "btree", "expires_at").where("state = 'open'"),
    db::expression_index("uploads_whole", "btree", "updated_at")
        .where("state = 'open' and kind = 'tus' and received = bytes"),
    db::expression_index("uploads_age", "btree", "updated_at").where("state <> 'open'"));
inline constexpr auto upload_pieces = db::tenant_table<UploadPiece>(
    "upload_pieces", db::primary_key<&UploadPiece::upload_id, &UploadPiece::fence>(),
    db::references<&UploadPiece::upload_id>("upload_pieces_upload", uploads, errors::unknown_upload));
inline constexpr auto file_sweeps = db::system_table<FileSweep>("file_sweeps", db::primary_key<&FileSweep::name>());
}  // namespace tables

}  // namespace pos
