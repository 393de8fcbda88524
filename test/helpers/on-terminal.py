"""Runs a program on a terminal of its own: on-terminal.py COLUMNS ROWS PROGRAM ARGUMENTS.

What the program prints goes to stdout. Lines on stdin: "size COLUMNS ROWS", "signal NAME".
"""

import fcntl, os, pty, select, signal, struct, sys, termios


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


columns, rows = int(sys.argv[1]), int(sys.argv[2])
ready, go = os.pipe()
child, terminal = pty.fork()
if child == 0:
    os.read(ready, 1)
    os.execvp(sys.argv[3], sys.argv[3:])
resize(terminal, columns, rows)
os.write(go, b".")

commands = [0]
while True:
    readable, _, _ = select.select([terminal, *commands], [], [])
    if 0 in readable:
        line = os.read(0, 4096).decode().split()
        if not line:
            commands = []
        while line:
            if line[0] == "size":
                resize(terminal, int(line[1]), int(line[2]))
                line = line[3:]
            else:
                os.kill(child, getattr(signal, line[1]))
                line = line[2:]
    if terminal in readable:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        os.write(1, data)

_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
