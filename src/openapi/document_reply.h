#pragma once
// Inside the library: the handler of GET /openapi.json. A document whose Info names no server has the address that it was asked
// by, so that collections and clients made of it send their requests there. So has each document with ServerOf::request, and behind
// it the servers that Info names: of a page that a proxy has given another Host, one of those is its own. Where Info names a server
// of the same host, that one is the first: a proxy before it may speak TLS. Copies share the bytes; any number of loops.
//
//     router.add(http::Method::get, "/openapi.json", {.handler = DocumentReply(router, info)});

#include <memory>
#include <string>
#include <vector>

#include "async/task.h"
#include "openapi/document.h"

namespace http {
class Context;
}

namespace openapi {

class DocumentReply {
public:
    // Throws what document() throws.
    DocumentReply(const http::Router& router, const Info& info, ServerOf of = ServerOf::info);
    async::Task<void> operator()(http::Context& context) const;

private:
    struct Document {
        std::string before_servers;
        std::string behind_servers{};
        std::string digest{};
        bool is_of_request = false;
        std::vector<Server> known{};
    };
    std::shared_ptr<const Document> document_;
};

}  // namespace openapi
