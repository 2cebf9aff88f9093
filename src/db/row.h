#pragma once
// Values described by schema/ to and from PostgreSQL's binary format: one interpreter of descriptors, no templates.

#include "db/parameters.h"
#include "db/result.h"
#include "schema/type.h"

namespace db {

// An object becomes one parameter per field, in order; a std::vector of objects one array per field; everything else one
// parameter.
void append_argument(Parameters& parameters, const schema::Type& type, const void* value);

// `row` of `result` into a described struct (columns by position, in the order of the fields) or a scalar (column 0). Throws
// DecodeError when they do not fit: `db check` finds that before it happens.
void read_row(const Result& result, std::size_t row, const schema::Type& type, void* out);

}  // namespace db
