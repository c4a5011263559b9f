// Those who wait for a reload: the main thread alone performs one, and wakes for SIGHUP.
#pragma once

#include "daemon/reply.hpp"

#include <mutex>
#include <vector>

namespace incidentd {

// Any thread. At most waiting_max wait; more are refused.
class ReloadRequests {
public:
    static constexpr std::size_t waiting_max = 64;

    void add(ReplyPtr reply);      // and sends this process a SIGHUP
    std::vector<ReplyPtr> take();  // everybody who asked before now
    void close();                  // from now on everybody is refused

private:
    std::mutex mutex_;
    std::vector<ReplyPtr> waiting_;
    bool closed_ = false;
};

// Asks the main thread for a reload. Any thread.
void wake_for_reload();

}  // namespace incidentd
