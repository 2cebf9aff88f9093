#include "db/migrate/script.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "db/migrate/tokens.h"
#include "db/sql.h"

namespace db::migrate {

namespace {

class Splitter {
public:
    explicit Splitter(std::string_view sql) : sql_(sql) {}

    std::vector<ScriptStatement> run() {
        for (const auto& token : tokens_of(sql_)) {
            const auto begin = static_cast<std::size_t>(token.text.data() - sql_.data());
            // `create rule … do (insert …; insert …)`
            if (token.is("(")) ++parentheses_;
            if (token.is(")") && parentheses_ > 0) --parentheses_;
            if (token.is(";") && body_depth_ == 0 && parentheses_ == 0) {
                finish(begin);
                continue;
            }
            if (!start_) start_ = begin;
            if (token.kind == Token::Kind::word) word(token);
        }
        finish(sql_.size());
        return std::move(statements_);
    }

private:
    void word(const Token& token) {
        if (words_.size() < 4) words_.push_back(token.name());
        if (is_routine()) follow_body(token);
    }

    bool is_routine() const {
        if (words_.empty() || words_[0] != "create") return false;
        const std::size_t kind = words_.size() > 2 && words_[1] == "or" ? 3 : 1;
        return words_.size() > kind && (words_[kind] == "function" || words_[kind] == "procedure");
    }
    // begin atomic … end holds semicolons, and so do the case … end inside.
    void follow_body(const Token& token) {
        if (token.is("begin") || (token.is("case") && body_depth_ > 0)) {
            ++body_depth_;
        } else if (token.is("end") && body_depth_ > 0) {
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
        parentheses_ = 0;
    }

    std::string_view sql_;
    std::optional<std::size_t> start_;
    std::vector<std::string> words_;
    int body_depth_ = 0;
    int parentheses_ = 0;
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

bool has_directive(std::string_view sql, std::string_view name) {
    for (const auto line : base::split(sql, '\n')) {
        const auto text = base::trim(line);
        if (!text.empty() && !text.starts_with("--")) return false;
        if (text.starts_with("--") && base::trim(text.substr(2)) == name) return true;
    }
    return false;
}

std::string with_roles(std::string_view sql, const Roles& roles) {
    const auto app = replace_all(sql, "{{app}}", quote_identifier(roles.app));
    return replace_all(app, "{{app_system}}", quote_identifier(roles.system));
}

}  // namespace db::migrate
