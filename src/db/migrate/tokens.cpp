#include "db/migrate/tokens.h"

#include <algorithm>

#include "base/strings.h"
#include "db/sql.h"

namespace db::migrate {

namespace {

bool is_identifier_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_identifier(char c) { return is_identifier_start(c) || base::is_ascii_digit(c) || c == '$'; }

class Lexer {
public:
    explicit Lexer(std::string_view sql) : sql_(sql) {}

    std::vector<Token> run() {
        while (at_ < sql_.size()) step();
        return std::move(tokens_);
    }

private:
    void step() {
        const char c = sql_[at_];
        if (base::is_ascii_space(c)) {
            ++at_;
        } else if (starts_with("--")) {
            at_ = std::min(sql_.find('\n', at_), sql_.size());
        } else if (starts_with("/*")) {
            skip_comment();
        } else {
            const auto begin = at_;
            const auto kind = read(c);
            tokens_.push_back({kind, sql_.substr(begin, at_ - begin)});
        }
    }

    Token::Kind read(char c) {
        if (c == '\'') {
            skip_quoted('\'', false);
            return Token::Kind::text;
        }
        if (c == '"') {
            skip_quoted('"', false);
            return Token::Kind::quoted;
        }
        if (c == '$' && skip_dollar_quoted()) return Token::Kind::body;
        if (is_identifier_start(c)) return word();
        if (!base::is_ascii_digit(c)) {
            ++at_;
            return Token::Kind::symbol;
        }
        while (at_ < sql_.size() && is_identifier(sql_[at_])) ++at_;
        return Token::Kind::number;
    }

    Token::Kind word() {
        const auto begin = at_;
        while (at_ < sql_.size() && is_identifier(sql_[at_])) ++at_;
        const bool escapes = at_ - begin == 1 && (sql_[begin] == 'e' || sql_[begin] == 'E');
        if (!escapes || at_ == sql_.size() || sql_[at_] != '\'') return Token::Kind::word;
        skip_quoted('\'', true);
        return Token::Kind::text;
    }

    bool starts_with(std::string_view text) const { return sql_.substr(at_).starts_with(text); }

    void skip_comment() {
        int depth = 0;
        do {
            if (starts_with("/*")) {
                ++depth, at_ += 2;
            } else if (starts_with("*/")) {
                --depth, at_ += 2;
            } else {
                ++at_;
            }
        } while (depth > 0 && at_ < sql_.size());
    }

    void skip_quoted(char quote, bool escapes) {
        for (++at_; at_ < sql_.size(); ++at_) {
            if (escapes && sql_[at_] == '\\') {
                ++at_;
            } else if (sql_[at_] == quote) {
                if (!sql_.substr(at_ + 1).starts_with(quote)) break;
                ++at_;
            }
        }
        at_ = std::min(at_ + 1, sql_.size());
    }

    // $$ … $$ and $tag$ … $tag$; not $1.
    bool skip_dollar_quoted() {
        auto end = at_ + 1;
        while (end < sql_.size() && is_identifier(sql_[end]) && sql_[end] != '$') ++end;
        if (end >= sql_.size() || sql_[end] != '$' || base::is_ascii_digit(sql_[at_ + 1])) return false;
        const auto tag = sql_.substr(at_, end + 1 - at_);
        const auto close = sql_.find(tag, end + 1);
        at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
        return true;
    }

    std::string_view sql_;
    std::size_t at_ = 0;
    std::vector<Token> tokens_;
};

void collect_names(std::string_view sql, std::vector<std::string>& names) {
    for (const auto& token : tokens_of(sql)) {
        if (token.is_name()) names.push_back(token.name());
        if (token.kind == Token::Kind::text || token.kind == Token::Kind::body) collect_names(token.content(), names);
    }
}

}  // namespace

bool Token::is(std::string_view word_or_symbol) const {
    return (kind == Kind::word || kind == Kind::symbol) && base::ascii_lower(text) == word_or_symbol;
}

std::string Token::name() const {
    if (kind == Kind::word) return base::ascii_lower(text);
    if (kind != Kind::quoted || text.size() < 2) return {};
    std::string name(text.substr(1, text.size() - 2));
    for (auto at = name.find("\"\""); at != std::string::npos; at = name.find("\"\"", at + 1)) name.erase(at, 1);
    return name;
}

std::string_view Token::content() const {
    const auto begin = text.find(kind == Kind::body ? '$' : '\'', kind == Kind::body ? 1 : 0) + 1;
    const auto end = kind == Kind::body ? begin : 1;
    return text.size() < begin + end ? std::string_view() : text.substr(begin, text.size() - begin - end);
}

std::vector<Token> tokens_of(std::string_view sql) { return Lexer(sql).run(); }

std::string normalised(const std::vector<Token>& tokens) {
    std::string out;
    for (const auto& token : tokens) {
        if (!out.empty()) out += ' ';
        out += token.kind == Token::Kind::word ? token.name() : std::string(token.text);
    }
    return out;
}

std::vector<std::string> names_in(std::string_view sql) {
    std::vector<std::string> names;
    collect_names(sql, names);
    return names;
}

std::string rename_in(std::string_view sql, std::string_view from, std::string_view to) {
    std::string out;
    std::size_t copied = 0;
    for (const auto& token : tokens_of(sql)) {
        if (!token.is_name() || token.name() != from) continue;
        const auto begin = static_cast<std::size_t>(token.text.data() - sql.data());
        out.append(sql.substr(copied, begin - copied)).append(quote_identifier(to));
        copied = begin + token.text.size();
    }
    return out.append(sql.substr(copied));
}

}  // namespace db::migrate
