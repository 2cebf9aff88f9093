#include "http/upload.h"

#include <algorithm>
#include <vector>

#include "base/hasher.h"
#include "base/strings.h"

namespace http::detail {

namespace {

using Algorithm = base::Hasher::Algorithm;

constexpr std::size_t most_digests = 8;

[[noreturn]] void throw_malformed(std::string detail) {
    throw base::Failure(errors::digest_malformed, std::move(detail));
}

// A key of a dictionary (RFC 9651 section 3.1.2).
bool is_key(std::string_view key) {
    const auto is_first = [](char c) { return (c >= 'a' && c <= 'z') || c == '*'; };
    return !key.empty() && is_first(key.front()) && std::ranges::all_of(key, [&](char c) {
        return is_first(c) || base::is_ascii_digit(c) || c == '_' || c == '-' || c == '.';
    });
}

class BodyDigests final : public DigestCheck {
public:
    // `sha-256=:BASE64:, sha-512=:BASE64:`. Of algorithms that are not known here nothing is said.
    void read(std::string_view header) {
        const auto members = base::split(header, ',');
        if (members.size() > most_digests) throw_malformed("Content-Digest has too many members");
        for (const auto member : members) read_member(base::trim(member));
        if (checks_.empty()) throw_malformed("Content-Digest needs sha-256 or sha-512");
    }

    void add(std::string_view bytes) override {
        for (auto& check : checks_) check.hasher.add(bytes);
    }
    void finish() override {
        for (auto& check : checks_) {
            if (check.hasher.finish() != check.wanted)
                throw base::Failure(errors::digest_mismatch, std::string(check.name));
        }
    }

private:
    struct Check {
        std::string_view name;
        base::Hasher hasher;
        std::string wanted;
    };

    void read_member(std::string_view member) {
        const auto equals = member.find('=');
        const auto key = member.substr(0, equals);
        const auto value = equals == std::string_view::npos ? std::string_view() : member.substr(equals + 1);
        if (!is_key(key) || value.size() < 2 || !value.starts_with(':') || !value.ends_with(':'))
            throw_malformed("write Content-Digest: sha-256=:Base64:");
        auto digest = base::base64_decode(value.substr(1, value.size() - 2));
        if (!digest) throw_malformed("a digest of Content-Digest is no Base64");
        if (key == "sha-256") add_check("sha-256", Algorithm::sha256, std::move(*digest));
        if (key == "sha-512") add_check("sha-512", Algorithm::sha512, std::move(*digest));
    }
    void add_check(std::string_view name, Algorithm algorithm, std::string digest) {
        if (digest.size() != base::Hasher::size_of(algorithm))
            throw_malformed("a digest of Content-Digest is too short");
        if (std::ranges::find(checks_, name, &Check::name) != checks_.end())
            throw_malformed("Content-Digest names one twice");
        checks_.push_back({name, base::Hasher(algorithm), std::move(digest)});
    }

    std::vector<Check> checks_;
};

}  // namespace

std::unique_ptr<DigestCheck> DigestCheck::of(const Request& request) {
    if (!request.header("content-digest")) return nullptr;
    const auto coding = base::trim(request.header("content-encoding").value_or("identity"));
    if (!base::iequals(coding, "identity"))
        throw_malformed("Content-Digest is checked of bytes without Content-Encoding");
    auto digests = std::make_unique<BodyDigests>();
    digests->read(request.headers().joined("content-digest"));
    return digests;
}

async::Task<std::optional<std::string_view>> next_checked(Context* context, DigestCheck* check) {
    const auto piece = co_await context->request().read_some();
    if (piece) {
        context->mark_body_arrived(async::Loop::now());
        if (check != nullptr) check->add(*piece);
    } else if (check != nullptr) {
        check->finish();
    }
    co_return piece;
}

void describe_upload(Operation& operation, std::span<const std::string_view> media_types) {
    describe_body_stream(operation, media_types);
    static constexpr schema::Field digest = [] {
        auto field = field_of_part<"Content-Digest", std::optional<std::string>>;
        // No example: a page would send it, with other bytes.
        field.rules.doc =
            "sha-256 or sha-512 of the body (RFC 9530), which is checked: "
            "`sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:`. Leave it out where you have none.";
        return field;
    }();
    operation.parameters.push_back({"header", &digest, false});
    operation.can_fail(errors::digest_mismatch);
    operation.can_fail(errors::digest_malformed);
}

}  // namespace http::detail
