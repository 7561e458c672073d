"""A client that writes HTTP/2 frames itself (clear text), for what no well-behaved client does."""
import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
NO_ERROR, CANCEL = 0, 8


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A field that enters no table, of up to 126 bytes each."""
    return bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


class Http2Client:
    def __init__(self, port, initial_window=65535, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.input = b""
        settings = struct.pack(">HI", 4, initial_window)
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))

    @staticmethod
    def head(stream, method, path, end=True, **fields):
        block = b"".join(literal(*each) for each in [
            (":method", method), (":scheme", "http"), (":path", path), (":authority", "test"),
            *((name.replace("_", "-"), value) for name, value in fields.items())])
        return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block)

    def receive(self):
        """The next frame: (kind, flags, stream, payload); None at the end of the connection."""
        while True:
            if len(self.input) >= 9:
                size = int.from_bytes(self.input[:3], "big")
                if len(self.input) >= 9 + size:
                    kind, flags = self.input[3], self.input[4]
                    stream = int.from_bytes(self.input[5:9], "big") & 0x7fffffff
                    payload, self.input = self.input[9:9 + size], self.input[9 + size:]
                    return kind, flags, stream, payload
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not more:
                return None
            self.input += more

    def until(self, wanted):
        """The frames up to and including the first that `wanted` says yes to."""
        seen = []
        while True:
            each = self.receive()
            if each is None:
                raise AssertionError(f"the connection ended after {[(k, f, s) for k, f, s, _ in seen]}")
            seen.append(each)
            if each[0] == SETTINGS and not each[1] & ACK:
                self.send(frame(SETTINGS, ACK, 0))
            if wanted(*each):
                return seen

    def until_closed(self):
        """All frames that come before the connection ends."""
        seen = []
        while (each := self.receive()) is not None:
            seen.append(each)
        return seen


def status(block):
    """Of a response's block, as the gateway's encoder writes it: an indexed field of the static table or a literal."""
    indexed = {0x88: "200", 0x89: "204", 0x8a: "206", 0x8b: "304", 0x8c: "400", 0x8d: "404", 0x8e: "500"}
    if block[0] in indexed:
        return indexed[block[0]]
    digits = block[2:2 + (block[1] & 0x7f)]
    if not block[1] & 0x80:
        return digits.decode()
    bits = "".join(f"{byte:08b}" for byte in digits)  # Huffman codes of the digits: RFC 7541 appendix B
    codes = {"00000": "0", "00001": "1", "00010": "2", "011001": "3", "011010": "4", "011011": "5", "011100": "6",
             "011101": "7", "011110": "8", "011111": "9"}
    out = ""
    while len(out) < 3:
        for code, digit in codes.items():
            if bits.startswith(code):
                out, bits = out + digit, bits[len(code):]
                break
        else:
            raise AssertionError(f"not a status: {block[:8].hex()}")
    return out
