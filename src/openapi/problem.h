#pragma once
// The body of every error reply as a declaration: the `Problem` of the document. http::problem_json() writes the same by hand;
// a test reads what it wrote with this. Plain data.
//
//     auto problem = schema::parse<openapi::Problem>(reply.body);
//     EXPECT_EQ(problem->code, "sale.total_mismatch");

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/schema.h"

namespace openapi {

enum class ProblemAction : std::uint8_t { retry, refresh_auth, fix, pull_first, upgrade, pay, contact };
constexpr auto describe(ProblemAction*) {
    using enum ProblemAction;
    return schema::enumeration<ProblemAction>("ProblemAction", {{retry, "retry"},
                                                                {refresh_auth, "refresh_auth"},
                                                                {fix, "fix"},
                                                                {pull_first, "pull_first"},
                                                                {upgrade, "upgrade"},
                                                                {pay, "pay"},
                                                                {contact, "contact"}});
}

struct ProblemIssue {
    std::string in;
    std::string pointer;
    std::string code;
    schema::Maybe<std::string> message;
    schema::Maybe<std::map<std::string, schema::Json>> params;

    friend constexpr auto describe(ProblemIssue*) {
        using schema::field;
        return schema::object<ProblemIssue>(
            "ProblemIssue", schema::doc("One finding about the request."),
            field<&ProblemIssue::in>("in", {.doc = "Where: body, query, path or header.", .example = R"("body")"}),
            field<&ProblemIssue::pointer>("pointer", {.doc = "JSON Pointer (RFC 6901) to the member or parameter.",
                                                      .example = R"("/lines/0/quantity")"}),
            field<&ProblemIssue::code>("code", {.doc = "Which rule was broken; stable.", .example = R"("too_big")"}),
            field<&ProblemIssue::message>("message", {.doc = "For developers, in English."}),
            field<&ProblemIssue::params>("params", {.doc = "What a translated message needs."}));
    }
};

struct Problem {
    std::string type;
    std::string title;
    std::int32_t status = 0;
    schema::Maybe<std::string> detail;
    schema::Maybe<std::string> instance;
    std::string code;
    bool retriable = false;
    ProblemAction action = ProblemAction::fix;
    std::optional<std::int64_t> retry_after_ms;
    schema::Maybe<std::string> request_id;
    schema::Maybe<std::vector<ProblemIssue>> errors;
    schema::Maybe<std::string> challenge;
    schema::Maybe<base::Timestamp> expires_at;
    schema::Json further;

    friend constexpr auto describe(Problem*) {
        using schema::field;
        return schema::object<Problem>(
            "Problem", schema::doc("What went wrong (RFC 9457) and what to do about it."),
            field<&Problem::type>("type", {.doc = "URI of the problem's description."}),
            field<&Problem::title>("title", {.doc = "The same for every occurrence of this code."}),
            field<&Problem::status>("status", {.min = 400, .max = 599}),
            field<&Problem::detail>("detail", {.doc = "About this occurrence; for people."}),
            field<&Problem::instance>("instance", {.doc = "The path of the request; absent where none could be read."}),
            field<&Problem::code>("code", {.doc = "What programs go by; stable."}),
            field<&Problem::retriable>("retriable", {.doc = "Whether the same bytes may succeed later."}),
            field<&Problem::action>("action"),
            field<&Problem::retry_after_ms>("retryAfterMs", {.min = 0, .doc = "Not before this many milliseconds."}),
            field<&Problem::request_id>("requestId", {.doc = "Name this when asking for help."}),
            field<&Problem::errors>("errors", {.doc = "Every finding, not only the first."}),
            field<&Problem::challenge>("challenge", {.text = schema::Text::raw,
                                                     .doc = "Of a sign-in that has a second step: what is sent back "
                                                            "beside the code."}),
            field<&Problem::expires_at>("expiresAt", {.doc = "Until when `challenge` is good."}),
            schema::keep_unknown<&Problem::further>());
    }
};

}  // namespace openapi
