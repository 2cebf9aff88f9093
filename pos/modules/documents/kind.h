#pragma once
// What a document is, by its bytes and not by what somebody says of it. Pieces in, an answer at the end; no more is kept than 1 KiB.
//
//     DocumentKind kind;
//     while (…) kind.add(piece);
//     kind.media_type();                                     // "application/pdf", "text/csv"; "": neither
//
// A PDF begins with %PDF-1. or %PDF-2. (ISO 32000-2, 7.5.2) and has %%EOF in its last 1,024 bytes: one that was cut off is none. A CSV is
// text in UTF-8 (a byte order mark may stand in front), without control characters but tab, CR and LF, and does not begin with `<`,
// as HTML and SVG do. No bytes at all are an empty CSV.

#include <string>
#include <string_view>

namespace pos {

class DocumentKind {
public:
    void add(std::string_view piece);
    // Once, at the end.
    [[nodiscard]] std::string_view media_type() const;

private:
    void check_text(std::string_view piece);

    std::string head_;        // the first bytes
    std::string tail_;        // the last ones
    std::string unfinished_;  // of a letter that is not whole yet
    bool is_text_ = true;
    bool is_at_start_ = true;
    bool has_begun_ = false;  // something but white space has come
};

}  // namespace pos
