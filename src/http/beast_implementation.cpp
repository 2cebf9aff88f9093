// Beast in separate-compilation mode: its non-template half is compiled here, once.
#include <boost/beast/src.hpp>
