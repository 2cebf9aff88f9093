// The module that `backend-api new module` writes, which CMakeLists.txt has made as "lenders": the migration that is generated for
// its table applies, and its statements fit what it makes.

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "app/app.h"
#include "db/migrate/commands.h"
#include "pos/service.h"
#include "testing/scratch_database.h"

namespace pos {

app::Module lenders_module();

namespace {

using ::testing::HasSubstr;

// A copy of the migrations, which goes with the test.
class Folder {
public:
    Folder() : path_(std::filesystem::temp_directory_path() / ("new-module-migrations-" + std::to_string(::getpid()))) {
        std::filesystem::copy("pos/migrations", path_, std::filesystem::copy_options::recursive);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    // Of the newest migration.
    [[nodiscard]] std::string sql() const { return db::migrate::load_migrations(path_).back().sql; }

private:
    std::filesystem::path path_;
};

TEST(NewModule, ItsMigrationAppliesAndItsStatementsFit) {
    auto service = definition();
    service.modules.push_back(lenders_module());
    const auto tables = app::tables_of(service);
    const auto objects = app::database_objects_of(service);
    const auto statements = app::statements_of(service);
    const db::migrate::Declarations declared{tables, objects, statements};
    const Folder folder;
    std::ostringstream said;
    const auto after_all_others = std::chrono::sys_days{std::chrono::year(2200) / 1 / 1};
    ASSERT_EQ(
        db::migrate::generate(
            declared, {.folder = folder.path(), .name = "add_lenders", .now = after_all_others, .server = {}}, said),
        0)
        << said.str();
    for (const std::string_view part : {"create table lenders", "alter table lenders force row level security",
                                        "create policy", "function search_lenders"})
        EXPECT_THAT(folder.sql(), HasSubstr(part));

    ::testing::ScratchDatabase server;
    const db::migrate::ProofOptions options{server.url(), {server.create_role("app"), server.create_role("system")}};
    EXPECT_EQ(db::migrate::check(declared, db::migrate::load_migrations(folder.path()), options, said), 0)
        << said.str();
    EXPECT_THAT(said.str(), HasSubstr("migrations from zero give what the newest snapshot says"));
}

}  // namespace

}  // namespace pos
