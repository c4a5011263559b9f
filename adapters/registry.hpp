// Every adapter folder, found by CMake: adapters/sources/<name>/ defines incidentd::sources::<name>::spec(), and so on.
#pragma once

#include "adapters/sink.hpp"
#include "adapters/source.hpp"

#include <span>
#include <string_view>

namespace incidentd {

std::span<const SourceSpec* const> source_specs();  // sorted by name
std::span<const SinkSpec* const> sink_specs();

const SourceSpec* find_source_spec(std::string_view name);  // nullptr when there is none
const SinkSpec* find_sink_spec(std::string_view name);

}  // namespace incidentd
