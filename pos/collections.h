#pragma once
// The list of all collections, for those who are above the modules: pos/plumbing/synced_collections.h.

#include "pos/plumbing/synced_collections.h"
