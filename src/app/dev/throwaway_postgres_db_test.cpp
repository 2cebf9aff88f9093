#include "app/dev/throwaway_postgres.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "db/migrate/connection.h"
#include "db/migrate/scratch.h"

namespace app::dev {
namespace {

TEST(ThrowawayPostgres, TakesScratchDatabasesAndLeavesNothing) {
    std::string url;
    std::string data;
    {
        const ThrowawayPostgres postgres;
        url = postgres.owner_url();
        const db::migrate::ScratchDatabase scratch(url);
        db::migrate::Connection connection(scratch.url());
        connection.execute("create extension pg_trgm");
        EXPECT_EQ(connection.query("select current_user")[0][0], "backend_owner");
        data = url.substr(url.find("host=") + 5);
        EXPECT_TRUE(std::filesystem::exists(data));
    }
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(data).parent_path().parent_path()));
    EXPECT_THROW(db::migrate::Connection{url}, db::migrate::SqlError);
}

}  // namespace
}  // namespace app::dev
