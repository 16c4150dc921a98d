/**
 * Passes lists of strings and types to ops as text, which tfjs's binding can't do itself and fused ops need. Included before its source.
 * `fused_ops` is a comma-separated list of names, `TArgs` one letter for each float32.
 */
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "tensorflow/c/eager/c_api.h"

inline void SetStringOrList(TFE_Op *op, const char *name, const void *value, size_t length) {
  const std::string text(static_cast<const char *>(value), length);
  if (std::string(name) == "TArgs") {
    const std::vector<TF_DataType> types(length, TF_FLOAT);
    TFE_OpSetAttrTypeList(op, name, types.data(), static_cast<int>(length));
  } else if (std::string(name) == "fused_ops") {
    std::vector<const void *> starts;
    std::vector<size_t> lengths;
    for (size_t from = 0, to; from <= length; from = to + 1) {
      to = std::min(text.find(',', from), length);
      starts.push_back(text.data() + from);
      lengths.push_back(to - from);
    }
    TFE_OpSetAttrStringList(op, name, starts.data(), lengths.data(), static_cast<int>(starts.size()));
  } else {
    TFE_OpSetAttrString(op, name, value, length);
  }
}

#define TFE_OpSetAttrString SetStringOrList
