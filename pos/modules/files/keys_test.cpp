#include "pos/modules/files/keys.h"

#include <gtest/gtest.h>

namespace {

using namespace pos::files;

const auto tenant = *base::Uuid::from_string("0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091");
const auto id = *base::Uuid::from_string("0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8092");
const std::string digest(64, 'a');

TEST(FileKeys, AreReadAsTheyWereMade) {
    const auto pending = parse_key(pending_key(tenant, id));
    ASSERT_TRUE(pending);
    EXPECT_EQ(pending->place, Place::pending);
    EXPECT_EQ(pending->sha256, "");
    const auto image = parse_key(image_key(tenant, id, digest, "320.webp"));
    ASSERT_TRUE(image);
    EXPECT_EQ(image->place, Place::image);
    EXPECT_EQ(image->sha256, digest);
    const auto document = parse_key(document_key(tenant, id, digest));
    ASSERT_TRUE(document);
    EXPECT_EQ(document->place, Place::document);
    for (const auto& key : {*pending, *image, *document}) {
        EXPECT_EQ(key.tenant, tenant);
        EXPECT_EQ(key.id, id);
    }
}

TEST(FileKeys, OfOthersAreNotTakenForOurs) {
    const auto t = "t/" + tenant.to_string();
    const auto i = id.to_string();
    const std::string keys[] = {"",
                                "t",
                                "t/",
                                t,
                                t + "/pending",
                                t + "/pending/",
                                t + "/pending/" + i + "/",
                                t + "/pending/" + i + "/" + digest,
                                t + "/images/" + i,
                                t + "/images/" + i + "/" + digest,
                                t + "/images/" + i + "/" + digest + "/",
                                t + "/images/" + i + "/" + digest + "/../x",
                                t + "/images/" + i + "/" + digest + "/320.webp/x",
                                t + "/images/" + i + "/" + digest.substr(1) + "/320.webp",
                                t + "/images/" + i + "/" + std::string(64, 'A') + "/320.webp",
                                t + "/documents/" + i + "/" + digest + "/x",
                                t + "/other/" + i + "/" + digest,
                                "x/" + tenant.to_string() + "/pending/" + i,
                                "t/T/pending/" + i,
                                "/t/" + tenant.to_string() + "/pending/" + i};
    for (const auto& key : keys) EXPECT_FALSE(parse_key(key)) << key;
}

TEST(FileKeys, OneSpellingOfAnId) {
    auto upper = pending_key(tenant, id);
    for (auto& c : upper) c = c == 'f' ? 'F' : c;
    EXPECT_FALSE(parse_key(upper));
}

}  // namespace
