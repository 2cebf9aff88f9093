#pragma once
// What the routes of this module take and answer.

#include "auth/password.h"
#include "pos/modules/auth/tables.h"

namespace pos {

struct LoginRequest {
    std::optional<std::string> email;
    std::optional<std::string> phone;
    std::string password;
    std::optional<TenantId> tenant_id;
    std::optional<DeviceId> device_id;
    SessionKind session = SessionKind::token;

    friend constexpr auto describe(LoginRequest*) {
        return schema::object<LoginRequest>(
            "LoginRequest", schema::doc("Either `email` or `phone`, and the password."),
            schema::field<&LoginRequest::email>(
                "email", {.max_length = 254, .format = schema::Format::email, .example = R"("owner@duka.example")"}),
            schema::field<&LoginRequest::phone>(
                "phone", {.format = schema::Format::phone,
                          .doc = "Instead of the e-mail address, once it is proven (POST /auth/phone/verify)."}),
            schema::field<&LoginRequest::password>(
                "password",
                {.min_length = 1, .max_length = 1024, .format = schema::Format::password, .write_only = true}),
            schema::field<&LoginRequest::tenant_id>("tenantId",
                                                    {.doc = "Needed when the user has several and no default."}),
            schema::field<&LoginRequest::device_id>("deviceId",
                                                    {.doc = "The till that signs in; its id stands in the token."}),
            schema::field<&LoginRequest::session>(
                "session", {.defaulted = true, .doc = "`cookie`: the browser's session instead of tokens."}),
            schema::refine<&LoginRequest::check>());
    }
    static void check(const LoginRequest& request, schema::Issues& issues) {
        if (request.email.has_value() == request.phone.has_value())
            issues.add("/email", "one_of", "give either email or phone");
    }
    [[nodiscard]] const std::string& login() const { return email ? *email : *phone; }
};

struct RefreshRequest {
    std::string refresh_token;
    std::optional<DeviceId> device_id;

    friend constexpr auto describe(RefreshRequest*) {
        return schema::object<RefreshRequest>(
            "RefreshRequest",
            schema::field<&RefreshRequest::refresh_token>(
                "refreshToken", {.min_length = 1, .max_length = 200, .text = schema::Text::raw, .write_only = true}),
            schema::field<&RefreshRequest::device_id>("deviceId", {.doc = "If given, it must be the session's."}));
    }
};

struct PasswordChange {
    std::string current_password;
    std::string new_password;

    friend constexpr auto describe(PasswordChange*) {
        return schema::object<PasswordChange>(
            "PasswordChange",
            schema::field<&PasswordChange::current_password>(
                "currentPassword",
                {.min_length = 1, .max_length = 1024, .format = schema::Format::password, .write_only = true}),
            schema::field<&PasswordChange::new_password>("newPassword",
                                                         {.min_length = auth::min_password_code_points,
                                                          .max_length = 1024,
                                                          .format = schema::Format::password,
                                                          .write_only = true,
                                                          .doc = "15 characters are better. Not one that is often "
                                                                 "used."}));
    }
};

struct Person {
    UserId id;
    std::string email;
    std::optional<std::string> phone;
    std::string name;

    friend constexpr auto describe(Person*) {
        return schema::object<Person>("Person", schema::field<&Person::id>("id"),
                                      schema::field<&Person::email>("email"),
                                      schema::field<&Person::phone>("phone", {.format = schema::Format::phone}),
                                      schema::field<&Person::name>("name"));
    }
};

struct TenantSummary {
    TenantId id;
    std::string name;
    std::string country;
    std::string currency;
    std::string time_zone;

    friend constexpr auto describe(TenantSummary*) {
        return schema::object<TenantSummary>(
            "TenantSummary", schema::field<&TenantSummary::id>("id"), schema::field<&TenantSummary::name>("name"),
            schema::field<&TenantSummary::country>("country"), schema::field<&TenantSummary::currency>("currency"),
            schema::field<&TenantSummary::time_zone>("timeZone"));
    }
};

struct MembershipSummary {
    TenantId tenant_id;
    std::string name;
    std::vector<std::string> roles;

    friend constexpr auto describe(MembershipSummary*) {
        return schema::object<MembershipSummary>(
            "MembershipSummary", schema::field<&MembershipSummary::tenant_id>("tenantId"),
            schema::field<&MembershipSummary::name>("name"),
            schema::field<&MembershipSummary::roles>("roles", {.doc = "Names of the user's roles there."}));
    }
};

// Tokens, or after a cookie login the CSRF token alone.
struct Credentials {
    schema::Maybe<std::string> access_token;
    schema::Maybe<std::string> token_type;
    schema::Maybe<std::int32_t> expires_in;
    schema::Maybe<std::string> refresh_token;
    schema::Maybe<std::string> csrf_token;

    friend constexpr auto describe(Credentials*) {
        return schema::object<Credentials>(
            "Credentials",
            schema::field<&Credentials::access_token>("accessToken", {.doc = "Send it as `Authorization: Bearer …`."}),
            schema::field<&Credentials::token_type>("tokenType"),
            schema::field<&Credentials::expires_in>("expiresIn", {.doc = "Seconds."}),
            schema::field<&Credentials::refresh_token>("refreshToken",
                                                       {.doc = "Single use; POST /auth/refresh gives the next one."}),
            schema::field<&Credentials::csrf_token>("csrfToken",
                                                    {.doc = "Of a cookie session: repeat it in X-CSRF-Token."}));
    }
};

struct SignedIn {
    Credentials credentials;
    SessionId session_id;
    Person user;
    TenantSummary tenant;
    std::vector<MembershipSummary> memberships;

    friend constexpr auto describe(SignedIn*) {
        return schema::object<SignedIn>(
            "SignedIn", schema::flatten<&SignedIn::credentials>(), schema::field<&SignedIn::session_id>("sessionId"),
            schema::field<&SignedIn::user>("user"), schema::field<&SignedIn::tenant>("tenant"),
            schema::field<&SignedIn::memberships>("memberships"));
    }
};

struct LocationPermissions {
    LocationId location_id;
    std::vector<std::string> permissions;

    friend constexpr auto describe(LocationPermissions*) {
        return schema::object<LocationPermissions>("LocationPermissions",
                                                   schema::field<&LocationPermissions::location_id>("locationId"),
                                                   schema::field<&LocationPermissions::permissions>("permissions"));
    }
};

struct Me {
    Person user;
    TenantSummary tenant;
    SessionId session_id;
    std::optional<DeviceId> device_id;
    std::vector<std::string> permissions;
    std::vector<LocationPermissions> location_permissions;
    std::vector<MembershipSummary> memberships;

    friend constexpr auto describe(Me*) {
        return schema::object<Me>(
            "Me", schema::field<&Me::user>("user"), schema::field<&Me::tenant>("tenant"),
            schema::field<&Me::session_id>("sessionId"), schema::field<&Me::device_id>("deviceId"),
            schema::field<&Me::permissions>("permissions", {.doc = "At every location."}),
            schema::field<&Me::location_permissions>("locationPermissions", {.doc = "At single locations, besides."}),
            schema::field<&Me::memberships>("memberships"));
    }
};

struct SessionView {
    SessionId id;
    TenantId tenant_id;
    std::optional<DeviceId> device_id;
    SessionKind kind = SessionKind::token;
    std::string user_agent;
    std::string ip_address;
    base::Timestamp created_at;
    base::Timestamp last_seen_at;
    base::Timestamp expires_at;
    bool current = false;

    friend constexpr auto describe(SessionView*) {
        return schema::object<SessionView>(
            "SessionView", schema::field<&SessionView::id>("id"), schema::field<&SessionView::tenant_id>("tenantId"),
            schema::field<&SessionView::device_id>("deviceId"), schema::field<&SessionView::kind>("kind"),
            schema::field<&SessionView::user_agent>("userAgent"), schema::field<&SessionView::ip_address>("ipAddress"),
            schema::field<&SessionView::created_at>("createdAt"),
            schema::field<&SessionView::last_seen_at>("lastSeenAt", {.doc = "When it was used last, to some minutes."}),
            schema::field<&SessionView::expires_at>("expiresAt"),
            schema::field<&SessionView::current>("current", {.doc = "The one that asks."}));
    }
};

struct SessionList {
    std::vector<SessionView> data;

    friend constexpr auto describe(SessionList*) {
        return schema::object<SessionList>("SessionList", schema::field<&SessionList::data>("data"));
    }
};

}  // namespace pos
