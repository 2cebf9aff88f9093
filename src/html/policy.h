#pragma once
// Inside the library: the options, checked and ready to look things up in.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "html/elements.h"
#include "html/sanitizer.h"

namespace html::detail {

struct AllowedElement {
    const Element* element = nullptr;
    std::vector<const Attribute*> attributes{};

    [[nodiscard]] const Attribute* find(std::string_view attribute) const;
};

// What a start tag of the text becomes.
struct Tag {
    const AllowedElement* element = nullptr;
    std::vector<std::pair<std::string, std::string>> forced{};  // attributes, their values as they are to be read
};

class Policy {
public:
    explicit Policy(const Options& options);
    Policy(const Policy&) = delete;
    Policy& operator=(const Policy&) = delete;

    // By the lower-case name in the text; nullptr: it is left out.
    [[nodiscard]] const Tag* find_tag(std::string_view name) const;
    // By the name in the tree.
    [[nodiscard]] const AllowedElement* find_element(std::string_view name) const;
    // What is written of an attribute's decoded value; nullopt: nothing.
    [[nodiscard]] std::optional<std::string> clean_value(const Attribute& attribute, std::string_view value) const;
    [[nodiscard]] const std::string& link_rel() const noexcept { return link_rel_; }
    [[nodiscard]] const Limits& limits() const noexcept { return limits_; }

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    template <class T>
    using ByName = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

    void allow_elements(const Options& options);
    void add_transforms(const Options& options);

    ByName<AllowedElement> elements_;
    ByName<Tag> tags_;
    std::vector<std::string> schemes_;
    std::vector<std::string> image_schemes_;
    std::string link_rel_;
    Limits limits_;
};

}  // namespace html::detail
