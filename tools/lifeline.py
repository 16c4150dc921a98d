"""Ends this process and its notebook kernels when the process that started it ends.

CAPTIONER_LIFELINE is the number of a pipe that the other process holds open. `python lifeline.py MODULE ARGUMENT…` runs a
module under this watch; a program of its own calls `watch()` first."""

import os
import runpy
import signal
import sys
import threading

# The kernel saves what its cell is training, which takes seconds where checkpoints are large.
SAVING_TIME = 30


def watch(end):
    """Calls `end` on a thread when the other process has ended; ends this process if that doesn't do so in time."""
    pipe = os.environ.pop("CAPTIONER_LIFELINE", None)
    if pipe is None:
        return
    os.set_inheritable(int(pipe), False)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the pipe says it, too

    def wait():
        while os.read(int(pipe), 1):
            pass
        late = threading.Timer(SAVING_TIME + 5, os._exit, [1])
        late.daemon = True
        late.start()
        end()

    threading.Thread(target=wait, daemon=True).start()


def end_with_kernels():
    """Returns a function that ends this process after its kernels, which save what they are doing."""
    from jupyter_client.provisioning import LocalProvisioner

    kernels = []
    launch_kernel = LocalProvisioner.launch_kernel

    async def launch(self, *arguments, **named):
        info = await launch_kernel(self, *arguments, **named)
        kernels.append(self.process)
        return info

    LocalProvisioner.launch_kernel = launch

    def end():
        for kernel in kernels:
            kernel.terminate()
        for kernel in kernels:
            try:
                kernel.wait(SAVING_TIME)
            except Exception:  # it doesn't end, or another thread waits for it
                kernel.kill()
        os._exit(1)

    return end


if __name__ == "__main__":
    # Jupyter's server shuts its kernels down when it is terminated.
    watch(lambda: os.kill(os.getpid(), signal.SIGTERM))
    sys.argv = sys.argv[1:]
    sys.path[0] = ""
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
