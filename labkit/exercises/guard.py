"""A fence around a student's code: it leaves no trace in the process and cannot run forever.

The fence is for accidents in a notebook. Hostile code is the grader's business, in a sandbox.
"""

import contextlib
import random
import signal
import threading
import time

import numpy as np
import torch


class TookTooLong(BaseException):
    """The code ran past its limit. A BaseException: ``except Exception`` in an answer lets it through."""


@contextlib.contextmanager
def preserved_state(seed: int):
    """Run the body with fixed seeds and gradients on; then put back every global setting as it was."""
    rng = torch.get_rng_state()
    cuda_rng = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    numpy_rng, python_rng = np.random.get_state(), random.getstate()
    grad, inference = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
    dtype, device, threads = torch.get_default_dtype(), _default_device(), torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    anomaly = torch.is_anomaly_enabled()
    try:
        torch.set_default_dtype(torch.float32)
        if device != torch.device("cpu"):
            torch.set_default_device("cpu")  # not otherwise: once set, it slows every call into torch
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        with contextlib.ExitStack() as stack:
            if inference:
                stack.enter_context(torch.inference_mode(False))
            torch.set_grad_enabled(True)
            yield
    finally:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        torch.set_default_device(device if device != torch.device("cpu") else None)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        # Only where they changed: setting the first imports half of torch's compiler, a second or more.
        now = (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        )
        if now != (deterministic, warn_only):
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        if torch.is_anomaly_enabled() != anomaly:
            torch.autograd.set_detect_anomaly(anomaly)
        torch.set_rng_state(rng)
        if cuda_rng is not None:
            torch.cuda.set_rng_state_all(cuda_rng)
        np.random.set_state(numpy_rng)
        random.setstate(python_rng)


def _default_device() -> torch.device:
    """Where tensors are made; PyTorch up to 2.6 cannot say so once a default was taken back."""
    try:
        return torch.get_default_device()
    except AttributeError:
        return torch.device("cpu")


@contextlib.contextmanager
def time_limit(seconds: float):
    """Stop the body once its thread has computed for ``seconds``, or after four times that by the clock.

    The thread's own time counts, so that a busy machine does not fail a good answer; the clock catches
    one that sleeps. Works in the main thread of a system with timers (Linux, macOS), else does nothing.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    start_cpu, start_clock = time.thread_time(), time.monotonic()

    def alarm(_signum, _frame):
        if time.thread_time() - start_cpu >= seconds or time.monotonic() - start_clock >= 4 * seconds:
            raise TookTooLong

    before = signal.signal(signal.SIGALRM, alarm)
    # The timer repeats: an answer that swallows the first TookTooLong meets the next.
    signal.setitimer(signal.ITIMER_REAL, seconds, min(0.25, seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
