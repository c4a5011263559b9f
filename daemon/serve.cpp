#include "daemon/serve.hpp"

#include "daemon/app.hpp"
#include "daemon/cli.hpp"
#include "daemon/log.hpp"
#include "daemon/service.hpp"

#include <csignal>
#include <ctime>

namespace incidentd {
namespace {

// Blocked before any thread starts, so that every signal comes to the main thread's sigtimedwait().
sigset_t take_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return set;
}

int wait_for_signal(const sigset_t& set, Duration patience) {
    const timespec limit{patience.ms / 1000, patience.ms % 1000 * 1'000'000};
    return sigtimedwait(&set, nullptr, &limit);
}

LogOptions log_options(const Config& config) {
    LogOptions options;
    options.level = config.log_level;
    options.format = log_format_from(config.log_format);
    options.journal_priorities = stderr_is_journal();
    return options;
}

void run_until_stopped(App& app, Log& log, const ServiceManager& service, const sigset_t& signals) {
    const Duration patience = std::min(service.watchdog_interval().value_or(seconds(1)), seconds(1));
    for (;;) {
        const int signal = wait_for_signal(signals, patience);
        if (signal == SIGTERM || signal == SIGINT) return log.info("stopping", {{"signal", strsignal(signal)}});
        if (signal == SIGHUP) {
            service.reloading();
            app.reload();
            service.ready("serving");
        }
        log.tick();
        if (!service.watchdog_interval()) continue;
        if (app.alive())
            service.alive();
        else
            log.error("the engine's thread makes no progress: the watchdog is not fed", {});
    }
}

}  // namespace

int serve(Config config) {
    const sigset_t signals = take_signals();
    Log log(log_options(config));
    const ServiceManager service;
    log.info("incidentd starts",
             {{"version", INCIDENTD_VERSION}, {"config", config.file}, {"state", config.state_directory}});
    App app(std::move(config), log, service);
    if (const Result<void> started = app.start(); !started) {
        log.error("cannot start", {{"error", started.error().message}});
        return exit_failed;
    }
    service.ready("serving");
    log.info("ready", {});
    run_until_stopped(app, log, service, signals);
    service.stopping();
    app.stop();
    log.info("stopped: everything acknowledged is in the journal", {});
    return exit_ok;
}

}  // namespace incidentd
