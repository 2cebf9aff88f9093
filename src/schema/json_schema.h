#pragma once
// JSON Schema 2020-12 out of the declarations: what OpenAPI 3.1 embeds. Objects and enums become components, referred to
// by name. Start-up only; not thread-safe.
//
//     schema::Components components;
//     std::string inline_or_ref = components.schema_of(schema::type_of<NewProduct>, schema::Direction::input);
//     for (auto& [name, text] : components.all()) ...

#include <map>
#include <string>

#include "schema/type.h"

namespace schema {

// A reply always carries its nullable members, a request may leave them out: the two directions differ in `required`.
enum class Direction : std::uint8_t { input, output };

class Components {
public:
    // JSON text: {"$ref":"#/components/schemas/Product"} for objects and enums, else the schema itself. An object whose two
    // directions differ is called NameInput when read, once both are used.
    [[nodiscard]] std::string schema_of(const Type& type, Direction direction, const Rules& rules = {});
    // Component name → JSON text, sorted by name.
    [[nodiscard]] const std::map<std::string, std::string>& all() const noexcept { return schemas_; }

private:
    std::string reference(const ObjectType& type, Direction direction, bool patch);
    std::map<std::string, std::string> schemas_;
};

}  // namespace schema
