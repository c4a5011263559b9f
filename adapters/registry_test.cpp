// An adapter that is built but not found by its name could never be configured.
#include "adapters/registry.hpp"

#include <doctest/doctest.h>

namespace incidentd {

TEST_CASE("registry: every adapter is found by its name, the names are unique, others are unknown") {
    for (const SourceSpec* spec : source_specs()) CHECK(find_source_spec(spec->name) == spec);
    for (const SinkSpec* spec : sink_specs()) CHECK(find_sink_spec(spec->name) == spec);
    CHECK(find_sink_spec("webhook") != nullptr);
    CHECK(find_sink_spec("Webhook") == nullptr);
    CHECK(find_source_spec("") == nullptr);
}

}  // namespace incidentd
