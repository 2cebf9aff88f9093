#include "app/api_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <vector>

#include "app/app.h"
#include "base/strings.h"
#include "client/url.h"
#include "http/operation.h"
#include "log/sink.h"
#include "openapi/collection.h"
#include "openapi/document.h"

namespace app {

namespace {

constexpr auto bruno_folder = "bruno";

struct Row {
    std::string method;
    std::string path;
    std::string id;
    std::string module;
    std::string access;
};

// Who may call it: "public", "token", or what it takes.
std::string access_of(const http::Operation& operation) {
    if (operation.security.empty()) return "public";
    if (operation.permission.empty()) return fmt::format("{}", fmt::join(operation.security, " or "));
    return fmt::format("{}{}", operation.permission, operation.permission_everywhere ? " everywhere" : "");
}

std::vector<Row> rows_of(const http::Router& router) {
    std::vector<Row> rows;
    for (const auto& route : router.routes()) {
        Row row{.method = std::string(http::to_string(route.method)),
                .path = route.pattern,
                .id = {},
                .module = {},
                .access = {}};
        if (route.operation) {
            row.id = route.operation->id;
            row.module = route.operation->tag;
            row.access = access_of(*route.operation);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

bool has(const Row& row, std::string_view wanted) {
    const auto line =
        base::ascii_lower(fmt::format("{} {} {} {} {}", row.method, row.path, row.id, row.module, row.access));
    return line.contains(base::ascii_lower(wanted));
}

std::size_t widest(const std::vector<Row>& rows, std::string Row::* column) {
    std::size_t width = 0;
    for (const auto& row : rows) width = std::max(width, (row.*column).size());
    return width;
}

// Aside and renamed: what was there stays whole when the disk is full.
void write_file(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    auto aside = path;
    aside += ".new";
    std::ofstream file(aside, std::ios::binary);
    file << text;
    file.close();
    std::error_code error;
    if (file) std::filesystem::rename(aside, path, error);
    if (file && !error) return;
    std::filesystem::remove(aside, error);
    throw std::runtime_error(fmt::format("{} cannot be written", path.string()));
}

std::vector<openapi::CollectionFile> files_of(const openapi::Collection& collection, const std::string& name,
                                              std::string_view format) {
    std::vector<openapi::CollectionFile> files;
    if (format == "postman" || format == "all") {
        files.push_back({name + ".postman_collection.json", openapi::postman_collection(collection)});
        files.push_back({name + ".postman_environment.json", openapi::postman_environment(collection)});
    }
    if (format == "insomnia" || format == "all")
        files.push_back({name + ".insomnia.yaml", openapi::insomnia_collection(collection)});
    if (format == "bruno" || format == "all") {
        for (auto& file : openapi::bruno_collection(collection))
            files.push_back({fmt::format("{}/{}", bruno_folder, file.path), std::move(file.text)});
    }
    return files;
}

std::string text_of(const std::filesystem::path& path) {
    constexpr std::uintmax_t most_bytes = 4'000'000;
    std::error_code error;
    if (const auto size = std::filesystem::file_size(path, error); error || size > most_bytes) return {};
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// Whether somebody has made a file of Bruno's folder their own, in whose place another text would be written.
bool is_somebodys(const std::filesystem::path& folder, const std::filesystem::path& path, const std::string& text) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(folder / path, error)) return false;
    auto has = text_of(folder / path);
    const auto name = path.generic_string();
    // A file that has no mark is compared with what it is to be. Git checks it out with CRLF on Windows.
    if (openapi::bruno_file_of(name, text) == openapi::BrunoFile::own)
        return openapi::without_crlf(std::move(has)) != text;
    return openapi::bruno_file_of(name, has) != openapi::BrunoFile::written;
}

// What an earlier document had and this one has not: what was written and never edited goes, what was edited is named. Files of
// somebody's own stay, and so does what a link leads to.
void drop_stale(const std::filesystem::path& folder, const std::set<std::filesystem::path>& written,
                std::ostream& out) {
    std::vector<std::filesystem::path> stale;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        const auto path = entry.path().lexically_relative(folder);
        if (entry.is_symlink() || !entry.is_regular_file() || path.extension() != ".bru" || written.contains(path))
            continue;
        stale.push_back(path);
    }
    std::ranges::sort(stale);
    for (const auto& path : stale) {
        const auto whose = openapi::bruno_file_of(path.generic_string(), text_of(folder / path));
        if (whose == openapi::BrunoFile::own) continue;
        const auto shown = (folder / path).string();
        if (whose == openapi::BrunoFile::edited) {
            out << "kept " << shown << ", which the API has no operation for: it was edited\n";
            continue;
        }
        std::error_code error;
        std::filesystem::remove(folder / path, error);
        out << (error ? "cannot remove " : "removed ") << shown << ", which the API has no operation for\n";
        // A folder that is empty now; else this fails.
        std::filesystem::remove((folder / path).parent_path(), error);
    }
}

bool is_environment(std::string_view path) {
    return path.ends_with(".postman_environment.json") || path.contains("/environments/");
}

bool is_hex(char c) { return std::string_view("0123456789abcdefABCDEF").contains(c); }

// Whether all its clients read it as the same: RFC 3986, 2.1 and 5.2.4.
bool is_plain_path(std::string_view path) {
    for (auto at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
        if (at + 2 >= path.size() || !is_hex(path[at + 1]) || !is_hex(path[at + 2])) return false;
    }
    return std::ranges::none_of(base::split(path, '/'), [](std::string_view segment) {
        const auto dots = base::ascii_lower(segment);
        return dots == "." || dots == ".." || dots == "%2e" || dots == "%2e." || dots == ".%2e" || dots == "%2e%2e";
    });
}

bool is_label(std::string_view label) { return !label.empty() && !label.starts_with('-') && !label.ends_with('-'); }

// What is wrong with it, or nothing. Writes its scheme in lower case, since not all of its readers take another.
std::string plain_base_url(std::string& url) {
    constexpr auto wanted = "takes https://HOST or http://HOST:PORT, with a path perhaps, and no user, query or blank";
    const auto is_odd = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || std::string_view("?#@\\\"<>{}").contains(c);
    };
    const auto slashes = url.find("://");
    if (slashes == std::string::npos || std::ranges::any_of(url, is_odd)) return wanted;
    const auto end = std::min(url.find('/', slashes + 3), url.size());
    const auto authority = std::string_view(url).substr(slashes + 3, end - slashes - 3);
    const auto read = client::Url::parse(url);
    if (authority.empty() || authority.ends_with(':') || authority.contains('%') || !read) return wanted;
    const auto name = authority.substr(0, authority.rfind(':'));
    const bool is_name = !authority.starts_with('[');
    if (is_name && !std::ranges::all_of(base::split(name, '.'), is_label)) return wanted;
    if (!is_plain_path(std::string_view(url).substr(end))) return wanted;
    url.replace(0, slashes, read->scheme);
    return {};
}

std::string without_slashes(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

// Requests go where the environment says.
void say_other_address(const std::filesystem::path& environment, const std::string& wanted, std::ostream& out) {
    const auto text = text_of(environment);
    const auto kept =
        environment.extension() == ".bru" ? openapi::bruno_base_url(text) : openapi::postman_base_url(text);
    if (!kept || without_slashes(*kept) == wanted) return;
    out << environment.string() << " still has the baseUrl " << *kept << ", so requests go there: change it to "
        << wanted << '\n';
}

}  // namespace

ApiCommands::ApiCommands(CLI::App& cli)
    : routes_(cli.add_subcommand("routes", "List the routes: method, path, operation, module, who may call it")),
      postman_(cli.add_subcommand("postman", "Write the API as a collection for Postman, Insomnia or Bruno")) {
    routes_->add_option("text", wanted_, "Only routes in whose line this stands");
    postman_->add_option("--format", format_, "postman, insomnia, bruno or all")
        ->check(CLI::IsMember({"postman", "insomnia", "bruno", "all"}))
        ->capture_default_str();
    postman_->add_option("--to", to_, "Write files into this directory; else the collection is printed")
        ->type_name("DIR");
    postman_->add_option("--base-url", base_url_, "Where requests go; where `dev` serves by default")
        ->transform(CLI::Validator([](std::string& url) { return plain_base_url(url); }, "URL"));
    postman_->add_flag("--environment", environment_, "Print Postman's environment instead: address and log-in");
}

bool ApiCommands::chosen() const { return static_cast<bool>(*routes_) || static_cast<bool>(*postman_); }

int ApiCommands::run(const Definition& definition, std::ostream& out) const {
    return *routes_ ? print_routes(definition, out) : write_collection(definition, out);
}

int ApiCommands::print_routes(const Definition& definition, std::ostream& out) const {
    const App app(definition, configuration_of_nobody(definition), std::make_shared<logging::MemorySink>());
    auto rows = rows_of(app.router);
    std::erase_if(rows, [this](const Row& row) { return !has(row, wanted_); });
    if (rows.empty()) throw std::runtime_error(fmt::format("no route has \"{}\"", wanted_));
    const auto path = widest(rows, &Row::path);
    const auto id = widest(rows, &Row::id);
    const auto module = widest(rows, &Row::module);
    for (const auto& row : rows) {
        auto line = fmt::format("{:<6}  {:<{}}  {:<{}}  {:<{}}  {}", row.method, row.path, path, row.id, id, row.module,
                                module, row.access);
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    }
    return 0;
}

int ApiCommands::write_collection(const Definition& definition, std::ostream& out) const {
    const App app(definition, configuration_of_nobody(definition), std::make_shared<logging::MemorySink>());
    auto options = definition.collection;
    options.base_url = without_slashes(base_url_.empty() ? fmt::format("http://localhost:{}", dev_port) : base_url_);
    const auto document = openapi::document(app.router, openapi_info(definition, app.settings, app.router));
    const auto collection = openapi::collection_of(document, openapi::operations_of(app.router), options);
    if (!to_.empty()) {
        write_files(files_of(collection, definition.name, format_), options.base_url, out);
        return 0;
    }
    if (format_ == "bruno" || format_ == "all") throw std::runtime_error("that is many files: say --to DIRECTORY");
    out << (environment_            ? openapi::postman_environment(collection)
            : format_ == "insomnia" ? openapi::insomnia_collection(collection)
                                    : openapi::postman_collection(collection));
    return 0;
}

void ApiCommands::write_files(const std::vector<openapi::CollectionFile>& files, const std::string& base_url,
                              std::ostream& out) const {
    const auto folder = std::filesystem::path(to_) / bruno_folder;
    std::set<std::filesystem::path> written;  // in Bruno's folder
    for (const auto& [path, text] : files) {
        const auto in_folder = std::filesystem::path(path).lexically_relative(bruno_folder);
        written.insert(in_folder);
        const auto file = std::filesystem::path(to_) / path;
        if (is_environment(path) && std::filesystem::exists(file)) {
            out << "kept " << file.string() << ", which may have your account\n";
            if (!base_url_.empty()) say_other_address(file, base_url, std::cerr);
            continue;
        }
        if (path.starts_with(bruno_folder) && is_somebodys(folder, in_folder, text)) {
            std::cerr << "kept " << file.string()
                      << ": it was edited, or another version of the program wrote it. Delete it to have the API's own "
                         "written\n";
            continue;
        }
        write_file(file, text);
        if (!path.starts_with(bruno_folder)) out << "wrote " << file.string() << '\n';
    }
    if (format_ != "bruno" && format_ != "all") return;
    drop_stale(folder, written, std::cerr);
    out << "wrote " << folder.string() << "/\n";
}

}  // namespace app
