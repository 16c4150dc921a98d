/**
 * Blocks signals while TensorFlow computes. oneDNN's generated matrix products point the stack pointer at a buffer on the heap, and a
 * signal frame written there overwrites adjacent memory (oneDNN issue 4845, fixed by its pull request 4855, which no
 * TensorFlow up to 2.21 has). TensorFlow's own threads are started inside these calls and inherit the mask for good. The calling thread
 * takes its signals before and after, so handlers, default actions and profilers work as usual, a few milliseconds late at most.
 *
 * This file can go once TensorFlow is built with that fix.
 */
#pragma once
#include <csignal>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"

namespace captioner {

class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t asynchronous;
    sigfillset(&asynchronous);
    // A fault of the thread itself can't wait: if blocked, it would end the process silently.
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) sigdelset(&asynchronous, fault);
    pthread_sigmask(SIG_BLOCK, &asynchronous, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked &) = delete;
  SignalsBlocked &operator=(const SignalsBlocked &) = delete;

 private:
  sigset_t before_;
};

/** Calls `function` with signals blocked. */
template <typename Function, typename... Arguments>
auto WithSignalsBlocked(Function function, Arguments... arguments) {
  SignalsBlocked blocked;
  return function(arguments...);
}

}  // namespace captioner

// Every call of the binding that may compute, wait for a computation, or start threads.
#define TFE_NewContext(...) captioner::WithSignalsBlocked(TFE_NewContext, __VA_ARGS__)
#define TFE_Execute(...) captioner::WithSignalsBlocked(TFE_Execute, __VA_ARGS__)
#define TFE_TensorHandleResolve(...) captioner::WithSignalsBlocked(TFE_TensorHandleResolve, __VA_ARGS__)
#define TFE_TensorHandleCopyToDevice(...) captioner::WithSignalsBlocked(TFE_TensorHandleCopyToDevice, __VA_ARGS__)
#define TF_LoadSessionFromSavedModel(...) captioner::WithSignalsBlocked(TF_LoadSessionFromSavedModel, __VA_ARGS__)
#define TF_SessionRun(...) captioner::WithSignalsBlocked(TF_SessionRun, __VA_ARGS__)
