#pragma once
// Documents of the tenant: PDF and CSV files, kept as they came.

#include "db/error.h"
#include "db/table.h"
#include "pos/row_meta.h"

namespace pos {

using DocumentId = base::Id<struct DocumentTag>;

namespace errors {
inline constexpr base::ErrorCode document_type{"document.unsupported_type", 415, false, base::Action::fix,
                                               "The file is neither a PDF nor a CSV in UTF-8"};
inline constexpr auto document_request_used =
    base::conflict("document.request_used", "A document was made under this key already");
inline constexpr base::ErrorCode document_deleted{"document.deleted", 410, false, base::Action::fix,
                                                  "The document that this key has made was deleted since"};
}  // namespace errors

enum class DocumentStatus : std::uint8_t { pending, ready, lost };
constexpr auto describe(DocumentStatus*) {
    return schema::enumeration<DocumentStatus>(
        "DocumentStatus",
        {{DocumentStatus::pending, "pending"}, {DocumentStatus::ready, "ready"}, {DocumentStatus::lost, "lost"}});
}

struct Document {
    DocumentId id;
    DocumentStatus status = DocumentStatus::pending;
    std::string name;
    std::string content_type;
    std::int64_t bytes = 0;
    std::optional<std::string> sha256;
    std::optional<std::string> request_key;
    RowMeta meta;

    friend constexpr auto describe(Document*) {
        using schema::field;
        return schema::object<Document>(
            "Document", field<&Document::id>("id"), field<&Document::status>("status"),
            field<&Document::name>("name", {.min_length = 1,
                                            .max_length = 200,
                                            .text = schema::Text::name,
                                            .example = R"("Delivery note 1042.pdf")"}),
            field<&Document::content_type>(
                "contentType", {.text = schema::Text::raw, .doc = "`application/pdf` or `text/csv`, by its bytes."}),
            field<&Document::bytes>("bytes"),
            field<&Document::sha256>("sha256", {.text = schema::Text::raw, .doc = "Hexadecimal."}),
            field<&Document::request_key>("requestKey", {.text = schema::Text::raw, .internal = true}),
            schema::flatten<&Document::meta>());
    }
};

namespace tables {
inline constexpr auto documents = db::tenant_table<Document>(
    "documents", db::primary_key<&Document::id>(errors::id_taken),
    db::unique<&Document::request_key>("documents_request", errors::document_request_used)
        .where("request_key is not null"),
    db::check("documents_ready", "bytes >= 0 and (status <> 'ready' or sha256 is not null)", db::errors::value_refused),
    db::index<&RowMeta::created_at, &Document::id>("documents_newest"),
    db::index<&RowMeta::updated_at, &Document::id>("documents_updated"),
    // Across tenants: what is cleaned up.
    db::expression_index("documents_unfinished", "btree", "created_at")
        .where("status = 'pending' and deleted_at is null"),
    db::expression_index("documents_to_remove", "btree", "deleted_at").where("deleted_at is not null and bytes > 0"));
}  // namespace tables

}  // namespace pos
