#include "pos/problem_notes.h"

#include <array>

namespace pos {

namespace {

constexpr auto notes = std::to_array<openapi::ProblemNote>({
    {"auth.caller_changed", "Roles, password or session of the caller were changed while this request was on its way.",
     ""},
    {"auth.choose_tenant",
     "The login and password are right, and belong to a member of several tenants. `memberships` lists them.",
     "Ask which one, and sign in again with `tenantId`."},
    {"auth.invalid_credentials",
     "No user has this e-mail address or phone number, or the password is wrong. The reply does not say which. Also "
     "when the password "
     "was changed while the sign-in was on its way.",
     "Ask the user to type both again. What a till has queued stays queued."},
    {"auth.invalid_refresh_token",
     "The refresh token was never given by this service, was cut, or its session has ended or expired.",
     "Sign in again. The queue stays as it is."},
    {"auth.no_membership", "The user is a member of no tenant, or no longer of this one.",
     "An owner adds the user to the tenant again."},
    {"auth.refresh_reused",
     "A refresh token serves once. This one was used before, and the token that it gave was used as well, or a day has "
     "passed, or "
     "another device sends it. It may have been stolen, so the session has ended for everybody who holds it.",
     "Sign in again. Store the new refresh token before you use it, and refresh in one place of the app only."},
    {"auth.throttled", "Too many wrong passwords were tried for this login, or from this address.",
     "Show how long to wait: `retryAfterMs`."},
    {"auth.unknown_session", "The list of sessions has none with this id; it may have ended already.",
     "Read the list again."},
    {"auth.user_disabled", "An owner or an administrator has disabled this user.", ""},
    {"auth.weak_password", "The password has fewer than 8 characters, or is one of those that are tried first.",
     "Ask for another one; `errors` says why."},
    {"batch.aborted",
     "The batch was sent with `onError: abort`. This item was in order, and another one was not, so none was kept.",
     "Mend the items that failed and send the batch again with a new key."},
    {"category.cycle", "The parent that was given is the category itself or stands below it.",
     "Choose another parent."},
    {"category.in_use", "The category that would be deleted has products, or categories below it.",
     "Move these first, then delete it."},
    {"category.unknown", "`parentId` or `categoryId` names no category of this tenant, or a deleted one.", ""},
    {"device.number_taken",
     "The server gives each device a number of its own, and others took the same one at this moment, several times.",
     "Send the request again."},
    {"device.replaced",
     "A sale with this device and `deviceSeq` is stored already, and it is another sale. The till was restored from a "
     "backup or its "
     "storage was copied, so that it counts from an old number.",
     "Add the till as a new device. Keep the sale, give it the next number of the new device, and send it again."},
    {"device.unknown", "`deviceId` names no active device of this tenant.", "Add the device first: POST /v1/devices."},
    {"feed.conflict", "Two changes of one tenant asked for the same place in the change feed.", ""},
    {"idempotency.in_progress",
     "A request with this key is running now: the first attempt has not ended, or an app sends the same thing twice at "
     "once.",
     "Wait for Retry-After, then send the same bytes: the reply is that of the first attempt."},
    {"idempotency.key_invalid", "The header Idempotency-Key is empty, too long or has characters that are not allowed.",
     "Send a UUID."},
    {"idempotency.key_known", "While this request was running, another one with the same key ended.",
     "The repetition gives you the stored reply."},
    {"idempotency.key_mismatch", "The header Idempotency-Key and `clientRequestId` in the body are there, and differ.",
     "Send one of them, or both with the same value."},
    {"idempotency.key_missing", "This route makes a thing that must not be made twice, and the request names no key.",
     "Make a UUID once, store it with the request, and send it as Idempotency-Key with every attempt."},
    {"idempotency.key_reused",
     "The key was used for another request: the same key with a body that means something else. Often an app changed a "
     "stored request "
     "and kept its key. `resourceId` is what the first request made.",
     "Read that row. If it is what you wanted, drop the request. If not, send yours with a new key."},
    {"location.code_taken", "Another location of this tenant has the code. Receipt numbers begin with it.",
     "Choose another code."},
    {"location.unknown", "`locationId` names no location of this tenant, or a deleted one.", ""},
    {"membership.last_owner", "The tenant would be left without an active owner.",
     "Make somebody else an owner first."},
    {"membership.role_given", "The member has this role at this location, or everywhere, already.",
     "Nothing is left to do: drop the request."},
    {"membership.unknown", "`userId` names no member of this tenant.", ""},
    {"payment.exists",
     "A payment of the sale has the `id` of a payment that is stored, or two payments of the sale have one id.",
     "Give each payment its own UUID."},
    {"payment.reference_used", "Another sale was storing the same M-Pesa code or reference at this moment.",
     "The next attempt is taken. Its payment is `unverified` and the sale flagged `payment_reference_reused`."},
    {"product.unknown", "`productId` names no product of this tenant, or a deleted one.", ""},
    {"role.name_taken", "Another role of this tenant has the name.", "Choose another name."},
    {"role.unknown", "`roleId` or `role` names no role of this tenant.", ""},
    {"row.id_taken",
     "The `id` that the app made is stored already. Without an Idempotency-Key this is also what a repeated request "
     "gets.",
     "Read the row. If it is yours, the first attempt had succeeded: drop the request. If not, make a new id."},
    {"sale.exists", "Another sale has this `id`, under another `clientRequestId`.",
     "Read the sale. If it is this one, keep its clientRequestId from now on; if not, make a new id."},
    {"sale.inconsistent",
     "The figures of the sale contradict each other: a discount above its line, two lines of one number, sums that "
     "cannot be kept.",
     "`errors` names the member. Keep the sale as it was rung up, and mend how the app computes it."},
    {"sale.numbering_incomplete",
     "`deviceId`, `deviceSeq` and `receiptNumber` belong together, and one or two of them are missing.",
     "Send all three when the till numbers its receipts, or none: then the server numbers."},
    {"sale.payments_mismatch",
     "The payments cover more than the total, give change from something other than cash, or are empty without "
     "`creditTotal`.",
     "`errors` has what was expected and received."},
    {"sale.receipt_taken", "Another sale was storing the same receipt number at this moment.",
     "The next attempt is taken, and flagged `receipt_number_duplicate`."},
    {"sale.total_mismatch",
     "The server computes the sale again from its lines, and comes to another total or tax. `errors` has both figures. "
     "Often the app "
     "rounds tax for each line where the shop rounds it for each rate, or computes with floating point.",
     "Compare with POST /v1/sales/calculate, and compute in integers."},
    {"sale.unknown", "`saleId` names no sale of this tenant.", ""},
    {"sale.unknown_cashier", "`cashierId` names nobody who is or was a member of this tenant.",
     "Send the id from GET /v1/auth/me."},
    {"sale.wrong_device", "The access token belongs to another device than the sale's `deviceId`.",
     "Sign in on that device, or let a member with `sales.push_for_device` send the sale."},
    {"stock.insufficient",
     "The tenant blocks sales below zero stock, and the sale was rung up online in the last 30 seconds.",
     "Count the shelf and adjust the stock, or sell less. A sale that was rung up offline is never refused for this."},
    {"stock.movement_repeated", "This document has moved this variant at this location before.",
     "Nothing is left to do: drop the request."},
    {"stock.movement_zero", "A quantity of an adjustment is 0.", "Leave the line out."},
    {"tax_class.code_taken", "Another tax class of this tenant has the code.", "Choose another code."},
    {"tax_class.in_use", "The tax class that would be deleted is that of a product.",
     "Give these products another class first."},
    {"tax_class.unknown", "`taxClassId` names no tax class of this tenant, or a deleted one.", ""},
    {"tax_rate.range", "`validTo` is not after `validFrom`.", ""},
    {"tenant.currency_fixed", "The tenant has sales, whose amounts are in its currency.", ""},
    {"tenant.sign_up_closed",
     "This installation takes no sign-ups from outside (SIGN_UP=closed, the default in production).",
     "Whoever runs the service adds the tenant: `backend-api tenants create`."},
    {"tenant.sign_up_done", "This key has signed up a tenant, and the copy of its reply is no longer kept.",
     "Sign in with the e-mail address and password."},
    {"user.already_member", "The user is a member of this tenant.", "Change the member that there is."},
    {"user.email_taken", "Another user has the e-mail address, perhaps in another tenant.",
     "Sign in with it, or use another one."},
    {"user.phone_taken", "Another user has the phone number, perhaps in another tenant.", "Use another one."},
    {"user.unknown", "The id names no user of this tenant.", ""},
    {"variant.barcode_taken", "Another variant of this tenant has the barcode.",
     "Look it up: GET /v1/variants/lookup?barcode=."},
    {"variant.sku_taken", "Another variant of this tenant has the SKU.", "Choose another SKU."},
    {"variant.unknown", "`variantId` names no variant of this tenant. For a sale `errors` says of which line.",
     "For a sale: leave `variantId` out of a line that the catalogue does not have; its name and price are kept."},
});

}  // namespace

std::span<const openapi::ProblemNote> problem_notes() { return notes; }

}  // namespace pos
