// `incidentd serve`: signals, the service manager's protocol, and the app in between. Main thread.
#pragma once

#include "daemon/config.hpp"

namespace incidentd {

// Until SIGTERM or SIGINT. Returns the exit code.
int serve(Config config);

}  // namespace incidentd
