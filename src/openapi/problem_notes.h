#pragma once
// What the page of a problem says beyond its row in an error table: how the error comes about, and what a client does about
// this one in particular. The codes of the stack have theirs here; a service hands in those of its own codes
// (app::Definition::problem_notes). Plain data.
//
//     constexpr openapi::ProblemNote notes[] = {
//         {"supplier.name_taken", "A supplier of this name is there already.", "Choose another name, or use the one there is."}};

#include <span>
#include <string_view>

namespace openapi {

struct ProblemNote {
    std::string_view code;
    std::string_view cause;   // a sentence or two
    std::string_view remedy;  // besides what advice() says of the code's action; may be empty
};

// Sorted by code. Of codes that a service does not have, too.
[[nodiscard]] std::span<const ProblemNote> stack_notes();

}  // namespace openapi
