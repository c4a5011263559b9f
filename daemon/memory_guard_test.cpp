// A ceiling that is never met bounds nothing; one that is always met refuses every alert.
#include "daemon/memory_guard.hpp"

#include <doctest/doctest.h>

namespace incidentd {

TEST_CASE("memory guard: below a generous ceiling, above a tiny one, never without one") {
    CHECK(resident_memory() > 1024 * 1024);
    CHECK(!MemoryGuard(std::uint64_t{1} << 50).over());
    CHECK(MemoryGuard(4096).over());
    CHECK(!MemoryGuard(0).over());
}

}  // namespace incidentd
