// Bruno's files: a folder of texts, https://docs.usebruno.com/bru-lang/overview
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/hash.h"
#include "base/strings.h"
#include "openapi/collection_text.h"

namespace openapi {

namespace {

constexpr ScriptWords words{.test = "test",
                            .expect = "expect",
                            .status = "res.getStatus()",
                            .type = "res.getHeader('content-type')",
                            .place = "res.getHeader('location')",
                            .json = "res.getBody()",
                            .set = "bru.setVar",
                            .get = "bru.getVar",
                            .run_set = "bru.setVar",
                            .uuid = "bru.interpolate('{{$guid}}')"};

void append(std::vector<std::string>& lines, std::vector<std::string> more) {
    lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// Indented, so that no line of it ends the block.
std::string block(std::string_view name, std::string_view text) {
    std::string out = fmt::format("{} {{\n", name);
    for (const auto line : base::split(text, '\n')) {
        if (!line.empty()) out.append("  ").append(line);
        out += '\n';
    }
    return out + "}\n";
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text.append(text.empty() ? "" : "\n").append(line);
    return text;
}

// A value ends with its line.
std::string of_one_line(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c == '\n' || c == '\r') c = ' ';
    }
    return out;
}

std::string values(std::string_view name, const std::vector<CollectionValue>& all) {
    if (all.empty()) return {};
    std::vector<std::string> lines;
    for (const auto& value : all)
        lines.push_back(fmt::format("{}{}: {}", value.is_sent ? "" : "~", value.name, of_one_line(value.value)));
    return "\n" + block(name, joined(lines));
}

std::string variables(std::string_view name, const std::vector<CollectionVariable>& all) {
    std::vector<std::string> lines;
    for (const auto& variable : all) lines.push_back(fmt::format("{}: {}", variable.name, of_one_line(variable.value)));
    return block(name, joined(lines));
}

std::string body_name(const CollectionRequest& request) {
    if (request.media_type.empty()) return "none";
    if (!request.body.empty()) return "json";
    return request.form.empty() ? "file" : "multipartForm";
}

std::string body_of(const CollectionRequest& request) {
    if (!request.body.empty()) return "\n" + block("body:json", request.body);
    if (request.form.empty()) return {};
    std::vector<std::string> lines;
    for (const auto& value : request.form)
        lines.push_back(fmt::format("{}{}: @file()", value.is_sent ? "" : "~", value.name));
    return "\n" + block("body:multipart-form", joined(lines));
}

// ---- What this program wrote ---------------------------------------------------------------------------------------------------

constexpr std::string_view mark_begin = "// Written by this program: ";
constexpr std::string_view mark_end = ". Edited, it is yours.";

// Of a file and its place, so that neither an edited file nor a copy of one counts as written.
std::string sum_of(std::string_view path, std::string_view text) {
    const auto digest = base::sha256(fmt::format("{}\n{}", path, text));
    return fmt::format("{:02x}", fmt::join(digest.begin(), digest.begin() + 16, ""));
}

// As a comment of the tests, which Bruno keeps.
CollectionFile marked(std::string path, std::string text) {
    const auto sum = sum_of(path, text);
    const auto line = fmt::format("  {}{}{}\n", mark_begin, sum, mark_end);
    constexpr std::string_view tests = "\ntests {\n";
    if (const auto at = text.find(tests); at != std::string::npos) text.insert(at + tests.size(), line);
    return {.path = std::move(path), .text = std::move(text)};
}

std::string request_file(const CollectionRequest& request, const CollectionOptions& options, std::size_t number) {
    // What is sent stands in the URL; the block `params:query` is what its window shows of it.
    const auto path = with_colons(request.path) + query_of(request);
    std::string text = block("meta", fmt::format("name: {}\ntype: http\nseq: {}", request.id, number));
    text += "\n" + block(base::ascii_lower(request.method),
                         fmt::format("url: {{{{baseUrl}}}}{}\nbody: {}\nauth: {}", path, body_name(request),
                                     request.is_public ? "none" : "inherit"));
    text += values("params:query", request.query) + values("params:path", request.path_values);
    auto headers = request.headers;
    if (!request.media_type.empty() && request.form.empty())
        headers.push_back({.name = "Content-Type", .value = request.media_type});
    text += values("headers", headers) + body_of(request);
    text += "\n" + block("tests", joined(tests_of(request, options, words)));
    return text + "\n" + block("docs", text_of(request));
}

// Nothing of an account goes to another one, or to another address.
std::vector<std::string> whose(const Collection& collection) {
    auto lines = whose_lines(collection, "bru.interpolate('{{' + name + '}}')");
    append(lines, {"if (bru.getVar('whose') !== whose) {",
                   "  // Another account, or another address: nothing of the one before goes there.",
                   "  bru.setVar('whose', whose);", "  bru.setVar('token', '');", "  bru.setVar('versions', {});",
                   "  " + set_line(collection.seeded, words), "}"});
    return lines;
}

// In front of every request.
std::string before(const Collection& collection) {
    std::vector<std::string> lines{
        "// As browsers copy it, with a slash at its end. A variable would outlive the environment.",
        R"(const base = bru.interpolate('{{baseUrl}}').replace(/\/+$/, '');)",
        "if (bru.interpolate('{{baseUrl}}') !== base) req.setUrl(req.getUrl().replace('{{baseUrl}}', base));"};
    append(lines, fresh_lines(collection, words));
    const auto* login = find_login(collection);
    if (login != nullptr) append(lines, whose(collection));
    append(lines,
           {"// A change says which version it is of: the one that a reply of this path had last.",
            "const versions = bru.getVar('versions') || {};",
            "const values = Object.fromEntries((req.pathParams || []).map(({ name, value }) => [':' + name, value]));",
            "const url = req.getUrl().split('?')[0].split('/').map((part) => values[part] || part).join('/');",
            "const path = bru.interpolate(url).replace(/^https?:\\/\\/[^/]+/, '');",
            R"(bru.setVar('ifMatch', versions[path] || '"1"');)"});
    if (login == nullptr) return joined(lines);
    append(lines,
           {"// A quote in a password does not end the text that it stands in.", "const sent = req.getBody();",
            "const raw = JSON.stringify(sent ?? '');",
            fmt::format("if ({}.some((name) => raw.includes('{{{{' + name + '}}}}')))", account_names(collection)),
            "  req.setBody(JSON.parse(raw, (_, value) => (typeof value === 'string' ? bru.interpolate(value) : "
            "value)));"});
    append(lines,
           {"// Nobody is logged in: the account of the environment is. One that was refused is not tried again.",
            fmt::format("if (!bru.getVar('token') && bru.getVar('refused') !== account && req.getName() !== {}) {{",
                        js_string(login->id)),
            fmt::format(
                "  const data = JSON.parse({}, (_, value) => (typeof value === 'string' ? bru.interpolate(value) : "
                "value));",
                js_string(login->body)),
            "  try {",
            "    const reply = await bru.sendRequest({",
            fmt::format("      url: base + {},", js_string(login->path)),
            fmt::format("      method: {},", js_string(login->method)),
            "      headers: { 'Content-Type': 'application/json' },",
            "      data: JSON.stringify(data),",
            "    });",
            fmt::format("    const token = (reply.data && reply.data.{}) || '';", collection.options.token_member),
            "    bru.setVar('token', token);",
            "    bru.setVar('refused', token ? '' : account);",
            "    if (!token) throw new Error(reply.status + ' without a token');",
            "  } catch (error) {",
            "    const code = error.response?.status ?? error.status;  // the sandbox passes on the second alone",
            fmt::format("    if (code && {}) bru.setVar('refused', account);", is_refusal("code")),
            fmt::format("    console.log('no log-in: ' + error.message + '. Change the account, or send ' + {} + ' by "
                        "hand.');",
                        js_string(login->id)),
            "  }",
            "}",
            "// A row that nobody has read yet is read first.",
            "if (!versions[path] && bru.getVar('token') && req.getHeader('If-Match')) {",
            "  try {",
            "    const headers = { Authorization: 'Bearer ' + bru.getVar('token') };",
            "    const reply = await bru.sendRequest({ url: bru.interpolate(url), method: 'GET', headers });",
            "    if (reply.headers.etag) bru.setVar('ifMatch', reply.headers.etag);",
            "  } catch (error) {",
            "    console.log(path + ' has nothing to read: ' + error.message);",
            "  }",
            "}"});
    return joined(lines);
}

// Behind every reply.
std::string after() {
    return joined({"// A token that is no good any more: the next request logs in.",
                   "if (res.getStatus() === 401) bru.setVar('token', '');",
                   "const place = (text) => text.replace(/^https?:\\/\\/[^/]+/, '').split('?')[0];",
                   "const path = place(res.getUrl ? res.getUrl() : req.getUrl());",
                   "const versions = bru.getVar('versions') || {};", "const tag = res.getHeader('etag');",
                   "if (tag && res.getStatus() < 300) versions[place(res.getHeader('location') || '') || path] = tag;",
                   "// What was changed below a row, or with others, may have another version.",
                   "for (const known of Object.keys(versions)) {",
                   fmt::format("  if (req.getMethod() !== 'GET' && {}) delete versions[known];", may_change), "}",
                   "if (res.getStatus() === 412) delete versions[path];", "bru.setVar('versions', versions);"});
}

}  // namespace

std::optional<std::string> bruno_base_url(std::string_view environment) {
    bool is_of_vars = false;
    for (const auto line : base::split(environment, '\n')) {
        const auto text = base::trim(line);
        if (text.ends_with('{')) is_of_vars = text == "vars {";
        const auto colon = text.find(':');
        if (is_of_vars && text.substr(0, colon) == base_url_name && colon != std::string_view::npos)
            return std::string(base::trim(text.substr(colon + 1)));
    }
    return std::nullopt;
}

std::string without_crlf(std::string text) {
    for (auto at = text.find("\r\n"); at != std::string::npos; at = text.find("\r\n", at)) text.erase(at, 1);
    return text;
}

BrunoFile bruno_file_of(std::string_view path, std::string text) {
    text = without_crlf(std::move(text));
    const auto begin = text.find(fmt::format("  {}", mark_begin));
    if (begin == std::string::npos) return BrunoFile::own;
    const auto end = text.find('\n', begin);
    if (end == std::string::npos) return BrunoFile::edited;
    const auto line = text.substr(begin, end - begin);
    text.erase(begin, end + 1 - begin);
    return line == fmt::format("  {}{}{}", mark_begin, sum_of(path, text), mark_end) ? BrunoFile::written
                                                                                     : BrunoFile::edited;
}

std::vector<CollectionFile> bruno_collection(const Collection& collection) {
    std::vector<CollectionFile> files;
    files.push_back(
        {"bruno.json", fmt::format("{{\n  \"version\": \"1\",\n  \"name\": {},\n  \"type\": \"collection\"\n}}\n",
                                   js_string(collection.title))});
    // What scripts set is not here: it would be put back before each request.
    std::vector<CollectionVariable> first;
    std::ranges::copy_if(collection.variables, std::back_inserter(first),
                         [](const auto& variable) { return !variable.is_of_scripts; });
    files.push_back(marked(
        "collection.bru",
        block("auth", "mode: bearer") + "\n" + block("auth:bearer", "token: {{token}}") + "\n" +
            variables("vars:pre-request", first) + "\n" + block("script:pre-request", before(collection)) + "\n" +
            block("script:post-response", after()) + "\ntests {\n}\n\n" + block("docs", collection.description)));
    files.push_back({"environments/local.bru", variables("vars", collection.account)});
    for (std::size_t number = 1; const auto& folder : collection.folders) {
        files.push_back(marked(fmt::format("{}/folder.bru", folder.name),
                               block("meta", fmt::format("name: {}\nseq: {}", folder.name, number++)) +
                                   "\ntests {\n}\n" +
                                   (folder.description.empty() ? "" : "\n" + block("docs", folder.description))));
        for (std::size_t in_folder = 1; const auto& request : folder.requests)
            files.push_back(marked(fmt::format("{}/{}.bru", folder.name, request.id),
                                   request_file(request, collection.options, in_folder++)));
    }
    return files;
}

}  // namespace openapi
