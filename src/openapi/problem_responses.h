#pragma once
// Inside the library: error replies of the document, and the headers and examples that they refer to. One thread.
//
//     ProblemResponses problems("/problems/");
//     responses.raw("409", problems.response(409, {errors::sku_taken, errors::in_progress}));
//     components.raw("examples", problems.examples());

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.h"

namespace openapi {

inline constexpr std::string_view problem_media_type = "application/problem+json";

// A reply with this code, as the server writes it.
[[nodiscard]] std::string example_of(const base::ErrorCode& code, std::string_view instance,
                                     std::string_view type_base);

class ProblemResponses {
public:
    // `challenges`: the codes that are sent with WWW-Authenticate, besides those of a 401.
    ProblemResponses(std::string type_base, std::vector<base::ErrorCode> challenges)
        : type_base_(std::move(type_base)), challenges_(std::move(challenges)) {}

    // `codes` are all of `status`. A reference to a shared response when there is one code, else the response itself.
    // Throws std::logic_error for a code that was other than this before.
    [[nodiscard]] std::string response(std::uint16_t status, const std::vector<base::ErrorCode>& codes);
    // Its parts, for a status that may be no problem as well.
    [[nodiscard]] std::vector<std::string_view> header_names(std::uint16_t status,
                                                             const std::vector<base::ErrorCode>& codes) const;
    [[nodiscard]] std::string media(const std::vector<base::ErrorCode>& codes);
    // {"Location":{"$ref":"#/components/headers/Location"},…}
    [[nodiscard]] std::string headers(const std::vector<std::string_view>& names);

    // Members of `components`; "{}" when nothing referred to them.
    [[nodiscard]] std::string responses() const;
    [[nodiscard]] std::string header_definitions() const;
    [[nodiscard]] std::string examples() const;

private:
    void remember(const base::ErrorCode& code);
    [[nodiscard]] std::string render(std::uint16_t status, const std::vector<base::ErrorCode>& codes);

    std::string type_base_;
    std::vector<base::ErrorCode> challenges_;
    std::map<std::string_view, base::ErrorCode> codes_;
    std::map<std::string_view, std::string> shared_;
    std::set<std::string, std::less<>> headers_;
};

}  // namespace openapi
