#pragma once
// Bodies of requests: described structs as JSON or as a form, bytes, or a stream that is read while it is sent.
//
//     client::json(order)                                        // application/json
//     client::form(charge)                                       // amount=100&items[0][price]=p_1&metadata[order]=7
//     client::form({{"grant_type", "client_credentials"}})
//     client::bytes(std::move(pdf), "application/pdf")
//     client::stream([&] { return file.next(); }, "text/csv")     // async::Task<std::string>: the next piece, "" at the end
//
// A stream cannot be sent a second time: its call is neither retried nor redirected.

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task.h"
#include "schema/schema.h"

namespace client {

// Outlives the call, as does what it refers to. What it throws ends the call and is thrown on.
using Source = std::move_only_function<async::Task<std::string>()>;

struct Body {
    std::string content_type{};
    std::string bytes{};
    Source source{};                               // instead of bytes
    std::optional<std::uint64_t> source_length{};  // unknown: chunked
};

[[nodiscard]] Body json_text(std::string text);
[[nodiscard]] Body bytes(std::string content, std::string content_type = "application/octet-stream");
[[nodiscard]] Body stream(Source source, std::string content_type, std::optional<std::uint64_t> length = std::nullopt);

using FormFields = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Body form(const FormFields& fields);
// Members by their names in `describe`; of objects `a[b]`, of arrays `a[0]`; optional members that are empty are left out.
[[nodiscard]] Body form(const schema::Type& type, const void* value);

template <class T>
concept Described = requires { schema::object_of<T>; } && std::is_class_v<T> && !std::same_as<T, std::string>;

template <Described T>
[[nodiscard]] Body json(const T& value) {
    return json_text(schema::to_json(value));
}
template <Described T>
[[nodiscard]] Body form(const T& value) {
    return form(schema::type_of<T>, &value);
}

}  // namespace client
