#pragma once
// What Daraja's codes mean: errors of requests (mpesa: HTTP 4xx and 5xx in three shapes, or none) and results of prompts, in one table with
// what the seller is told. Pure.
//
//     const mpesa::Problem problem = mpesa::problem_of(reply.error());
//     mpesa::finding_of_prompt(problem);                  // Finding::refused
//     mpesa::finding_of_callback("1032");                 // Finding::cancelled
//     mpesa::saying_of("1032", "sw");

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "client/outcome.h"
#include "payments/provider.h"
#include "payments/state.h"

namespace payments::mpesa {

enum class Meaning : std::uint8_t {
    paid,
    pending,   // the payer has not decided
    declined,  // the attempt ended without money
    cancelled,
    timed_out,
    refused,     // the request is wrong, or the account is: it was not carried out
    token,       // of a dead access token: a new one may help
    not_taken,   // M-Pesa had no time for it: it was not carried out
    registered,  // it was there already
    ambiguous,   // nobody knows whether it was carried out
};

// A row of the table. `words`: of the message, where one code means several things.
struct Row {
    std::string_view code;
    std::string_view tag;    // "locked" of "500.001.1001:locked"; "" for the only, or any other, meaning
    std::string_view words;  // in small letters
    Meaning meaning;
    bool may_try_again;
    int after_seconds;
    std::string_view english;
    std::string_view swahili;
};
[[nodiscard]] std::span<const Row> rows();

// Why a request was not simply taken.
struct Problem {
    bool was_sent = true;  // false: nothing reached Daraja
    int status = 0;        // 0: no answer
    std::string code{};    // as Evidence::code
    std::string text{};
};
[[nodiscard]] Problem problem_of(const client::Error& error);
// Of the body of an error; `status` names what has no code of its own.
[[nodiscard]] Problem problem_of(int status, std::string_view body);

// nullopt: nobody knows it.
[[nodiscard]] std::optional<Meaning> meaning_of_code(std::string_view code);
[[nodiscard]] bool is_token_trouble(const Problem& problem);
[[nodiscard]] Finding finding_of_prompt(const Problem& problem);
[[nodiscard]] Finding finding_of_query(const Problem& problem);
// `accepted`: also when it was registered before.
[[nodiscard]] Finding finding_of_registration(const Problem& problem);

// Of a ResultCode. One that we do not know ends an attempt when M-Pesa calls back with it, and says nothing when it was asked for.
// What is no code at all says nothing either.
[[nodiscard]] Finding finding_of_callback(std::string_view code);
[[nodiscard]] Finding finding_of_queried(std::string_view code);

// "en" for any language but "sw".
[[nodiscard]] Saying saying_of(std::string_view code, std::string_view language);

}  // namespace payments::mpesa
