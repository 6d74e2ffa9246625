"""Time and memory of the device."""
import time

import torch


class Meter:
    """Time after the device is done, and the most memory torch's allocator held (as `finintent bench` counts, weights included)."""

    def __init__(self, device, until):
        """until: the time (time.monotonic) after which nothing more is measured, once there is one measurement."""
        self.is_gpu = device.type == "cuda"
        self.warm_up = 3 if self.is_gpu else 1
        self.until = until
        if self.is_gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def now(self):
        if self.is_gpu:
            torch.cuda.synchronize()
        return time.perf_counter()

    def times(self, turns, turn):
        """The seconds of `turns` calls of turn(i), after some to warm up that are not counted: 3 on a GPU, 1 on a CPU."""
        seconds = []
        for i in range(self.warm_up + turns):
            if len(seconds) > self.warm_up and time.monotonic() > self.until:
                break
            start = self.now()
            turn(i)
            seconds.append(self.now() - start)
        return seconds[self.warm_up:]

    def peak(self):
        if self.is_gpu:
            return torch.cuda.max_memory_reserved()
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
