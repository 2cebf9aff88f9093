#include "db/migrate/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace db::migrate {
namespace {

using testing::ElementsAre;

TEST(Tokens, KnowQuotesBodiesAndComments) {
    std::vector<std::string> texts;
    for (const auto& token : tokens_of("Select \"A b\" -- no\n, e'\\';' /* /* ; */ */ || $a$ ; $$ $a$ + 12.5"))
        texts.emplace_back(token.text);
    EXPECT_THAT(texts, ElementsAre("Select", "\"A b\"", ",", "e'\\';'", "|", "|", "$a$ ; $$ $a$", "+", "12", ".", "5"));
}

TEST(Tokens, HaveOneFormForSpacesCommentsAndCase) {
    EXPECT_EQ(normalised(tokens_of("CREATE  View v -- x\n as select 'A', \"B\"")),
              "create view v as select 'A' , \"B\"");
    EXPECT_NE(normalised(tokens_of("select 'A'")), normalised(tokens_of("select 'a'")));
}

TEST(Tokens, NameWhatAnExpressionUses) {
    EXPECT_THAT(names_in("Lower(name) <> \"Other\" and nextval('numbers') > 1"),
                ElementsAre("lower", "name", "Other", "and", "nextval", "numbers"));
    EXPECT_THAT(names_in("'"), ElementsAre());
    EXPECT_THAT(names_in("$a$ b"), ElementsAre());
    EXPECT_THAT(names_in("\"a\"\"b\""), ElementsAre("a\"b"));
}

TEST(Tokens, RenameColumnsAndNoValues) {
    EXPECT_EQ(rename_in("unit in ('unit', 'weight') and units > 0", "unit", "measure"),
              "measure in ('unit', 'weight') and units > 0");
    EXPECT_EQ(rename_in("\"order\" > 0 or UNIT is null", "order", "position"), "position > 0 or UNIT is null");
    EXPECT_EQ(rename_in("a > 0", "a", "order"), "\"order\" > 0");
}

}  // namespace
}  // namespace db::migrate
