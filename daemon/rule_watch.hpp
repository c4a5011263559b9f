// Watches files that may be replaced at any time, by an editor, a git checkout or Kubernetes' swap of a symlink, and
// says when they came to rest. Own thread.
#pragma once

#include "correlator/time.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace incidentd {

struct RuleWatchSettings {
    std::vector<std::string> patterns;   // absolute paths, and patterns as glob(3) takes them
    Duration quiet = milliseconds(500);  // without a change for so long: it came to rest
    Duration at_most = seconds(5);       // with changes all the time: look all the same
    Duration look_again = seconds(10);   // where the kernel tells nothing (network file systems)
};

class RuleWatch {
public:
    // `changed` is called on the watch's thread, once the files differ from what they were at the last call (at first:
    // at construction) in name, size, time or what a symlink leads to.
    RuleWatch(RuleWatchSettings settings, std::function<void()> changed);
    ~RuleWatch();  // ends the thread

private:
    struct Watch;
    std::unique_ptr<Watch> watch_;
};

}  // namespace incidentd
