// Expected: rows of a location: give the row, or the id and the location
#include "pos/modules/devices/module.h"
#include "pos/plumbing/feed.h"

pos::Change of_a_till(pos::DeviceId id) { return change_of(pos::device_rows, id); }
