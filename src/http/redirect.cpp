#include "http/redirect.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/strings.h"

namespace http::detail {

namespace {

constexpr std::array<std::string_view, 4> schemes_that_run{"javascript", "vbscript", "data", "blob"};

bool is_letter(char c) { return base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z'; }
bool is_letter_or_digit(char c) { return is_letter(c) || base::is_ascii_digit(c); }

// RFC 3986 §2: no white space, control, quote, backslash or byte beyond ASCII stands in a URI.
bool is_uri_character(char c) {
    return is_letter_or_digit(c) || std::string_view("-._~:/?#[]@!$&'()*+,;=%").contains(c);
}

bool is_scheme(std::string_view text) {
    return !text.empty() && is_letter(text.front()) &&
           std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '+' || c == '-' || c == '.'; });
}

void require_uri(std::string_view text) {
    if (!std::ranges::all_of(text, is_uri_character))
        throw std::invalid_argument("http::Redirect: a byte that no URI has; percent-encode its parts");
}

}  // namespace

std::string require_path(std::string path) {
    require_uri(path);
    if (!path.starts_with('/') || path.starts_with("//"))
        throw std::invalid_argument("http::Redirect: to_path() takes a path of this host, which begins with one slash");
    return path;
}

std::string require_url(std::string url) {
    require_uri(url);
    const auto colon = url.find(':');
    const auto scheme = base::ascii_lower(std::string_view(url).substr(0, colon == std::string::npos ? 0 : colon));
    if (!is_scheme(scheme) || std::ranges::find(schemes_that_run, scheme) != schemes_that_run.end())
        throw std::invalid_argument("http::Redirect: to_url() takes an absolute URL; within this host use to_path()");
    const auto rest = std::string_view(url).substr(colon + 1);
    const bool is_web = scheme == "http" || scheme == "https";
    const bool has_host = rest.starts_with("//") && rest.size() > 2 && !std::string_view("/?#").contains(rest[2]);
    if (rest.empty() || (is_web && !has_host))
        throw std::invalid_argument("http::Redirect: to_url() takes an absolute URL, with its host");
    return url;
}

}  // namespace http::detail
