#pragma once
// Upload-Metadata: names with values in Base64 (tus 1.0, Creation). Pure; any thread.
//
//     const auto metadata = uploads::Metadata::parse("filename cGljdHVyZS5qcGc=,is_confidential");
//     metadata->get("filename")                                     // "picture.jpg"; nullopt when it is not there
//     http::clean_file_name(metadata->get("filename").value_or("")) // http/multipart_parser.h: what may be kept of it

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace uploads {

class Metadata {
public:
    static constexpr std::size_t most_bytes = std::size_t{4} * 1024;  // of the header
    static constexpr std::size_t most_pairs = 32;

    // nullopt: too long, a name twice or empty, a name with a space, comma or byte beyond ASCII, a value that is no Base64.
    [[nodiscard]] static std::optional<Metadata> parse(std::string_view header);

    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

private:
    std::vector<std::pair<std::string, std::string>> pairs_;  // any bytes
};

}  // namespace uploads
