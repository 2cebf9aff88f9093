#pragma once
// Appends JSON to a line: strings escaped, numbers in their shortest form, redacted fields replaced. Used by Log only; public to
// the tests. Lives for one line, on one thread.
//
//     std::string line;
//     logging::JSONWriter writer(line, redaction);
//     writer.fields({{"reqId", id}});   // ,"reqId":"…"

#include "log/redaction.h"
#include "log/value.h"

#include <array>
#include <string>
#include <string_view>

namespace logging {

// Appends `text` between quotes. Invalid UTF-8 becomes U+FFFD, one for each maximal ill-formed part (Unicode §3.9); control
// characters, U+007F and C1 controls too, are escaped so that a line can be shown on a terminal.
void append_json_string(std::string& out, std::string_view text);

// Appends the members of `bindings` (",\"key\":value" each) that none of `fields` names again: a line has each member once, and
// the later one wins.
void append_bindings(std::string& out, std::string_view bindings, Fields fields);

class JSONWriter {
public:
    static constexpr std::size_t longest_text = 16 * 1024;  // bytes of one string value; the rest is cut off
    static constexpr std::size_t longest_line =
        64 * 1024;  // past this, fields are left out and "truncated":true says so

    JSONWriter(std::string& out, const Redaction& redaction) : out_(out), redaction_(redaction) {}

    // `,"key":value` for each; of two with one name the later. Not for `level`, `time` and `msg`, which are the line's own.
    void fields(Fields fields);
    // A string, cut and without the secrets that Redaction::scrub finds.
    void text(std::string_view text);

private:
    // True while the path from the top of the line to `key` names a redacted field.
    bool redacted(std::string_view key);
    void member(std::string_view key, const Value& value);
    void key(std::string_view name);
    void value(const Value& value);
    void object(Fields fields);
    void array(std::span<const Value> items);
    void error(const Value& value);
    void request(const RequestShape& shape);
    void response(const ResponseShape& shape);
    void headers(std::span<const Header> headers);
    void url(std::string_view url);
    void separate();

    static constexpr std::size_t deepest_path = 8;

    std::string& out_;
    const Redaction& redaction_;
    std::array<std::string_view, deepest_path> path_{};
    std::size_t depth_ = 0;
};

}  // namespace logging
