#pragma once
// How providers sign what they tell. Pure; internal.

#include <string>
#include <string_view>

#include "schema/form.h"

namespace sms {

// X-Twilio-Signature: base64 of HMAC-SHA1 over the URL and the parameters, sorted by name.
[[nodiscard]] std::string twilio_signature(std::string_view auth_token, std::string_view url,
                                           const schema::FormPairs& parameters);
// As it is, and with or without the port that the scheme has by itself: Twilio signs either.
[[nodiscard]] bool is_signed_by_twilio(std::string_view auth_token, std::string_view url,
                                       const schema::FormPairs& parameters, std::string_view signature);
// X-Hub-Signature-256: "sha256=" and HMAC-SHA256 over the raw bytes, in hex.
[[nodiscard]] bool is_signed_by_meta(std::string_view app_secret, std::string_view bytes, std::string_view signature);

}  // namespace sms
