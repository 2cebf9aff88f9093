#include "storage/s3_xml.h"

#include <optional>
#include <utility>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/strings.h"

namespace storage {

namespace {

using Wrong = std::unexpected<std::string>;

constexpr std::size_t most_reply_bytes = std::size_t{16} << 20U;
constexpr std::size_t most_text_bytes = 4'096;

// Its root, when the whole is XML.
pugi::xml_node load(pugi::xml_document& document, std::string_view xml) {
    if (xml.size() > most_reply_bytes || !base::is_utf8(xml)) return {};
    const auto text = base::trim(xml);  // S3 sends spaces while it works
    const auto result = document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
    return result ? document.document_element() : pugi::xml_node();
}

std::string_view name_of(const pugi::xml_node& node) {
    const std::string_view name = node.name();
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
    for (const auto& node : parent.children())
        if (name_of(node) == name) return node;
    return {};
}

std::string text_of(const pugi::xml_node& parent, std::string_view name) {
    std::string text;
    for (const auto& piece : child(parent, name).children())
        if (piece.type() == pugi::node_pcdata || piece.type() == pugi::node_cdata) text += piece.value();
    return text;
}

// For logs and comparisons: one line of what was meant to be a word.
std::string word_of(const pugi::xml_node& parent, std::string_view name, std::size_t most) {
    std::string word;
    for (const char c : text_of(parent, name).substr(0, most)) word += c >= ' ' && c < 0x7F ? c : ' ';
    return word;
}

std::optional<std::string> decoded(std::string text, bool is_encoded) {
    if (text.size() > most_text_bytes) return std::nullopt;
    if (!is_encoded) return text;
    // As forms are: Amazon writes a space as +.
    return base::form_decode(text);
}

std::expected<ListedObject, std::string> object_of(const pugi::xml_node& node, bool is_encoded) {
    auto key = decoded(text_of(node, "Key"), is_encoded);
    const auto size = base::parse_integer<std::uint64_t>(text_of(node, "Size"));
    const auto modified = base::parse_timestamp(text_of(node, "LastModified"));
    if (!key || key->empty() || !size) return Wrong("a list of objects has one without a name or a size");
    return ListedObject{.key = *std::move(key),
                        .size = *size,
                        .etag = word_of(node, "ETag", 200),
                        .modified = modified.value_or(base::Timestamp())};
}

}  // namespace

S3ErrorReply read_error(std::string_view xml) {
    pugi::xml_document document;
    const auto root = load(document, xml);
    if (name_of(root) != "Error") return {};
    return {.code = word_of(root, "Code", 100),
            .message = word_of(root, "Message", 500),
            .region = word_of(root, "Region", 100)};
}

std::expected<ListPage, std::string> read_list(std::string_view xml) {
    pugi::xml_document document;
    const auto root = load(document, xml);
    if (name_of(root) != "ListBucketResult") return Wrong("the reply is no list of objects");
    const bool is_encoded = text_of(root, "EncodingType") == "url";
    ListPage page;
    for (const auto& node : root.children()) {
        if (name_of(node) != "Contents") continue;
        auto object = object_of(node, is_encoded);
        if (!object) return Wrong(std::move(object.error()));
        page.objects.push_back(*std::move(object));
    }
    if (text_of(root, "IsTruncated") != "true") return page;
    page.next = text_of(root, "NextContinuationToken");
    if (page.next.empty() || page.next.size() > most_text_bytes) return Wrong("a list goes on and does not say where");
    return page;
}

std::expected<UploadPage, std::string> read_uploads(std::string_view xml, const std::string& bucket) {
    pugi::xml_document document;
    const auto root = load(document, xml);
    if (name_of(root) != "ListMultipartUploadsResult") return Wrong("the reply is no list of uploads");
    const bool is_encoded = text_of(root, "EncodingType") == "url";
    UploadPage page;
    for (const auto& node : root.children()) {
        if (name_of(node) != "Upload") continue;
        auto key = decoded(text_of(node, "Key"), is_encoded);
        auto id = text_of(node, "UploadId");
        if (!key || key->empty() || id.empty() || id.size() > most_text_bytes)
            return Wrong("a list of uploads has one without a name or an id");
        page.uploads.push_back({.bucket = bucket, .key = *std::move(key), .upload_id = std::move(id)});
    }
    if (text_of(root, "IsTruncated") != "true") return page;
    const auto key = decoded(text_of(root, "NextKeyMarker"), is_encoded);
    const auto id = text_of(root, "NextUploadIdMarker");
    if (!key || key->empty() || id.size() > most_text_bytes) return Wrong("a list goes on and does not say where");
    page.next = fmt::format("{}&{}", base::percent_encode(*key), base::percent_encode(id));
    return page;
}

std::expected<std::string, std::string> read_upload_id(std::string_view xml) {
    pugi::xml_document document;
    const auto root = load(document, xml);
    auto id = name_of(root) == "InitiateMultipartUploadResult" ? text_of(root, "UploadId") : std::string();
    if (id.empty() || id.size() > most_text_bytes) return Wrong("the reply has no upload id");
    return id;
}

std::expected<std::string, std::string> read_etag(std::string_view xml, std::string_view root_name) {
    pugi::xml_document document;
    const auto root = load(document, xml);
    auto etag = name_of(root) == root_name ? word_of(root, "ETag", 200) : std::string();
    if (etag.empty()) return Wrong(fmt::format("the reply is no {} with an ETag", root_name));
    return etag.starts_with('"') ? etag : "\"" + etag + "\"";
}

std::string write_complete(const std::vector<std::string>& etags) {
    std::string xml = R"(<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)";
    for (std::size_t i = 0; i < etags.size(); ++i) {
        xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>", i + 1);
        for (const char c : etags[i]) {
            if (c == '&')
                xml += "&amp;";
            else if (c == '<')
                xml += "&lt;";
            else if (c == '>')
                xml += "&gt;";
            else if (c == '"')
                xml += "&quot;";
            else
                xml += c;
        }
        xml += "</ETag></Part>";
    }
    return xml + "</CompleteMultipartUpload>";
}

}  // namespace storage
