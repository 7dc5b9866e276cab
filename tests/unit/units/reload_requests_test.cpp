#include "units/reload_requests.hpp"

#include <gtest/gtest.h>

#include <future>
#include <semaphore>

#include "support/result_matchers.hpp"

namespace units {
namespace {

// A server thread that asks, and has done so when it is constructed.
class Asker {
 public:
  explicit Asker(ReloadRequests& requests)
      : answer_(std::async(std::launch::async,
                           [&requests, this] { return requests.ask([this] { asked_.release(); }); })) {
    asked_.acquire();
  }

  base::Result<> answer() { return answer_.get(); }

  [[nodiscard]] bool is_answered() const {
    return answer_.wait_for(std::chrono::milliseconds(20)) == std::future_status::ready;
  }

 private:
  std::binary_semaphore asked_{0};
  std::future<base::Result<>> answer_;
};

TEST(ReloadRequests, AreAnsweredByTheLoadThatBeganAfterThem) {
  ReloadRequests requests;
  EXPECT_FALSE(requests.is_pending());
  Asker first(requests);
  EXPECT_TRUE(requests.is_pending());
  const auto upto = requests.last();
  // The file has been read by now.
  Asker second(requests);
  requests.answer(upto, base::fail(base::ErrorCode::kInvalidConfig, "half a file"));
  EXPECT_THAT(first.answer(), support::IsError(base::ErrorCode::kInvalidConfig, "half a file"));
  EXPECT_FALSE(second.is_answered());
  EXPECT_TRUE(requests.is_pending());
  requests.answer(requests.last(), {});
  EXPECT_TRUE(second.answer());
  EXPECT_FALSE(requests.is_pending());
}

TEST(ReloadRequests, NobodyWaitsForAnExporterThatEnds) {
  ReloadRequests requests;
  Asker before(requests);
  requests.refuse({base::ErrorCode::kUnsupported, "stopping"});
  Asker after(requests);
  EXPECT_THAT(before.answer(), support::IsError(base::ErrorCode::kUnsupported, "stopping"));
  EXPECT_THAT(after.answer(), support::IsError(base::ErrorCode::kUnsupported, "stopping"));
  EXPECT_FALSE(requests.is_pending());
}

}  // namespace
}  // namespace units
