#pragma once
// The options of schema::field(), which the type of the member chooses: a length on an integer does not compile.
//
//     schema::field<&NewVariant::sku>("sku", {.min_length = 1, .max_length = 64})  // StringRules

#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "base/money.h"
#include "schema/member_types.h"
#include "schema/type.h"

namespace schema {

// A format of ours or of the service.
struct FormatRule {
    constexpr FormatRule(Format format) : format(format) {}    // NOLINT(google-explicit-constructor)
    constexpr FormatRule(const OwnFormat& own) : own(&own) {}  // NOLINT(google-explicit-constructor)
    constexpr FormatRule(OwnFormat&& own) = delete;
    Format format = Format::none;
    const OwnFormat* own = nullptr;
};

struct StringRules {
    std::uint32_t min_length = 0;
    std::uint32_t max_length = 10'000;  // code points
    std::string_view pattern{};
    FormatRule format = Format::none;
    Text text = Text::unsaid;  // what the format says, if there is one
    StringCheck check = nullptr;
    const Type* one_of = nullptr;  // a text that is one of this enumeration's: its names are all that there are
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

struct IntegerRules {
    std::int64_t min = -max_safe_integer;
    std::int64_t max = max_safe_integer;
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

struct NumberRules {
    double min = std::numeric_limits<double>::lowest();
    double max = std::numeric_limits<double>::max();
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

// Bounds of a quantity are whole units.
struct QuantityRules {
    std::int64_t min = -base::Quantity::max_ten_thousandths / base::Quantity::scale;
    std::int64_t max = base::Quantity::max_ten_thousandths / base::Quantity::scale;
    bool not_zero = false;
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

struct PlainRules {
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

template <class ItemRules>
struct ArrayRules {
    std::uint32_t min_items = 0;
    std::uint32_t max_items = 1'000;
    bool unique_items = false;
    ItemRules items{};
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

namespace detail {

template <class T>
struct RulesOf {
    using type = PlainRules;
};
template <>
struct RulesOf<std::string> {
    using type = StringRules;
};
template <std::integral T>
    requires(!std::same_as<T, bool>)
struct RulesOf<T> {
    using type = IntegerRules;
};
template <>
struct RulesOf<base::Money> {
    using type = IntegerRules;
};
template <>
struct RulesOf<base::Rate> {
    using type = IntegerRules;
};
template <>
struct RulesOf<double> {
    using type = NumberRules;
};
template <>
struct RulesOf<base::Quantity> {
    using type = QuantityRules;
};
template <class T>
struct RulesOf<std::optional<T>> : RulesOf<T> {};
template <class T>
struct RulesOf<Maybe<T>> : RulesOf<T> {};
template <class T>
struct RulesOf<std::vector<T>> {
    using type = ArrayRules<typename RulesOf<T>::type>;
};
template <class T>
struct RulesOf<std::map<std::string, T>> {
    using type = ArrayRules<typename RulesOf<T>::type>;
};

}  // namespace detail

}  // namespace schema
