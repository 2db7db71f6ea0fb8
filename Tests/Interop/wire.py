"""As much of the wire as scripts need: a length-delimited protobuf message each way."""
import socket
import struct


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def predict(model, rows):
    """A serialised tandem.v1.PredictRequest for a package of `tandem-bench package`."""
    items = struct.pack(f"<{rows}q", *(item * 7919 for item in range(rows)))
    column = field(1, b"item") + b"\x10\x02" + field(4, items)
    return field(1, model.encode()) + b"\x38" + varint(rows) + field(9, column)


def point_label(model, label, version):
    """The call that has a daemon follow a label, whose file was written."""
    request = field(1, model.encode()) + field(2, label.encode()) + b"\x18" + varint(version)
    return field(34, request)


class Connection:
    """One connection, asked one call after the other."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.bytes = bytearray()

    def ask(self, request):
        """Sends a PredictRequest; the answer as (id, number of its other field, that field).

        Raises ConnectionError when the daemon has closed the connection.
        """
        return self.call(field(10, request))

    def call(self, call):
        """Sends a Request's call, a field of it; the answer as `ask` gives it."""
        message = b"\x08\x01" + call
        try:
            self.socket.sendall(varint(len(message)) + message)
        except BrokenPipeError:
            # What the daemon said before it closed can still be read.
            pass
        return self.answer()

    def answer(self):
        while True:
            length, start = read_varint(self.bytes, 0)
            if start and len(self.bytes) >= start + length:
                message = bytes(self.bytes[start:start + length])
                del self.bytes[:start + length]
                return parse(message)
            received = self.socket.recv(1 << 16)
            if not received:
                raise ConnectionError("closed")
            self.bytes += received

    def close(self):
        self.socket.close()


def read_varint(data, at):
    """A number and where it ends; (0, 0) if it is not all there."""
    value, shift = 0, 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    return 0, 0


def parse(message):
    """The id of a Response, and its last field that is a message, with its number."""
    number, payload, identity, at = 0, b"", 0, 0
    while at < len(message):
        tag, at = read_varint(message, at)
        value, at = read_varint(message, at)
        if tag & 7 == 2:
            number, payload = tag >> 3, message[at:at + value]
            at += value
        elif tag >> 3 == 1:
            identity = value
    return identity, number, payload
