#pragma once
// What a payer types as the account number, by hand: another case, spaces, a letter O for a zero. Pure functions; any thread.
//
//     const auto typed = TypedReference::read(" inv-1O 27");        // {"INV1027", ""}: compared with what documents are called
//     kept_text(sent.payer_name, 120);                              // no control characters, no more than 120 bytes

#include <cstddef>
#include <string>
#include <string_view>

namespace pos {

struct TypedReference {
    std::string normalised{};  // capital letters and digits, O as 0; "": nothing that could name a document
    std::string number{};  // without leading zeros, where digits alone were typed: the last part of a document's number

    [[nodiscard]] static TypedReference read(std::string_view typed);
};

// The same of what a document is called.
[[nodiscard]] std::string normalised_reference(std::string_view reference);

// A stranger's text as a column keeps it: valid UTF-8 without control characters, cut where a character ends.
[[nodiscard]] std::string kept_text(std::string_view sent, std::size_t most_bytes);

}  // namespace pos

// In SQL, of a column: what normalised_reference() gives, and the number that a reference ends in.
#define POS_NORMALISED_REFERENCE(column) \
    "translate(upper(regexp_replace(" column ", '[^A-Za-z0-9]', '', 'g')), 'O', '0')"
#define POS_REFERENCE_NUMBER(column) "ltrim(substring(" column " from '[0-9]+$'), '0')"
// `typed` and `number` are parameters: what TypedReference holds.
#define POS_REFERENCE_FITS(column, typed, number)            \
    "(" typed "::text <> '' and (" POS_NORMALISED_REFERENCE( \
        column) " = " typed " or (" number "::text <> '' and " POS_REFERENCE_NUMBER(column) " = " number ")))"
