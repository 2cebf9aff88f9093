#pragma once
// JSON Schema 2020-12 out of the declarations: what OpenAPI 3.1 embeds. Objects and enums become components, referred to
// by name. Start-up only; not thread-safe.
//
//     schema::Components components;
//     components.announce(schema::type_of<NewProduct>, schema::Direction::input);    // every use, in any order
//     std::string inline_or_ref = components.schema_of(schema::type_of<NewProduct>, schema::Direction::input);
//     for (auto& [name, text] : components.all()) ...

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "schema/type.h"

namespace schema {

// A reply always carries its nullable members, a request may leave them out: the two directions differ in `required`.
enum class Direction : std::uint8_t { input, output };

// An object whose directions do not differ has one component, `Product`. Otherwise the plain name goes to the output when
// both uses were announced, else to the direction that comes first; the other one is `ProductInput` or `ProductOutput`.
// A Patch<Product> is `ProductPatch`.
//
// No schema of an object carries a `default`: generators make such members required of whoever writes a request. What is taken for a
// member that is left out stands in its description.
class Components {
public:
    // Says ahead that schema_of() will be asked for this, so that names do not hang on the order of the questions.
    void announce(const Type& type, Direction direction);

    // JSON text: {"$ref":"#/components/schemas/Product"} for objects and enums, else the schema itself. Throws
    // std::logic_error when two types share a name, or a pattern is wrong.
    [[nodiscard]] std::string schema_of(const Type& type, Direction direction, const Rules& rules = {});
    // Of one field with its `default`: a query parameter, a path parameter.
    [[nodiscard]] std::string schema_of(const ObjectType& object, const Field& field, Direction direction);
    // {"$ref":"#/components/schemas/ProductPartial"}: the object as it is read where the reader chose its members (View), so
    // that nothing of it is required.
    [[nodiscard]] std::string partial_of(const ObjectType& object);
    // Component name → JSON text, sorted by name.
    [[nodiscard]] const std::map<std::string, std::string>& all() const noexcept { return schemas_; }

private:
    struct Names {
        const void* owner = nullptr;  // ObjectType or EnumType
        bool has_input = false;
        bool has_output = false;
        bool is_given = false;
        Direction plain = Direction::output;
    };

    std::string render(const Type& type, Direction direction, const Rules& rules, bool nullable,
                       std::string_view extra);
    std::string render_object(const ObjectType& object, Direction direction, bool all_optional);
    std::string member_schema(const ObjectType& object, const Field& field, Direction direction, bool all_optional);
    std::string reference(const Type& type, Direction direction);
    std::string name_of(const ObjectType& object, Direction direction);
    Names& claim(std::string_view name, const void* owner);

    std::map<std::string, std::string> schemas_;
    std::map<std::string, Names, std::less<>> names_;
    std::set<std::pair<const ObjectType*, Direction>> announced_;
};

}  // namespace schema
