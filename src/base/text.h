#pragma once
// Unicode text that people type and that is compared: two texts that look the same become the same bytes. Pure functions:
// any thread. Text that is not UTF-8 is left as it is. Work is linear in the text but for n log n of marks behind one letter.
//
//     std::string sku = " SUGAR\u200b-1 ";
//     base::normalise_identifier(sku);             // "SUGAR-1"
//     base::comparison_key("Café") == base::comparison_key("CAFE\u0301\u200d")
//     base::has_visible("\u3164");                 // false: a Hangul filler draws nothing
//
// What is done to which kind of text: docs/decisions/0030-texts.md.

#include <string>
#include <string_view>

namespace base {

// Canonical composition (UAX #15, NFC).
[[nodiscard]] std::string to_nfc(std::string_view text);
// Without Unicode's white space and blank letters at both ends.
[[nodiscard]] std::string_view trim_unicode(std::string_view text);
// Something of the text can be seen: not spaces, marks, controls and invisible characters alone.
[[nodiscard]] bool has_visible(std::string_view text);

// A note or an address: trimmed, NFC; lines and everything inside stay.
void normalise_free(std::string& text);
// A name for people: NFC, trimmed, runs of white space become one space. Controls and what only steers the display
// (zero-width space, bidirectional embeddings and isolates, tags outside a flag) are removed; joiners and variation selectors
// belong to letters and stay.
void normalise_name(std::string& text);
// What identifies a thing, such as a number plate or a reference: as a name, and nothing invisible stays anywhere. Case stays.
void normalise_identifier(std::string& text);
// Equal for identifiers that differ by letter case alone, too: the rule of PostgreSQL's lower(). To compare, never to show.
[[nodiscard]] std::string comparison_key(std::string_view text);
// The letters and digits of a text, drawn in any way (full width, in a circle, with accents), without anything else: signs, spaces,
// marks, emoji. For a code that people type. "“ＳＬＫ7–abc”" gives "SLK7abc"; letters of other scripts stay what they are.
[[nodiscard]] std::string letters_and_digits(std::string_view text);
// ASCII letters alone.
void ascii_upper(std::string& text);

}  // namespace base
