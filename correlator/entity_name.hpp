// One thing under its several names: monitors write the same host as FQDN, in upper case, with a port, as a URL.
#pragma once

#include <string>
#include <string_view>

namespace incidentd {

// The name without what monitors add to it: scheme, user, port, path, final dot; ASCII letters small, '_' as '-'.
// "HTTPS://Web1.example.com:8443/health" -> "web1.example.com". Addresses stay whole: "10.0.0.1:9100" -> "10.0.0.1",
// "[::1]:80" -> "::1". Never empty unless `name` is.
std::string canonical_name(std::string_view name);
// The same without a copy where nothing has to change but the ends: part of `name`, or what was put into `scratch`.
std::string_view canonical_name(std::string_view name, std::string& scratch);

// The first part of a canonical host name; the whole of an address, and of a name whose first part says too little to
// name one host ("www.example.com").
std::string_view short_name(std::string_view canonical);

}  // namespace incidentd
