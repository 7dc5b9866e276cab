// The shipped probes.yaml against types laid out as in Resonance's binary (Go 1.25.4, read from it; facts
// that a correct plan must come out with).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse_config.hpp"
#include "plan/make_plan.hpp"
#include "plan/output/print_plan.hpp"
#include "plan/output/widest_plan.hpp"
#include "support/facts_builder.hpp"
#include "support/result_matchers.hpp"

namespace plan {
namespace {

using support::FactsBuilder;
using support::TypeId;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kResonance = "github.com/ceyewan/resonance/";
constexpr const char* kGenesis = "github.com/ceyewan/genesis/";

class ResonanceFacts : public FactsBuilder {
 public:
  ResonanceFacts() {
    add_messages();
    add_logic();
    add_gateway();
    add_task();
    add_libraries();
  }

 private:
  std::string path(const char* package) { return kResonance + std::string(package); }

  TypeId receiver(const std::string& package, const char* name, std::initializer_list<FieldOf> fields) {
    return pointer(structure(package, name, fields));
  }

  void add_messages() {
    const std::string logic = path("api/gen/go/logic/v1");
    const std::string gateway = path("api/gen/go/gateway/v1");
    send_response =
        pointer(structure(logic, "logicv1.SendMessageResponse",
                          {{"state", padding(8)}, {"MsgId", int64}, {"SeqId", int64}, {"Error", string}}));
    pointer(structure(logic, "logicv1.ValidateTokenResponse", {{"state", padding(8)}, {"Valid", boolean}}));
    push_response = pointer(structure(
        gateway, "gatewayv1.PushResponse",
        {{"state", padding(8)}, {"MsgId", int64}, {"Error", string}, {"FailedUsernames", slice(string)}}));
    packet = pointer(
        structure(gateway, "gatewayv1.WsPacket",
                  {{"state", padding(8)},
                   {"Seq", string},
                   {"Payload", interface(gateway, "gatewayv1.isWsPacket_Payload", {"isWsPacket_Payload"})}}));
  }

  void add_logic() {
    receiver("google.golang.org/grpc", "grpc.UnaryServerInfo", {{"Server", any}, {"FullMethod", string}});
    receiver(path("logic/server"), "server.GRPCServer", {{"n", integer}});
    const std::uint32_t recovery =
        function(path("logic/server.(*GRPCServer).recoveryUnaryInterceptor"), 56, 2);
    details(recovery).argument_words = {{0, 8}, {8, 8}, {16, 8}, {24, 8}, {32, 8}, {40, 8}, {48, 8}};
    const TypeId chat = receiver(path("logic/service"), "service.ChatService", {{"n", integer}});
    method(chat, "SendMessage", {context, pointer(integer)}, {send_response, error});
    function(path("logic/service.(*ChatService).SendMessage"), 32, 6);
    const TypeId repo = receiver(path("internal/repo"), "repo.sessionRepo", {{"n", integer}});
    const TypeId session = pointer(
        structure(path("internal/model"), "model.Session", {{"SessionID", string}, {"Type", integer}}));
    method(repo, "GetSession", {context, string}, {session, error});
    function(path("internal/repo.(*sessionRepo).GetSession"), 40, 4);
  }

  void add_gateway() {
    const TypeId handler = receiver(path("gateway/handler"), "handler.Handler", {{"n", integer}});
    for (const char* name : {"Login", "Register", "Logout", "GetSessionList", "CreateSession",
                             "GetRecentMessages", "GetContactList", "SearchUser", "UpdateReadPosition"}) {
      method(handler, name, {context, pointer(integer)}, {pointer(integer), error});
      function(path("gateway/handler.(*Handler).") + name, 32);
    }
    const TypeId push = receiver(path("gateway/push"), "push.Service", {{"n", integer}});
    method(push, "Push", {context, pointer(integer)}, {push_response, error});
    function(path("gateway/push.(*Service).Push"), 32);
    const TypeId connection = interface(path("gateway/protocol"), "protocol.Connection", {"Send"});
    const TypeId protocol = receiver(path("gateway/protocol"), "protocol.DefaultHandler", {{"n", integer}});
    method(protocol, "HandlePacket", {context, connection, packet}, {error});
    function(path("gateway/protocol.(*DefaultHandler).HandlePacket"), 48);
    const TypeId conn = receiver(path("gateway/connection"), "connection.Conn", {{"username", string}});
    method(conn, "readPump", {}, {});
    function(path("gateway/connection.(*Conn).readPump"), 8, 2);
    const TypeId batcher = receiver(path("gateway/client"), "client.StatusBatcher",
                                    {{"client", padding(16)}, {"gatewayID", string}});
    method(batcher, "flush", {}, {});
    function(path("gateway/client.(*StatusBatcher).flush"), 8, 5);
    const TypeId grpc = receiver("google.golang.org/grpc", "grpc.ClientConn", {{"n", integer}});
    const TypeId option = interface("google.golang.org/grpc", "grpc.CallOption", {"before", "after"});
    method(grpc, "Invoke", {context, string, any, any, slice(option)}, {error});
    function("google.golang.org/grpc.(*ClientConn).Invoke", 96, 2);
  }

  void add_task() {
    receiver(path("task/dispatcher"), "dispatcher.Dispatcher", {{"n", integer}});
    function(path("task/dispatcher.(*Dispatcher).DispatchStorage"), 32);
    function(path("task/dispatcher.(*Dispatcher).DispatchPush"), 32);
    receiver(path("task/pusher"), "pusher.GatewayClient", {{"n", integer}});
    function(path("task/pusher.(*GatewayClient).doPush"), 16, 5);
    const TypeId stub = receiver(path("api/gen/go/gateway/v1"), "gatewayv1.pushServiceClient", {{"cc", any}});
    method(stub, "Push", {context, pointer(integer), slice(any)}, {push_response, error});
    function(path("api/gen/go/gateway/v1.(*pushServiceClient).Push"), 56, 2);
    const TypeId message = interface(std::string(kGenesis) + "mq", "mq.Message", {"Topic", "Data"});
    const TypeId options =
        structure(path("task/config"), "config.ConsumerConfig", {{"Topic", string}, {"QueueGroup", string}});
    const TypeId subscription = interface(std::string(kGenesis) + "mq", "mq.Subscription", {"Unsubscribe"});
    const TypeId nats = pointer(structure("github.com/nats-io/nats.go", "nats.Subscription",
                                          {{"before", padding(184)}, {"pMsgs", integer}}));
    const TypeId core = receiver(std::string(kGenesis) + "mq", "mq.coreSubscription", {{"sub", nats}});
    this->type(core).methods.push_back({"Unsubscribe", TypeId::kNone, std::nullopt});
    receiver(path("task/consumer"), "consumer.Consumer",
             {{"before", padding(24)},
              {"config", options},
              {"between", padding(48)},
              {"subscription", subscription},
              {"jobsCh", chan(message)}});
    function(path("task/consumer.(*Consumer).handleMessage"), 40, 3);
  }

  void add_libraries() {
    const std::string mq = std::string(kGenesis) + "mq";
    const TypeId option = function_type({}, {});
    const TypeId client = receiver(mq, "mq.client", {{"n", integer}});
    method(client, "Publish", {context, string, slice(uint8), slice(option)}, {error});
    function(mq + ".(*client).Publish", 88);
    const TypeId statement = pointer(
        structure("gorm.io/gorm", "gorm.Statement", {{"db", word}, {"more", word}, {"Table", string}}));
    const TypeId database = pointer(
        structure("gorm.io/gorm", "gorm.DB",
                  {{"Config", word}, {"Error", error}, {"RowsAffected", int64}, {"Statement", statement}}));
    const TypeId processor =
        receiver("gorm.io/gorm", "gorm.processor", {{"db", database}, {"Clauses", slice(string)}});
    method(processor, "Execute", {database}, {database});
    function("gorm.io/gorm.(*processor).Execute", 16);
    const std::string cache = std::string(kGenesis) + "cache";
    const TypeId redis =
        receiver(cache, "cache.redisCache", {{"client", word}, {"serializer", any}, {"prefix", string}});
    method(redis, "Get", {context, string, any}, {error});
    function(cache + ".(*redisCache).Get", 56, 2);
    basic("proto.RedisError", support::TypeKind::kString, 16, "github.com/redis/go-redis/v9/internal/proto");
  }

  TypeId send_response, push_response, packet;
};

TEST(ResonancePlan, IsCompleteAndReadsFromTheRightPlaces) {
  ASSERT_OK_AND_ASSIGN(const config::ProbeConfig config, config::load_config(SOURCE_DIR "/probes.yaml"));
  ResonanceFacts facts;
  const std::vector<std::string> services = {"gateway", "logic", "task"};
  const ProbePlan plan = make_plan(config, facts.facts(), services);
  EXPECT_THAT(plan.skipped, IsEmpty()) << (plan.skipped.empty() ? "" : plan.skipped[0].reason);
  const std::string text = print_plan(plan, false);
  for (const char* expected : {
           "info R8 -> grpc.UnaryServerInfo .FullMethod +16 string",
           "ret1 RCX,RDI error",
           "ret0 RAX,RBX .(*logicv1.SendMessageResponse) -> logicv1.SendMessageResponse .Error +24 string",
           "ret0 RAX,RBX .(*logicv1.ValidateTokenResponse) -> logicv1.ValidateTokenResponse .Valid +8 bool",
           "len(ret0 RAX -> gatewayv1.PushResponse .FailedUsernames +32 []string)",
           "typeof(packet R8 -> gatewayv1.WsPacket .Payload +24 gatewayv1.isWsPacket_Payload)",
           "reply R10,R11 kept .(*logicv1.SendMessageResponse) -> logicv1.SendMessageResponse .Error +24 "
           "string",
           "method RDI,RSI string",
           "subject RDI,RSI string",
           "recv RAX -> consumer.Consumer .config +24 .Topic +0 string",
           "len(recv RAX kept -> consumer.Consumer .jobsCh +120 chan mq.Message)",
           "recv RAX kept -> consumer.Consumer .subscription +104 .(*mq.coreSubscription) -> "
           "mq.coreSubscription .sub +0 -> "
           "nats.Subscription .pMsgs +184 int",
           "recv RAX -> gorm.processor .Clauses +8 [0] string",
           "ret0 RAX -> gorm.DB .Statement +32 -> gorm.Statement .Table +16 string",
           "recv RAX -> cache.redisCache .prefix +24 string",
           "recv RAX -> client.StatusBatcher .gatewayID +16 string",
           "ret0 RAX -> model.Session .Type +16 int",
           "7 argument words",
       }) {
    EXPECT_THAT(text, HasSubstr(expected));
  }
}

// What `check` says of memory holds.
TEST(ResonancePlan, IsNowhereWiderThanTheConfigAllows) {
  ASSERT_OK_AND_ASSIGN(const config::ProbeConfig config, config::load_config(SOURCE_DIR "/probes.yaml"));
  ResonanceFacts facts;
  for (const std::string service : {"gateway", "logic", "task"}) {
    const ProbePlan plan = make_plan(config, facts.facts(), std::vector{service});
    const ProbePlan widest = widest_plan(config, service);
    EXPECT_LE(plan.probes.size(), widest.probes.size());
    std::uint16_t most_values = 0;
    for (const PlannedProbe& probe : plan.probes) {
      most_values = std::max(most_values, probe.values_size);
      const auto bound = std::ranges::find(widest.probes, probe.name, &PlannedProbe::name);
      if (bound != widest.probes.end()) {
        EXPECT_LE(probe.labels_size, bound->labels_size) << probe.name;
        EXPECT_LE(probe.values_size, bound->values_size) << probe.name;
        EXPECT_EQ(probe.slots, bound->slots) << probe.name;
      }
    }
    EXPECT_LE(most_values, std::ranges::max(widest.probes, {}, &PlannedProbe::values_size).values_size);
  }
}

}  // namespace
}  // namespace plan
