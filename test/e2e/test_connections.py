"""Connections that hold on to what is not theirs alone: a worker, memory, time, descriptors."""
import os
import resource
import signal
import socket
import subprocess
import threading
import unittest

import harness
from harness import Case, wait_until


def resident(pid):
    """Bytes of a process in memory."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


class SlowSink:
    """An origin that reads uploads in small pieces, and answers everything else at once."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.server.getsockname()[1]
        self.stopping = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    head += piece
                while head.startswith(b"PUT"):
                    if self.stopping.wait(0.01) or not connection.recv(65536):
                        return
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def close(self):
        self.stopping.set()
        self.server.close()


class SlowCore:
    """Lets a process run for an eighth of the time, as a small share of a busy machine does."""

    def __init__(self, pid):
        self.pid = pid
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stopping.wait(0.002):
            os.kill(self.pid, signal.SIGSTOP)
            self.stopping.wait(0.014)
            os.kill(self.pid, signal.SIGCONT)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        os.kill(self.pid, signal.SIGCONT)


class Connections(Case):
    def connect(self, port):
        connection = socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE)
        self.addCleanup(connection.close)
        return connection

    def limits(self, gateway):
        return gateway.admin("GET", "/status").json.get("connections_ended_by_limit", {})

    def uploads(self):
        """Four clients that send as fast as they can to an origin that reads slowly."""
        sink = SlowSink()
        self.addCleanup(sink.close)
        gateway = self.gateway(workers=1).start()
        gateway.admin("POST", "/services", f"name=sink&url=http://127.0.0.1:{sink.port}", expect=201)
        gateway.admin("POST", "/services/sink/routes", "paths[]=/sink", expect=201)
        self.assertEqual(gateway.proxy("GET", "/sink").status, 200)
        before = resident(gateway.process.pid)
        sent = [0]

        def upload(connection):
            block = b"x" * 65536
            try:
                connection.sendall(b"PUT /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000000\r\n\r\n")
                while not sink.stopping.is_set():
                    connection.sendall(block)
                    sent[0] += len(block)
            except OSError:
                pass  # the end of the test

        for _ in range(4):
            threading.Thread(target=upload, args=(self.connect(gateway.proxy_port),),
                             daemon=True).start()
        wait_until(lambda: sent[0] > 16 * 1024 * 1024, "the uploads to run")
        return gateway, before, sent

    def test_a_fast_upload_takes_neither_the_worker_nor_memory(self):
        gateway, before, sent = self.uploads()
        for _ in range(100):
            self.assertEqual(gateway.proxy("GET", "/sink").status, 200)
        wait_until(lambda: sent[0] > 48 * 1024 * 1024, "the uploads to go on")
        grown = resident(gateway.process.pid) - before
        self.assertLess(grown, 16 * 1024 * 1024)

    def test_a_fast_upload_does_not_take_the_worker_on_a_slow_core_either(self):
        gateway, before, _ = self.uploads()
        with SlowCore(gateway.process.pid):
            for _ in range(30):
                self.assertEqual(gateway.proxy("GET", "/sink").status, 200)
        self.assertLess(resident(gateway.process.pid) - before, 16 * 1024 * 1024)

    def test_plain_http_to_the_tls_port_is_told_so(self):
        gateway = self.gateway().start()
        connection = self.connect(gateway.tls_port)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
        self.assertIn(b"The plain HTTP request was sent to HTTPS port", answer)

    def test_a_handshake_that_does_not_end_is_ended(self):
        gateway = self.gateway(ssl_handshake_timeout="0.2").start()
        mute = self.connect(gateway.tls_port)
        half = self.connect(gateway.tls_port)
        half.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03half a hello")
        for connection in (mute, half):
            self.assertEqual(connection.recv(1), b"", "it is closed")
        self.assertEqual(self.limits(gateway)["ssl_handshake_timeout"], 2)

    def test_an_answer_that_is_not_read_is_ended(self):
        gateway = self.gateway(send_timeout="0.3").start()
        self.add_route(gateway)
        gateway.admin("POST", "/plugins", {"name": "request-termination", "config": {
            "status_code": 200, "body": "x" * 200000, "content_type": "text/plain"}}, expect=201)
        connection = self.connect(gateway.proxy_port)
        connection.sendall(b"GET /posts HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
        wait_until(lambda: self.limits(gateway).get("send_timeout") == 1, "the limit to be counted")

    def test_no_descriptor_left_is_no_reason_to_spin_and_is_got_over(self):
        gateway = self.gateway()
        gateway.process = subprocess.Popen(
            ["bash", "-c", 'ulimit -n 90; exec "$@"', "bash", harness.BINARY, "run"],
            env=gateway.environment(), stdout=gateway.log, stderr=gateway.log)
        wait_until(gateway.answers, "the gateway to answer")
        self.add_route(gateway)
        sockets = [self.connect(gateway.proxy_port) for _ in range(160)]
        for connection in sockets:  # busy, so that none of them can be closed for room
            connection.sendall(b"GET /posts HTTP/1.1\r\n")
        wait_until(lambda: "no file descriptor is left" in gateway.output(), "a line in the log")
        lines = len(gateway.output().splitlines())
        for _ in range(20):
            self.assertEqual(gateway.admin("GET", "/status").status, 200, "Admin has its reserve")
        self.assertLess(len(gateway.output().splitlines()) - lines, 10)
        for connection in sockets[:130]:
            connection.close()
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        gateway.admin("POST", "/services", "name=later&host=a", expect=201)

    def test_idle_connections_make_room_for_new_ones(self):
        gateway = self.gateway()
        gateway.process = subprocess.Popen(
            ["bash", "-c", 'ulimit -n 90; exec "$@"', "bash", harness.BINARY, "run"],
            env=gateway.environment(), stdout=gateway.log, stderr=gateway.log)
        wait_until(gateway.answers, "the gateway to answer")
        self.add_route(gateway)
        idle = [self.connect(gateway.proxy_port) for _ in range(160)]
        wait_until(lambda: "no file descriptor is left" in gateway.output(), "a line in the log")
        self.assertEqual(gateway.proxy("GET", "/posts").status, 200)
        self.assertEqual(len(idle), 160)


if __name__ == "__main__":
    unittest.main()
