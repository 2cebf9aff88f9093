#pragma once
// An error as Meta writes it, in a reply and in a webhook. Internal.

#include <cstdint>
#include <optional>
#include <string>

#include "base/strings.h"
#include "sms/json.h"

namespace sms {

struct WhatsappError {
    std::int64_t code = 0;
    std::string text{};  // for people
};

namespace detail {

struct WhatsappErrorData {
    schema::Json details;

    friend constexpr auto describe(WhatsappErrorData*) {
        return schema::object<WhatsappErrorData>("WhatsappErrorData",
                                                 schema::field<&WhatsappErrorData::details>("details", any_json));
    }
};

struct WhatsappErrorBody {
    schema::Json code;
    schema::Json title;
    schema::Json message;
    schema::Json error_data;

    friend constexpr auto describe(WhatsappErrorBody*) {
        using schema::field;
        using Self = WhatsappErrorBody;
        return schema::object<Self>("WhatsappErrorBody", field<&Self::code>("code", any_json),
                                    field<&Self::title>("title", any_json), field<&Self::message>("message", any_json),
                                    field<&Self::error_data>("error_data", any_json));
    }
};

}  // namespace detail

// nullopt: without a code it is nobody's error.
inline std::optional<WhatsappError> read_whatsapp_error(const schema::Json& json) {
    const auto body = read<detail::WhatsappErrorBody>(json.text);
    const auto code = body ? base::parse_integer<std::int64_t>(text_of(body->code)) : std::nullopt;
    if (!code) return std::nullopt;
    auto text = text_of(body->message).empty() ? text_of(body->title) : text_of(body->message);
    const auto details = text_of(part_of<detail::WhatsappErrorData>(body->error_data).details);
    if (!details.empty() && details != text) text += ": " + details;
    return WhatsappError{*code, for_people(text)};
}

}  // namespace sms
