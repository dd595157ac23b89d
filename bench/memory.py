"""How large this program has been: by the kernel, of this program alone. What `getrusage` tells begins with the peak of
whoever started it, and never falls."""

from pathlib import Path

KILOBYTES = 1024
PROCESS = Path("/proc/self")


def peak_mb() -> float:
    """Megabytes it took at most since the last `forget_peak`."""
    status = (PROCESS / "status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / KILOBYTES


def forget_peak() -> None:
    """From now on what it takes now is the most it took."""
    (PROCESS / "clear_refs").write_text("5")
