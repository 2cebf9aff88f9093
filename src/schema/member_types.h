#pragma once
// Types that members of described structs may have, besides the standard library's and those of base/.
//
//     schema::Maybe<std::optional<std::string>> phone;  // absent, null or a text
//     schema::Json settings;

#include <optional>
#include <string>

namespace schema {

// A member that may be absent but not null; an empty one is not written. Maybe<std::optional<T>> tells absent, null and
// value apart.
template <class T>
class Maybe : public std::optional<T> {
public:
    using std::optional<T>::optional;
    using std::optional<T>::operator=;
    friend constexpr bool operator==(const Maybe& left, const Maybe& right) {
        return static_cast<const std::optional<T>&>(left) == static_cast<const std::optional<T>&>(right);
    }
};

// Any JSON value, kept as minified text; empty text is `null`.
struct Json {
    std::string text;
    friend bool operator==(const Json&, const Json&) = default;
};

// A bytea column. Never in JSON.
struct Bytes {
    std::string value;
    friend bool operator==(const Bytes&, const Bytes&) = default;
};

}  // namespace schema
