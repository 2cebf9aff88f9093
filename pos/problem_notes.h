#pragma once
// What the pages of the service's problems say besides their titles: how each comes about, and what a till or an app does about it.
// A constraint's error may do without: its title says how it comes about.

#include <span>

#include "openapi/problem_notes.h"

namespace pos {

[[nodiscard]] std::span<const openapi::ProblemNote> problem_notes();

}  // namespace pos
