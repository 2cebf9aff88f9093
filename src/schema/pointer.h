#pragma once
// JSON Pointers (RFC 6901) of findings against the body that they are about. Pure functions: any thread.
//
//     fit_pointers(type_of<NewSale>, body, {{"/variantId"}});      // "/lines/0/variantId" of a sale with one line, else "/lines"
//     fit_pointers(type_of<NewSale>, body, {{"/lines/3/gross"}});  // itself
//     fit_pointers(type_of<NewProduct>, body, {{"/id", true}});    // "/variants/1/id" when that is the one id in it

#include <string>
#include <string_view>
#include <vector>

#include "schema/type.h"

namespace schema {

struct Pointer {
    std::string text;
    bool is_sent = false;  // to a value that was refused, so it was sent, here or further inside
};

// Of each: the pointer itself when it names a member that `type` declares below something that `json` holds. Else the same member
// where the type has it further inside, or the array or object around it; "" (the whole) when the type has no such member. The
// body is read once, however many there are.
[[nodiscard]] std::vector<std::string> fit_pointers(const Type& type, std::string_view json,
                                                    const std::vector<Pointer>& pointers);

}  // namespace schema
