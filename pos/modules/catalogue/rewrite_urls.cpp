#include "pos/modules/catalogue/rewrite_urls.h"

#include <fmt/format.h>

#include "app/app.h"
#include "pos/modules/catalogue/statements.h"
#include "pos/modules/images/statements.h"
#include "pos/modules/tenants/module.h"
#include "pos/plumbing/feed.h"
#include "pos/plumbing/public_files.h"

namespace pos {

namespace {

constexpr std::int64_t portion = 200;

// What plumbing/public_files.h makes of the same ids; $2 is the base.
#define POS_URL_OF(image) "$2::text || '/v1/files/' || tenant_id || '/' || " image " || '/320.webp'"

constexpr db::SystemQuery<base::Uuid(base::Uuid, std::int64_t)> tenants_after{
    {"catalogue.tenants_after", "select id from tenants where id > $1 order by id limit $2", db::Kind::read}};
constexpr db::Query<ProductId(std::string, std::int64_t)> of_products{
    {"catalogue.urls_of_products",
     "update products set image_url = " POS_URL_OF("image_id") ", updated_at = now(), version = " POS_NEXT_VERSION(
         "version") " where tenant_id = $1 and id in (select id from products where tenant_id = $1 "
                    "  and image_id is not null and deleted_at is null and image_url is distinct from " POS_URL_OF(
                        "image_id") " order by id limit $3 for no key update) returning id",
     db::Kind::write}};
constexpr db::Query<CategoryId(std::string, std::int64_t)> of_categories{
    {"catalogue.urls_of_categories",
     "update categories set image_url = " POS_URL_OF("image_id") ", updated_at = now(), version = " POS_NEXT_VERSION(
         "version") " where tenant_id = $1 and id in (select id from categories where tenant_id = $1 "
                    "  and image_id is not null and deleted_at is null and image_url is distinct from " POS_URL_OF(
                        "image_id") " order by id limit $3 for no key update) returning id",
     db::Kind::write}};
constexpr db::Query<TenantId(std::string, std::int64_t)> of_tenants{
    {"catalogue.urls_of_tenants",
     "update tenants set logo_url = $2::text || '/v1/files/' || id || '/' || logo_image_id || '/320.webp', "
     "updated_at = now(), version = " POS_NEXT_VERSION(
         "version") " where id = $1 and $3::bigint > 0 and logo_image_id is not null and logo_url is distinct from "
                    "$2::text || '/v1/files/' || id || '/' || logo_image_id || '/320.webp' returning id",
     db::Kind::write}};
constexpr db::Query<ImageId(std::string, std::int64_t)> of_images{
    {"catalogue.urls_of_images",
     "update images set url = " POS_URL_OF(
         "id") ", files = ("
               "  select coalesce(jsonb_agg(jsonb_set(file, '{url}', to_jsonb($2::text || '/v1/files/' || tenant_id || "
               "'/' || id "
               "    || '/' || (file ->> 'name'))) order by place), '[]') "
               "  from jsonb_array_elements(files) with ordinality as every(file, place)), "
               "updated_at = now(), version = " POS_NEXT_VERSION(
                   "version") " where tenant_id = $1 and id in (select id from images where tenant_id = $1 "
                              "  and status = 'ready' and deleted_at is null and url is distinct from " POS_URL_OF(
                                  "id") " order by id limit $3 for no key update) returning id",
     db::Kind::write}};

// One portion, and its entries of the feed, are one transaction; how many rows.
template <class Rows, class Query>
async::Task<std::int64_t> portion_of(db::ActingDb tx, const Rows* rows, const Query* query, std::string base) {
    const auto ids = co_await tx.all(*query, base, portion);
    if (ids.empty()) co_return 0;
    std::vector<Change> changes;
    for (const auto& id : ids) changes.push_back(change_of(*rows, id));
    auto batch = tx.batch();
    record_changes(batch, changes, std::nullopt);
    co_await batch.commit();
    co_return std::ssize(ids);
}

template <class Rows, class Query>
async::Task<std::int64_t> rewrite(db::ActingDb db, const Rows* rows, const Query* query, std::string base) {
    std::int64_t count = 0;
    for (auto last = portion; last == portion; count += last)
        last = co_await db.transaction([&](db::ActingDb tx) { return portion_of(tx, rows, query, base); });
    co_return count;
}

db::SystemDb database_of(app::LoopHost& host) {
    return db::system_db(host.databases(), async::Loop::now() + std::chrono::minutes(10));
}

async::Task<void> rewrite_all(app::LoopHost* host, app::CommandInput input) {
    constexpr std::int64_t at_once = 500;
    const auto& base = host->services().use<PublicFiles>().base();
    RewrittenUrls all;
    base::Uuid last{};
    for (;;) {
        const auto some = co_await database_of(*host).all(tenants_after, last, at_once);
        for (const auto& tenant : some) {
            const auto done = co_await rewrite_urls(database_of(*host), tenant, base);
            all.products += done.products;
            all.categories += done.categories;
            all.tenants += done.tenants;
            all.images += done.images;
        }
        if (std::ssize(some) < at_once) break;
        last = some.back();
    }
    *input.out << fmt::format("{}: {} images, {} products, {} categories, {} logos\n", base.empty() ? "paths" : base,
                              all.images, all.products, all.categories, all.tenants)
               << std::flush;
}

}  // namespace

async::Task<RewrittenUrls> rewrite_urls(db::SystemDb db, base::Uuid tenant, std::string base) {
    const auto acting = db.as_tenant(tenant);
    RewrittenUrls done;
    done.images = co_await rewrite(acting, &image_rows, &of_images, base);
    done.categories = co_await rewrite(acting, &catalogue::category_rows, &of_categories, base);
    done.products = co_await rewrite(acting, &catalogue::product_rows, &of_products, base);
    done.tenants = co_await rewrite(acting, &tenant_rows, &of_tenants, base);
    co_return done;
}

app::OwnCommand rewrite_urls_command() {
    return {.group = "files",
            .name = "rewrite-urls",
            .doc = "Give the rows that show pictures their URLs anew, when FILES_PUBLIC_URL or PUBLIC_URL has changed",
            .options = {},
            .run = rewrite_all};
}

std::vector<db::StatementView> rewrite_urls_statements() {
    return db::statements(tenants_after, of_products, of_categories, of_tenants, of_images);
}

}  // namespace pos
