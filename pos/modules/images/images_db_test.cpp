// Pictures from the request to what everybody sees.

#include <gmock/gmock.h>

#include "pos/modules/catalogue/rewrite_urls.h"
#include "pos/modules/files/keys.h"
#include "pos/modules/images/tables.h"
#include "pos/modules/tenants/tables.h"
#include "pos/testing/files.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class ImagesTest : public FilesTest {
protected:
    static InjectedResponse add(std::string bytes = picture(), Headers headers = {}) {
        return send_file("/v1/images", std::move(bytes), "image/png", std::move(headers));
    }
    static std::string header(const InjectedResponse& reply, std::string_view name) {
        return std::string(reply.header(name).value_or(""));
    }
    static std::string product_with(const Image& image) {
        return fmt::format(R"({{"name":"Sugar","imageId":"{}"}})", text(image.id));
    }
};

TEST_F(ImagesTest, ThreeSizesOfAPicture) {
    const auto image = made<Image>(add());
    EXPECT_EQ(image.status, ImageStatus::ready);
    EXPECT_EQ(image.content_type, "image/png");
    EXPECT_EQ(image.width, 40);
    EXPECT_EQ(image.height, 20);
    EXPECT_THAT(image.colour.value_or(""), AllOf(StartsWith("#"), SizeIs(7)));
    ASSERT_EQ(image.files.size(), 6U);
    std::int64_t bytes = 0;
    for (const auto& file : image.files) {
        bytes += file.bytes;
        const auto reply = see(file.url);
        EXPECT_EQ(reply.status, 200) << file.url;
        EXPECT_EQ(std::ssize(reply.body), file.bytes) << file.name;
        EXPECT_EQ(header(reply, "content-type"), file.content_type);
        EXPECT_EQ(header(reply, "etag"), '"' + file.etag + '"');
        EXPECT_EQ(files::hex(base::sha256(reply.body)), file.etag);
    }
    EXPECT_EQ(image.bytes, bytes);
    EXPECT_EQ(image.url, image.files[2].url) << "320.webp";
    EXPECT_EQ(body<Image>(get("/v1/images/" + text(image.id), viewer)).url, image.url);
}

TEST_F(ImagesTest, AreServedToEverybodyAndKept) {
    const auto image = made<Image>(add());
    const auto whole = see(*image.url);
    EXPECT_THAT(header(whole, "cache-control"), AllOf(HasSubstr("public"), HasSubstr("immutable")));
    EXPECT_EQ(header(whole, "x-content-type-options"), "nosniff");
    EXPECT_EQ(header(whole, "content-security-policy"), "sandbox");
    EXPECT_EQ(header(whole, "cross-origin-resource-policy"), "cross-origin");
    EXPECT_THAT(header(whole, "content-disposition"), StartsWith("inline"));
    // One for all: a cache that is asked by another browser, or for another page, has it.
    const auto elsewhere = see(*image.url, {{"Origin", "https://shop.example"}, {"Accept-Encoding", "br"}});
    EXPECT_EQ(header(elsewhere, "access-control-allow-origin"), "*");
    EXPECT_EQ(header(elsewhere, "vary"), "");
    EXPECT_EQ(header(elsewhere, "etag"), header(whole, "etag"));
    EXPECT_EQ(see(*image.url, {{"If-None-Match", header(whole, "etag")}}).status, 304);
    const auto part = see(*image.url, {{"Range", "bytes=2-5"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, whole.body.substr(2, 4));
    EXPECT_EQ(see(*image.url, {{"Range", "bytes=9999999-"}}).status, 416);
    const auto base = image.url->substr(0, image.url->rfind('/'));
    for (const std::string file : {"320.png", "1.webp"})
        EXPECT_THAT(see(base + "/" + file).status, ::testing::AnyOf(400, 404, 308)) << file;
}

TEST_F(ImagesTest, AnotherTenantSeesNothingOfThem) {
    const auto image = made<Image>(add());
    EXPECT_EQ(get("/v1/images/" + text(image.id), other).status, 404);
    EXPECT_THAT(get("/v1/images", other).body, Not(HasSubstr(text(image.id))));
    EXPECT_EQ(post("/v1/products", product_with(image), other).status, 422);
    // By the id in a path of another tenant.
    auto url = *image.url;
    const auto theirs = body<Tenant>(get("/v1/tenant", other));
    const auto own = body<Tenant>(get("/v1/tenant"));
    url.replace(url.find(text(own.id)), 36, text(theirs.id));
    EXPECT_EQ(see(url).status, 404);
}

TEST_F(ImagesTest, OneKeyIsOneImage) {
    const Headers key{{"Idempotency-Key", "picture-1"}};
    const auto first = add(picture(), key);
    const auto again = add(picture(), key);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(header(again, "idempotent-replayed"), "true");
    const auto reused = add(red_picture(), key);
    EXPECT_EQ(reused.status, 422);
    EXPECT_THAT(reused.body, HasSubstr("idempotency.key_reused"));
}

TEST_F(ImagesTest, ThatAKeyHasMadeAndSomebodyDeletedAreGone) {
    const Headers key{{"Idempotency-Key", "picture-deleted"}};
    const auto image = made<Image>(add(picture(), key));
    ASSERT_EQ(del("/v1/images/" + text(image.id), image.meta.version).status, 204);
    const auto again = add(picture(), key);
    EXPECT_EQ(again.status, 410) << again.body;
    EXPECT_THAT(again.body, HasSubstr("image.deleted"));
    EXPECT_EQ(add(red_picture(), key).status, 422) << "another picture: another request";
}

// The process was killed between the row and its files, or behind the files: the row waits, and the same request finishes it.
TEST_F(ImagesTest, ARequestThatWasCutOffIsFinishedByItsRepetition) {
    const Headers key{{"Idempotency-Key", "picture-2"}};
    const auto first = made<Image>(add(picture(), key));
    app->database().execute(
        fmt::format("update images set status = 'pending', url = null, files = '[]' where id = '{}'", text(first.id)));
    EXPECT_EQ(see(*first.url).status, 404) << "what waits is not shown";
    const auto again = made<Image>(add(picture(), key));
    EXPECT_EQ(again.id, first.id);
    EXPECT_EQ(again.status, ImageStatus::ready);
    EXPECT_EQ(see(*first.url).status, 200);
}

TEST_F(ImagesTest, WhatIsNoPictureLeavesNothing) {
    const auto before = app->database().value("select count(*) from images");
    const auto files_before = keys().size();
    for (const std::string& bytes :
         {std::string("<svg onload=alert(1)>"), std::string("GIF89a"), std::string(), picture().substr(0, 60)}) {
        const auto reply = add(bytes);
        EXPECT_THAT(reply.status, ::testing::AnyOf(415, 422)) << reply.body;
    }
    EXPECT_EQ(app->database().value("select count(*) from images"), before);
    EXPECT_EQ(keys().size(), files_before);
}

TEST_F(ImagesTest, AreTheUrlsOfProductsCategoriesAndTheShop) {
    const auto image = made<Image>(add());
    const auto product = made<ProductDetails>(post("/v1/products", product_with(image))).product;
    EXPECT_EQ(product.image_url, image.url);
    const auto category =
        made<Category>(post("/v1/categories", fmt::format(R"({{"name":"Food","imageId":"{}"}})", text(image.id))));
    EXPECT_EQ(category.image_url, image.url);
    const auto tenant = body<Tenant>(get("/v1/tenant"));
    const auto logo =
        patch("/v1/tenant", fmt::format(R"({{"logoImageId":"{}"}})", text(image.id)), tenant.meta.version);
    EXPECT_EQ(body<Tenant>(logo).logo_url, image.url);
    EXPECT_THAT(get("/v1/products").body, HasSubstr(*image.url));

    const auto in_use = del("/v1/images/" + text(image.id), image.meta.version);
    EXPECT_EQ(in_use.status, 409);
    EXPECT_THAT(in_use.body, HasSubstr("image.in_use"));
    const auto bare = body<Product>(patch("/v1/products/" + text(product.id), R"({"imageId":null})", 1));
    EXPECT_FALSE(bare.image_url);
    EXPECT_EQ(patch("/v1/categories/" + text(category.id), R"({"imageId":null})", 1).status, 200);
    EXPECT_EQ(patch("/v1/tenant", R"({"logoImageId":null})", tenant.meta.version + 1).status, 200);
    EXPECT_EQ(del("/v1/images/" + text(image.id), image.meta.version).status, 204);
    EXPECT_EQ(see(*image.url).status, 404);
    EXPECT_EQ(get("/v1/images/" + text(image.id)).status, 404);
    EXPECT_EQ(post("/v1/products", product_with(image)).status, 422) << "a deleted one";
    for (const auto& key : keys()) EXPECT_THAT(key, Not(HasSubstr(text(image.id))));
    EXPECT_EQ(app->database().value(fmt::format("select bytes from images where id = '{}'", text(image.id))), "0");
}

// The base of the URLs has changed: all rows follow, and whoever has the rows hears of it.
TEST_F(ImagesTest, UrlsFollowTheirBase) {
    const auto image = made<Image>(add());
    const auto product = made<ProductDetails>(post("/v1/products", product_with(image))).product;
    const auto category =
        made<Category>(post("/v1/categories", fmt::format(R"({{"name":"Drinks","imageId":"{}"}})", text(image.id))));
    const auto tenant = body<Tenant>(get("/v1/tenant"));
    ASSERT_EQ(patch("/v1/tenant", fmt::format(R"({{"logoImageId":"{}"}})", text(image.id)), tenant.meta.version).status,
              200);
    const auto rewrite = [&](std::string base) {
        const auto db = db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(20));
        return app->run(rewrite_urls(db, tenant.id.uuid(), std::move(base)));
    };
    const auto changes = [&] {
        return app->database()
            .value(fmt::format("select string_agg(seq::text, ' ' order by row_id) from change_pointers where row_id in "
                               "('{}', '{}', '{}', '{}')",
                               text(image.id), text(product.id), text(category.id), text(tenant.id)))
            .value_or("");
    };
    const auto told = changes();
    const auto done = rewrite("https://cdn.example");
    EXPECT_EQ(done.products, 1);
    EXPECT_EQ(done.categories, 1);
    EXPECT_EQ(done.tenants, 1);
    EXPECT_GE(done.images, 1);
    const auto url = "https://cdn.example" + path_of(*image.url);
    const auto now = body<Product>(get("/v1/products/" + text(product.id)));
    EXPECT_EQ(now.image_url, url);
    EXPECT_EQ(now.meta.version, product.meta.version + 1);
    EXPECT_EQ(body<Category>(get("/v1/categories/" + text(category.id))).image_url, url);
    EXPECT_EQ(body<Tenant>(get("/v1/tenant")).logo_url, url);
    const auto shown = body<Image>(get("/v1/images/" + text(image.id)));
    EXPECT_EQ(shown.url, url);
    ASSERT_EQ(shown.files.size(), image.files.size());
    for (std::size_t i = 0; i < shown.files.size(); ++i) {
        EXPECT_EQ(shown.files[i].name, image.files[i].name);
        EXPECT_EQ(shown.files[i].url, "https://cdn.example" + path_of(image.files[i].url));
    }
    EXPECT_NE(changes(), told);
    const auto again = rewrite("https://cdn.example");
    EXPECT_EQ(again.products + again.categories + again.tenants + again.images, 0) << "once";
    const auto back = rewrite((*image.url).substr(0, image.url->size() - path_of(*image.url).size()));
    EXPECT_EQ(back.products, 1);
    EXPECT_EQ(body<Image>(get("/v1/images/" + text(image.id))).url, image.url) << "as this program writes it";
    // Gone again: other tests count.
    const auto shop = body<Tenant>(get("/v1/tenant"));
    EXPECT_EQ(patch("/v1/tenant", R"({"logoImageId":null})", shop.meta.version).status, 200);
}

// A photo that was replaced takes room until somebody deletes it: it has to be found.
TEST_F(ImagesTest, ThatNothingShowsAreListed) {
    const auto image = made<Image>(add());
    const auto replaced = made<Image>(add(red_picture()));
    const auto product = made<ProductDetails>(post("/v1/products", product_with(replaced))).product;
    const auto ids = [](const std::string& token = owner) {
        std::vector<std::string> all;
        for (const auto& row : body<db::Page<Image>>(get("/v1/images?unused=true&limit=500", token)).data)
            all.push_back(text(row.id));
        return all;
    };
    EXPECT_THAT(ids(), AllOf(::testing::Contains(text(image.id)), Not(::testing::Contains(text(replaced.id)))));
    EXPECT_EQ(patch("/v1/products/" + text(product.id), fmt::format(R"({{"imageId":"{}"}})", text(image.id)),
                    product.meta.version)
                  .status,
              200);
    EXPECT_THAT(ids(), AllOf(Not(::testing::Contains(text(image.id))), ::testing::Contains(text(replaced.id))));
    EXPECT_THAT(ids(other), Not(::testing::Contains(text(replaced.id)))) << "of the shop alone";
    // Page by page, and since a time.
    const auto first = body<db::Page<Image>>(get("/v1/images?unused=true&limit=1"));
    ASSERT_EQ(first.data.size(), 1U);
    if (first.next_cursor) {
        const auto second = body<db::Page<Image>>(get("/v1/images?unused=true&limit=1&cursor=" + *first.next_cursor));
        EXPECT_NE(second.data.at(0).id, first.data.at(0).id);
    }
    EXPECT_EQ(get("/v1/images?unused=true&updatedSince=2026-01-01T00:00:00Z").status, 200);
    EXPECT_EQ(get("/v1/images?unused=true&status=ready").status, 422);
}

// What an iPhone sends, and what is none: it says what to do.
TEST_F(ImagesTest, ThatAreNotTakenAreNamed) {
    const auto heic = add(std::string("\0\0\0\x18"
                                      "ftypheic",
                                      12) +
                          std::string(100, 'x'));
    EXPECT_EQ(heic.status, 415);
    EXPECT_THAT(heic.body, HasSubstr("This is HEIC: send it as JPEG"));
    EXPECT_THAT(add("").body, HasSubstr("The file is empty"));
}

TEST_F(ImagesTest, ADigestOfAFormIsChecked) {
    const auto form =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" +
        picture() + "\r\n--b--\r\n";
    const auto with = [&](std::string_view bytes) {
        return send_file(
            "/v1/images", form, "multipart/form-data; boundary=b",
            {{"Content-Digest", "sha-256=:" + base::base64_encode(base::as_chars(base::sha256(bytes))) + ":"}});
    };
    EXPECT_EQ(with(form).status, 201);
    const auto before = app->database().value("select count(*) from images");
    const auto other_bytes = with(picture());
    EXPECT_EQ(other_bytes.status, 400);
    EXPECT_THAT(other_bytes.body, HasSubstr("upload.digest_mismatch"));
    EXPECT_EQ(app->database().value("select count(*) from images"), before);
}

TEST_F(ImagesTest, AFormIsTakenAsWell) {
    const auto form =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" +
        picture() + "\r\n--b--\r\n";
    EXPECT_EQ(send_file("/v1/images", form, "multipart/form-data; boundary=b").status, 201);
    EXPECT_EQ(send_file("/v1/images", form.substr(0, form.size() - 4), "multipart/form-data; boundary=b").status, 400);
}

// The store says that all is well, and has kept another number of bytes.
TEST_F(ImagesTest, AFileThatIsNotWhatTheRowSaysIsNotServed) {
    const auto image = made<Image>(add());
    app->database().execute(
        fmt::format("update images set files = jsonb_set(files, '{{2,bytes}}', '7') where id = '{}'", text(image.id)));
    EXPECT_EQ(see(*image.url).status, 500);
}

}  // namespace
