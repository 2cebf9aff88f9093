#pragma once
// A page with a form, and what comes of sending it: for links in mails. The token travels in the form, behind a page that every
// program may look at.
//
//     async::Task<void> post_reset(http::Context& context) {
//         return answer_form<PasswordReset>(context, reset_form, reset);      // reset(context, db, form) → HTML of the answer
//     }
//
// What is at fault is shown above the same form; a link that is dead says so, without a form.

#include "auth/caller.h"
#include "db/db.h"
#include "http/context.h"
#include "http/handler.h"
#include "pos/plumbing/html_page.h"

namespace pos {

struct FormPage {
    std::string_view title;
    std::string_view intro;   // HTML
    std::string_view fields;  // HTML of the inputs
    std::string_view button;
    std::string (*more)(std::string_view token) = nullptr;  // HTML behind the form
    std::string_view language = "en";
};

// `token` is put into the form.
void send_form(http::Context& context, std::uint16_t status, const FormPage& page, std::string_view token,
               const std::vector<std::string>& faults = {});
// `?token=`, or "".
[[nodiscard]] std::string form_token(http::Context& context);
// What a person reads of a failure; nullopt: it is none that the form can mend.
[[nodiscard]] std::vector<std::string> faults_of(const base::Failure& failure);
[[nodiscard]] std::vector<std::string> faults_of(const http::Findings& findings);

template <class Form>
async::Task<void> answer_form(http::Context* context, FormPage page,
                              async::Task<std::string> (*act)(http::Context* context, db::SystemDb db, Form form)) {
    http::Findings findings;
    context->request().set_body_limit(64 * 1024);
    auto input = co_await http::Body<Form>::read(*context, findings);
    const std::string token = input->token;
    if (!findings.empty()) {
        send_form(*context, 422, page, token, faults_of(findings));
        co_return;
    }
    std::vector<std::string> faults;
    std::uint16_t status = 200;
    std::string done;
    try {
        const auto db = db::system_db(context->services().use<db::Databases>(), context->deadline(), context->span());
        done = co_await act(context, db, std::move(*input));
    } catch (const base::Failure& failure) {
        if (failure.code().status >= 500) throw;
        status = failure.code().status;
        faults = faults_of(failure);
    }
    if (faults.empty()) {
        send_page(context->response(), 200, page.title, done, page.language);
    } else {
        send_form(*context, status, page, token, faults);
    }
}

}  // namespace pos
