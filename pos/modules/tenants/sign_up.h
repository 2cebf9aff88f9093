#pragma once
// POST /tenants: a tenant, its owner, first location, roles and taxes, in one transaction. Whoever signs up is signed in.
//
//     routes.post("/tenants", sign_up, …);

#include "http/handler.h"
#include "pos/modules/auth/service.h"
#include "pos/modules/tenants/settings.h"
#include "pos/plumbing/idempotency.h"

namespace pos {

struct SignUpOwner {
    std::string name;
    std::string email;
    std::optional<std::string> phone;
    std::string password;

    friend constexpr auto describe(SignUpOwner*) {
        return schema::object<SignUpOwner>(
            "SignUpOwner",
            schema::field<&SignUpOwner::name>(
                "name",
                {.min_length = 1, .max_length = 120, .text = schema::Text::name, .example = R"("Amina Otieno")"}),
            schema::field<&SignUpOwner::email>(
                "email", {.max_length = 254, .format = schema::Format::email, .example = R"("owner@duka.example")"}),
            schema::field<&SignUpOwner::phone>("phone", {.format = schema::Format::phone}),
            schema::field<&SignUpOwner::password>(
                "password", {.min_length = auth::min_password_code_points,
                             .max_length = 1024,
                             .format = schema::Format::password,
                             .write_only = true,
                             .doc = "Not one that is often used. If the e-mail address has a user already, that "
                                    "user's."}));
    }
};

struct SignUpLocation {
    std::string code = "MAIN";
    std::string name = "Main shop";

    friend constexpr auto describe(SignUpLocation*) {
        return schema::object<SignUpLocation>(
            "SignUpLocation",
            schema::field<&SignUpLocation::code>("code", {.format = schema::Format::code, .defaulted = true}),
            schema::field<&SignUpLocation::name>(
                "name", {.min_length = 1, .max_length = 120, .text = schema::Text::name, .defaulted = true}));
    }
};

struct SignUp {
    TenantSettings tenant;
    SignUpOwner owner;
    SignUpLocation location;
    SessionKind session = SessionKind::token;

    friend constexpr auto describe(SignUp*) {
        return schema::object<SignUp>(
            "SignUp", schema::field<&SignUp::tenant>("tenant"), schema::field<&SignUp::owner>("owner"),
            schema::field<&SignUp::location>("location", {.defaulted = true, .doc = "The first location."}),
            schema::field<&SignUp::session>("session", {.defaulted = true}));
    }
};

namespace errors {
inline constexpr base::ErrorCode sign_up_done{"tenant.sign_up_done", 409, false, base::Action::refresh_auth,
                                              "This sign-up is done, but its reply cannot be given again: sign in"};
inline constexpr base::ErrorCode sign_up_closed{"tenant.sign_up_closed", 403, false, base::Action::contact,
                                                "New businesses are made by whoever runs this service"};
}  // namespace errors

async::Task<http::JsonBytes<SignedIn, 201>> sign_up(http::Context& context, IdempotencyKeyHeader key,
                                                    http::Body<SignUp> input, db::SystemDb db,
                                                    http::Service<AuthService> auth, http::Service<Runtime> runtime,
                                                    http::Service<const SignUpSettings> settings,
                                                    http::Service<const app::Settings> app_settings,
                                                    http::Service<Notifier> notifier);

[[nodiscard]] std::vector<db::StatementView> sign_up_statements();

}  // namespace pos
