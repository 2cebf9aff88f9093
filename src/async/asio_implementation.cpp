// Asio in separate-compilation mode: its non-template half is compiled here, once.
#include <boost/asio/impl/src.hpp>
