"""A time stamp authority over HTTPS on loopback, and all that one can do wrong. Ends when its input is closed.

python3 tsa.py FOLDER    prints its port; FOLDER holds `ts.cnf` with what it names, and `https.pem` with `https.key`
"""

import http.server
import os
import ssl
import subprocess
import sys
import threading
import time

FOLDER = sys.argv[1]


class Authority(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        getattr(self, "at_" + self.path.strip("/"))(query)

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def stamp(self, *asked):
        command = ["openssl", "ts", "-reply", "-config", "ts.cnf", *asked]
        return subprocess.run(command, cwd=FOLDER, check=True, capture_output=True).stdout

    def at_tsa(self, query):
        with open(os.path.join(FOLDER, "https.query"), "wb") as file:
            file.write(query)
        self.answer(self.stamp("-queryfile", "https.query"))

    def at_earlier(self, _):
        """What it answered before, to somebody else."""
        self.answer(self.stamp("-queryfile", "https.query"))

    def at_refused(self, _):
        self.answer(bytes([0x30, 5, 0x30, 3, 2, 1, 2]))

    def at_garbage(self, _):
        self.answer(b"<html>\x1b[2Jwelcome</html>" * 9)

    def at_empty(self, _):
        self.answer(b"")

    def at_broken(self, _):
        self.answer(b"out of order", status=500)

    def at_moved(self, _):
        self.answer(b"", status=302, Location="https://elsewhere.invalid/tsa")

    def at_kept(self, _):
        self.answer(b"", status=307, Location="/tsa")

    def at_huge(self, _):
        self.answer(b"0" * (2 << 20))

    def at_boasting(self, _):
        self.answer(b"0" * 99, length=1 << 62)

    def at_endless(self, _):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b"0" * 65536)

    def at_slow(self, _):
        time.sleep(60)

    def at_drips(self, _):
        self.send_response(200)
        self.send_header("Content-Length", "60")
        self.end_headers()
        for _ in range(60):
            self.wfile.write(b"0")
            self.wfile.flush()
            time.sleep(1)

    def at_gone(self, _):
        self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(FOLDER, "https.pem"), os.path.join(FOLDER, "https.key"))
    server = Server(("127.0.0.1", 0), Authority)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


main()
