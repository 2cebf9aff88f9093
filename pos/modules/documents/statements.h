#pragma once
// The SQL of documents.

#include "db/query.h"
#include "pos/modules/documents/tables.h"
#include "pos/plumbing/collection.h"
#include "pos/plumbing/list.h"

namespace pos {

inline constexpr Collection<tables::documents> document_rows;

namespace document_statements {

inline constexpr List<tables::documents, Newest<&RowMeta::created_at>> list;

inline constexpr db::Query<Document(std::string)> by_request{
    {"documents.by_request",
     "select id, status, name, content_type, bytes, sha256, request_key, version, created_at, updated_at, deleted_at, "
     "created_by, origin_device_id from documents where tenant_id = $1 and request_key = $2",
     db::Kind::point}};
// Its file was refused, or has not come: nothing refers to it, and its key is free.
inline constexpr db::Query<void(DocumentId)> forget{
    {"documents.forget", "delete from documents where tenant_id = $1 and id = $2 and status = 'pending'",
     db::Kind::write}};
// Its file is gone.
inline constexpr db::Query<void(DocumentId)> forget_bytes{
    {"documents.forget_bytes",
     "update documents set bytes = 0 where tenant_id = $1 and id = $2 and deleted_at is not null", db::Kind::write}};

}  // namespace document_statements

}  // namespace pos
