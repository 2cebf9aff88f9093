#pragma once
// A small shop for the tests and for openapi_example: between them its routes have every kind of part, reply and problem.
// Its handlers do next to nothing.
//
//     http::Router router;
//     openapi::example::add_routes(router);
//     openapi::document(router, openapi::example::info());

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/uuid.h"
#include "http/events.h"
#include "http/file.h"
#include "http/handler.h"
#include "http/redirect.h"
#include "http/router.h"
#include "openapi/document.h"
#include "schema/schema.h"

namespace openapi::example {

inline constexpr base::ErrorCode sku_taken{"product.sku_taken", 409, false, base::Action::fix,
                                           "Another product has this SKU"};
inline constexpr base::ErrorCode in_progress{"idempotency.in_progress", 409, true, base::Action::retry,
                                             "The first request with this key is still running"};
inline constexpr base::ErrorCode invalid_token{"auth.invalid_token", 401, false, base::Action::refresh_auth,
                                               "The access token is not valid"};
inline constexpr base::ErrorCode forbidden{"auth.forbidden", 403, false, base::Action::contact,
                                           "The caller may not do this"};
inline constexpr base::ErrorCode rate_limited{"rate.limited", 429, true, base::Action::retry, "Too many requests"};

struct ProductTag;
using ProductId = base::Id<ProductTag>;

enum class ProductStatus : std::uint8_t { active, archived };
constexpr auto describe(ProductStatus*) {
    return schema::enumeration<ProductStatus>(
        "ProductStatus", {{ProductStatus::active, "active"}, {ProductStatus::archived, "archived"}});
}

struct NewProduct {
    std::string sku;
    std::string name;
    std::optional<std::string> barcode;
    base::Money price;
    std::vector<std::string> labels;

    friend constexpr auto describe(NewProduct*) {
        using schema::field;
        return schema::object<NewProduct>(
            "NewProduct",
            field<&NewProduct::sku>("sku", {.min_length = 1, .max_length = 64, .example = R"("SUGAR-1KG")"}),
            field<&NewProduct::name>("name", {.min_length = 1, .max_length = 200}),
            field<&NewProduct::barcode>("barcode",
                                        {.min_length = 1, .max_length = 64, .text = schema::Text::identifier}),
            field<&NewProduct::price>("price", {.min = 0, .doc = "Minor units, tax included."}),
            field<&NewProduct::labels>("labels", {.max_items = 20, .defaulted = true}));
    }
};

struct Product {
    ProductId id;
    std::string name;
    std::optional<std::string> barcode;
    base::Money price;
    ProductStatus status = ProductStatus::active;
    std::int32_t version = 1;

    friend constexpr auto describe(Product*) {
        using schema::field;
        return schema::object<Product>("Product", field<&Product::id>("id", {.read_only = true}),
                                       field<&Product::name>("name", {.min_length = 1, .max_length = 200}),
                                       field<&Product::barcode>("barcode"), field<&Product::price>("price", {.min = 0}),
                                       field<&Product::status>("status"),
                                       field<&Product::version>("version", {.min = 1, .read_only = true}));
    }
};

struct ProductPage {
    std::vector<Product> data;
    std::optional<std::string> next_cursor;

    friend constexpr auto describe(ProductPage*) {
        return schema::object<ProductPage>("ProductPage", schema::field<&ProductPage::data>("data"),
                                           schema::field<&ProductPage::next_cursor>("nextCursor"));
    }
};

struct ProductFilter {
    std::int32_t limit = 50;
    std::optional<std::string> cursor;
    std::optional<ProductStatus> status;
    std::vector<ProductId> ids;

    friend constexpr auto describe(ProductFilter*) {
        using schema::field;
        return schema::object<ProductFilter>(
            "ProductFilter",
            field<&ProductFilter::limit>("limit",
                                         {.min = 1, .max = 500, .defaulted = true, .doc = "Page size \"at most\"."}),
            field<&ProductFilter::cursor>("cursor", {.doc = "From `nextCursor`.", .example = R"("eyJrIjoxfQ")"}),
            field<&ProductFilter::status>("status"), field<&ProductFilter::ids>("ids", {.defaulted = true}));
    }
};

// Any of two schemes, and a permission.
struct Staff {
    static Staff read(http::Context&, http::Findings&) { return {}; }
    static void describe(http::Operation& operation) {
        operation.security = {"bearer", "session"};
        operation.permission = "products.write";
        operation.can_fail(invalid_token);
        operation.can_fail(forbidden);
    }
};

inline async::Task<ProductPage> list_products(http::Query<ProductFilter>) { co_return ProductPage{}; }
inline async::Task<http::Created<Product>> create_product(
    Staff, http::HeaderValue<"Idempotency-Key", std::optional<std::string>>, http::Body<NewProduct>) {
    co_return http::Created<Product>{{}, "/v1/products/0"};
}
inline async::Task<Product> show_product(http::Path<"id", ProductId>) { co_return Product{}; }
inline async::Task<Product> change_product(Staff, http::Path<"id", ProductId>,
                                           http::HeaderValue<"If-Match", std::string>,
                                           http::Body<schema::Patch<Product>>) {
    co_return Product{};
}
inline async::Task<http::NoContent> delete_product(Staff, http::Path<"id", ProductId>) { co_return http::NoContent{}; }
inline async::Task<void> show_image(http::Path<"path", std::string>, http::Context&) { co_return; }

inline async::Task<http::File<"application/pdf">> show_label(http::Path<"id", ProductId>) {
    co_return http::File<"application/pdf">{.content = std::string("%PDF-1.7"), .name = "label.pdf", .shown = true};
}
inline async::Task<http::Redirect<303>> visit_maker(http::Path<"id", ProductId>) {
    co_return http::Redirect<303>::to_url("https://maker.example/");
}
inline async::Task<http::EventStream> follow_products(
    http::Context& context, http::HeaderValue<"Last-Event-ID", std::optional<std::string>> last) {
    auto queue = std::make_shared<http::EventQueue>(context.loop());
    queue->push({.data = R"({"id":"0"})", .id = last.value.value_or("0"), .type = "product"});
    queue->close();
    co_return http::EventStream{std::move(queue)};
}

inline void add_routes(http::Router& router) {
    http::Routes routes(router.group("/v1").answering({rate_limited}), "products");
    routes.get("/products", list_products, {.id = "listProducts", .summary = "List products"});
    routes.post("/products", create_product,
                {.id = "createProduct", .summary = "Add a product", .errors = {sku_taken, in_progress}});
    routes.get("/products/{id}", show_product, {.id = "getProduct", .summary = "One product"});
    routes.patch("/products/{id}", change_product,
                 {.id = "changeProduct",
                  .summary = "Change a product",
                  .description = "Members that are left out stay as they are.",
                  .errors = {sku_taken}});
    routes.del("/products/{id}", delete_product, {.id = "deleteProduct", .summary = "Remove a product"});
    routes.get("/products/{id}/label", show_label, {.id = "getLabel", .summary = "A label to print"});
    routes.get("/products/{id}/maker", visit_maker, {.id = "visitMaker", .summary = "To the maker's page"});
    routes.get("/product-events", follow_products, {.id = "followProducts", .summary = "Changes, as they happen"});
    routes.tagged("images").get("/images/{path...}", show_image, {.id = "getImage", .summary = "An image's bytes"});
}

inline Info info() {
    return {
        .title = "Example shop",
        .version = "1.0.0",
        .description = "What the tests of `src/openapi` are made with.",
        .licence = Licence{.name = "MIT", .identifier = "MIT"},
        .contact = Contact{.name = "Support", .url = "https://shop.example/help", .email = "help@shop.example"},
        .servers = {{.url = "https://api.shop.example", .description = "Production"}},
        .tags = {{"products", "What is sold."}, {"images", "Pictures of what is sold."}},
        .challenges = {forbidden},
        .known_errors = {sku_taken, rate_limited},
        .examples = {
            {.operation = {},
             .body = {},
             .parameters = {{"status", R"("active")"}, {"path", R"("a.png")"}, {"Last-Event-ID", R"("41")"}}},
            {.operation = "createProduct",
             .body = R"({"sku":"SUGAR-1KG","name":"Sugar","price":15000})",
             .parameters = {{"Idempotency-Key", R"("0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091")"}}},
            {.operation = "changeProduct", .body = R"({"name":"Sugar"})", .parameters = {{"If-Match", R"("\"1\"")"}}}}};
}

}  // namespace openapi::example
