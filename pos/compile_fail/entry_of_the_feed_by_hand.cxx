// Expected: private constructor of class 'pos::Change'|calling a private constructor
// What the feed tells is a row of a collection, at its location: change_of() alone makes it.
#include "pos/plumbing/feed.h"

pos::Change of_anything(base::Uuid id) { return {"product", id, pos::ChangeKind::updated, std::nullopt}; }
