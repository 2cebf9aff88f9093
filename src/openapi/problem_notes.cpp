#include "openapi/problem_notes.h"

#include <algorithm>
#include <array>

namespace openapi {

namespace {

constexpr std::array notes = std::to_array<ProblemNote>({
    {"auth.busy",
     "Passwords are checked a few at a time, since each check is slow on purpose. The line of those that wait is full.",
     ""},
    {"auth.callback_refused",
     "The callback names nobody that we know, or its signature does not fit its body. The reply does not say which.",
     "Check the address and the secret that were agreed with the sender."},
    {"auth.csrf_failed",
     "The caller is known by a cookie, and the request does not prove that it comes from a page of yours: the header "
     "X-CSRF-Token "
     "is missing or not the value of the cookie __Host-csrf, or Origin names another page.",
     "Read the cookie __Host-csrf and send its value as X-CSRF-Token with every request that is not a GET."},
    {"auth.forbidden",
     "The caller is signed in, but no role of theirs gives the permission that this needs, or not at this place.",
     "An owner or an administrator can give the role. Then send the same request again."},
    {"auth.invalid_token",
     "The access token cannot be read, was signed by another key, or is for another service. Often it was cut or is a "
     "refresh token.",
     ""},
    {"auth.missing_credentials", "The request has neither a header `Authorization: Bearer …` nor a session cookie.",
     ""},
    {"auth.session_revoked",
     "The session of this token has ended: somebody signed out, the password was changed, or the device or the member "
     "was shut out.",
     "A refresh does not help: the user signs in again. Keep what is queued."},
    {"auth.token_expired",
     "The access token is older than its lifetime, ten minutes unless the installation says otherwise.",
     "Use the refresh token. One refresh for all requests that wait, not one each."},
    {"db.conflict", "What was sent contradicts rows that are stored, by a rule that has no code of its own.", ""},
    {"db.failed", "A statement failed for a reason that no repetition mends. It is a fault of the server.",
     "Keep the request, do not repeat it by itself, and report the requestId."},
    {"db.outcome_unknown",
     "The connection to the database was lost between the last statement and its commit. The change may be stored, or "
     "not.",
     "Send the same bytes with the same key: if the change is stored, you get its reply; if not, it is made now."},
    {"db.overloaded", "More statements wait for a connection to the database than may wait.", ""},
    {"db.serialization",
     "Two requests changed the same rows at the same moment. The server tried again by itself first.", ""},
    {"db.timeout", "The database did not answer within the time of this request, or a lock was not free in time.", ""},
    {"db.unavailable", "No connection to the database can be had: it is restarting, failing over, or unreachable.", ""},
    {"db.value_refused",
     "A value passed the checks of the contract and is still too large, too long or of the wrong kind for its column.",
     ""},
    {"http.bodies_full",
     "Request bodies are held in memory while they arrive. Those of the server, of this tenant or of this address have "
     "reached their limit.",
     "Send smaller batches, and fewer at a time."},
    {"http.body_malformed",
     "The body is shorter than Content-Length says, or its chunks are not well formed. Often the connection was lost "
     "while sending.",
     "When the connection was lost, send the request again as it is."},
    {"http.body_too_large", "The body has more bytes than this path takes: 1 MiB, unless the path says otherwise.",
     "Send smaller batches."},
    {"http.expectation_failed", "The header Expect holds something other than 100-continue.", "Leave the header out."},
    {"http.headers_too_large",
     "The request line and headers are larger than 16 KiB, or more than 100. Often cookies have piled up.", ""},
    {"http.load_shed",
     "Work waits for longer than it should before it begins, so that some is refused: the least urgent first.",
     "Wait for Retry-After, and send the same request again. Nothing of it was done."},
    {"http.malformed",
     "What was sent cannot be read as HTTP/1.1, or could be read in two ways. `detail` says what was found.",
     "Look at what stands between client and server: a proxy, or a hand-written request."},
    {"http.method_not_allowed",
     "The path is known, the method is not among those it takes. The header Allow lists them.", ""},
    {"http.not_found", "No route has this path. Letters' case counts; ids stand in the place of `{id}`.",
     "Compare the path with the API documentation at /docs."},
    {"http.not_implemented", "The header Transfer-Encoding holds something other than chunked.", ""},
    {"http.overloaded", "The server has as many connections as it may have, and none of them is idle.", ""},
    {"http.request_timeout",
     "The request stopped arriving: its head took more than 10 seconds, or nothing of its body came for 30.",
     "On a slow link send smaller batches."},
    {"http.target_too_long", "The path and query are longer than 8 KiB.", "Ask for fewer ids at a time."},
    {"http.upgrade_required",
     "This path answers with another protocol, such as WebSocket, and the request did not ask for it.", ""},
    {"http.version_not_supported", "The request line names a version of HTTP that is not 1.0 or 1.1.", ""},
    {"jobs.bad_data", "The data of a job does not follow its schema.", ""},
    {"jobs.bad_options", "The options of a job contradict each other or the queue's rules.", ""},
    {"jobs.bad_queue", "The name of a queue is empty or holds a colon.", ""},
    {"jobs.bad_schedule", "The pattern or the time zone of a schedule cannot be followed.", ""},
    {"jobs.data_too_large", "The data of a job is larger than 1 MiB.",
     "Store the data as a row, and let the job name its id."},
    {"jobs.unsendable", "A row of the outbox names a queue, a job or options that no queue takes.", ""},
    {"request.compression_ratio", "The compressed body would unpack to far more than its size allows, as a bomb does.",
     "Send it without compression."},
    {"request.encoding_malformed", "The body is not what Content-Encoding says, or it was cut.", ""},
    {"request.encoding_unsupported", "Content-Encoding names something other than gzip, deflate or br.", ""},
    {"request.if_match_malformed", "If-Match is not a list of entity tags in double quotes, such as \"7\".", ""},
    {"request.if_match_missing",
     "A change or a deletion must say which version it is based on, so that two people do not overwrite each other.",
     "Send If-Match with the row's ETag, or with its `version` in double quotes: If-Match: \"7\"."},
    {"request.invalid",
     "The request can be read, and breaks a rule of the contract. `errors` lists all findings, each with its place.",
     ""},
    {"request.invalid_cursor", "The cursor is not one that this list gave, or it was given for other filters.",
     "Begin again without a cursor."},
    {"request.malformed_json", "The body is not JSON in UTF-8, has a member twice, or is nested too deeply.", ""},
    {"request.origin_not_allowed", "A web page of an origin that this installation does not name tried to use the API.",
     "Whoever runs the service adds the origin to CORS_ORIGINS, exactly as the browser sends it: scheme, host and "
     "port."},
    {"request.out_of_range", "An amount or a quantity, or a sum of several, is larger than can be stored.", ""},
    {"request.range_not_satisfiable", "The header Range asks for bytes behind the end of the file.", ""},
    {"request.rate_limited",
     "More requests came than the limit allows. RateLimit-Policy says which limit, RateLimit what is left of it.",
     "Wait for Retry-After. Send what is queued one after the other, not all at once."},
    {"request.unsupported_media_type", "Content-Type is missing or names a type that this path does not read.",
     "Send Content-Type: application/json."},
    {"request.version_conflict", "Somebody changed the row after you read it. `current` is the row as it is now.", ""},
    {"row.not_found",
     "There is no row with this id, or it belongs to another tenant or to a place where the caller may not read. The "
     "reply is the same.",
     ""},
    {"server.exhausted", "The server is out of memory, open files or threads for the moment.", ""},
    {"server.internal", "The server met a fault of its own. The log has the cause, under the requestId.",
     "Keep the request, do not repeat it by itself, and report the requestId."},
    {"server.overloaded", "More slow work waits for a thread than may wait.", ""},
    {"session.contended", "Many requests change one session at the same time.", "Send them one after the other."},
    {"session.missing", "The request has no session cookie, or its session has ended.", ""},
    {"session.too_large", "What would be kept in the session is larger than its limit.", ""},
    {"session.unavailable", "The store of the sessions does not answer. The session itself is not lost.", ""},
});
static_assert(std::ranges::is_sorted(notes, {}, &ProblemNote::code));

}  // namespace

std::span<const ProblemNote> stack_notes() { return notes; }

}  // namespace openapi
