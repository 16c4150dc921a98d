/**
 * Lets the binding's TensorFlow take part in a cluster: where the environment has CAPTIONER_SERVER_DEF (a tensorflow.ServerDef as text,
 * see lib/tensorflow/cluster.ts), the first context starts TensorFlow's own server and waits for the other workers. Collective ops then
 * reach them. Included before the binding's source, after signals.h. It has to be done here: in a cluster devices have other names, and the
 * binding notes the name of its device right after it made the context. Afterwards CAPTIONER_SERVER_DEF is
 * gone; if it failed, CAPTIONER_CLUSTER_ERROR says why.
 */
#pragma once
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "tensorflow/c/c_api_experimental.h"
#include "tensorflow/c/eager/c_api.h"

namespace captioner {

/** "/job:worker/replica:0/task:1/", or empty without a cluster. */
inline std::string &OwnTask() {
  static std::string task;
  return task;
}

/** Joins the cluster that the environment names, if any. The context of a worker thread stays alone. */
inline void JoinCluster(TFE_Context *context, TF_Status *status) {
  static std::atomic<bool> joined{false};
  const char *text = std::getenv("CAPTIONER_SERVER_DEF"), *task = std::getenv("CAPTIONER_TASK");
  if (text == nullptr || task == nullptr || joined.exchange(true)) return;
  OwnTask() = task;
  std::unique_ptr<TF_Buffer, decltype(&TF_DeleteBuffer)> server(TFE_GetServerDef(text, status), &TF_DeleteBuffer);
  if (TF_GetCode(status) == TF_OK) {
    SignalsBlocked blocked;
    TFE_EnableCollectiveOps(context, server->data, server->length, status);
  }
  if (TF_GetCode(status) == TF_OK)
    unsetenv("CAPTIONER_SERVER_DEF");
  else
    setenv("CAPTIONER_CLUSTER_ERROR", TF_Message(status), 1);
}

/** With a coordination service the context lists every worker's devices, and the binding would take the last one: another machine's. */
inline const char *OwnDeviceType(const TF_DeviceList *list, int index, TF_Status *status) {
  const char *name = TF_DeviceListName(list, index, status);
  if (name == nullptr || std::strncmp(name, OwnTask().c_str(), OwnTask().size()) != 0) return "other";
  return TF_DeviceListType(list, index, status);
}

}  // namespace captioner

#define TF_DeviceListType captioner::OwnDeviceType
