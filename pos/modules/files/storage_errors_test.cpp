#include "pos/modules/files/storage_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using storage::Fault;

// Whatever a storage answers has a code of the routes.
TEST(StorageErrors, HaveEveryFaultThatAKeptFileCanMeet) {
    const auto all = pos::with_storage_errors({storage::errors::denied});
    for (int fault = 0; fault <= static_cast<int>(Fault::outcome_unknown); ++fault) {
        const auto one = static_cast<Fault>(fault);
        // Of signed URLs and of ranges, which these routes do not have.
        if (one == Fault::bad_range || one == Fault::bad_signature || one == Fault::expired) continue;
        EXPECT_THAT(all, testing::Contains(storage::code_of(one)).Times(1)) << storage::to_string(one);
    }
}

}  // namespace
