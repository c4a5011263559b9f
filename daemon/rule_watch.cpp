#include "daemon/rule_watch.hpp"

#include "daemon/clock.hpp"

#include <glob.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <set>
#include <thread>

namespace incidentd {
namespace {

constexpr std::uint32_t events = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB |
                                 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

std::vector<std::string> expand(const std::vector<std::string>& patterns) {
    std::vector<std::string> files;
    for (const std::string& pattern : patterns) {
        glob_t found{};
        if (glob(pattern.c_str(), GLOB_NOCHECK, nullptr, &found) == 0)
            for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
        globfree(&found);
    }
    return files;
}

// What the files are now, without reading them: the swap of a symlink shows in where the path leads.
std::string signature(const std::vector<std::string>& patterns) {
    std::string out;
    for (const std::string& file : expand(patterns)) {
        struct stat status {};
        out += file;
        if (::stat(file.c_str(), &status) == 0) {
            std::error_code error;
            out += ' ' + std::filesystem::canonical(file, error).string() + ' ' + std::to_string(status.st_ino) + ' ' +
                   std::to_string(status.st_size) + ' ' + std::to_string(status.st_mtim.tv_sec) + '.' +
                   std::to_string(status.st_mtim.tv_nsec);
        }
        out += '\n';
    }
    return out;
}

// The nearest directory above `path` that is there and has no pattern in its name.
std::string directory_above(std::filesystem::path path) {
    std::error_code error;
    do {
        path = path.parent_path();
    } while (path.has_relative_path() &&
             (path.string().find_first_of("*?[") != std::string::npos || !std::filesystem::is_directory(path, error)));
    return path.string();
}

// Where changes can show: beside each file, and beside what it leads to.
std::set<std::string> directories_of(const std::vector<std::string>& patterns) {
    std::set<std::string> out;
    for (const std::string& pattern : patterns) out.insert(directory_above(pattern));
    for (const std::string& file : expand(patterns)) {
        std::error_code error;
        out.insert(directory_above(file));
        const std::filesystem::path whole = std::filesystem::canonical(file, error);
        if (!error) out.insert(directory_above(whole));
    }
    return out;
}

}  // namespace

struct RuleWatch::Watch {
    Watch(RuleWatchSettings given, std::function<void()> told)
        : settings(std::move(given)),
          changed(std::move(told)),
          notify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
          stop(::eventfd(0, EFD_CLOEXEC)),
          known(signature(settings.patterns)) {
        follow();
        thread = std::thread([this] { run(); });
    }
    ~Watch() {
        const std::uint64_t one = 1;
        (void)!::write(stop, &one, sizeof one);
        thread.join();
        ::close(stop);
        if (notify >= 0) ::close(notify);
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    void run() {
        while (wait(settings.look_again) != Woken::stop) {
            if (!settle()) return;
            follow();  // directories may have come and gone
            std::string now = signature(settings.patterns);
            if (now == known) {
                if (rest()) return;
                continue;
            }
            known = std::move(now);
            changed();
        }
    }

    // Until nothing happens any more. False: the watch ends.
    bool settle() {
        const auto end = monotonic_now() + std::chrono::milliseconds(settings.at_most.ms);
        std::string before = signature(settings.patterns);
        if (before == known) return true;
        for (;;) {
            const Woken woken = wait(settings.quiet);
            if (woken == Woken::stop) return false;
            const std::string after = signature(settings.patterns);
            if ((woken == Woken::time && after == before) || monotonic_now() >= end) return true;
            before = after;
        }
    }

    // Other files beside ours may change all the time. True: the watch ends.
    bool rest() const {
        pollfd polled{stop, POLLIN, 0};
        return ::poll(&polled, 1, 100) > 0;
    }

    enum class Woken { stop, event, time };
    Woken wait(Duration limit) {
        std::array<pollfd, 2> polled{{{stop, POLLIN, 0}, {notify, POLLIN, 0}}};
        ::poll(polled.data(), polled.size(), static_cast<int>(limit.ms));
        if ((polled[0].revents & POLLIN) != 0) return Woken::stop;
        if ((polled[1].revents & POLLIN) == 0) return Woken::time;
        std::array<char, 16 * 1024> drained{};
        while (::read(notify, drained.data(), drained.size()) > 0) continue;
        return Woken::event;
    }

    // Adding a watch twice changes nothing; one whose directory is gone ends by itself.
    void follow() const {
        if (notify < 0) return;
        for (const std::string& directory : directories_of(settings.patterns))
            ::inotify_add_watch(notify, directory.c_str(), events);
    }

    const RuleWatchSettings settings;
    const std::function<void()> changed;
    const int notify, stop;
    std::string known;
    std::thread thread;
};

RuleWatch::RuleWatch(RuleWatchSettings settings, std::function<void()> changed)
    : watch_(std::make_unique<Watch>(std::move(settings), std::move(changed))) {}

RuleWatch::~RuleWatch() = default;

}  // namespace incidentd
