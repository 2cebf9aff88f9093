#include "pos/collections.h"

#include <gmock/gmock.h>

#include <set>

#include "pos/service.h"

namespace {

using namespace pos;

// A collection stands in its module's statements (bin/lint proves it), so that one which is in no list is found here.
TEST(Collections, EveryCollectionOfAModuleIsListedOnce) {
    const auto service = definition();
    std::set<std::string> declared;
    for (const auto& module : service.modules) {
        for (const auto& statement : module.statements) {
            const std::string_view suffix = ".by_ids";
            if (statement.name.ends_with(suffix))
                declared.emplace(statement.name.substr(0, statement.name.size() - suffix.size()));
        }
    }
    std::set<std::string> listed;
    for (const auto& collection : synced_collections())
        EXPECT_TRUE(listed.emplace(collection.name).second) << collection.name << " is listed twice";
    EXPECT_EQ(declared, listed) << "pos/collections.cpp lists those of the modules";
}

TEST(Collections, AreFoundByTheirNames) {
    for (const auto& collection : synced_collections()) EXPECT_EQ(find_collection(collection.name), &collection);
    EXPECT_EQ(find_collection("users"), nullptr);
    EXPECT_EQ(find_collection(""), nullptr);
}

// What tills are told of rows that have a location is for who may read there.
TEST(Collections, RowsWithALocationColumnSayWhereTheyBelong) {
    const auto service = definition();
    for (const auto& module : service.modules) {
        for (const auto& table : module.tables) {
            const auto* collection = find_collection(table.name);
            if (collection == nullptr) continue;
            const bool names_one = table.name == "locations" || table.row->find("locationId") != nullptr;
            EXPECT_EQ(collection->has_location, names_one) << table.name;
        }
    }
}

}  // namespace
