#include "adapters/registry.hpp"

namespace incidentd {
namespace {

template <class Spec>
const Spec* find(std::span<const Spec* const> specs, std::string_view name) {
    for (const Spec* spec : specs) {
        if (spec->name == name) return spec;
    }
    return nullptr;
}

}  // namespace

const SourceSpec* find_source_spec(std::string_view name) { return find(source_specs(), name); }
const SinkSpec* find_sink_spec(std::string_view name) { return find(sink_specs(), name); }

}  // namespace incidentd
