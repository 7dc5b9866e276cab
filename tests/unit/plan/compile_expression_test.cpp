// Every feature of the language: planned on hand-made types, run on made-up registers and memory.
#include "plan/compile/compile_expression.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "support/facts_builder.hpp"
#include "support/fake_memory.hpp"
#include "support/plan_runner.hpp"

namespace plan {
namespace {

using support::FactsBuilder;
using support::FakeMemory;
using support::PlannedCall;
using support::ProbeBuilder;
using support::Registers;
using support::TypeId;
using testing::HasSubstr;

constexpr const char* kFunction = "x.org/app.(*Service).Do";
constexpr const char* kSignature =
    "func(ctx context.Context, req *app.Request, n int8, text string, v any) (*app.Response, error)";

// type Service struct { *Base; Inner; next *Service; list []Inner; items map[string]int; queue chan int; err
// error;
//   held any; data []byte; counter atomic.Int64; current atomic.Pointer[Inner]; up atomic.Bool; small int8;
//   port uint16; wait time.Duration; ratio float64; three [3]int32 }
class Language : public testing::Test {
 protected:
  Language() {
    base = facts.structure("x.org/app", "app.Base", {{"ID", facts.string}, {"Kind", facts.int32}});
    inner = facts.structure("x.org/app", "app.Inner",
                            {{"Name", facts.string}, {"Count", facts.int32}, {"Flag", facts.boolean}});
    text_kind = facts.basic("app.Text", support::TypeKind::kString, 16, "x.org/app");
    const TypeId atomic_int =
        facts.structure("sync/atomic", "atomic.Int64",
                        {{"_", facts.structure("sync/atomic", "atomic.noCopy", {})}, {"v", facts.int64}});
    const TypeId atomic_pointer =
        facts.structure("sync/atomic", "atomic.Pointer[app.Inner]",
                        {{"_", facts.array(facts.pointer(inner), 0)}, {"v", facts.unsafe_pointer}});
    const TypeId atomic_bool = facts.structure("sync/atomic", "atomic.Bool", {{"v", facts.uint32}});
    const TypeId duration = facts.basic("time.Duration", support::TypeKind::kInt, 8, "time");
    service = facts.structure("x.org/app", "app.Service",
                              {{"Base", facts.pointer(base), true},
                               {"Inner", inner, true},
                               {"self", facts.unsafe_pointer},
                               {"list", facts.slice(inner)},
                               {"items", facts.map(facts.string, facts.integer)},
                               {"queue", facts.chan(facts.integer)},
                               {"err", facts.error},
                               {"held", facts.any},
                               {"data", facts.slice(facts.uint8)},
                               {"counter", atomic_int},
                               {"current", atomic_pointer},
                               {"up", atomic_bool},
                               {"small", facts.int8},
                               {"port", facts.uint16},
                               {"wait", duration},
                               {"ratio", facts.float64},
                               {"three", facts.array(facts.int32, 3)}});
    request = facts.structure("x.org/app", "app.Request", {{"Path", facts.string}, {"Size", facts.uint64}});
    response = facts.structure("x.org/app", "app.Response", {{"Error", facts.string}, {"Code", facts.int32}});
    facts.pointer(service);
    facts.pointer(response);
    facts.pointer(base);
    failure = facts.structure("x.org/app", "app.Failure", {{"Code", facts.int32}});
    facts.type(facts.pointer(failure)).methods.push_back({"Error", TypeId::kNone, std::nullopt});
    failure_itab = facts.itab(facts.pointer(failure));
    facts.function(kFunction, 72);
    fill_memory();
  }

  std::uint64_t offset(TypeId type, const std::string& name) {
    for (const inspect::Field& field : facts.type(type).fields) {
      if (field.name == name) {
        return field.offset;
      }
    }
    ADD_FAILURE() << name;
    return 0;
  }

  std::uint64_t field(const std::string& name) { return self + offset(service, name); }

  void fill_memory() {
    self = memory.allocate(facts.type(service).size);
    const std::uint64_t base_at = memory.allocate(32);
    memory.put_string(base_at, "base-1");
    memory.put<std::int32_t>(base_at + 16, -3);
    memory.put<std::uint64_t>(field("Base"), base_at);
    memory.put_string(field("Inner"), "inner");
    memory.put<std::int32_t>(field("Inner") + 16, 41);
    memory.put<std::uint8_t>(field("Inner") + 20, 1);
    const std::uint64_t elements = memory.allocate(48);
    memory.put_string(elements, "first");
    memory.put_string(elements + 24, "second");
    memory.put<std::int32_t>(elements + 24 + 16, 2);
    memory.put<std::uint64_t>(field("list"), elements);
    memory.put<std::uint64_t>(field("list") + 8, 2);
    memory.put<std::uint64_t>(field("list") + 16, 8);
    const std::uint64_t map = memory.allocate(48);
    memory.put<std::uint64_t>(map, 5);
    memory.put<std::uint64_t>(field("items"), map);
    const std::uint64_t queue = memory.allocate(96);
    memory.put<std::uint64_t>(queue, 3);
    memory.put<std::uint64_t>(queue + 8, 100);
    memory.put<std::uint64_t>(field("queue"), queue);
    put_error(field("err"), 13);
    put_text_value(field("held"), "held text");
    memory.put<std::uint64_t>(field("data"), memory.text("bytes"));
    memory.put<std::uint64_t>(field("data") + 8, 5);
    memory.put<std::int64_t>(field("counter"), 77);
    const std::uint64_t current = memory.allocate(24);
    memory.put_string(current, "current");
    memory.put<std::uint64_t>(field("current"), current);
    memory.put<std::uint32_t>(field("up"), 1);
    memory.put<std::int8_t>(field("small"), -5);
    memory.put<std::uint16_t>(field("port"), 65535);
    memory.put<std::int64_t>(field("wait"), 1500000);
    memory.put<std::int32_t>(field("three") + 8, 33);
    request_at = memory.allocate(32);
    memory.put_string(request_at, "/a/b");
    memory.put<std::uint64_t>(request_at + 16, 1 << 20);
    response_at = memory.allocate(32);
    memory.put<std::int32_t>(response_at + 16, 404);
  }

  // error(*Failure{code}) at an interface's place.
  void put_error(std::uint64_t at, std::int32_t code) {
    const std::uint64_t itab = memory.allocate(32);
    memory.put<std::uint64_t>(itab + 8, facts.descriptor(facts.pointer(failure)));
    const std::uint64_t value = memory.allocate(8);
    memory.put<std::int32_t>(value, code);
    memory.put<std::uint64_t>(at, itab);
    memory.put<std::uint64_t>(at + 8, value);
    error_itab = itab;
    error_data = value;
  }

  // any(Text("...")) at an interface's place.
  void put_text_value(std::uint64_t at, const char* text) {
    const std::uint64_t value = memory.allocate(16);
    memory.put_string(value, text);
    memory.put<std::uint64_t>(at, facts.descriptor(text_kind));
    memory.put<std::uint64_t>(at + 8, value);
  }

  Registers entry() const {
    // The upper bits of n are junk, as Go leaves them.
    return {self, 0, 0, request_at, 0xdead00fc, text_at, 4, any_type, any_data};
  }

  Registers exit() const {
    return {response_at, error_itab_result, error_data_result, 99, 99, 99, 99, 99, 99};
  }

  // The label `x` of a whole call.
  std::string label_of(ProbeBuilder& builder) {
    plan = std::make_unique<ProbePlan>(support::plan_of(builder, facts));
    if (plan->probes.empty()) {
      return "skipped: " + support::reason_of(*plan);
    }
    call = std::make_unique<PlannedCall>(plan.get(), &memory);
    call->enter(entry());
    call->leave(exit());
    return call->label("x");
  }

  std::string value_of_label(const std::string& expression) {
    ProbeBuilder builder(kFunction);
    builder.signature(kSignature).label("x", expression);
    return label_of(builder);
  }

  std::string holds(const std::string& condition) {
    ProbeBuilder builder(kFunction);
    builder.signature(kSignature).cases("x", {{"yes", condition}}, "no");
    return label_of(builder);
  }

  FactsBuilder facts;
  FakeMemory memory;
  TypeId base, inner, text_kind, service, request, response, failure;
  std::uint64_t failure_itab = 0, self = 0, request_at = 0, response_at = 0, error_itab = 0, error_data = 0;
  std::uint64_t text_at = memory.text("text"), any_type = 0, any_data = 0, error_itab_result = 0,
                error_data_result = 0;
  std::unique_ptr<ProbePlan> plan;
  std::unique_ptr<PlannedCall> call;
};

struct Value {
  const char* expression;
  const char* expected;
};

TEST_F(Language, ReadsValues) {
  const Value cases[] = {
      {"text", "text"},
      {"n", "-4"},
      {"arg2", "-4"},
      {"req.Path", "/a/b"},
      {"req.Size", "1048576"},
      {"arg1.Size", "1048576"},
      {"recv.Inner.Name", "inner"},
      {"recv.Name", "inner"},  // promoted from an embedded struct
      {"recv.Base.ID", "base-1"},
      {"recv.ID", "base-1"},  // promoted through an embedded pointer
      {"recv.Kind", "-3"},
      {"recv.Count", "41"},
      {"recv.Flag", "true"},
      {"recv.small", "-5"},
      {"recv.port", "65535"},
      {"recv.wait", "1500000"},
      {"recv.counter", "77"},  // sync/atomic
      {"recv.current.Name", "current"},
      {"recv.up", "true"},
      {"recv.list[1].Name", "second"},
      {"recv.list[1].Count", "2"},
      {"recv.three[2]", "33"},
      {"req.Path[1]", "97"},
      {"len(recv.list)", "2"},
      {"cap(recv.list)", "8"},
      {"len(recv.items)", "5"},
      {"len(recv.queue)", "3"},
      {"cap(recv.queue)", "100"},
      {"len(recv.three)", "3"},
      {"len(text)", "4"},
      {"len(req.Path) + n - 1", "-1"},
      {"n * n", "16"},
      {"recv.port & 4095", "4095"},
      {"recv.Count | 2", "43"},
      {"-n", "4"},
      {"string(recv.data)", "bytes"},
      {"string(recv.held.(app.Text))", "held text"},
      {"recv.held.(app.Text)", "held text"},
      {"recv.err.(*app.Failure).Code", "13"},
      {"recv.err.Code", "13"},  // the only type with that field that can be in an error
      {"ret0.Code", "404"},
      {"ret0.Code + n", "400"},  // a result and an argument
      {"at_return(req.Path)", "/a/b"},
      {"\"constant\"", "constant"},
      {"42", "42"},
      {"true", "true"},
      {"func", "function"},
  };
  for (const Value& one : cases) {
    EXPECT_EQ(value_of_label(one.expression), one.expected) << one.expression;
  }
}

TEST_F(Language, DecidesConditions) {
  const Value cases[] = {
      {"n < 0", "yes"},
      {"n >= 0", "no"},
      {"0 > n", "yes"},
      {"n == -4", "yes"},
      {"n != -4", "no"},
      {"recv.port > 65534", "yes"},
      {"text == \"text\"", "yes"},
      {"text == \"texts\"", "no"},
      {"text != \"other\"", "yes"},
      {"\"text\" == text", "yes"},
      {"text == \"\"", "no"},
      {"text != \"\"", "yes"},
      {"ret0.Error == \"\"", "yes"},
      {"strings.HasPrefix(req.Path, \"/a\")", "yes"},
      {"strings.HasPrefix(req.Path, \"/a/b/c\")", "no"},
      {"strings.HasSuffix(req.Path, \"/b\")", "yes"},
      {"strings.HasSuffix(req.Path, \"x/a/b\")", "no"},
      {"strings.HasPrefix(func, \"x.org/\")", "yes"},
      {"recv.Flag", "yes"},
      {"!recv.Flag", "no"},
      {"recv.Flag == false", "no"},
      {"recv.up", "yes"},
      {"recv != nil", "yes"},
      {"recv.err != nil", "yes"},
      {"recv.list == nil", "no"},
      {"v == nil", "yes"},
      {"ret1 == nil", "yes"},
      {"ret1 != nil || n < 0", "yes"},
      {"ret1 == nil && n > 0", "no"},
      {"(n < 0) == (ret0.Code > 400)", "yes"},
      {"ret0.Code > n", "yes"},
      {"typeof(recv.err) == \"*app.Failure\"", "yes"},
      {"typeof(recv.held) == \"*app.Failure\"", "no"},
      {"recv.held.(app.Text) == \"held text\"", "yes"},
      {"len(recv.items) > 4 && len(recv.queue) < 4", "yes"},
      {"true || n > 0", "yes"},
      {"false && n < 0", "no"},
      {"1 < 2", "yes"},
      {"panicked", "no"},
  };
  for (const Value& one : cases) {
    EXPECT_EQ(holds(one.expression), one.expected) << one.expression;
  }
}

TEST_F(Language, TakesWhatIsNotThereAsFalseAndEmpty) {
  memory.put<std::uint64_t>(field("Base"), 0);
  memory.put<std::uint64_t>(field("current"), 0);
  memory.put<std::uint64_t>(field("items"), 0);
  memory.put<std::uint64_t>(field("queue"), 0);
  memory.put<std::uint64_t>(field("err"), 0);
  const Value values[] = {
      {"recv.ID", ""},
      {"recv.Kind", "absent:"},
      {"recv.current.Name", ""},
      {"recv.current.Flag", "absent:"},
      {"recv.list[7].Name", ""},
      {"recv.err.(*app.Failure).Code", "absent:"},
      {"recv.held.(*app.Base).Kind", "absent:"},
      {"typeof(recv.err)", "type 0"},
      {"len(recv.items)", "0"},
      {"len(recv.queue)", "0"},
      {"len(recv.ID)", "absent:"},
  };
  for (const Value& one : values) {
    EXPECT_EQ(value_of_label(one.expression), one.expected) << one.expression;
    EXPECT_EQ(call->failed_reads(), 0U) << one.expression;
  }
  const Value conditions[] = {
      {"recv.ID == \"\"", "no"},
      {"recv.ID != \"x\"", "no"},
      {"recv.ID != \"\"", "no"},
      {"recv.Kind == 0", "no"},
      {"recv.Kind != 0", "no"},
      {"recv.Kind == 1 || recv.Kind == 0", "no"},
      {"recv.current.Flag == false", "no"},
      {"!recv.current.Flag", "yes"},
      {"len(recv.items) == 0", "yes"},
      {"recv.items == nil", "yes"},
      {"recv.err == nil", "yes"},
      {"recv.held.(*app.Base).Kind == 0", "no"},
      {"strings.HasSuffix(recv.ID, \"1\")", "no"},
      {"ret0.Code == recv.Kind", "no"},
  };
  for (const Value& one : conditions) {
    EXPECT_EQ(holds(one.expression), one.expected) << one.expression;
  }
}

TEST_F(Language, TellsTypesOfInterfacesInAMovedProgram) {
  any_type = facts.descriptor(text_kind) + 0x10000;
  any_data = memory.allocate(16);
  memory.put_string(any_data, "moved");
  ProbeBuilder builder(kFunction);
  builder.signature(kSignature).label("x", "typeof(v)").label("y", "v.(app.Text)");
  const ProbePlan planned = support::plan_of(builder, facts);
  PlannedCall moved(&planned, &memory, 0x10000);
  moved.enter(entry());
  EXPECT_EQ(moved.label("x"), "type " + std::to_string(facts.descriptor(text_kind)));
  EXPECT_EQ(moved.label("y"), "moved");
  EXPECT_FALSE(planned.type_names.empty());
}

TEST_F(Language, CountsAPanicAsSuchAndTrustsNoResultOfIt) {
  ProbeBuilder builder(kFunction);
  builder.signature(kSignature)
      .cases("x", {{"panic", "panicked"}, {"failed", "ret1 != nil"}, {"fine", "ret1 == nil"}}, "none");
  const ProbePlan planned = support::plan_of(builder, facts);
  PlannedCall one(&planned, &memory);
  one.enter(entry());
  one.panic();
  EXPECT_EQ(one.label("x"), "panic");
  PlannedCall other(&planned, &memory);
  other.leave(exit());
  EXPECT_EQ(other.label("x"), "fine");
  EXPECT_TRUE(planned.probes.front().framed);
}

TEST_F(Language, ReadsStructsByValueAndStackArguments) {
  const TypeId pair = facts.structure("x.org/app", "app.Pair", {{"a", facts.int32}, {"b", facts.int32}});
  facts.function("x.org/app.F", -1);
  ProbeBuilder builder("x.org/app.F");
  builder.signature("func(p app.Pair, big [2]int64, last string)")
      .label("x", "p.b")
      .label("y", "big[1]")
      .label("z", "last");
  const ProbePlan planned = support::plan_of(builder, facts);
  ASSERT_FALSE(planned.probes.empty()) << support::reason_of(planned);
  const std::uint64_t stack = memory.allocate(64);
  memory.put<std::int64_t>(stack + 8 + 8, 222);
  PlannedCall one(&planned, &memory);
  one.enter({1, 0xffffffff00000007, text_at, 4, 0, 0, 0, 0, 0, 0, stack});
  EXPECT_EQ(one.label("x"), "7");
  EXPECT_EQ(one.label("y"), "222");
  EXPECT_EQ(one.label("z"), "text");
  EXPECT_NE(pair, TypeId::kNone);
}

TEST_F(Language, ReadsVariablesThatAClosureCaptured) {
  facts.function("x.org/app.(*Service).Do.func1", 0);
  ProbeBuilder builder("x.org/app.(*Service).Do.func1");
  builder.label("x", "captured1.(*app.Service).Name");
  const ProbePlan planned = support::plan_of(builder, facts);
  ASSERT_FALSE(planned.probes.empty()) << support::reason_of(planned);
  const std::uint64_t context = memory.allocate(32);
  memory.put<std::uint64_t>(context + 16, self);
  PlannedCall one(&planned, &memory);
  one.enter({0, 0, 0, 0, 0, 0, 0, 0, 0, context});
  EXPECT_EQ(one.label("x"), "inner");
}

TEST_F(Language, ReadsVariablesThatAClosureCapturedByTheirNames) {
  const std::uint32_t closure = facts.function("x.org/app.(*Service).Do.func1", -1);
  facts.details(closure).debug_signature = {
      .parameters = {{"n", facts.integer}},
      .results = {},
      .captured = {
          {"word", facts.string, 16}, {"&seen", facts.pointer(facts.integer), 8}, {"n", facts.string, 32}}};
  ProbeBuilder builder("x.org/app.(*Service).Do.func1");
  builder.label("word", "word")
      .label("seen", "seen")
      .label("after", "at_return(seen)")
      .label("n", "n");  // the parameter hides it
  const ProbePlan planned = support::plan_of(builder, facts);
  ASSERT_FALSE(planned.probes.empty()) << support::reason_of(planned);
  const std::uint64_t context = memory.allocate(48);
  const std::uint64_t seen = memory.allocate(8);
  memory.put<std::uint64_t>(context + 8, seen);
  memory.put_string(context + 16, "text");
  memory.put<std::int64_t>(seen, 41);
  PlannedCall one(&planned, &memory);
  one.enter({7, 0, 0, 0, 0, 0, 0, 0, 0, context});
  memory.put<std::int64_t>(seen, 42);
  one.leave({});
  EXPECT_EQ(one.label("word"), "text");
  EXPECT_EQ(one.label("seen"), "41");
  EXPECT_EQ(one.label("after"), "42");
  EXPECT_EQ(one.label("n"), "7");
}

// A closure that is called where it stands takes what it captured as parameters.
TEST_F(Language, ReadsVariablesThatAreHandedToAClosure) {
  const std::uint32_t closure = facts.function("x.org/app.(*Service).Do.func1", 16);
  facts.details(closure).debug_signature = {
      .parameters = {{"&seen", facts.pointer(facts.integer)}, {"n", facts.integer}},
      .results = {},
      .captured = {}};
  ProbeBuilder builder("x.org/app.(*Service).Do.func1");
  builder.label("seen", "seen").label("n", "n");
  const ProbePlan planned = support::plan_of(builder, facts);
  ASSERT_FALSE(planned.probes.empty()) << support::reason_of(planned);
  const std::uint64_t seen = memory.allocate(8);
  memory.put<std::int64_t>(seen, 41);
  PlannedCall one(&planned, &memory);
  one.enter({seen, 7});
  EXPECT_EQ(one.label("seen"), "41");
  EXPECT_EQ(one.label("n"), "7");
}

TEST_F(Language, KeepsOnlyTheRootForAReadAtTheReturn) {
  EXPECT_EQ(value_of_label("at_return(req.Path)"), "/a/b");
  memory.put_string(request_at, "/changed");
  PlannedCall late(plan.get(), &memory);
  late.enter(entry());
  memory.put_string(request_at, "/later");
  late.leave(exit());
  EXPECT_EQ(late.label("x"), "/later");
  // The label, the pointer, and whether ctx is what the signature says.
  EXPECT_EQ(plan->probes.front().values_size, 72 + 8 + 8);
}

TEST_F(Language, ReadsASharedChainOnce) {
  ProbeBuilder builder(kFunction);
  builder.signature(kSignature)
      .label("x", "recv.Base.ID")
      .cases("y",
             {{"a", "recv.Base.ID == \"a\""},
              {"long", "len(recv.Base.ID) > 3"},
              {"empty", "recv.Base.ID == \"\""}},
             "none");
  const ProbePlan planned = support::plan_of(builder, facts);
  PlannedCall one(&planned, &memory);
  memory.reads = 0;
  one.enter(entry());
  EXPECT_EQ(one.label("y"), "long");
  // The pointer, the string's words, its bytes for the label, its bytes for the comparison (too short here).
  EXPECT_EQ(memory.reads, 3);
}

TEST_F(Language, SaysWhyAnExpressionCannotBeRead) {
  const Value cases[] = {
      {"info.Path",
       "label x: info: no such parameter or result; this function has recv *app.Service, ctx "
       "context.Context, req *app.Request, n int8, "
       "text string, v interface {}, ret0 *app.Response, ret1 error"},
      {"rec.Name",
       "label x: rec: no such parameter or result; this function has recv *app.Service, ctx context.Context, "
       "req *app.Request, n int8, "
       "text string, v interface {}, ret0 *app.Response, ret1 error; "
       "did you mean \"recv\"?"},
      {"req.Pth", "label x: req.Pth: app.Request has no field Pth; did you mean \"Path\"?"},
      {"req.Zebra", "label x: req.Zebra: app.Request has no field Zebra; it has Path, Size"},
      {"n.Name", "label x: n.Name: its type is int8, which has no fields"},
      {"ctx.Name",
       "label x: ctx.Name: it is the interface context.Context, and no type in the binary that it can hold "
       "has a "
       "field Name; say what it holds, as in .(*pkg.Type).Name"},
      {"v.Nothing",
       "label x: v.Nothing: it is the interface interface {}, and no type in the binary that it can hold has "
       "a "
       "field Nothing; say what it holds, as in .(*pkg.Type).Nothing"},
      {"v.(*app.Gone).Name",
       "label x: v.(*app.Gone): type *app.Gone is not in the binary's type metadata, so no interface holds "
       "one"},
      {"v.(app.Gone)", "label x: v.(app.Gone): type app.Gone is not in the binary's type metadata"},
      {"v.(error)",
       "label x: v.(error): error is an interface; only assertions to the type that it holds can be checked"},
      {"text.(app.Text)", "label x: text.(app.Text): its type is string, not an interface"},
      {"ret1",
       "label x: ret1: the text of an error is made by a call, which cannot be done from outside; use != nil "
       "or typeof()"},
      {"v", "label x: v: it is the interface interface {}; use typeof(), != nil or .(*pkg.Type).Field"},
      {"recv.list",
       "label x: recv.list: its type is []app.Inner; use len(), an element, or string() of a []byte"},
      {"recv.items", "label x: recv.items: its type is map[string]int; use len()"},
      {"req", "label x: req: its type is *app.Request; name a field that is a string, a number or a bool"},
      {"recv.Inner",
       "label x: recv.Inner: its type is app.Inner; name a field that is a string, a number or a bool"},
      {"nil", "label x: nil: nil is no text"},
      {"recv.ratio",
       "label x: recv.ratio: its type is float64; only integers, texts and booleans can be read"},
      {"recv.three[3]", "label x: recv.three[3]: index 3 is beyond the 3 elements of [3]int32"},
      {"recv.items[0]",
       "label x: recv.items[0]: a map's elements cannot be looked up from outside; len() can be read"},
      {"n[0]", "label x: n[0]: its type is int8, which has no elements to index"},
      {"len(n)", "label x: len(n): its type is int8, which has no length"},
      {"cap(recv.items)", "label x: cap(recv.items): its type is map[string]int, which has no capacity"},
      {"string(n)", "label x: string(n): it is an integer; string() takes a string or a []byte"},
      {"typeof(n)", "label x: typeof(n): its type is int8, not an interface"},
      {"text + 1", "label x: text: it is a string; a number is wanted"},
      {"captured0", "label x: captured0: only closures (F.func1) capture variables"},
      {"in_flight()", "label x: in_flight() can only be used in poll:"},
      {"text == n", "label x: text == n: a string cannot be compared with an integer by =="},
      {"text < \"a\"", "label x: text < \"a\": a string cannot be compared with \"a\" by <"},
      {"text == req.Path",
       "label x: text == req.Path: two strings of the program cannot be compared; compare with a constant"},
      {"recv.Inner == nil", "label x: recv.Inner == nil: a app.Inner is never nil"},
      {"v == ctx",
       "label x: v == ctx: two values of type interface {} cannot be compared; compare with a constant or "
       "nil"},
      {"recv.port == -1", "label x: recv.port == -1: an unsigned number is never -1"},
      {"text == ret0.Error", "label x: text: a string argument can only be compared with a constant"},
      {"typeof(v) == \"*app.Gone\"",
       "label x: typeof(v) == \"*app.Gone\": type *app.Gone is not in the binary's type metadata"},
      {"text && true", "label x: text: it is a string; a condition is wanted, as in text != ..."},
      {"strings.HasPrefix(n, \"a\")",
       "label x: strings.HasPrefix(n, \"a\"): its first argument is an integer, not a string"},
  };
  for (const Value& one : cases) {
    EXPECT_EQ(value_of_label(one.expression), std::string("skipped: app.(*Service).Do: ") + one.expected)
        << one.expression;
  }
}

TEST_F(Language, SurvivesFieldsOfTypesThatCouldNotBeRead) {
  facts.type(request).fields[0].type = TypeId::kNone;
  for (const char* text : {"req.Path", "req.Path.More", "len(req.Path)", "req.Path[0]", "typeof(req.Path)"}) {
    EXPECT_THAT(value_of_label(text), HasSubstr("type that could not be read")) << text;
  }
  EXPECT_THAT(holds("req.Path == nil"), HasSubstr("type that could not be read"));
}

TEST_F(Language, RefusesFloatsInRegisters) {
  facts.function("x.org/app.G", 8);
  ProbeBuilder builder("x.org/app.G");
  builder.signature("func(f float64)").label("x", "f");
  EXPECT_THAT(label_of(builder), HasSubstr("float64"));
  const TypeId wrapped =
      facts.structure("x.org/app", "app.Wrapped", {{"f", facts.float64}, {"n", facts.integer}});
  EXPECT_NE(wrapped, TypeId::kNone);
  facts.function("x.org/app.H", 16);
  ProbeBuilder fine("x.org/app.H");
  fine.signature("func(w app.Wrapped)").label("x", "w.n");
  EXPECT_EQ(label_of(fine), std::to_string(self));
}

TEST_F(Language, SaysWhenParametersAreUnknown) {
  ProbeBuilder builder(kFunction);
  builder.label("x", "req.Path");
  EXPECT_EQ(label_of(builder),
            "skipped: app.(*Service).Do: label x: req: the binary does not say what it takes and returns "
            "(stripped, and no "
            "method table has it); give the probe a signature: as in the source");
  ProbeBuilder receiver(kFunction);
  receiver.label("x", "recv.Name");
  EXPECT_EQ(label_of(receiver), "inner");
}

}  // namespace
}  // namespace plan
