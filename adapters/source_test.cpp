#include "adapters/source.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace incidentd;

namespace {

class Plain final : public Source {
public:
    std::vector<SourceRoute> routes() const override { return {}; }
    ParseOutcome parse(const HttpRequestView&, Instant, AlertBatch&) override { return {}; }
};

std::optional<std::string> offered(std::string_view authorization) {
    const std::array<HeaderView, 1> headers{{{"Authorization", authorization}}};
    return Plain().credential(HttpRequestView{"POST", "/", "", headers, "", ""});
}

}  // namespace

TEST_CASE(
    "credentials are a bearer token or the password of Basic") {  // could break: senders that know only one of them
    CHECK(offered("Bearer abc") == "abc");
    CHECK(offered("bearer  abc ") == "abc");
    CHECK(offered("Basic dXNlcjpwYTpzcw==") == "pa:ss");
    CHECK_FALSE(offered("Basic dXNlcg==").has_value());
    CHECK_FALSE(offered("Bearer").has_value());
    CHECK_FALSE(offered("Digest x").has_value());
    CHECK_FALSE(offered("").has_value());
}

TEST_CASE("refusals have the status that tells senders whether to try again") {  // could break: alerts dropped for good
    const Plain source;
    CHECK(source.refuse(RejectReason::overloaded, "busy").status == 429);
    CHECK(source.refuse(RejectReason::overloaded, "busy").headers.front().first == "Retry-After");
    CHECK(source.refuse(RejectReason::unavailable, "x").status == 503);
    CHECK(source.refuse(RejectReason::too_large, "x").status == 413);
    CHECK(source.refuse(RejectReason::malformed, "say \"x\"").body == R"({"error":"say \"x\""})");
    CHECK(source.refuse(RejectReason::unauthorized, "x").headers.front().first == "WWW-Authenticate");
}

TEST_CASE("a batch's answer names the rejected, and stays small") {  // could break: a reply larger than its request
    CHECK(batch_reply(0, {}).status == 200);
    CHECK(batch_reply(1, {{1, RejectReason::invalid_field, "no"}}).status == 200);
    const HttpReply none = batch_reply(0, {{0, RejectReason::invalid_field, "no"}});
    CHECK(none.status == 422);
    CHECK(none.body == R"({"status":"error","accepted":0,"rejected":[{"index":0,"reason":"no"}]})");
    const HttpReply many = batch_reply(0, std::vector<ItemError>(5000, ItemError{1, RejectReason::malformed, "x"}));
    CHECK(many.body.size() < 5000);
    CHECK(many.body.ends_with("\"rejected_omitted\":4900}"));
}
