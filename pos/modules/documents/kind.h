#pragma once
// What a document is, by its bytes and not by what somebody says of it. Pieces in, an answer at the end; no more is kept than 1 KiB.
//
//     DocumentKind kind;
//     while (…) kind.add(piece);
//     kind.media_type();                                     // "application/pdf", "text/csv"; "": neither, and fault() says why
//
// A PDF begins with %PDF-1. or %PDF-2. (ISO 32000-2, 7.5.2), behind white space at most, as scanners write it, and has %%EOF in its last
// 1,024 bytes: one that was cut off is none. A CSV is text in UTF-8 (a byte order mark may stand in front), without control characters but
// tab, CR and LF, that has something to read, and begins neither as HTML and SVG do (`<`) nor as JSON (`{"`, `[{`). No bytes are neither.

#include <string>
#include <string_view>

namespace pos {

class DocumentKind {
public:
    void add(std::string_view piece);
    // Once, at the end.
    [[nodiscard]] std::string_view media_type() const;
    // For whoever sent it; "" when it has a media type.
    [[nodiscard]] std::string_view fault() const;

private:
    void check_text(std::string_view piece);
    void note_opening(std::string_view letters);
    [[nodiscard]] bool begins_as_pdf() const;
    [[nodiscard]] bool is_markup() const;
    [[nodiscard]] bool is_json() const;

    std::string head_;        // the first 1,024 bytes
    std::string tail_;        // the last ones
    std::string unfinished_;  // of a letter that is not whole yet
    std::string opening_;     // the first two that are no white space
    bool is_text_ = true;
    bool is_at_start_ = true;
    bool has_bytes_ = false;
};

// What it is saved as: with the ending of what it is. "Prices" as text/csv: "Prices.csv"; "prices.bat": "prices.bat.csv".
[[nodiscard]] std::string download_name(std::string_view name, std::string_view media_type);

}  // namespace pos
