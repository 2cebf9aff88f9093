#include "storage/storage_url.h"

#include <gtest/gtest.h>

#include "storage/settings.h"

namespace storage {
namespace {

template <class T>
T read(std::string_view text) {
    auto url = parse_storage_url(text);
    if (!url) ADD_FAILURE() << text << ": " << url.error();
    return url ? std::get<T>(*url) : T();
}

TEST(StorageUrl, ADirectory) {
    EXPECT_EQ(read<DirectoryUrl>("file:///var/lib/files").directory, "/var/lib/files");
    EXPECT_EQ(read<DirectoryUrl>("file:/var/lib/my%20files").directory, "/var/lib/my files");
}

TEST(StorageUrl, AmazonS3) {
    const auto url = read<S3Url>("s3://AKIA:a%2Fb%2Bc@my-bucket?region=eu-west-1");
    EXPECT_EQ(url.bucket, "my-bucket");
    EXPECT_EQ(url.credentials.access_key, "AKIA");
    EXPECT_EQ(url.credentials.secret_key, "a/b+c");
    EXPECT_EQ(url.region, "eu-west-1");
    EXPECT_EQ(url.endpoint, "");
    EXPECT_FALSE(url.path_style);
    EXPECT_TRUE(read<S3Url>("s3://K:S@my.bucket").path_style);
}

TEST(StorageUrl, OtherS3) {
    const auto minio = read<S3Url>("s3://K:S@bucket/?endpoint=http%3A%2F%2FMinio:9000&part-size=16&token=t");
    EXPECT_EQ(minio.endpoint, "http://minio:9000");
    EXPECT_TRUE(minio.path_style);
    EXPECT_EQ(minio.part_bytes, std::size_t{16} << 20U);
    EXPECT_EQ(minio.credentials.session_token, "t");
    EXPECT_FALSE(read<S3Url>("s3://K:S@bucket?endpoint=https://x.example:443&path-style=false").path_style);
}

TEST(StorageUrl, Cloudinary) {
    const auto url = read<CloudinaryUrl>("cloudinary://123:secret@demo");
    EXPECT_EQ(url.cloud, "demo");
    EXPECT_EQ(url.api_key, "123");
    EXPECT_EQ(url.api_secret, "secret");
}

TEST(StorageUrl, FaultsSayWhatToWriteAndNothingOfTheSecret) {
    for (const std::string_view text : {"",
                                        "s3",
                                        "s3:",
                                        "s3://",
                                        "s3://bucket",
                                        "s3://K:hunter2@b",
                                        "s3://K:hunter2@Bucket",
                                        "s3://K:hunter2@127.0.0.1",
                                        "s3://K@bucket",
                                        "s3://:hunter2@bucket",
                                        "s3://K:hunter2/x@bucket?x",
                                        "s3://K:hunter2@bucket?color=hunter2",
                                        "s3://K:hunter2@bucket?region=EU",
                                        "s3://K:hunter2@bucket?endpoint=minio:9000",
                                        "s3://K:hunter2@bucket?endpoint=https://x/y",
                                        "s3://K:hunter2@bucket?endpoint=https://u:hunter2@x",
                                        "s3://K:hunter2@bucket?part-size=4",
                                        "s3://K:hunter2@bucket?region=a&region=b",
                                        "s3://K:%zz@bucket",
                                        "s3://K:hun%0Ater2@bucket",
                                        "file:x",
                                        "file://host/x",
                                        "file:/",
                                        "file:///%00",
                                        "cloudinary://K:hunter2@",
                                        "cloudinary://K:hunter2@a/b",
                                        "cloudinary://K:hunter2@a?x=y",
                                        "gs://bucket"}) {
        const auto url = parse_storage_url(text);
        ASSERT_FALSE(url) << text;
        EXPECT_FALSE(url.error().contains("hunter2")) << url.error();
        EXPECT_FALSE(url.error().empty());
    }
}

std::size_t issues_of(const Settings& settings, bool in_production) {
    schema::Issues issues;
    check(settings, in_production, issues);
    return issues.list().size();
}

TEST(StorageSettings, ProductionNeedsAPlace) {
    EXPECT_EQ(issues_of({}, false), 0U);
    EXPECT_EQ(issues_of({}, true), 1U);
    EXPECT_EQ(issues_of({.url = "file:///srv/files", .public_endpoint = ""}, true), 0U);
    EXPECT_EQ(issues_of({.url = "s3://K:S@bucket", .public_endpoint = ""}, true), 0U);
}

TEST(StorageSettings, SignedUrlsOfProductionAreTls) {
    const std::string inner = "s3://K:S@bucket?endpoint=http://minio:9000";
    EXPECT_EQ(issues_of({.url = inner, .public_endpoint = ""}, true), 1U);
    EXPECT_EQ(issues_of({.url = inner, .public_endpoint = "http://files.example.com"}, true), 1U);
    EXPECT_EQ(issues_of({.url = inner, .public_endpoint = "https://files.example.com"}, true), 0U);
    EXPECT_EQ(issues_of({.url = inner, .public_endpoint = "https://files.example.com/a"}, false), 1U);
    EXPECT_EQ(issues_of({.url = "cloudinary://K:S@demo", .public_endpoint = "https://x.example"}, false), 1U);
}

TEST(StorageSettings, WithoutOneADirectoryBesideTheProgram) {
    EXPECT_TRUE(read<DirectoryUrl>(Settings().url_or_default()).directory.string().ends_with("/.files"));
}

TEST(StorageKeys, WhatAKeyCannotBe) {
    for (const std::string_view key : {"a", "t/42/é b.jpg", "a/b/c=d+e%20", "a..b", "a.", "~"})
        EXPECT_EQ(key_fault(key), "") << key;
    const std::string long_part(201, 'a');
    std::string long_key = "a";
    while (long_key.size() <= 900) long_key += "/aaaaaaa";
    for (const std::string_view key :
         {std::string_view(""), std::string_view("/a"), std::string_view("a/"), std::string_view("a//b"),
          std::string_view("../a"), std::string_view("a/../b"), std::string_view("a/./b"), std::string_view(".a"),
          std::string_view("a\\b"), std::string_view("a\0b", 3), std::string_view("a\nb"), std::string_view("\xff"),
          std::string_view(long_part), std::string_view(long_key)})
        EXPECT_NE(key_fault(key), "") << key;
}

}  // namespace
}  // namespace storage
