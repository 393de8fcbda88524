"""Runs a shell on a terminal: types each text and waits for what must then appear.

Arguments: seconds, program and its arguments, "--", then pairs of text and awaited text. Prints all
that appeared. Exit 1: something did not.
"""
import os, pty, select, sys, time

limit = float(sys.argv[1])
split = sys.argv.index('--')
program, steps = sys.argv[2:split], sys.argv[split + 1 :]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(program[0], program)
seen, since, end, failed = '', 0, time.time() + limit, ''
for text, awaited in zip(steps[::2], steps[1::2]):
    since = len(seen)
    os.write(terminal, text.encode().decode('unicode_escape').encode())
    while awaited not in seen[since:]:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.time()))
        data = b''
        if ready:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                pass
        if not data:
            failed = awaited
            break
        seen += data.decode(errors='replace')
    if failed:
        break
os.close(terminal)
try:
    os.kill(pid, 9)
except ProcessLookupError:
    pass
os.waitpid(pid, 0)
sys.stdout.write(seen)
if failed:
    sys.stdout.write('\nnot seen: ' + failed + '\n')
    sys.exit(1)
