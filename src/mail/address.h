#pragma once
// Who a mail is from and to. An Address that exists is fit for an SMTP command and for a header: no control character, no space,
// no angle bracket can be in its mailbox, and no line break in its name. Values: any thread.
//
//     const auto address = mail::Address::parse("Amina <amina@example.com>");     // nullopt: not an address
//     address->mailbox();                                                           // "amina@example.com"
//     address->named("Duka la Amina");                                              // the same mailbox under another name
//     mail::parse_addresses("Team: a@example.com, b@example.com;, c@example.com");  // three
//
// All that schema::Format::email accepts is an address here. Beyond that: letters of all scripts before the '@' (they need
// a server with SMTPUTF8) and in the domain, which becomes punycode. A quoted part before the '@' ("a b"@example.com) and
// [127.0.0.1] behind it are refused: mail servers read them in different ways, which has led mail to strangers.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mail {

class Address {
public:
    // One address, alone or behind a display name; comments are dropped.
    [[nodiscard]] static std::optional<Address> parse(std::string_view text);

    // Any text will do: it becomes one line, without controls and with U+FFFD for bytes that are not UTF-8.
    [[nodiscard]] Address named(std::string_view name) const;

    [[nodiscard]] const std::string& name() const { return name_; }
    // Before the '@', as it was given: whether case matters is up to the server.
    [[nodiscard]] const std::string& local() const { return local_; }
    // Behind it, in lower case and in ASCII: "xn--hxajbheg2az3al.xn--jxalpdlp".
    [[nodiscard]] const std::string& domain() const { return domain_; }
    [[nodiscard]] std::string mailbox() const { return local_ + "@" + domain_; }
    // The part before the '@' is not ASCII: the SMTP server must offer SMTPUTF8 (RFC 6531).
    [[nodiscard]] bool needs_smtputf8() const;

    friend bool operator==(const Address&, const Address&) = default;

private:
    Address(std::string local, std::string domain) : local_(std::move(local)), domain_(std::move(domain)) {}
    [[nodiscard]] static std::optional<Address> of_parts(std::string_view local, std::string_view domain);
    friend class AddressReader;

    std::string name_;
    std::string local_;
    std::string domain_;
};

// A list as it stands in a To header or a setting; groups are taken apart. nullopt when any of it is no address, or when it
// has more than 1,000 of them.
[[nodiscard]] std::optional<std::vector<Address>> parse_addresses(std::string_view text);

}  // namespace mail
