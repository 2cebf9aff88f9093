#include "storage/local_urls.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace storage {
namespace {

using namespace std::chrono_literals;

const LocalUrls urls({.base_url = "https://api.example/v1/storage/", .secret = "a secret of at least 32 characters"});
const base::Timestamp now = *base::parse_timestamp("2026-01-02T03:04:05.678Z");

struct Parts {
    std::string key;
    NameValues query;
};

// As a route reads it.
Parts parts_of(const std::string& url) {
    const std::string base = "https://api.example/v1/storage/";
    EXPECT_TRUE(url.starts_with(base)) << url;
    const auto mark = url.find('?');
    Parts parts{.key = *base::percent_decode(url.substr(base.size(), mark - base.size()))};
    for (const auto member : base::split(std::string_view(url).substr(mark + 1), '&')) {
        const auto equals = member.find('=');
        parts.query.emplace_back(*base::percent_decode(member.substr(0, equals)),
                                 *base::percent_decode(member.substr(equals + 1)));
    }
    return parts;
}

TEST(LocalUrls, AGetIsGrantedUntilItExpires) {
    const auto url = urls.sign_get(
        {.key = "t/é b/c+d.jpg", .lifetime = 60s, .content_disposition = "attachment; filename=\"a&b.jpg\""}, now);
    ASSERT_TRUE(url);
    EXPECT_EQ(url->expires_at, *base::parse_timestamp("2026-01-02T03:05:05Z"));
    const auto [key, query] = parts_of(url->url);
    EXPECT_EQ(key, "t/é b/c+d.jpg");
    for (const std::string_view method : {"GET", "HEAD"}) {
        const auto grant = urls.verify(method, key, query, now);
        ASSERT_TRUE(grant);
        EXPECT_EQ(grant->content_disposition, "attachment; filename=\"a&b.jpg\"");
        EXPECT_EQ(grant->expires_at, url->expires_at);
    }
    EXPECT_EQ(urls.verify("PUT", key, query, now).error().fault, Fault::bad_signature);
    EXPECT_EQ(urls.verify("DELETE", key, query, now).error().fault, Fault::bad_signature);
    EXPECT_TRUE(urls.verify("GET", key, query, url->expires_at - 1us));
    EXPECT_EQ(urls.verify("GET", key, query, url->expires_at).error().fault, Fault::expired);
}

TEST(LocalUrls, APutBindsSizeAndType) {
    const auto url = urls.sign_put({.key = "p/7", .content_type = "image/png", .length = 1234}, now);
    ASSERT_TRUE(url);
    EXPECT_EQ(url->headers, (NameValues{{"Content-Type", "image/png"}}));
    const auto [key, query] = parts_of(url->url);
    const auto grant = urls.verify("PUT", key, query, now);
    ASSERT_TRUE(grant);
    EXPECT_FALSE(LocalUrls::check_upload(*grant, "image/png", 1234));
    EXPECT_EQ(LocalUrls::check_upload(*grant, "image/png", 1235)->fault, Fault::too_large);
    EXPECT_EQ(LocalUrls::check_upload(*grant, "image/png", 1233)->fault, Fault::wrong_length);
    EXPECT_EQ(LocalUrls::check_upload(*grant, "text/html", 1234)->fault, Fault::bad_signature);
}

TEST(LocalUrls, NothingOfAUrlCanBeChanged) {
    const auto url =
        urls.sign_put({.key = "p/7", .content_type = "image/png", .length = 12, .only_if_absent = true}, now);
    const auto [key, query] = parts_of(url->url);
    ASSERT_TRUE(urls.verify("PUT", key, query, now));
    EXPECT_FALSE(urls.verify("PUT", "p/8", query, now));
    EXPECT_FALSE(urls.verify("PUT", "p/7/", query, now));
    for (std::size_t i = 0; i < query.size(); ++i) {
        auto changed = query;
        changed[i].second += "0";
        EXPECT_FALSE(urls.verify("PUT", key, changed, now)) << query[i].first;
        changed = query;
        changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_FALSE(urls.verify("PUT", key, changed, now)) << query[i].first;
        changed = query;
        changed.push_back(query[i]);
        EXPECT_FALSE(urls.verify("PUT", key, changed, now)) << query[i].first;
    }
    auto more = query;
    more.emplace_back("x", "y");
    EXPECT_FALSE(urls.verify("PUT", key, more, now));
    const LocalUrls others({.base_url = "https://api.example/v1/storage", .secret = "another secret"});
    EXPECT_FALSE(others.verify("PUT", key, query, now));
}

TEST(LocalUrls, AForm) {
    const auto form =
        urls.sign_post({.key = "p/7", .content_type = "image/png", .max_length = 100, .lifetime = 60s}, now);
    ASSERT_TRUE(form);
    EXPECT_EQ(form->url, "https://api.example/v1/storage");
    const auto grant = urls.verify_form(form->fields, now);
    ASSERT_TRUE(grant);
    EXPECT_EQ(grant->key, "p/7");
    EXPECT_FALSE(LocalUrls::check_upload(*grant, "image/png", 1));
    EXPECT_FALSE(LocalUrls::check_upload(*grant, "image/png", 100));
    EXPECT_EQ(LocalUrls::check_upload(*grant, "image/png", 0)->fault, Fault::wrong_length);
    EXPECT_EQ(LocalUrls::check_upload(*grant, "image/png", 101)->fault, Fault::too_large);
    auto other = form->fields;
    other.front().second = "p/8";
    EXPECT_FALSE(urls.verify_form(other, now));
    EXPECT_FALSE(urls.verify("PUT", "p/7", form->fields, now));
    EXPECT_FALSE(urls.verify_form({}, now));
}

TEST(LocalUrls, WhatIsNotSigned) {
    EXPECT_EQ(urls.sign_get({.key = "../a"}, now).error().fault, Fault::bad_key);
    EXPECT_EQ(urls.sign_get({.key = "a", .lifetime = 0s}, now).error().fault, Fault::bad_value);
    EXPECT_EQ(urls.sign_get({.key = "a", .lifetime = longest_lifetime + 1s}, now).error().fault, Fault::bad_value);
    EXPECT_EQ(urls.sign_put({.key = "a", .content_type = "", .length = 1}, now).error().fault, Fault::bad_value);
    EXPECT_EQ(urls.sign_put({.key = "a", .content_type = "a\r\nb: c", .length = 1}, now).error().fault,
              Fault::bad_value);
    EXPECT_EQ(urls.sign_post({.key = "a", .content_type = "a/b", .min_length = 2, .max_length = 1}, now).error().fault,
              Fault::bad_value);
}

}  // namespace
}  // namespace storage
