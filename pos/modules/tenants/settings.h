#pragma once
// Who may make a tenant.
//
//     .settings = app::settings<SignUpSettings>()

#include <optional>

#include "app/settings.h"

namespace pos {

enum class SignUpState : std::uint8_t { open, invite, closed };
constexpr auto describe(SignUpState*) {
    return schema::enumeration<SignUpState>(
        "SignUpState", {{SignUpState::open, "open"}, {SignUpState::invite, "invite"}, {SignUpState::closed, "closed"}});
}

struct SignUpSettings {
    std::optional<SignUpState> sign_up;

    friend constexpr auto describe(SignUpSettings*) {
        return schema::object<SignUpSettings>(
            "SignUpSettings",
            schema::field<&SignUpSettings::sign_up>(
                "SIGN_UP",
                {.doc = "Who may make what: `open`: anybody a tenant, by `POST /v1/tenants`. `invite`: whoever is "
                        "invited an account; tenants are made by `backend-api tenants create` alone (403 "
                        "`tenant.sign_up_closed`). `closed`: nobody either; invitations are for those who have an "
                        "account. Not set: `invite` in production, else `open`."}));
    }

    [[nodiscard]] bool is_open(const app::Settings& app) const { return state(app) == SignUpState::open; }
    [[nodiscard]] bool lets_invited_in(const app::Settings& app) const { return state(app) != SignUpState::closed; }

private:
    [[nodiscard]] SignUpState state(const app::Settings& app) const {
        const bool is_production = app.environment == app::Environment::production;
        return sign_up.value_or(is_production ? SignUpState::invite : SignUpState::open);
    }
};

}  // namespace pos
