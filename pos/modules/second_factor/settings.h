#pragma once
// How second factors are shown.
//
//     .settings = app::settings<SecondFactorSettings>()

#include "app/settings.h"

namespace pos {

struct SecondFactorSettings {
    std::string totp_issuer = "Point of sale";

    friend constexpr auto describe(SecondFactorSettings*) {
        return schema::object<SecondFactorSettings>(
            "SecondFactorSettings",
            schema::field<&SecondFactorSettings::totp_issuer>(
                "TOTP_ISSUER", {.min_length = 1,
                                .max_length = 60,
                                .pattern = "[^:]+",
                                .defaulted = true,
                                .doc = "What authenticator apps call this service; no colon. Who has set one up keeps "
                                       "the name of that day."}));
    }
};

}  // namespace pos
