#include "app/api_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "app/app.h"
#include "base/strings.h"
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

bool is_environment(std::string_view path) {
    return path.ends_with(".postman_environment.json") || path.contains("/environments/");
}

// What is wrong with it, or nothing.
std::string fault_of_base_url(const std::string& url) {
    std::string_view rest = url;
    const bool has_scheme = rest.starts_with("http://") || rest.starts_with("https://");
    if (has_scheme) rest.remove_prefix(rest.find("//") + 2);
    const auto is_odd = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || std::string_view("?#@\\\"<>{}").contains(c);
    };
    if (has_scheme && !rest.empty() && rest.front() != '/' && std::ranges::none_of(rest, is_odd)) return {};
    return "takes https://HOST or http://HOST:PORT, with a path perhaps, and no user, query or blank";
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
        ->check(CLI::Validator([](const std::string& url) { return fault_of_base_url(url); }, "URL"));
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
    options.base_url = base_url_.empty() ? fmt::format("http://localhost:{}", dev_port) : base_url_;
    while (options.base_url.ends_with('/')) options.base_url.pop_back();
    const auto document = openapi::document(app.router, openapi_info(definition, app.settings, app.router));
    const auto collection = openapi::collection_of(document, openapi::operations_of(app.router), options);
    if (!to_.empty()) {
        for (const auto& [path, text] : files_of(collection, definition.name, format_)) {
            const auto file = std::filesystem::path(to_) / path;
            if (is_environment(path) && std::filesystem::exists(file)) {
                out << "kept " << file.string() << ", which may have your account\n";
                continue;
            }
            write_file(file, text);
            if (!path.starts_with(bruno_folder)) out << "wrote " << file.string() << '\n';
        }
        if (format_ == "bruno" || format_ == "all")
            out << "wrote " << (std::filesystem::path(to_) / bruno_folder).string() << "/\n";
        return 0;
    }
    if (format_ == "bruno" || format_ == "all") throw std::runtime_error("that is many files: say --to DIRECTORY");
    out << (environment_            ? openapi::postman_environment(collection)
            : format_ == "insomnia" ? openapi::insomnia_collection(collection)
                                    : openapi::postman_collection(collection));
    return 0;
}

}  // namespace app
