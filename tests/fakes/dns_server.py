"""A DNS server on loopback that answers from a zone file's text, or misbehaves when told to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.message
import dns.rcode
import dns.rdatatype
import dns.zonefile

BUFFER = 4096


@dataclass
class DnsServer:
    """Serves the root zone. `mode`: answer, drop (never answers), refuse, fail, garbage."""

    records: str = ""
    mode: str = "answer"
    questions: list[str] = field(default_factory=list)

    def _answer(self, wire: bytes) -> bytes:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        self.questions.append(f"{question.name} {dns.rdatatype.to_text(question.rdtype)}")
        reply = dns.message.make_response(query, recursion_available=True)
        if self.mode in {"refuse", "fail"}:
            wrong = dns.rcode.REFUSED if self.mode == "refuse" else dns.rcode.SERVFAIL
            reply.set_rcode(wrong)
            return reply.to_wire()
        rrsets = dns.zonefile.read_rrsets(self.records, default_ttl=60)
        name, found = question.name, False
        for _ in range(8):
            here = [one for one in rrsets if one.name == name]
            found = found or bool(here)
            wanted = {question.rdtype, dns.rdatatype.CNAME}
            reply.answer += [one for one in here if one.rdtype in wanted]
            aliases = [one for one in here if one.rdtype == dns.rdatatype.CNAME]
            if not aliases:
                break
            name = aliases[0][0].target
        if not found:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire()

    def serve(self, server: socket.socket, stop: threading.Event) -> None:
        """Answer until told to stop."""
        server.settimeout(0.05)
        while not stop.is_set():
            try:
                wire, address = server.recvfrom(BUFFER)
            except TimeoutError:
                continue
            if self.mode == "drop":
                continue
            server.sendto(b"\x00" if self.mode == "garbage" else self._answer(wire), address)


@contextmanager
def dns_server(records: str = "") -> Iterator[tuple[DnsServer, int]]:
    """Run a server for the block; give it with its port."""
    made, stop = DnsServer(records), threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=made.serve, args=(server, stop))
        thread.start()
        try:
            yield made, server.getsockname()[1]
        finally:
            stop.set()
            thread.join()
