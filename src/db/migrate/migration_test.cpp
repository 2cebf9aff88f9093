#include "db/migrate/migration.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "embedded/migration_examples.h"

namespace db::migrate {
namespace {

Migration migration(const std::string& name, const std::string& previous) {
    return {name, "", R"({"id":")" + name + R"(","previous":[)" + previous + R"(],"tables":[],"objects":[]})"};
}

std::string message_of(const std::vector<Migration>& migrations) {
    try {
        const History history(migrations);
        return "read";
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

TEST(EmbeddedFiles, AreTheFilesOfTheFolder) {
    const auto files = embedded::migration_examples();
    ASSERT_EQ(files.size(), 4U);
    EXPECT_EQ(files[0].path, "20260101000000_first/migration.sql");
    for (const auto& file : files) {
        std::ifstream in("src/db/migrate/examples/" + std::string(file.path), std::ios::binary);
        std::ostringstream bytes;
        bytes << in.rdbuf();
        EXPECT_EQ(file.bytes, bytes.view()) << file.path;
    }
}

TEST(LoadMigrations, GivesTheSameFromFilesAndFromTheProgram) {
    const auto embedded = load_migrations(embedded::migration_examples());
    const auto files = load_migrations("src/db/migrate/examples");
    ASSERT_EQ(embedded.size(), 2U);
    ASSERT_EQ(files.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(embedded[i].name, files[i].name);
        EXPECT_EQ(embedded[i].sql, files[i].sql);
        EXPECT_EQ(embedded[i].snapshot, files[i].snapshot);
    }
    EXPECT_TRUE(load_migrations("src/db/migrate/nowhere").empty());
}

TEST(LoadMigrations, RefusesWhatIsNoMigration) {
    const base::EmbeddedFile badly_named[] = {{"init/migration.sql", ""}, {"init/snapshot.json", ""}};
    EXPECT_THROW((void)load_migrations(badly_named), std::runtime_error);
    const base::EmbeddedFile half[] = {{"20260101000000_first/migration.sql", ""}};
    EXPECT_THROW((void)load_migrations(half), std::runtime_error);
}

TEST(ChecksumOf, IsTheSameForBothLineEndings) {
    EXPECT_EQ(checksum_of("a\nb\n"), checksum_of("a\r\nb\r\n"));
    EXPECT_NE(checksum_of("a\nb\n"), checksum_of("a\nb"));
}

TEST(History, FindsTheLeaves) {
    const std::vector<Migration> line{migration("20260101000000_a", ""),
                                      migration("20260102000000_b", R"("20260101000000_a")")};
    const History one(line);
    ASSERT_EQ(one.leaves().size(), 1U);
    EXPECT_EQ(one.leaves()[0]->id, "20260102000000_b");

    auto fork = line;
    fork.push_back(migration("20260103000000_c", R"("20260101000000_a")"));
    EXPECT_EQ(History(fork).leaves().size(), 2U);
    fork.push_back(migration("20260104000000_d", R"("20260102000000_b","20260103000000_c")"));
    EXPECT_EQ(History(fork).leaves().size(), 1U);
    EXPECT_TRUE(History({}).leaves().empty());
}

TEST(History, RefusesSnapshotsThatDoNotBelong) {
    using testing::HasSubstr;
    EXPECT_THAT(message_of({migration("20260102000000_b", R"("20260101000000_a")")}), HasSubstr("which is missing"));
    auto renamed = migration("20260102000000_b", "");
    renamed.name = "20260102000000_c";
    EXPECT_THAT(message_of({renamed}), HasSubstr("has the id"));
    EXPECT_THAT(message_of({{"20260102000000_b", "", "{"}}), HasSubstr("20260102000000_b/snapshot.json"));
}

}  // namespace
}  // namespace db::migrate
