#include "pos/modules/documents/kind.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"

namespace pos {

namespace {

constexpr std::size_t head_bytes = 1'024;
constexpr std::size_t tail_bytes = 1'024;
constexpr std::string_view pdf = "application/pdf";
constexpr std::string_view csv = "text/csv";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

constexpr bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool is_allowed(char c) { return static_cast<unsigned char>(c) >= 0x20 ? c != 0x7f : is_white(c); }

// How many bytes at the end may be the beginning of a letter that goes on: three at most.
std::size_t open_end(std::string_view text) {
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xC0U) == 0x80U) continue;
        const std::size_t wanted = byte >= 0xF0U ? 4 : byte >= 0xE0U ? 3 : byte >= 0xC0U ? 2 : 1;
        return wanted > back ? back : 0;
    }
    return 0;
}

}  // namespace

void DocumentKind::add(std::string_view piece) {
    has_bytes_ = has_bytes_ || !piece.empty();
    if (head_.size() < head_bytes) head_.append(piece.substr(0, head_bytes - head_.size()));
    if (piece.size() >= tail_bytes) {
        tail_.assign(piece.substr(piece.size() - tail_bytes));
    } else {
        tail_.append(piece);
        if (tail_.size() > tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
    }
    if (is_text_) check_text(piece);
}

void DocumentKind::check_text(std::string_view piece) {
    std::string text = std::move(unfinished_);
    text.append(piece);
    const auto whole = text.size() - open_end(text);
    const std::string_view letters = std::string_view(text).substr(0, whole);
    is_text_ = base::is_utf8(letters) && std::ranges::all_of(letters, is_allowed);
    unfinished_ = text.substr(whole);
    if (is_text_ && !letters.empty()) note_opening(letters);
}

void DocumentKind::note_opening(std::string_view letters) {
    // In front of everything; elsewhere it is a letter.
    if (std::exchange(is_at_start_, false) && letters.starts_with(byte_order_mark))
        letters.remove_prefix(byte_order_mark.size());
    for (const char c : letters) {
        if (opening_.size() == 2) return;
        if (!is_white(c)) opening_ += c;
    }
}

bool DocumentKind::begins_as_pdf() const {
    std::string_view head = head_;
    if (head.starts_with(byte_order_mark)) head.remove_prefix(byte_order_mark.size());
    head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
    return head.starts_with("%PDF-1.") || head.starts_with("%PDF-2.");
}

bool DocumentKind::is_markup() const { return opening_.starts_with('<'); }

bool DocumentKind::is_json() const {
    constexpr std::array<std::string_view, 5> openings{R"({")", "{}", "[{", "[[", R"([")"};
    return std::ranges::find(openings, opening_) != openings.end();
}

std::string_view DocumentKind::media_type() const {
    if (!fault().empty()) return "";
    return begins_as_pdf() ? pdf : csv;
}

std::string_view DocumentKind::fault() const {
    if (!has_bytes_) return "The file is empty: no bytes have come.";
    if (begins_as_pdf()) {
        if (tail_.contains("%%EOF")) return "";
        return "This is the beginning of a PDF: its end (%%EOF) is missing.";
    }
    if (!is_text_ || !unfinished_.empty()) return "This is no PDF, and no text in UTF-8: save a CSV as \"CSV UTF-8\".";
    if (opening_.empty()) return "The file is empty: it has nothing but white space.";
    if (is_markup()) return "This is HTML, SVG or XML: send a PDF or a CSV.";
    if (is_json())
        return "This is JSON: send the bytes of the file itself, as the body or as the field \"file\" of a form.";
    return "";
}

std::string download_name(std::string_view name, std::string_view media_type) {
    const std::string_view ending = media_type == pdf ? ".pdf" : ".csv";
    const bool has_ending = name.size() > ending.size() && base::ascii_lower(name).ends_with(ending);
    return has_ending ? std::string(name) : std::string(name).append(ending);
}

}  // namespace pos
