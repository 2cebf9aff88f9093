#include "pos/modules/documents/kind.h"

#include <algorithm>

#include "base/strings.h"

namespace pos {

namespace {

constexpr std::size_t head_bytes = 8;
constexpr std::size_t tail_bytes = 1'024;
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
    if (!is_text_ || has_begun_) return;
    auto begin = letters;
    // In front of everything; elsewhere it is a letter.
    if (is_at_start_ && begin.starts_with(byte_order_mark)) begin.remove_prefix(byte_order_mark.size());
    if (!letters.empty()) is_at_start_ = false;
    const auto* const first = std::ranges::find_if_not(begin, is_white);
    if (first == begin.end()) return;
    has_begun_ = true;
    is_text_ = *first != '<';
}

std::string_view DocumentKind::media_type() const {
    const bool is_pdf = head_.starts_with("%PDF-1.") || head_.starts_with("%PDF-2.");
    if (is_pdf) return tail_.contains("%%EOF") ? "application/pdf" : "";
    return is_text_ && unfinished_.empty() ? "text/csv" : "";
}

}  // namespace pos
