#include "pos/modules/payments/request_id.h"

#include "pos/modules/stock/movements.h"

namespace pos {

base::Uuid request_id(std::string_view what, std::string_view key) {
    return base::Uuid::from_string(key).value_or(named_uuid(std::string(what) + ' ' + std::string(key)));
}

}  // namespace pos
