#pragma once
// SQL text taken apart into tokens: enough to find statements, names and what a function's head says, without a grammar. Pure
// functions: any thread.
//
//     for (const auto& token : db::migrate::tokens_of(sql)) if (token.names("items")) ...

#include <string>
#include <string_view>
#include <vector>

namespace db::migrate {

struct Token {
    enum class Kind : std::uint8_t {
        word,    // a key word or a name without quotes
        quoted,  // "Name"
        text,    // 'text', with its E, if any
        body,    // $$text$$
        number,
        symbol,  // any other character
    };
    Kind kind = Kind::symbol;
    std::string_view text;  // as it stands in the SQL, which must outlive this

    [[nodiscard]] bool is(std::string_view word_or_symbol) const;  // lower case; never true of what is quoted
    [[nodiscard]] bool is_name() const noexcept { return kind == Kind::word || kind == Kind::quoted; }
    // A name as PostgreSQL keeps it: lower case unless quoted. Empty for what is none.
    [[nodiscard]] std::string name() const;
    // What stands between the quotes of a text or a body.
    [[nodiscard]] std::string_view content() const;
};

// Without spaces and comments. What is not ended runs to the end of the text: PostgreSQL then says what is wrong.
[[nodiscard]] std::vector<Token> tokens_of(std::string_view sql);

// One form for texts that differ in spaces, comments and the case of words alone.
[[nodiscard]] std::string normalised(const std::vector<Token>& tokens);

// Every name in the text, also inside its quoted texts: nextval('numbers') uses numbers.
[[nodiscard]] std::vector<std::string> names_in(std::string_view sql);

// The column's new name where an expression names the old one. Texts in quotes stay: 'unit' is a value, unit a column.
[[nodiscard]] std::string rename_in(std::string_view sql, std::string_view from, std::string_view to);

}  // namespace db::migrate
