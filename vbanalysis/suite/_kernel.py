"""The kernel that notebooks of the suite run in: this interpreter, spoken to in private."""

from __future__ import annotations

import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

KERNEL_NAME = "python3"


class SuiteKernel(AsyncKernelManager):
    """Starts ipykernel of the running interpreter over encrypted TCP.

    - Installed kernelspecs are not consulted: the `python3` that Jupyter finds
      first may belong to another environment, without this package.
    - Unencrypted TCP is open to every user of the machine, and ipykernel warns of
      it at each start; IPC sockets would be private too, but break when several
      kernels start at once.
    """

    @default("kernel_spec_manager")
    def _running_interpreter(self) -> KernelSpecManager:
        # With no folder to look in, the native kernel is all there is: sys.executable.
        return KernelSpecManager(kernel_dirs=[], parent=self)

    @default("transport_encryption")
    def _private(self) -> str:
        return "auto" if zmq.has("curve") else "disabled"
