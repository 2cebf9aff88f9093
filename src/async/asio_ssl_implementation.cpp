// The TLS half of Asio's separate compilation, for the libraries that connect by TLS.
#include <boost/asio/ssl/impl/src.hpp>
