#include "pos/plumbing/rich_text.h"

#include "base/text.h"
#include "html/sanitizer.h"

namespace pos {

namespace {

const html::Sanitizer& sanitizer() {
    static const html::Sanitizer only([] {
        html::Options options;
        options.transform_tags = {{"strike", {"s"}}, {"h1", {"h2"}}, {"h5", {"h4"}}, {"h6", {"h4"}}};
        options.limits.max_depth = 32;
        return options;
    }());
    return only;
}

}  // namespace

namespace detail {

bool is_rich_text(std::string_view text) { return sanitizer().clean(text).has_value(); }

void clean_rich_text(std::string& text) {
    auto clean = sanitizer().clean(text);
    // What is refused stays as it is, and is_rich_text() refuses it for the same reason.
    if (clean) text = base::trim_unicode(std::move(*clean).markup());
}

}  // namespace detail

}  // namespace pos
