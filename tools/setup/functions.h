/**
 * Lets JavaScript write TensorFlow functions, which tfjs's binding can't do. Included before its source, after the other headers.
 * A graph is written op by op, without running anything; TensorFlow infers the shapes meanwhile. The finished function is added to the
 * binding's context and called like any op: `executeOp(name, attributes, inputs, outputs)`. A thread writes one graph at a time.
 *
 *   graphBegin()
 *   opDef(op) → bytes of its OpDef
 *   graphOp(op, name, device, inputs, after, attributes) → {dtype, shape}[]
 *     device      "" if TensorFlow chooses
 *     inputs      numbers of outputs, counted over all calls of graphOp; an array of them for an input that is a list
 *     after       names of nodes that must run before this one
 *     attributes  names and bytes of AttrValues in turns
 *     shape       -1 for a size that is unknown, null for an unknown rank
 *   graphFunction(name, inputs, outputs, effects)
 *     inputs, outputs  numbers of outputs; inputs are those of placeholders
 *     effects          names of nodes that run though no output depends on them
 *   graphEnd()
 *   removeFunction(name)
 */
#pragma once
#include <node_api.h>

#include <string>
#include <utility>
#include <vector>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"

namespace captioner {

// A worker thread has a binding, and so a context, of its own.
inline thread_local TFE_Context *context = nullptr;
inline thread_local TF_Graph *graph = nullptr;

inline TFE_Context *NewContext(TFE_ContextOptions *options, TF_Status *status) {
  // graph_options { rewrite_options { arithmetic_optimization: OFF } } of a ConfigProto. It would turn sums into AddN, which adds in the order
  // in which buffers become free: not the same in each run.
  const unsigned char config[] = {0x52, 4, 0x52, 2, 0x38, 2};
  TFE_ContextOptionsSetConfig(options, config, sizeof config, status);
  if (TF_GetCode(status) != TF_OK) return nullptr;
  context = TFE_NewContext(options, status);
  if (context != nullptr) JoinCluster(context, status);
  return context;
}

/** A status whose error becomes an exception in JavaScript. */
class Status {
 public:
  explicit Status(napi_env env) : env_(env), status_(TF_NewStatus()) {}
  ~Status() { TF_DeleteStatus(status_); }
  Status(const Status &) = delete;
  Status &operator=(const Status &) = delete;
  operator TF_Status *() { return status_; }
  bool Failed() {
    if (TF_GetCode(status_) == TF_OK) return false;
    napi_throw_error(env_, nullptr, TF_Message(status_));
    return true;
  }

 private:
  napi_env env_;
  TF_Status *status_;
};

inline std::string Text(napi_env env, napi_value value) {
  size_t length = 0;
  napi_get_value_string_utf8(env, value, nullptr, 0, &length);
  std::string text(length, '\0');
  napi_get_value_string_utf8(env, value, &text[0], length + 1, &length);
  return text;
}

inline std::vector<napi_value> Elements(napi_env env, napi_value list) {
  uint32_t length = 0;
  napi_get_array_length(env, list, &length);
  std::vector<napi_value> elements(length);
  for (uint32_t k = 0; k < length; k++) napi_get_element(env, list, k, &elements[k]);
  return elements;
}

/** Reads the arguments of a call. A call with too few of them, or without an open graph where one is needed, throws. */
template <size_t count>
bool Arguments(napi_env env, napi_callback_info info, napi_value (&values)[count], bool open = true) {
  size_t given = count;
  napi_get_cb_info(env, info, &given, values, nullptr, nullptr);
  if (given == count && (graph != nullptr || !open)) return true;
  napi_throw_error(env, nullptr, given < count ? "too few arguments" : "no graph is open");
  return false;
}

inline thread_local std::vector<TF_Output> *outputs = nullptr;

inline std::vector<TF_Output> Outputs(napi_env env, napi_value numbers) {
  std::vector<TF_Output> found;
  for (napi_value element : Elements(env, numbers)) {
    uint32_t number = 0;
    if (napi_get_value_uint32(env, element, &number) == napi_ok && number < outputs->size())
      found.push_back((*outputs)[number]);
    else
      napi_throw_error(env, nullptr, "the graph has no such output");
  }
  return found;
}

inline std::vector<TF_Operation *> Nodes(napi_env env, napi_value names) {
  std::vector<TF_Operation *> found;
  for (napi_value element : Elements(env, names)) {
    const std::string name = Text(env, element);
    TF_Operation *op = TF_GraphOperationByName(graph, name.c_str());
    if (op == nullptr)
      napi_throw_error(env, nullptr, ("the graph has no node " + name).c_str());
    else
      found.push_back(op);
  }
  return found;
}

inline bool Pending(napi_env env) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  return pending;
}

inline void DeleteGraph() {
  if (graph != nullptr) TF_DeleteGraph(graph);
  graph = nullptr;
  delete outputs;
  outputs = nullptr;
}

inline napi_value GraphBegin(napi_env, napi_callback_info) {
  SignalsBlocked blocked;
  DeleteGraph();
  graph = TF_NewGraph();
  outputs = new std::vector<TF_Output>;
  return nullptr;
}

inline napi_value GraphEnd(napi_env, napi_callback_info) {
  SignalsBlocked blocked;
  DeleteGraph();
  return nullptr;
}

/** Returns `{dtype, shape}` of an output. */
inline napi_value Describe(napi_env env, TF_Output output, TF_Status *status) {
  napi_value one, dtype, shape;
  napi_create_object(env, &one);
  napi_create_int32(env, TF_OperationOutputType(output), &dtype);
  napi_set_named_property(env, one, "dtype", dtype);
  const int rank = TF_GraphGetTensorNumDims(graph, output, status);
  std::vector<int64_t> sizes(rank > 0 ? rank : 0);
  if (rank > 0) TF_GraphGetTensorShape(graph, output, sizes.data(), rank, status);
  napi_create_array(env, &shape);
  for (int axis = 0; axis < rank; axis++) {
    napi_value size;
    napi_create_int64(env, sizes[axis], &size);
    napi_set_element(env, shape, axis, size);
  }
  if (rank < 0) napi_get_null(env, &shape);
  napi_set_named_property(env, one, "shape", shape);
  return one;
}

inline napi_value OpDef(napi_env env, napi_callback_info info) {
  napi_value args[1];
  if (!Arguments(env, info, args)) return nullptr;
  Status status(env);
  TF_Buffer *buffer = TF_NewBuffer();
  TF_GraphGetOpDef(graph, Text(env, args[0]).c_str(), buffer, status);
  napi_value bytes = nullptr;
  if (!status.Failed()) napi_create_buffer_copy(env, buffer->length, buffer->data, nullptr, &bytes);
  TF_DeleteBuffer(buffer);
  return bytes;
}

inline napi_value GraphOp(napi_env env, napi_callback_info info) {
  // Shape inference evaluates constants, so it computes.
  SignalsBlocked blocked;
  napi_value args[6];
  if (!Arguments(env, info, args)) return nullptr;
  // Everything is read first: a description that was begun can't be given up.
  std::vector<std::pair<bool, std::vector<TF_Output>>> inputs;
  for (napi_value input : Elements(env, args[3])) {
    bool list = false;
    napi_is_array(env, input, &list);
    napi_value one = input;
    if (!list) {
      napi_create_array_with_length(env, 1, &one);
      napi_set_element(env, one, 0, input);
    }
    inputs.emplace_back(list, Outputs(env, one));
  }
  const std::vector<TF_Operation *> after = Nodes(env, args[4]);
  const std::vector<napi_value> attributes = Elements(env, args[5]);
  if (Pending(env)) return nullptr;

  Status status(env);
  const std::string device = Text(env, args[2]);
  TF_OperationDescription *description = TF_NewOperation(graph, Text(env, args[0]).c_str(), Text(env, args[1]).c_str());
  if (!device.empty()) TF_SetDevice(description, device.c_str());
  for (const auto &input : inputs) {
    if (input.first)
      TF_AddInputList(description, input.second.data(), static_cast<int>(input.second.size()));
    else
      TF_AddInput(description, input.second[0]);
  }
  for (TF_Operation *op : after) TF_AddControlInput(description, op);
  std::string wrong;
  for (size_t k = 0; k + 1 < attributes.size(); k += 2) {
    const std::string name = Text(env, attributes[k]);
    void *data = nullptr;
    size_t size = 0;
    Status parsed(env);
    if (napi_get_typedarray_info(env, attributes[k + 1], nullptr, &size, &data, nullptr, nullptr) == napi_ok)
      TF_SetAttrValueProto(description, name.c_str(), data, size, parsed);
    else
      wrong = name;
    if (TF_GetCode(parsed) != TF_OK) wrong = name;
  }
  TF_Operation *op = TF_FinishOperation(description, status);
  if (!wrong.empty()) {
    napi_throw_error(env, nullptr, ("the attribute " + wrong + " is no AttrValue").c_str());
    return nullptr;
  }
  if (status.Failed()) return nullptr;
  napi_value described;
  napi_create_array(env, &described);
  for (int k = 0; k < TF_OperationNumOutputs(op); k++) {
    outputs->push_back({op, k});
    napi_set_element(env, described, k, Describe(env, {op, k}, status));
  }
  return described;
}

inline napi_value GraphFunction(napi_env env, napi_callback_info info) {
  SignalsBlocked blocked;
  napi_value args[4];
  if (!Arguments(env, info, args)) return nullptr;
  const auto inputs = Outputs(env, args[1]), results = Outputs(env, args[2]);
  const auto effects = Nodes(env, args[3]);
  if (Pending(env)) return nullptr;
  Status status(env);
  TF_Function *function = TF_GraphToFunctionWithControlOutputs(
      graph, Text(env, args[0]).c_str(), 0, -1, nullptr, static_cast<int>(inputs.size()), inputs.data(),
      static_cast<int>(results.size()), results.data(), nullptr, static_cast<int>(effects.size()), effects.data(), nullptr, nullptr,
      nullptr, status);
  if (status.Failed()) return nullptr;
  TFE_ContextAddFunction(context, function, status);
  TF_DeleteFunction(function);
  status.Failed();
  return nullptr;
}

inline napi_value RemoveFunction(napi_env env, napi_callback_info info) {
  SignalsBlocked blocked;
  napi_value args[1];
  if (!Arguments(env, info, args, false)) return nullptr;
  Status status(env);
  TFE_ContextRemoveFunction(context, Text(env, args[0]).c_str(), status);
  status.Failed();
  return nullptr;
}

inline napi_value AddExports(napi_env env, napi_value exports) {
  napi_property_descriptor own[] = {
      {"graphBegin", nullptr, GraphBegin, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"opDef", nullptr, OpDef, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"graphOp", nullptr, GraphOp, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"graphFunction", nullptr, GraphFunction, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"graphEnd", nullptr, GraphEnd, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"removeFunction", nullptr, RemoveFunction, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  if (exports != nullptr) napi_define_properties(env, exports, sizeof own / sizeof *own, own);
  return exports;
}

}  // namespace captioner

#undef TFE_NewContext
#define TFE_NewContext captioner::NewContext
// tfjs's source registers its exports with this macro.
#undef NAPI_MODULE
#define NAPI_MODULE(name, init) \
  NAPI_MODULE_INIT() { return captioner::AddExports(env, init(env, exports)); }
