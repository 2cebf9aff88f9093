// Expected: no matching member function for call to 'one'
#include "db/unverified.h"

constexpr db::SystemQuery<std::string(base::Uuid)> password{
    {"auth.password", "select password from users where id = $1"}};

async::Task<std::optional<std::string>> read(db::UnverifiedDb db, base::Uuid user) { return db.one(password, user); }
