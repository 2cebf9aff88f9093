#include "db/database_url.h"

#include <gmock/gmock.h>

namespace db {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(UrlFault, NoneWhereTheLibraryReadsWhatIsMeant) {
    for (const auto* url :
         {"postgresql://app:secret@db/shop", "postgres://app@one:5432,two:5433/shop?target_session_attrs=read-write",
          "postgresql://app:S3cr%40t%2FWord@127.0.0.1:5432/shop", "postgresql://app:a?b#c:d,e@db/shop",
          "postgresql://app:x@[::1]:5432/shop", "postgresql:///shop?host=/run/postgresql",
          "postgresql://%2Frun%2Fpostgresql/shop", "postgresql://db/shop?user=a@b", "host=/run/postgresql dbname=shop",
          "host=db password='a@b/c d'"})
        EXPECT_THAT(url_fault(url), IsEmpty()) << url;
}

TEST(UrlFault, APasswordThatIsNotEncodedIsToldWithoutIt) {
    for (const auto* url : {"postgres://app:S3cr@tWord@127.0.0.1:23076/x", "postgres://app:S3cr/tWord@127.0.0.1/x",
                            "postgres://app:12/tWord@127.0.0.1/x", "postgres://app:S3cr@tW/ord@127.0.0.1/x",
                            "postgres://app:S3cr/x", "postgresql://app@S3cr:tWord@db/x"}) {
        EXPECT_THAT(url_fault(url), HasSubstr("percent-encode")) << url;
        EXPECT_THAT(url_fault(url), Not(HasSubstr("S3cr"))) << url;
        EXPECT_THAT(url_fault(url), Not(HasSubstr("tWord"))) << url;
    }
}

TEST(UrlFault, WhatTheLibraryCannotReadIsToldWithoutItsWords) {
    for (const auto* url :
         {"mysql://app:S3cr@db/x", "postgresql://app:S3cr@db/x?nonsense=1", "postgresql://app:S3%zz@db/x",
          "postgresql://app:S3cr@db/x\n", " postgresql://app:S3cr@db/x"}) {
        EXPECT_THAT(url_fault(url), Not(IsEmpty())) << url;
        EXPECT_THAT(url_fault(url), Not(HasSubstr("S3"))) << url;
    }
}

}  // namespace
}  // namespace db
