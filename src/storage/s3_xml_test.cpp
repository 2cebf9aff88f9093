#include "storage/s3_xml.h"

#include <gtest/gtest.h>

namespace storage {
namespace {

TEST(S3Xml, ReadsAnError) {
    const auto error = read_error(R"(<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'us-east-1' is wrong;
expecting 'eu-west-1'</Message><Region>eu-west-1</Region><RequestId>1</RequestId></Error>)");
    EXPECT_EQ(error.code, "AuthorizationHeaderMalformed");
    EXPECT_EQ(error.message, "the region 'us-east-1' is wrong; expecting 'eu-west-1'");
    EXPECT_EQ(error.region, "eu-west-1");
}

TEST(S3Xml, WhatIsNoErrorHasNoCode) {
    for (const std::string_view xml : {"", "<html><body>502</body></html>", "{\"Code\":\"NoSuchKey\"}",
                                       "<Error><Code>x", "<Error/>", "\xff<Error><Code>x</Code></Error>"})
        EXPECT_EQ(read_error(xml).code, "") << xml;
}

TEST(S3Xml, ErrorsAreFoundBehindTheSpacesOfASlowReply) {
    EXPECT_EQ(read_error("   \n  <?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>").code,
              "InternalError");
}

TEST(S3Xml, ReadsAPageOfAList) {
    const auto page =
        read_list(R"(<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<Name>b</Name><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>1/x=</NextContinuationToken>
<Contents><Key>a%2Fb+c%C3%A9.jpg</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;abc&quot;</ETag><Size>12</Size></Contents>
</ListBucketResult>)");
    ASSERT_TRUE(page) << page.error();
    ASSERT_EQ(page->objects.size(), 1U);
    EXPECT_EQ(page->objects[0].key, "a/b cé.jpg");
    EXPECT_EQ(page->objects[0].etag, "\"abc\"");
    EXPECT_EQ(page->objects[0].size, 12U);
    EXPECT_EQ(base::format_timestamp(page->objects[0].modified), "2026-01-02T03:04:05.000Z");
    EXPECT_EQ(page->next, "1/x=");
}

TEST(S3Xml, KeysThatAreNotEncodedStayAsTheyAre) {
    const auto page = read_list(
        "<ListBucketResult><Contents><Key>a%2Fb+c &amp; d</Key><Size>0</Size></Contents>"
        "</ListBucketResult>");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->objects.at(0).key, "a%2Fb+c & d");
    EXPECT_EQ(page->next, "");
}

TEST(S3Xml, AHalfList) {
    for (const std::string_view xml :
         {"", "<ListBucketResult>", "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
          "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
          "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
          "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
          "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%zz</Key><Size>1</Size></Contents>"
          "</ListBucketResult>"})
        EXPECT_FALSE(read_list(xml)) << xml;
}

TEST(S3Xml, NothingIsFetchedOrExpanded) {
    const auto page = read_list(R"(<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "bbbb">]>
<ListBucketResult><Contents><Key>&a;&b;</Key><Size>1</Size></Contents></ListBucketResult>)");
    if (page) {
        EXPECT_EQ(page->objects.at(0).key, "&a;&b;");
    }
}

TEST(S3Xml, DeepReplies) {
    std::string xml;
    for (int i = 0; i < 200'000; ++i) xml += "<a>";
    EXPECT_FALSE(read_list(xml));
    for (int i = 0; i < 200'000; ++i) xml += "</a>";
    EXPECT_FALSE(read_list(xml));
}

TEST(S3Xml, ReadsUploads) {
    const auto page = read_uploads(
        "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a/b</NextKeyMarker>"
        "<NextUploadIdMarker>i+2</NextUploadIdMarker><Upload><Key>a/b</Key><UploadId>i+2</UploadId></Upload>"
        "</ListMultipartUploadsResult>",
        "bucket");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->uploads.at(0).bucket, "bucket");
    EXPECT_EQ(page->uploads.at(0).upload_id, "i+2");
    EXPECT_EQ(page->next, "a%2Fb&i%2B2");
    EXPECT_EQ(read_upload_id("<InitiateMultipartUploadResult><UploadId>x</UploadId></InitiateMultipartUploadResult>"),
              "x");
    EXPECT_FALSE(read_upload_id("<InitiateMultipartUploadResult/>"));
}

TEST(S3Xml, ReadsETags) {
    EXPECT_EQ(read_etag("  <CopyObjectResult><ETag>&quot;a&quot;</ETag></CopyObjectResult>", "CopyObjectResult"),
              "\"a\"");
    EXPECT_EQ(read_etag("<CopyObjectResult><ETag>a-2</ETag></CopyObjectResult>", "CopyObjectResult"), "\"a-2\"");
    EXPECT_FALSE(read_etag("<Error><Code>InternalError</Code></Error>", "CopyObjectResult"));
}

TEST(S3Xml, WritesParts) {
    EXPECT_EQ(
        write_complete({"\"a\"", "<&>"}),
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>1</PartNumber>"
        "<ETag>&quot;a&quot;</ETag></Part><Part><PartNumber>2</PartNumber><ETag>&lt;&amp;&gt;</ETag></Part>"
        "</CompleteMultipartUpload>");
}

}  // namespace
}  // namespace storage
