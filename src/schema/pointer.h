#pragma once
// JSON Pointers (RFC 6901) of findings against the body that they are about. Pure functions: any thread.
//
//     fit_pointer(type_of<NewSale>, body, "/variantId");        // "/lines/0/variantId" of a sale with one line, else "/lines"
//     fit_pointer(type_of<NewSale>, body, "/lines/3/gross");    // itself

#include <string>
#include <string_view>

#include "schema/type.h"

namespace schema {

// The pointer itself when it names a member that `type` declares below something that `json` holds. Else the same member where the
// type has it further inside, or the array or object around it; "" (the whole) when the type has no such member.
[[nodiscard]] std::string fit_pointer(const Type& type, std::string_view json, std::string_view pointer);

}  // namespace schema
