// The escape of one byte in a JSON string: for those who write such strings in a way of their own.
#pragma once

#include <string>

namespace incidentd {

// A quote, a backslash, or a byte without a character: \" \\ \n ..., \u00xx of its value for the rest.
void append_json_escape(std::string& out, unsigned char byte);

}  // namespace incidentd
