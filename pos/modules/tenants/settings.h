#pragma once
// Who may make a tenant.
//
//     .settings = app::settings<SignUpSettings>()

#include <optional>

#include "app/settings.h"

namespace pos {

enum class SignUpState : std::uint8_t { open, closed };
constexpr auto describe(SignUpState*) {
    return schema::enumeration<SignUpState>("SignUpState",
                                            {{SignUpState::open, "open"}, {SignUpState::closed, "closed"}});
}

struct SignUpSettings {
    std::optional<SignUpState> sign_up;

    friend constexpr auto describe(SignUpSettings*) {
        return schema::object<SignUpSettings>(
            "SignUpSettings",
            schema::field<&SignUpSettings::sign_up>(
                "SIGN_UP",
                {.doc = "Whether strangers may make tenants by `POST /v1/tenants`: `open`, or `closed` (403 "
                        "`tenant.sign_up_closed`; `backend-api tenants create` makes them). Not set: `closed` in "
                        "production, else `open`."}));
    }

    [[nodiscard]] bool is_open(const app::Settings& app) const {
        return sign_up.value_or(app.environment == app::Environment::production
                                    ? SignUpState::closed
                                    : SignUpState::open) == SignUpState::open;
    }
};

}  // namespace pos
