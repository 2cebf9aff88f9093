#include "payments/mpesa/answers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "payments/mpesa/phone.h"
#include "payments/mpesa/values.h"

namespace payments::mpesa {

namespace {

using schema::field;
using schema::Json;

// Daraja's own shape is errorCode and errorMessage; `fault` is of the gateway before it (Apigee), `Envelope` of what is behind it (SOAP).
struct ErrorBody {
    Json code;
    Json message;
    Json fault;
    Json envelope;

    friend constexpr auto describe(ErrorBody*) {
        return schema::object<ErrorBody>("MpesaError", field<&ErrorBody::code>("errorCode", {.defaulted = true}),
                                         field<&ErrorBody::message>("errorMessage", {.defaulted = true}),
                                         field<&ErrorBody::fault>("fault", {.defaulted = true}),
                                         field<&ErrorBody::envelope>("Envelope", {.defaulted = true}));
    }
};

struct Fault {
    Json code;
    Json text;
    Json detail;

    friend constexpr auto describe(Fault*) {
        return schema::object<Fault>("MpesaFault", field<&Fault::code>("faultcode", {.defaulted = true}),
                                     field<&Fault::text>("faultstring", {.defaulted = true}),
                                     field<&Fault::detail>("detail", {.defaulted = true}));
    }
};

struct FaultDetail {
    Json code;

    friend constexpr auto describe(FaultDetail*) {
        return schema::object<FaultDetail>("MpesaFaultDetail",
                                           field<&FaultDetail::code>("errorcode", {.defaulted = true}));
    }
};

struct Envelope {
    Json body;
    Json fault;

    friend constexpr auto describe(Envelope*) {
        return schema::object<Envelope>("MpesaEnvelope", field<&Envelope::body>("Body", {.defaulted = true}),
                                        field<&Envelope::fault>("Fault", {.defaulted = true}));
    }
};

struct Said {
    std::string code;
    std::string text;
};

Said said_of(const Json& fault_json) {
    const auto fault = read<Fault>(fault_json.text);
    if (!fault) return {};
    const auto detail = read<FaultDetail>(fault->detail.text);
    auto code = detail ? scalar_or_empty(detail->code) : "";
    if (code.empty()) code = scalar_or_empty(fault->code);
    return {.code = std::move(code), .text = scalar_or_empty(fault->text)};
}

Said said_of_envelope(const Json& json) {
    const auto envelope = read<Envelope>(json.text);
    if (!envelope) return {};
    const auto inner = read<Envelope>(envelope->body.text);
    return said_of(inner && !inner->fault.text.empty() ? inner->fault : envelope->fault);
}

Said said_in(std::string_view body) {
    const auto error = read<ErrorBody>(body);
    if (!error) return {};
    if (auto code = scalar_or_empty(error->code); !code.empty())
        return {.code = std::move(code), .text = scalar_or_empty(error->message)};
    auto fault = said_of(error->fault);
    return fault.code.empty() && fault.text.empty() ? said_of_envelope(error->envelope) : fault;
}

// Of a code from outside: letters, digits and the like, not too long. "": none.
std::string plain(std::string code) {
    const auto is_usual = [](char c) {
        const char small = base::ascii_lower(c);
        return (small >= 'a' && small <= 'z') || base::is_ascii_digit(c) || c == '.' || c == '_' || c == '-' ||
               c == ':';
    };
    const bool is_plain = code.size() <= 100 && std::ranges::all_of(code, is_usual);
    return is_plain ? mask_phones(code) : "";
}

std::string_view name_of_code(std::string_view code) { return code.substr(0, code.find(':')); }
std::string_view tag_of_code(std::string_view code) {
    const auto colon = code.find(':');
    return colon == std::string_view::npos ? std::string_view() : code.substr(colon + 1);
}

// Of all meanings of a code the first whose words are in the message; those without words come last.
const Row* row_for(std::string_view code, std::string_view message) {
    const auto text = base::ascii_lower(message);
    const auto known = rows();
    const auto found = std::ranges::find_if(
        known, [&](const Row& row) { return base::iequals(row.code, code) && text.contains(row.words); });
    return found == known.end() ? nullptr : &*found;
}

const Row* row_of(std::string_view code) {
    const auto known = rows();
    const auto found = std::ranges::find_if(known, [&](const Row& row) {
        return base::iequals(row.code, name_of_code(code)) && row.tag == tag_of_code(code);
    });
    return found == known.end() ? nullptr : &*found;
}

// Without a code that we know, the status speaks. 403 and 429 are the wall's and the gateway's, before Daraja itself: it was not carried
// out. Other 4xx say that the request is wrong.
Meaning meaning_of(const Problem& problem) {
    if (!problem.was_sent) return Meaning::not_taken;
    if (const auto* row = row_of(problem.code)) return row->meaning;
    if (problem.status == 403 || problem.status == 429) return Meaning::not_taken;
    const bool says_no =
        problem.status >= 400 && problem.status < 500 && problem.status != 408 && problem.status != 409;
    return says_no ? Meaning::refused : Meaning::ambiguous;
}

// Of results: nothing but a code that ends an attempt ends it.
Finding finding_of_result(Meaning meaning, Finding otherwise) {
    switch (meaning) {
        case Meaning::paid: return Finding::paid;
        case Meaning::declined: return Finding::declined;
        case Meaning::cancelled: return Finding::cancelled;
        case Meaning::timed_out: return Finding::timed_out;
        case Meaning::pending: return Finding::processing;
        default: return otherwise;
    }
}

const Row& unknown_row() {
    static constexpr Row row{
        "",
        "",
        "",
        Meaning::ambiguous,
        false,
        0,
        "M-Pesa gave an answer that is not known. Check with the customer whether the money left before you try again.",
        "M-Pesa imetoa jibu lisilojulikana. Hakikisha na mteja kama pesa imetoka kabla ya kujaribu tena."};
    return row;
}

}  // namespace

Problem problem_of(int status, std::string_view body) {
    auto [code, text] = said_in(body);
    Problem problem{.status = status, .code = plain(std::move(code)), .text = shown_text(text)};
    if (problem.code.empty() && base::ascii_lower(body).contains("no apiproduct match")) problem.code = "no_apiproduct";
    if (problem.code.empty() && status == 400 && base::trim(body).empty()) problem.code = "empty_400";
    if (const auto* row = row_for(problem.code, text); row != nullptr && !row->tag.empty())
        problem.code += ":" + std::string(row->tag);
    if (problem.code.empty()) problem.code = fmt::format("http_{}", status);
    return problem;
}

Problem problem_of(const client::Error& error) {
    if (error.outcome == client::Outcome::refused) return problem_of(error.status, error.body);
    Problem problem{.was_sent = error.outcome != client::Outcome::not_sent,
                    .status = error.status,
                    .code = std::string(client::to_string(error.cause)),
                    .text = error.detail};
    using client::Cause;
    const bool ends_both_ways =
        error.cause == Cause::timeout || error.cause == Cause::connection_lost || error.cause == Cause::cancelled;
    if (!problem.was_sent && ends_both_ways) problem.code.insert(0, "connect:");
    return problem;
}

bool is_token_trouble(const Problem& problem) { return meaning_of(problem) == Meaning::token; }

std::optional<Meaning> meaning_of_code(std::string_view code) {
    const auto* found = row_of(code);
    if (found == nullptr) found = row_of(name_of_code(code));
    return found == nullptr ? std::nullopt : std::optional(found->meaning);
}

Finding finding_of_prompt(const Problem& problem) {
    switch (meaning_of(problem)) {
        case Meaning::refused:
        case Meaning::token: return Finding::refused;
        case Meaning::not_taken: return Finding::not_sent;
        default: return Finding::lost;
    }
}

Finding finding_of_query(const Problem& problem) {
    return meaning_of(problem) == Meaning::pending ? Finding::processing : Finding::lost;
}

Finding finding_of_registration(const Problem& problem) {
    switch (meaning_of(problem)) {
        case Meaning::registered: return Finding::accepted;
        case Meaning::not_taken: return Finding::not_sent;
        case Meaning::ambiguous: return Finding::lost;
        default: return Finding::refused;
    }
}

Finding finding_of_callback(std::string_view code) {
    if (!is_result_code(code)) return Finding::processing;
    const auto* row = row_of(code);
    return row == nullptr ? Finding::declined : finding_of_result(row->meaning, Finding::declined);
}

Finding finding_of_queried(std::string_view code) {
    if (!is_result_code(code)) return Finding::lost;
    const auto* row = row_of(code);
    return row == nullptr ? Finding::processing : finding_of_result(row->meaning, Finding::processing);
}

Saying saying_of(std::string_view code, std::string_view language) {
    const auto* found = row_of(code);
    if (found == nullptr) found = row_of(name_of_code(code));
    const Row& row = found == nullptr ? unknown_row() : *found;
    Saying saying{.text = std::string(language == "sw" ? row.swahili : row.english),
                  .may_try_again = row.may_try_again};
    if (row.after_seconds > 0) saying.after = std::chrono::seconds(row.after_seconds);
    return saying;
}

}  // namespace payments::mpesa
