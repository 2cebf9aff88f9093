#include "pos/modules/documents/keeper.h"

#include <gtest/gtest.h>

#include "pos/modules/images/maker.h"
#include "pos/plumbing/idempotency.h"

namespace {

using namespace pos;

std::string code_of(auto&& action) {
    try {
        action();
        return "";
    } catch (const base::Failure& failure) {
        return std::string(failure.code().code);
    }
}

// Two instances of the service have one key each at once: whoever comes second is told, unless it brought the same.
TEST(KeptOnce, TheSecondOfTwoFilesOfOneKeyIsRefused) {
    const Document document{.id = {}, .status = DocumentStatus::ready, .sha256 = "one"};
    EXPECT_EQ(same_document(document, "one").sha256, "one");
    EXPECT_EQ(code_of([&] { std::ignore = same_document(document, "two"); }), "idempotency.key_reused");
    const Image image{.id = {}, .status = ImageStatus::ready, .sha256 = "one"};
    EXPECT_EQ(same_image(image, "one").sha256, "one");
    EXPECT_EQ(code_of([&] { std::ignore = same_image(image, "two"); }), "idempotency.key_reused");
}

}  // namespace
