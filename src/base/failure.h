#pragma once
// The one exception type that ends a request, a job or a transaction: an error code out of a module's table plus
// what the client may know about this occurrence. Everything else that is thrown is a fault of ours (500, final).
//
//     throw base::Failure(errors::sale_total_mismatch, "lines give 11600, total says 11500");
//
// Codes are constexpr tables (one per module); see docs/errors.md.

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

// What a client does next (docs/errors.md). `none` is for errors that no client meets.
enum class Action : std::uint8_t { none, retry, refresh_auth, fix, pull_first, upgrade, pay, contact };

[[nodiscard]] std::string_view to_string(Action action);

// One row of an error table. `code` is "module.what" and never changes once published; `title` is the same for every
// occurrence (RFC 9457 §3.1.3).
struct ErrorCode {
    std::string_view code;
    std::uint16_t status;
    bool retriable;
    Action action;
    std::string_view title;

    friend constexpr bool operator==(const ErrorCode& left, const ErrorCode& right) { return left.code == right.code; }
};

// The usual rows: final, and the client's to mend.
//
//     inline constexpr auto sku_taken = base::conflict("variant.sku_taken", "Another variant has this SKU");
consteval ErrorCode conflict(std::string_view code, std::string_view title) {
    return {code, 409, false, Action::fix, title};
}
consteval ErrorCode invalid(std::string_view code, std::string_view title) {
    return {code, 422, false, Action::fix, title};
}
consteval ErrorCode not_found(std::string_view code, std::string_view title) {
    return {code, 404, false, Action::fix, title};
}

// One parameter of an issue, already rendered as JSON (`"abc"`, `12`, `true`).
struct IssueParameter {
    std::string name;
    std::string json;
};

// One finding about the input. `in` is body, query, path, header or environment; `pointer` is a JSON Pointer (RFC 6901).
struct Issue {
    std::string in;
    std::string pointer;
    std::string code;
    std::string message;
    std::vector<IssueParameter> params;
};

namespace errors {
inline constexpr ErrorCode out_of_range{"request.out_of_range", 422, false, Action::fix,
                                        "An amount or a quantity, or a sum of them, is larger than can be kept"};
}

class Failure : public std::exception {
public:
    explicit Failure(const ErrorCode& code, std::string detail = {}) : code_(code), detail_(std::move(detail)) {}
    Failure(const ErrorCode& code, std::vector<Issue> issues, std::string detail = {})
        : code_(code), detail_(std::move(detail)), issues_(std::move(issues)) {}

    [[nodiscard]] const ErrorCode& code() const noexcept { return code_; }
    [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
    [[nodiscard]] const std::vector<Issue>& issues() const noexcept { return issues_; }
    [[nodiscard]] const char* what() const noexcept override;

    // Milliseconds after which a retry makes sense; becomes Retry-After (seconds, rounded up) and retryAfterMs.
    Failure&& retry_after(std::int64_t milliseconds) && {
        retry_after_ms_ = milliseconds;
        return std::move(*this);
    }
    // A further member of the problem document (`name`: rendered JSON), e.g. the current row of a 412.
    Failure&& member(std::string name, std::string json) && {
        members_.push_back({std::move(name), std::move(json)});
        return std::move(*this);
    }
    // A reply header, e.g. WWW-Authenticate of a 401.
    Failure&& header(std::string name, std::string value) && {
        headers_.emplace_back(std::move(name), std::move(value));
        return std::move(*this);
    }
    // What only the log may know.
    Failure&& cause(std::string text) && {
        cause_ = std::move(text);
        return std::move(*this);
    }

    [[nodiscard]] std::optional<std::int64_t> retry_after_ms() const noexcept { return retry_after_ms_; }
    [[nodiscard]] const std::vector<IssueParameter>& members() const noexcept { return members_; }
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& headers() const noexcept { return headers_; }
    [[nodiscard]] const std::string& cause() const noexcept { return cause_; }

private:
    ErrorCode code_;
    std::string detail_;
    std::vector<Issue> issues_;
    std::vector<IssueParameter> members_;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::optional<std::int64_t> retry_after_ms_;
    std::string cause_;
};

// What to expect of doing the same once more.
enum class Outlook : std::uint8_t {
    passes,  // may succeed by itself: a retriable Failure, no memory, the system refused
    stays,  // cannot, until somebody changes the program or the input: any other Failure, std::logic_error and its kind
    unknown,
};

[[nodiscard]] Outlook outlook_of(const std::exception& error) noexcept;

}  // namespace base
