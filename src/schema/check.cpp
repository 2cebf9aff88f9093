// The rules on a value in memory: made by the program, or completed after a patch.

#include "schema/rules.h"
#include "schema/schema.h"

namespace schema {

namespace detail {

namespace {

class Checker {
public:
    explicit Checker(Issues& issues) : issues_(issues) {}

    void check(const Type& type, const void* value, const Rules& rules);

private:
    void check_array(const Type& type, const void* value, const Rules& rules);
    void check_map(const Type& type, const void* value, const Rules& rules);
    void check_object(const Type& type, const void* value);

    Issues& issues_;
};

void Checker::check_array(const Type& type, const void* value, const Rules& rules) {
    const std::size_t size = type.size(value);
    if (!check_count(size, rules, issues_)) return;
    const std::size_t issues_before = issues_.list().size();
    for (std::size_t i = 0; i < size && !issues_.full(); ++i) {
        const Issues::Scope scope(issues_, i);
        check(*type.element, type.at(value, i), rules);
    }
    if (rules.unique_items && issues_.list().size() == issues_before) check_unique(type, value, issues_);
}

void Checker::check_map(const Type& type, const void* value, const Rules& rules) {
    if (!check_count(type.size(value), rules, issues_)) return;
    struct State {
        Checker& checker;
        const Type& element;
        const Rules& rules;
    } state{*this, *type.element, rules};
    type.each(value, &state, [](void* erased, std::string_view key, const void* item) {
        const auto& [checker, element, item_rules] = *static_cast<State*>(erased);
        const Issues::Scope scope(checker.issues_, key);
        if (key.find('\0') != std::string_view::npos) add_nul_character(checker.issues_);
        checker.check(element, item, item_rules);
    });
}

void Checker::check_object(const Type& type, const void* value) {
    std::uint64_t present = ~std::uint64_t{0};
    const void* target = value;
    if (type.patch) {
        // `emplace` and `present` of a patch only say where its parts are.
        present = *type.present(const_cast<void*>(value));
        target = type.emplace(const_cast<void*>(value));
    }
    const std::size_t issues_before = issues_.list().size();
    const auto fields = type.object->fields;
    for (std::size_t i = 0; i < fields.size() && !issues_.full(); ++i) {
        if ((present >> i & 1U) == 0) continue;
        const Issues::Scope scope(issues_, fields[i].name);
        check(*fields[i].type, fields[i].get(target), fields[i].rules);
    }
    if (!type.patch && issues_.list().size() == issues_before) run_refinements(*type.object, target, issues_);
}

void Checker::check(const Type& type, const void* value, const Rules& rules) {
    switch (type.kind) {
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::money:
        case Kind::rate: return check_integer(load_integer(type.kind, value), type.kind, rules, issues_);
        case Kind::number: return check_number(*static_cast<const double*>(value), rules, issues_);
        case Kind::string:
            return check_string(*static_cast<const std::string*>(value), rules, Encoding::unverified, issues_);
        case Kind::quantity: return check_quantity(*static_cast<const base::Quantity*>(value), rules, issues_);
        case Kind::enumeration: return check_enumeration(*type.enumeration, value, issues_);
        case Kind::optional:
        case Kind::maybe:
            if (const void* held = type.peek(value)) check(*type.element, held, rules);
            return;
        case Kind::array: return check_array(type, value, rules);
        case Kind::map: return check_map(type, value, rules);
        case Kind::object: return check_object(type, value);
        // Any value of these types is a good one.
        case Kind::boolean:
        case Kind::uuid:
        case Kind::timestamp:
        case Kind::date:
        case Kind::json:
        case Kind::bytes: return;
    }
}

}  // namespace

}  // namespace detail

std::vector<base::Issue> check(const Type& type, const void* value, std::string_view in) {
    Issues issues(in);
    detail::Checker(issues).check(type, value, Rules{});
    return std::move(issues).take();
}

}  // namespace schema
