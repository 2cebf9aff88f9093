#pragma once
// The shapes of a row from one list of fields: the row itself, what makes one, what changes one. Values; any thread.
//
//     struct SupplierFields { std::string name; … describe → schema::object<SupplierFields>("Supplier", …) };
//     using Supplier = Row<SupplierId, SupplierFields>;        // "Supplier": id, the fields, version, createdAt, updatedAt
//     http::Body<New<Supplier>> input                          // "NewSupplier": the fields, and an id if the client makes it
//     http::Body<PatchOf<Supplier>> patch                      // "SupplierPatch": some of the fields
//
// A row with columns that no client sets (a device's number) is a struct of its own with `id`, `fields` and `meta`; New and
// PatchOf are made of it as well.

#include <algorithm>
#include <array>

#include "pos/row_meta.h"

namespace pos {

template <class IdType, class FieldsType>
struct Row {
    IdType id;
    FieldsType fields;
    RowMeta meta;

    friend constexpr auto describe(Row*) {
        return schema::object<Row>(schema::object_of<FieldsType>.name, schema::field<&Row::id>("id"),
                                   schema::flatten<&Row::fields>(), schema::flatten<&Row::meta>());
    }
};

namespace detail {

// "Supplier" → "NewSupplier", as a constant.
template <class Fields>
struct NewName {
    static constexpr auto base = schema::object_of<Fields>.name;
    static constexpr auto text = [] {
        std::array<char, base.size() + 3> name{'N', 'e', 'w'};
        std::ranges::copy(base, name.begin() + 3);
        return name;
    }();
    static constexpr std::string_view value{text.data(), text.size()};
};

}  // namespace detail

template <class R>
struct New {
    std::optional<decltype(R::id)> id;
    decltype(R::fields) fields;

    friend constexpr auto describe(New*) {
        return schema::object<New>(detail::NewName<decltype(R::fields)>::value,
                                   schema::field<&New::id>("id", {.doc = "Made by the server when it is missing."}),
                                   schema::flatten<&New::fields>());
    }
};

template <class R>
using PatchOf = schema::Patch<decltype(R::fields)>;

// A row of the API: 404 when it is missing or deleted.
template <class R>
[[nodiscard]] R live(std::optional<R> row) {
    if (!row || row->meta.deleted_at) throw base::Failure(errors::row_not_found);
    return std::move(*row);
}

}  // namespace pos
