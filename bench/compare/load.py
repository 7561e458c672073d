"""Loads a peer and reads what that cost it."""
import os
import pathlib
import re
import resource
import socket
import ssl
import subprocess

from peers import KEY, LARGE, OTHER_CPUS, SMALL, program

CONNECTIONS = 64
IDLE = 4000


def raise_descriptor_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def url(peer, path):
    return f"{'https' if peer.tls else 'http'}://127.0.0.1:{peer.port}/{path}"


def check(peer):
    """The peer does the work that it will be measured at."""
    def curl(path, *options):
        done = subprocess.run(["curl", "-sk", "-o", "-", "-w", "\n%{http_code}", "--max-time", "10",
                               *(["--http2-prior-knowledge"] if peer.h2 else ["--http1.1"]),
                               *options, url(peer, path)], capture_output=True, text=True, check=False)
        body, _, status = done.stdout.rpartition("\n")
        return status, len(body)

    key = ["-H", f"apikey: {KEY}"] if peer.key else []
    for path, size in (("small", SMALL), ("large", LARGE)):
        if curl(path, *key) != ("200", size):
            raise RuntimeError(f"{type(peer).__name__} does not forward /{path}: {curl(path, *key)}")
    if peer.key and curl("small", "-H", "apikey: wrong")[0] != "401":
        raise RuntimeError(f"{type(peer).__name__} lets a wrong key pass")


def cpu_seconds(peer):
    """CPU time of all threads of the peer so far."""
    total = 0
    for pid in peer.process.pids():
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total / 1e9


def memory(peer, field):
    """KiB of all processes of the peer: VmRSS, or RssAnon."""
    total = 0
    for pid in peer.process.pids():
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                total += int(line.split()[1])
    return total


def h2load(peer, path, seconds, connections=CONNECTIONS):
    """Requests that were answered with 2xx; all must be."""
    command = [program("h2load"), "-D", f"{seconds:.0f}", "-c", str(connections), "-t", "1",
               *(["-m", "10"] if peer.h2 else ["--h1"]),
               *(["-H", f"apikey: {KEY}"] if peer.key else []), url(peer, path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60,
                          preexec_fn=lambda: os.sched_setaffinity(0, OTHER_CPUS))
    counts = dict((name, int(n)) for n, name in re.findall(r"(\d+) (2xx|3xx|4xx|5xx|failed|errored)",
                                                           done.stdout))
    if not counts.get("2xx") or counts["3xx"] or counts["4xx"] or counts["5xx"]:
        raise RuntimeError(f"{type(peer).__name__}: {done.stdout}")
    return counts["2xx"]


def per_request(peer, path, seconds, connections=CONNECTIONS):
    h2load(peer, path, 1, connections)  # connections to the origin are open, caches warm
    before = cpu_seconds(peer)
    answered = h2load(peer, path, seconds, connections)
    return (cpu_seconds(peer) - before) / answered * 1e6


def requests(peer, seconds):
    return per_request(peer, "small", seconds)


def bodies(peer, seconds):
    return per_request(peer, "large", seconds, connections=8)


def handshakes(peer, seconds):
    """One client that opens connection after connection without resuming."""
    before = cpu_seconds(peer)
    done = subprocess.run(["openssl", "s_time", "-connect", f"127.0.0.1:{peer.port}", "-new", "-time",
                           f"{max(seconds, 1):.0f}"], capture_output=True, text=True, check=False,
                          timeout=seconds + 60,
                          preexec_fn=lambda: os.sched_setaffinity(0, OTHER_CPUS))
    count = re.search(r"(\d+) connections in \d+ real seconds", done.stdout)
    if count is None or int(count[1]) == 0:
        raise RuntimeError(f"{type(peer).__name__}: {done.stdout} {done.stderr}")
    return (cpu_seconds(peer) - before) / int(count[1]) * 1e6


def idle(peer, _seconds):
    """Connections that had one request each and stay open: growth of the peer's own memory."""
    request = b"GET /small HTTP/1.1\r\nHost: bench\r\n\r\n"
    context = ssl._create_unverified_context() if peer.tls else None
    connections = []

    def open_one():
        s = socket.create_connection(("127.0.0.1", peer.port), timeout=20)
        if context is not None:
            s = context.wrap_socket(s)
        s.sendall(request)
        answer = b""
        while not answer.endswith(b"x" * SMALL):
            answer += s.recv(65536)
        connections.append(s)

    try:
        for _ in range(100):  # what is allocated once is there
            open_one()
        before = memory(peer, "RssAnon")
        for _ in range(IDLE):
            open_one()
        return (memory(peer, "RssAnon") - before) * 1024 / IDLE
    finally:
        for s in connections:
            s.close()


def resident(peer, _seconds):
    return memory(peer, "VmRSS")
