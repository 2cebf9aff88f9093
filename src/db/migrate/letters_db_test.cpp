// Databases of other encodings and locales than the one that texts need.

#include <gmock/gmock.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "db/migrate/commands.h"
#include "db/migrate/scratch.h"

namespace db::migrate {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string server_url() {
    const char* url = std::getenv("TEST_POSTGRES_URL");
    if (url == nullptr)
        throw std::runtime_error("TEST_POSTGRES_URL is not set: run the tests through bin/with-servers");
    return url;
}

class Letters : public testing::Test {
protected:
    void make(const std::string& letters) {
        Connection(server_url()).execute("create database " + name_ + " template template0 " + letters);
    }
    void TearDown() override { Connection(server_url()).execute("drop database if exists " + name_ + " with (force)"); }
    int migrate_it() {
        const std::vector<Migration> migrations{{"20260101000000_init", "create table t (a text);", "{}"}};
        const Roles roles{.app = "migrate_test_app", .system = "migrate_test_system"};
        return migrate(migrations, {.owner_url = with_database(server_url(), name_), .roles = roles}, out_);
    }
    std::string output() const { return out_.str(); }

    const ScratchDatabase scratch_{server_url()};  // whose name is nobody else's
    const std::string name_ = scratch_.name() + "_letters";
    std::ostringstream out_;
};

TEST_F(Letters, AnEncodingWithoutUnicodeIsRefusedAtOnce) {
    make("encoding 'LATIN1' locale 'C'");
    EXPECT_EQ(migrate_it(), 1);
    EXPECT_THAT(output(), HasSubstr("LATIN1"));
    EXPECT_THAT(output(), HasSubstr("template template0 encoding 'UTF8' locale 'C.UTF-8'"));
    EXPECT_THAT(output(), Not(HasSubstr("applying")));
}

TEST_F(Letters, ALocaleOfAsciiLettersIsSaid) {
    make("encoding 'UTF8' locale 'C'");
    EXPECT_EQ(migrate_it(), 0) << output();
    EXPECT_THAT(output(), HasSubstr("mind: the locale C"));
}

TEST_F(Letters, NothingIsSaidOfOneThatKnowsThem) {
    make("encoding 'UTF8' locale 'C.UTF-8'");
    EXPECT_EQ(migrate_it(), 0) << output();
    EXPECT_THAT(output(), Not(HasSubstr("mind:")));
}

}  // namespace
}  // namespace db::migrate
