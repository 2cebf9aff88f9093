#pragma once
// Typed routes. A handler is a plain function: its parameters say what it takes from the request, its result what it
// answers, and both together are the contract that OpenAPI shows.
//
//     async::Task<http::Created<Product>> create_product(Permitted<"products.write"> caller, http::Body<NewProduct> input, db::Db db);
//
//     void routes(http::Routes routes) {
//         routes.post("/products", create_product, {.id = "createProduct", .summary = "Add a product", .errors = {errors::sku_taken}});
//         routes.get("/products/{id}", show_product, {.id = "getProduct"});
//     }
//
// Parts are read in the order of the parameters, so a caller that stands first is judged before the body is looked at, and a
// database behind the body, whose end its deadline counts from (it does not compile in front of it); all
// findings of path, query and body come back in one 422. A parameter that nobody declared is a finding too, with or without a
// Query: a misspelt filter must not give the unfiltered list. AnyQuery takes whatever comes. A part is any type with
//     static T (or async::Task<T>) read(http::Context&, http::Findings&);      // throws, or adds findings
//     static void describe(http::Operation&);
// or a specialisation of http::Part<T>. `Context&` is a part too, for what no other part gives.
//
// Results: a described struct (200, with ETag when it has a `version`; of a GET's list clients may choose members by
// `?fields=`), Created<T>, Accepted<T>, NoContent, JsonBytes<T, …>, and
// Task<void> for a handler that fills context.response() itself. A result is any type with
//     static void send(http::Context&, T&&);           // or async::Task<void> send(http::Context&, T): fills context.response()
//     static void describe(http::Operation&);          // operation.can_answer({…}), once for each status
// or a specialisation of http::Result<T>.

#include <tuple>
#include <utility>

#include "async/task.h"
#include "base/failure.h"
#include "base/fixed_string.h"
#include "http/context.h"
#include "http/errors.h"
#include "http/operation.h"
#include "http/router.h"
#include "schema/schema.h"

namespace http {

class TagKey;

namespace errors {
inline constexpr base::ErrorCode invalid{"request.invalid", 422, false, base::Action::fix,
                                         "The request does not follow the contract"};
inline constexpr base::ErrorCode malformed_json{"request.malformed_json", 400, false, base::Action::fix,
                                                "The body is not JSON as this API takes it"};
inline constexpr base::ErrorCode unsupported_media_type{"request.unsupported_media_type", 415, false, base::Action::fix,
                                                        "The body's media type is not understood here"};
}  // namespace errors

using Findings = std::vector<base::Issue>;

// Specialise for types that cannot have the members themselves.
template <class T>
struct Part {
    static_assert(
        requires(Context& context, Findings& findings, Operation& operation) {
            T::read(context, findings);
            T::describe(operation);
        }, "http: this parameter is not a request part (is the header that makes it one included?)");
    static auto read(Context& context, Findings& findings) { return T::read(context, findings); }
    static void describe(Operation& operation) { T::describe(operation); }
};

using base::FixedString;  // the names that types carry

// Who reads the reply: what they may see, and what makes their ETags. Put into the context by whoever proved the caller.
struct Reader {
    schema::Reader sees;
    base::Uuid tenant;
    TagKey* tag_key = nullptr;  // outlives the request
};

namespace detail {

// One parameter as a field of its own, so that path and header parts use the readers and the documentation of schema.
template <class T>
const void* access_itself(const void* value) {
    return value;
}
template <FixedString Name, class T>
inline constexpr schema::Field field_of_part{
    Name.view(),       &schema::type_of<T>, schema::detail::erase_rules(typename schema::detail::RulesOf<T>::type{}),
    &access_itself<T>, &access_itself<T>,   nullptr};

void read_parameter(const schema::Field& field, std::string_view in, std::optional<std::string_view> text, void* out,
                    Findings& findings);
// Of a Content-Type, in small letters. 415 for a charset other than UTF-8.
std::string media_type_of(std::string_view content_type);
// Of a file's bytes, whose charset matters where they are text: `image/jpeg; charset=binary` is what some clients call them.
std::string media_type_of_bytes(std::string_view content_type);
// What any body can fail with, however it is read.
void describe_body_bytes(Operation& operation);
async::Task<void> read_body(Context& context, const schema::Type* type, void* out, std::string_view* text,
                            Findings& findings);
void read_query(Context& context, const schema::ObjectType& type, void* out, Findings& findings);
// Of a route without a query: `?fields=` is all that it may have, where its reply is a list. `reply` may be nullptr.
void read_no_query(Context& context, const schema::Type* reply, Findings& findings);
void describe_query(Operation& operation, const schema::ObjectType& type);
void describe_body(Operation& operation, const schema::Type& type);

// The JSON of a reply, its status, and an ETag when the object has an integer member "version". The reader is whoever a part
// has put into the context as a Reader.
void send_json(Context& context, const schema::Type& type, const void* value, std::uint16_t status,
               schema::View view = {});

// `?fields=id,name` of a list: its rows are the items of the reply's member `data`, or the reply's own; nullptr: no list.
const schema::ObjectType* rows_of(const schema::Type& reply);
void describe_fields(Operation& operation, const schema::Type& reply);
schema::View read_fields(Context& context, const schema::Type& reply, Findings& findings);
void send_json_bytes(Context& context, std::uint16_t status, std::string body);

}  // namespace detail

// ---- Parts -------------------------------------------------------------------------------------------------------

// http::Path<"id", ProductId> id: a path parameter; *id is the value. One that is no T is a 422; an id may lead to no row.
template <FixedString Name, class T>
struct Path {
    T value;
    const T& operator*() const { return value; }
    const T* operator->() const { return &value; }

    static Path read(Context& context, Findings& findings) {
        Path part{};
        detail::read_parameter(detail::field_of_part<Name, T>, "path", context.param(Name.view()), &part.value,
                               findings);
        return part;
    }
    static void describe(Operation& operation) {
        operation.parameters.push_back({"path", &detail::field_of_part<Name, T>, true});
        operation.can_fail(errors::invalid);
        if (schema::type_of<T>.kind == schema::Kind::uuid) operation.can_fail(errors::row_not_found);
    }
};

// http::Query<ProductFilter> filter: the whole query string as a described struct.
template <class T>
struct Query {
    T value;
    const T& operator*() const { return value; }
    const T* operator->() const { return &value; }

    static Query read(Context& context, Findings& findings) {
        Query part{};
        detail::read_query(context, schema::object_of<T>, &part.value, findings);
        return part;
    }
    static void describe(Operation& operation) { detail::describe_query(operation, schema::object_of<T>); }
};

// For a route whose callers may send parameters that we do not know yet, and must not be refused for it: none is read.
struct AnyQuery {
    static AnyQuery read(Context&, Findings&) { return {}; }
    static void describe(Operation&) {}
};

// http::Body<NewProduct> input: the JSON (or urlencoded) body. `text` is the JSON as sent, valid until the reply.
template <class T>
struct Body {
    T value;
    std::string_view text;
    const T& operator*() const { return value; }
    T& operator*() { return value; }
    const T* operator->() const { return &value; }
    T* operator->() { return &value; }

    static async::Task<Body> read(Context& context, Findings& findings) {
        Body part{};
        co_await detail::read_body(context, &schema::type_of<T>, &part.value, &part.text, findings);
        co_return part;
    }
    static void describe(Operation& operation) { detail::describe_body(operation, schema::type_of<T>); }
};

// http::HeaderValue<"X-Device-Id", DeviceId> device; HeaderValue<"…", std::optional<T>> for one that may be missing.
template <FixedString Name, class T>
struct HeaderValue {
    T value;
    const T& operator*() const { return value; }
    const T* operator->() const { return &value; }

    static HeaderValue read(Context& context, Findings& findings) {
        HeaderValue part{};
        detail::read_parameter(detail::field_of_part<Name, T>, "header", context.request().header(Name.view()),
                               &part.value, findings);
        return part;
    }
    static void describe(Operation& operation) {
        operation.parameters.push_back(
            {"header", &detail::field_of_part<Name, T>, detail::field_of_part<Name, T>.required()});
        operation.can_fail(errors::invalid);
    }
};

// http::Service<Mailer> mailer: a service of this loop. A route that uses one that is missing stops the server from starting.
template <class T>
struct Service {
    explicit Service(T& of) : service(&of) {}

    T* service;
    T& operator*() const { return *service; }
    T* operator->() const { return service; }

    static Service read(Context& context, Findings&) { return Service(context.services().use<T>()); }
    static void describe(Operation& operation) { operation.need<T>(); }
};

template <>
struct Part<Context&> {
    static void describe(Operation&) {}
};

// ---- Results -----------------------------------------------------------------------------------------------------

// How a result is sent and documented: a described struct as JSON. Specialise for types that cannot have the members themselves;
// one with `readable` is sent with what the client chose by `?fields=`.
template <class R>
struct Result {
    static constexpr const schema::Type* readable = &schema::type_of<R>;
    static void send(Context& context, const R& result, const schema::View& view) {
        detail::send_json(context, schema::type_of<R>, &result, 200, view);
    }
    static void describe(Operation& operation) { operation.can_answer({.status = 200, .body = readable}); }
};
template <class R>
    requires requires(Context& context, R&& result, Operation& operation) {
        R::send(context, std::move(result));
        R::describe(operation);
    }
struct Result<R> {
    static auto send(Context& context, R&& result) { return R::send(context, std::move(result)); }
    static void describe(Operation& operation) { R::describe(operation); }
};
// The handler fills the response itself.
template <>
struct Result<void> {
    static void describe(Operation& operation) { operation.can_answer({.status = 200, .media_type = "*/*"}); }
};

// 201 with Location.
template <class T>
struct Created {
    T value;
    std::string location;

    static void send(Context& context, const Created& result) {
        detail::send_json(context, schema::type_of<T>, &result.value, 201);
        context.response().header("Location", result.location);
    }
    static void describe(Operation& operation) {
        operation.can_answer({.status = 201, .body = &schema::type_of<T>, .headers = {"Location"}});
    }
};

// 202: it was taken, not done.
template <class T>
struct Accepted {
    T value;

    static void send(Context& context, const Accepted& result) {
        detail::send_json(context, schema::type_of<T>, &result.value, 202);
    }
    static void describe(Operation& operation) { operation.can_answer({.status = 202, .body = &schema::type_of<T>}); }
};

// 204.
struct NoContent {
    static void send(Context& context, NoContent) { context.response().status(204); }
    static void describe(Operation& operation) { operation.can_answer({.status = 204}); }
};

// A reply whose bytes exist already (a stored idempotent reply, a cached page); documented as a T with each of the statuses, the
// usual one first: JsonBytes<Order, 201, 200> is one that was recorded now, or was there already.
template <class T, std::uint16_t Status = 200, std::uint16_t... More>
struct JsonBytes {
    std::string body;
    std::uint16_t status = Status;
    std::vector<std::pair<std::string, std::string>> headers;

    // For a handler that may answer with others as well.
    template <std::uint16_t... Others>
        requires(sizeof...(Others) > 0)
    operator JsonBytes<T, Status, More..., Others...>() && {  // NOLINT(google-explicit-constructor)
        return {std::move(body), status, std::move(headers)};
    }

    static void send(Context& context, JsonBytes&& result) {
        detail::send_json_bytes(context, result.status, std::move(result.body));
        for (const auto& [name, value] : result.headers) context.response().header(name, value);
    }
    static void describe(Operation& operation) {
        for (const auto status : {Status, More...}) {
            ReplyDoc reply{.status = status, .body = &schema::type_of<T>};
            reply.headers.emplace_back("Idempotent-Replayed");
            if (Status == 201 || Status == 202) reply.headers.emplace_back("Location");
            operation.can_answer(std::move(reply));
        }
    }
};

namespace detail {

// Parts that say `static constexpr bool waits_for_body = true` read some of it before the handler runs.
template <class P>
inline constexpr bool is_body = requires { requires P::waits_for_body; };
template <class T>
inline constexpr bool is_body<Body<T>> = true;
template <class P>
inline constexpr bool keeps_deadline = requires { requires Part<P>::keeps_deadline; };

// An upload may take longer than its handler has: what was given the deadline before it came would fail behind it.
template <class... P>
consteval bool deadlines_follow_the_body() {
    bool kept = false;
    return ((kept |= keeps_deadline<P>, !(kept && is_body<P>)) && ...);
}

template <class T>
struct Ready {
    T value;
    [[nodiscard]] bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    T await_resume() { return std::move(value); }
};

template <class P>
auto read_part(Context& context, Findings& findings) {
    if constexpr (std::same_as<P, Context&>) {
        return Ready<std::reference_wrapper<Context>>{context};
    } else if constexpr (requires { Part<P>::read(context, findings).operator co_await(); }) {
        return Part<P>::read(context, findings);
    } else {
        return Ready<P>{Part<P>::read(context, findings)};
    }
}

template <class P>
using Held = std::conditional_t<std::same_as<P, Context&>, std::reference_wrapper<Context>, P>;

template <class P>
inline constexpr bool takes_query = std::same_as<P, AnyQuery>;
template <class T>
inline constexpr bool takes_query<Query<T>> = true;

// Parts that say `static constexpr bool reads_only = true` are for GET.
template <class... P>
inline constexpr bool reads_only = ([] {
    if constexpr (requires { P::reads_only; }) return P::reads_only;
    return false;
}() || ...);

// Handlers that fill the reply themselves read the request themselves too: probes, scrapers and browsers that add `?v=` to an
// asset's address get what they came for.
template <class R, class... P>
inline constexpr bool has_no_query = !std::is_void_v<R> && !(takes_query<P> || ...);

template <class R>
constexpr const schema::Type* readable_reply() {
    if constexpr (requires { Result<R>::readable; }) {
        return Result<R>::readable;
    } else {
        return nullptr;
    }
}

template <class R>
auto send_result(Context& context, R& result, [[maybe_unused]] const schema::View& view) {
    if constexpr (readable_reply<R>() != nullptr) {
        return Result<R>::send(context, std::move(result), view);
    } else {
        return Result<R>::send(context, std::move(result));
    }
}

[[noreturn]] void throw_invalid(Findings findings);

template <class R, class... P>
async::Task<void> run_handler(Context& context, async::Task<R> (*function)(P...)) {
    static_assert(deadlines_follow_the_body<P...>(), "http: a database is taken behind the Body, not in front of it");
    Findings findings;
    std::tuple<Held<P>...> parts{co_await read_part<P>(context, findings)...};
    if constexpr (has_no_query<R, P...>) read_no_query(context, readable_reply<R>(), findings);
    [[maybe_unused]] schema::View view;
    if constexpr (readable_reply<R>() != nullptr) view = read_fields(context, *readable_reply<R>(), findings);
    if (!findings.empty()) throw_invalid(std::move(findings));
    if constexpr (std::is_void_v<R>) {
        co_await std::apply([function](auto&... part) { return function(static_cast<P&&>(part)...); }, parts);
    } else {
        auto result =
            co_await std::apply([function](auto&... part) { return function(static_cast<P&&>(part)...); }, parts);
        if constexpr (std::is_void_v<decltype(send_result(context, result, view))>) {
            send_result(context, result, view);
        } else {
            co_await send_result(context, result, view);
        }
    }
}

}  // namespace detail

// ---- Registration ------------------------------------------------------------------------------------------------

// What the signature cannot say.
struct RouteDocs {
    std::string_view id{};                    // operationId, camelCase, unique
    std::string_view summary{};               // a line
    std::string_view description{};           // Markdown
    std::vector<base::ErrorCode> errors{};    // besides those of the parts
    std::vector<std::string_view> headers{};  // that a success has at times, such as Set-Cookie
    RouteOptions options{};
    std::vector<Middleware> middleware{};
    std::optional<Deprecation>
        deprecation{};  // {.since = "2026-11-22", .sunset = "2027-06-01", .instead = "startPayment"}
};

// A group of routes under one tag. Cheap to copy; valid while the router is.
class Routes {
public:
    Routes(RouteGroup group, std::string_view tag) : group_(std::move(group)), tag_(tag) {}

    template <class R, class... P>
    void get(std::string_view pattern, async::Task<R> (*handler)(P...), RouteDocs docs = {}) {
        add(Method::get, pattern, handler, std::move(docs));
    }
    template <class R, class... P>
    void post(std::string_view pattern, async::Task<R> (*handler)(P...), RouteDocs docs = {}) {
        static_assert(!detail::reads_only<P...>, "http: one of these parts is for routes that read (GET)");
        add(Method::post, pattern, handler, std::move(docs));
    }
    template <class R, class... P>
    void put(std::string_view pattern, async::Task<R> (*handler)(P...), RouteDocs docs = {}) {
        static_assert(!detail::reads_only<P...>, "http: one of these parts is for routes that read (GET)");
        add(Method::put, pattern, handler, std::move(docs));
    }
    template <class R, class... P>
    void patch(std::string_view pattern, async::Task<R> (*handler)(P...), RouteDocs docs = {}) {
        static_assert(!detail::reads_only<P...>, "http: one of these parts is for routes that read (GET)");
        add(Method::patch, pattern, handler, std::move(docs));
    }
    template <class R, class... P>
    void del(std::string_view pattern, async::Task<R> (*handler)(P...), RouteDocs docs = {}) {
        static_assert(!detail::reads_only<P...>, "http: one of these parts is for routes that read (GET)");
        add(Method::del, pattern, handler, std::move(docs));
    }
    [[nodiscard]] Routes tagged(std::string_view tag) const { return {group_, tag}; }

private:
    template <class R, class... P>
    void add(Method method, std::string_view pattern, async::Task<R> (*handler)(P...), RouteDocs docs) {
        Operation operation;
        (Part<P>::describe(operation), ...);
        Result<R>::describe(operation);
        if constexpr (detail::has_no_query<R, P...>) operation.can_fail(errors::invalid);
        if constexpr (detail::readable_reply<R>() != nullptr) {
            if (method == Method::get) detail::describe_fields(operation, *detail::readable_reply<R>());
        }
        add_route(
            method, pattern, [handler](Context& context) { return detail::run_handler(context, handler); },
            std::move(operation), std::move(docs));
    }
    void add_route(Method method, std::string_view pattern, Handler handler, Operation operation, RouteDocs docs);

    RouteGroup group_;
    std::string_view tag_;
};

// Throws std::logic_error naming the first route whose services are not all there: run at start.
void require_services(const Router& router, const Services& services);

}  // namespace http
