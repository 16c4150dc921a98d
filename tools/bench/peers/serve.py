"""What each benchmark's side written in Python does with its input."""
import json
import sys
import time


def serve(work):
    """One block of work for every line of the input, timed; `work` returns its amount."""
    torch = sys.modules.get("torch")
    wait = torch.cuda.synchronize if torch and torch.cuda.is_available() else lambda: None
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        amount = work()
        wait()
        print(json.dumps({"seconds": time.perf_counter() - start, "amount": amount}), flush=True)
