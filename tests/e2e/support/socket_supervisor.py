"""A supervisor that opens the socket, as systemd.socket(5) does, and starts the program anew whenever it ends well.

  socket_supervisor.py PORT PROGRAM ARGUMENT...      SIGTERM: the program is stopped, and not started again
"""

import os
import signal
import socket
import sys

FIRST = 3

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=512)
child = 0
ending = False


def end(*_):
    global ending
    ending = True
    if child:
        os.kill(child, signal.SIGTERM)


signal.signal(signal.SIGTERM, end)
status = 0
while not ending and status == 0:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.dup2(listener.fileno(), FIRST)
        os.set_inheritable(FIRST, True)  # dup2 of a number onto itself changes nothing
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="http")
        os.execv(sys.argv[2], sys.argv[2:])
    if ending:
        os.kill(child, signal.SIGTERM)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.exit(abs(status))
