#include "correlator/result.hpp"

#include <cstdlib>
#include <exception>

namespace incidentd {

// No stream and no logger in this layer: std::terminate's handler and the core dump carry the place.
void throw_exception_from_error(const Error&, const boost::source_location&) { std::terminate(); }

}  // namespace incidentd
