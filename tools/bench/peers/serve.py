"""What each benchmark's side written in Python does with its input."""
import json
import sys
import time


def serve(work):
    """One block of work for every line of the input, timed; `work` returns its amount."""
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        amount = work()
        print(json.dumps({"seconds": time.perf_counter() - start, "amount": amount}), flush=True)
