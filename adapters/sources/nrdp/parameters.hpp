// The parameters of an NRDP request, from its query and its form body, read as leniently as NRDP's clients need.
#pragma once

#include "adapters/http_message.hpp"

#include <string>

namespace incidentd::sources::nrdp {

struct Parameters {
    std::string token, cmd, xml, json, output_type;
    bool wants_json() const;  // the form of the reply
};

// The body wins over the query. XML or JSON that stands in the form without encoding is taken up to the next known
// parameter, and its "+" stays a plus: send_nrdp.sh sends it so.
Parameters parameters_of(const HttpRequestView& request);

}  // namespace incidentd::sources::nrdp
