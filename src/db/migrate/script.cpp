#include "db/migrate/script.h"

#include <algorithm>

#include "base/strings.h"
#include "db/sql.h"

namespace db::migrate {

namespace {

bool is_identifier_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_identifier(char c) { return is_identifier_start(c) || base::is_ascii_digit(c) || c == '$'; }

class Splitter {
public:
    explicit Splitter(std::string_view sql) : sql_(sql) {}

    std::vector<ScriptStatement> run() {
        while (at_ < sql_.size()) step();
        finish(at_);
        return std::move(statements_);
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
        } else if (c == ';' && body_depth_ == 0) {
            finish(at_++);
        } else {
            if (!start_) start_ = at_;
            token(c);
        }
    }

    void token(char c) {
        if (c == '\'') {
            skip_quoted('\'', false);
        } else if (c == '"') {
            skip_quoted('"', false);
        } else if (c == '$' && skip_dollar_quoted()) {
            return;
        } else if (is_identifier_start(c)) {
            word();
        } else if (base::is_ascii_digit(c)) {
            while (at_ < sql_.size() && is_identifier(sql_[at_])) ++at_;
        } else {
            ++at_;
        }
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

    // A doubled quote ends one string and begins the next, which comes to the same.
    void skip_quoted(char quote, bool escapes) {
        for (++at_; at_ < sql_.size(); ++at_) {
            if (escapes && sql_[at_] == '\\') {
                ++at_;
            } else if (sql_[at_] == quote) {
                break;
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

    void word() {
        const auto begin = at_;
        while (at_ < sql_.size() && is_identifier(sql_[at_])) ++at_;
        const auto text = base::ascii_lower(sql_.substr(begin, at_ - begin));
        if (text == "e" && at_ < sql_.size() && sql_[at_] == '\'') return skip_quoted('\'', true);
        if (words_.size() < 4) words_.push_back(text);
        if (is_routine()) follow_body(text);
    }

    bool is_routine() const {
        if (words_.empty() || words_[0] != "create") return false;
        const std::size_t kind = words_.size() > 2 && words_[1] == "or" ? 3 : 1;
        return words_.size() > kind && (words_[kind] == "function" || words_[kind] == "procedure");
    }
    // begin atomic … end holds semicolons, and so do the case … end inside.
    void follow_body(std::string_view text) {
        if (text == "begin" || (text == "case" && body_depth_ > 0)) {
            ++body_depth_;
        } else if (text == "end" && body_depth_ > 0) {
            --body_depth_;
        }
    }

    void finish(std::size_t end) {
        if (start_) {
            const auto line = 1 + std::count(sql_.begin(), sql_.begin() + static_cast<std::ptrdiff_t>(*start_), '\n');
            statements_.push_back(
                {std::string(base::trim(sql_.substr(*start_, end - *start_))), static_cast<std::size_t>(line)});
        }
        start_.reset();
        words_.clear();
        body_depth_ = 0;
    }

    std::string_view sql_;
    std::size_t at_ = 0;
    std::optional<std::size_t> start_;
    std::vector<std::string> words_;
    int body_depth_ = 0;
    std::vector<ScriptStatement> statements_;
};

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
    std::string out;
    for (auto at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
        out.append(text.substr(0, at)).append(to);
        text.remove_prefix(at + from.size());
    }
    return out.append(text);
}

}  // namespace

std::vector<ScriptStatement> split_statements(std::string_view sql) { return Splitter(sql).run(); }

std::string with_roles(std::string_view sql, const Roles& roles) {
    const auto app = replace_all(sql, "{{app}}", quote_identifier(roles.app));
    return replace_all(app, "{{app_system}}", quote_identifier(roles.system));
}

}  // namespace db::migrate
