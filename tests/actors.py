"""The people in the tests: named, with a role each, the same at two partners.

Northwind Ops and Brightbridge are two partners in one database. Each has the same cast
with the same primary keys, so that a mistaken schema shows as the other partner's row and
never as a missing one.
"""

from dataclasses import dataclass

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Person:
    """Somebody who signs in: name, address, roles, and the client they belong to, if any."""

    name: str
    email: str
    roles: tuple[str, ...]
    client: str | None = None


ALICE = Person("Alice Moreau", "alice@partner.example", ("owner",))
BOB = Person("Bob Tran", "bob@partner.example", ("integration_engineer",))
CAROL = Person("Carol Diaz", "carol@partner.example", ("approver",))
DAVE = Person("Dave Novak", "dave@partner.example", ("support_agent",))
ERIN = Person("Erin Walsh", "erin@partner.example", ("finance",))
FRANK = Person("Frank Osei", "frank@partner.example", ("auditor",))

GRACE = Person("Grace Lindqvist", "grace@alder.example", ("client_admin",), "Alder Consulting")
HEIDI = Person("Heidi Brandt", "heidi@alder.example", ("client_approver",), "Alder Consulting")
IVAN = Person("Ivan Petrov", "ivan@alder.example", ("client_viewer",), "Alder Consulting")
MALLORY = Person("Mallory Quick", "mallory@birch.example", ("client_admin",), "Birch Systems")

CLIENTS = ("Alder Consulting", "Birch Systems")
STAFF = (ALICE, BOB, CAROL, DAVE, ERIN, FRANK)
CLIENT_PEOPLE = (GRACE, HEIDI, IVAN, MALLORY)
EVERYBODY = STAFF + CLIENT_PEOPLE

NORTHWIND = ("northwind", "Northwind Ops")
BRIGHTBRIDGE = ("brightbridge", "Brightbridge")
