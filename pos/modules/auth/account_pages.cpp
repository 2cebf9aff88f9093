#include "pos/modules/auth/account_pages.h"

#include "pos/modules/auth/account_links.h"
#include "pos/plumbing/form_page.h"

namespace pos {

namespace {

constexpr std::string_view new_password_field =
    "<label for=\"p\">New password</label><input id=\"p\" name=\"newPassword\" type=\"password\" "
    "autocomplete=\"new-password\" minlength=\"8\" required>";
constexpr std::string_view password_field =
    "<label for=\"q\">Your password</label><input id=\"q\" name=\"password\" type=\"password\" "
    "autocomplete=\"current-password\" required>";

constexpr FormPage reset_page{.title = "Choose a new password",
                              .intro = "<p>All devices have to sign in again.</p>",
                              .fields = new_password_field,
                              .button = "Save"};
constexpr FormPage verify_page{.title = "Confirm your e-mail address",
                               .intro = "<p>The password with which you signed up proves that it was you.</p>",
                               .fields = password_field,
                               .button = "Confirm"};
constexpr FormPage claim_page{.title = "Confirm your e-mail address",
                              .intro =
                                  "<p>Choose a password of your own: the account is yours alone then, and whoever "
                                  "signed up with your address is out.</p>",
                              .fields = new_password_field,
                              .button = "Confirm"};
constexpr FormPage confirm_page{.title = "Change of the e-mail address",
                                .intro = "<p>The address changes when both the old and the new one have agreed.</p>",
                                .fields = "",
                                .button = "I agree"};

AccountLinks& links_of(http::Context* context) { return context->services().use<AccountLinks>(); }

async::Task<std::string> reset(http::Context* context, db::SystemDb db, PasswordReset form) {
    co_await links_of(context).reset_password(*context, db, std::move(form));
    co_return "<h1>Done</h1><p>Sign in with your new password.</p>\n";
}

async::Task<std::string> verify(http::Context* context, db::SystemDb db, EmailVerification form) {
    co_await links_of(context).verify_email(*context, db, std::move(form));
    co_return "<h1>Done</h1><p>Your e-mail address is confirmed.</p>\n";
}

async::Task<std::string> confirm(http::Context* context, db::SystemDb db, EmailConfirmation form) {
    const auto confirmed = co_await links_of(context).confirm_email(*context, db, std::move(form));
    co_return confirmed.is_changed ? "<h1>Done</h1><p>You sign in with the new address from now on.</p>\n"
                                   : "<h1>Thank you</h1><p>Now the other address has to agree: look there.</p>\n";
}

template <const FormPage& page>
async::Task<void> show(http::Context& context) {
    send_form(context, 200, page, form_token(context));
    co_return;
}

// Of the same address: which form it is, the fields say.
async::Task<void> show_verify(http::Context& context) {
    const auto token = form_token(context);
    auto page = verify_page;
    const auto other = fmt::format(
        "<details><summary>I have not signed up, or do not know the password</summary>{}\n<form method=\"post\">"
        "<input type=\"hidden\" name=\"token\" value=\"{}\">{}<button>{}</button></form></details>\n",
        claim_page.intro, escaped(token), claim_page.fields, claim_page.button);
    page.more = other;
    send_form(context, 200, page, token);
    co_return;
}

async::Task<void> post_reset(http::Context& context) { return answer_form<PasswordReset>(&context, reset_page, reset); }
async::Task<void> post_verify(http::Context& context) {
    return answer_form<EmailVerification>(&context, verify_page, verify);
}
async::Task<void> post_confirm(http::Context& context) {
    return answer_form<EmailConfirmation>(&context, confirm_page, confirm);
}

}  // namespace

void account_pages(http::Router& router) {
    using http::Method;
    const auto add = [&](std::string_view path, http::Handler look, http::Handler act) {
        router.add(Method::get, path, {.handler = std::move(look)});
        router.add(Method::post, path, {.handler = std::move(act), .options = {.body_limit = 64 * 1024}});
    };
    add("/account/reset-password", show<reset_page>, post_reset);
    add("/account/verify-email", show_verify, post_verify);
    add("/account/confirm-email", show<confirm_page>, post_confirm);
}

}  // namespace pos
