"""Run as a script, in front of a child's own command: the child must not outlive the server.

`python -I -S die_with_parent.py PARENT_PID COMMAND ARGUMENT...` asks the kernel (Linux) to kill
this process when its parent ends, then becomes the command. On other systems it only becomes
the command. It imports nothing of this project, so it costs some 20 ms.
"""

from __future__ import annotations

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """See the module's docstring."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != int(sys.argv[1]):
            sys.exit(1)  # the parent died before the request took effect
    os.execve(sys.argv[2], sys.argv[2:], dict(os.environ))  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
