#include "daemon/memory_guard.hpp"

#include "daemon/clock.hpp"

#include <unistd.h>

#ifdef INCIDENTD_TCMALLOC
#include <gperftools/malloc_extension.h>
#else
#include <malloc.h>
#endif

#include <fstream>

namespace incidentd {
namespace {

constexpr std::chrono::seconds between_looks{1};
constexpr std::chrono::seconds between_trims{30};  // walks the whole heap

void return_free_memory() {
#ifdef INCIDENTD_TCMALLOC
    MallocExtension::instance()->ReleaseFreeMemory();
#else
    malloc_trim(0);
#endif
}

}  // namespace

std::uint64_t resident_memory() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t total_pages = 0, resident_pages = 0;
    if (!(statm >> total_pages >> resident_pages)) return 0;
    return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

bool MemoryGuard::over() {
    if (bytes_max_ == 0) return false;
    const auto now = monotonic_now();
    if (now - looked_at_ < between_looks) return over_;
    looked_at_ = now;
    over_ = resident_memory() > bytes_max_;
    if (over_ && now - trimmed_at_ >= between_trims) {
        trimmed_at_ = now;
        return_free_memory();
        over_ = resident_memory() > bytes_max_;
    }
    return over_;
}

}  // namespace incidentd
