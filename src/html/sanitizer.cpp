#include "html/sanitizer.h"

#include <utility>

#include "html/policy.h"
#include "html/reduce.h"
#include "html/serialise.h"
#include "html/tree.h"

namespace html {

std::string_view to_string(Fault fault) {
    switch (fault) {
        case Fault::not_text: return "html.not_text";
        case Fault::too_long: return "html.too_long";
        case Fault::too_many_tags: return "html.too_many_tags";
        case Fault::too_much_formatting: return "html.too_much_formatting";
        case Fault::too_deep: return "html.too_deep";
    }
    return "";
}

Sanitizer::Sanitizer(const Options& options) : policy_(std::make_unique<const detail::Policy>(options)) {}
Sanitizer::~Sanitizer() = default;
Sanitizer::Sanitizer(Sanitizer&&) noexcept = default;
Sanitizer& Sanitizer::operator=(Sanitizer&&) noexcept = default;

std::expected<CleanHtml, Fault> Sanitizer::clean(std::string_view html) const {
    const auto reduced = detail::reduce(html, *policy_);
    if (!reduced) return std::unexpected(reduced.error());
    auto markup = detail::serialise(detail::Tree(*reduced), *policy_);
    if (!markup) return std::unexpected(markup.error());
    // The parser repeats tags: what leaves has to be fit to come in again.
    if (const auto again = detail::reduce(*markup, *policy_); !again) return std::unexpected(again.error());
    return CleanHtml(*std::move(markup));
}

}  // namespace html
