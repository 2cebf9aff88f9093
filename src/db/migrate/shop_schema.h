#pragma once
// A small shop for the tests of tables, statements and migrations: every kind of column, constraint and wall once.
// Constants: any thread.
//
//     db::migrate::build_snapshot(shop::schema().tables, {});

#include <optional>
#include <string>
#include <vector>

#include "db/query.h"
#include "db/table.h"

namespace shop {

namespace errors {
inline constexpr base::ErrorCode sku_taken{"shop.sku_taken", 409, false, base::Action::fix,
                                           "Another product has this SKU"};
inline constexpr base::ErrorCode no_category{"shop.no_category", 409, false, base::Action::fix,
                                             "There is no such category"};
inline constexpr base::ErrorCode bad_price{"shop.bad_price", 422, false, base::Action::fix, "A price is not negative"};
}  // namespace errors

using TenantId = base::Id<struct TenantTag>;
using CategoryId = base::Id<struct CategoryTag>;
using ProductId = base::Id<struct ProductTag>;
using UserId = base::Id<struct UserTag>;
using MovementId = base::Id<struct MovementTag>;

enum class SoldBy : std::uint8_t { unit, weight };
constexpr auto describe(SoldBy*) {
    return schema::enumeration<SoldBy>("SoldBy", {{SoldBy::unit, "unit"}, {SoldBy::weight, "weight"}});
}

struct Tenant {
    TenantId id;
    std::string name;

    friend constexpr auto describe(Tenant*) {
        return schema::object<Tenant>("Tenant", schema::field<&Tenant::id>("id"), schema::field<&Tenant::name>("name"));
    }
};

struct User {
    UserId id;
    std::string email;
    base::Timestamp created_at;

    friend constexpr auto describe(User*) {
        return schema::object<User>("User", schema::field<&User::id>("id"),
                                    schema::field<&User::email>("email", {.format = schema::Format::email}),
                                    schema::field<&User::created_at>("createdAt"));
    }
};

struct Category {
    CategoryId id;
    std::string name;
    std::optional<CategoryId> parent_id;

    friend constexpr auto describe(Category*) {
        return schema::object<Category>("Category", schema::field<&Category::id>("id"),
                                        schema::field<&Category::name>("name", {.text = schema::Text::name}),
                                        schema::field<&Category::parent_id>("parentId"));
    }
};

struct Label {
    std::string text;

    friend constexpr auto describe(Label*) {
        return schema::object<Label>("Label", schema::field<&Label::text>("text"));
    }
};

struct ProductFields {
    std::string sku;
    std::string name;
    std::optional<CategoryId> category_id;
    base::Money price;
    SoldBy sold_by = SoldBy::unit;
    std::vector<std::string> tags;

    friend constexpr auto describe(ProductFields*) {
        return schema::object<ProductFields>(
            "ProductFields", schema::field<&ProductFields::sku>("sku", {.text = schema::Text::identifier}),
            schema::field<&ProductFields::name>("name"), schema::field<&ProductFields::category_id>("categoryId"),
            schema::field<&ProductFields::price>("price"), schema::field<&ProductFields::sold_by>("soldBy"),
            schema::field<&ProductFields::tags>("tags"));
    }
};

struct Product {
    ProductId id;
    ProductFields fields;
    std::vector<Label> labels;
    schema::Json extra;
    std::int32_t version = 1;
    std::optional<base::Timestamp> deleted_at;

    friend constexpr auto describe(Product*) {
        return schema::object<Product>(
            "Product", schema::field<&Product::id>("id"), schema::flatten<&Product::fields>(),
            schema::field<&Product::labels>("labels"), schema::field<&Product::extra>("extra"),
            schema::field<&Product::version>("version"), schema::field<&Product::deleted_at>("deletedAt"));
    }
};

struct Movement {
    MovementId id;
    ProductId product_id;
    base::Quantity delta;
    std::optional<SoldBy> sold_by;
    base::Date day;
    std::string note;

    friend constexpr auto describe(Movement*) {
        return schema::object<Movement>(
            "Movement", schema::field<&Movement::id>("id"), schema::field<&Movement::product_id>("productId"),
            schema::field<&Movement::delta>("delta"), schema::field<&Movement::sold_by>("soldBy"),
            schema::field<&Movement::day>("day"), schema::field<&Movement::note>("note"));
    }
};

inline constexpr auto tenants = db::tenant_root_table<Tenant>("tenants", db::primary_key<&Tenant::id>());
inline constexpr auto users = db::system_table<User>("users", db::primary_key<&User::id>(),
                                                     db::unique<&User::email>("users_email", errors::sku_taken));
inline constexpr auto categories =
    db::tenant_table<Category>("categories", db::primary_key<&Category::id>(),
                               db::unique<&Category::name>("categories_name", errors::sku_taken).at_commit());
inline constexpr auto products = db::tenant_table<Product>(
    "products", db::primary_key<&Product::id>(),
    db::unique<&ProductFields::sku>("products_sku", errors::sku_taken).where("deleted_at is null"),
    db::references<&ProductFields::category_id>("products_category", categories, errors::no_category),
    db::index<&ProductFields::name, &Product::id>("products_name"),
    db::expression_index("products_search", "gin", "to_tsvector('simple', name)"),
    db::check("products_price", "price >= 0", errors::bad_price), db::column_default<&Product::version>("1"));
inline constexpr auto movements = db::tenant_table<Movement>(
    "movements", db::primary_key<&Movement::id>(),
    db::references<&Movement::product_id>("movements_product", products, errors::no_category), db::append_only(),
    db::updatable<&Movement::note>());

inline std::vector<db::TableView> tables() {
    return {tenants.view(), users.view(), categories.view(), products.view(), movements.view()};
}

}  // namespace shop
