"""The named tests of a connection, in the order in which they make sense."""

from collections.abc import Sequence

from mappings.known_paths import paths_in
from syncjobs.connectors.base import Check
from syncjobs.connectors.calls import Caller
from syncjobs.connectors.descriptor import ObjectSpec, RestDescriptor
from syncjobs.connectors.errors import Config, ConnectorError, Permanent
from syncjobs.connectors.paging import Lister
from syncjobs.connectors.reading import plain

REACH = "Reach the system"
SIGN_IN = "Sign in"
SAMPLE = 20
_NOT_TRIED = "Not tried, because an earlier test failed."


def check_connection(caller: Caller, system: RestDescriptor) -> list[Check]:
    """Reach the system, sign in, read a few rows of each object; what cannot be tried says so."""
    specs = [spec for spec in system.objects if spec.readable]
    first = _looked(caller, system, specs[0])
    if isinstance(first, ConnectorError) and first.status == 0:
        return [Check(REACH, ok=False, message=first.message), *_untried(SIGN_IN, specs)]
    reached = Check(REACH, ok=True, message="The system answers.")
    if isinstance(first, Config) and first.status in {400, 401}:
        refused = Check(SIGN_IN, ok=False, message=first.message)
        return [reached, refused, *_untried("", specs)]
    each = [first, *(_looked(caller, system, spec) for spec in specs[1:])]
    if all(isinstance(found, Permanent) for found in each):
        message = "Something answers, but not this kind of system: check the whole address."
        return [Check(REACH, ok=False, message=message), *_untried(SIGN_IN, specs)]
    signed = Check(SIGN_IN, ok=True, message="The credentials are accepted.")
    pairs = zip(specs, each, strict=True)
    return [reached, signed, *(_read_check(spec, found) for spec, found in pairs)]


def _looked(
    caller: Caller, system: RestDescriptor, spec: ObjectSpec
) -> Sequence[object] | ConnectorError:
    try:
        rows = Lister(caller, system, spec, SAMPLE).fetch(None, None).rows
        return [plain(system, row) for row in rows]
    except ConnectorError as error:
        return error


def _read_check(spec: ObjectSpec, found: Sequence[object] | ConnectorError) -> Check:
    if isinstance(found, ConnectorError):
        return Check(_name(spec), ok=False, message=found.message, object=spec.name)
    each = [set(paths_in(row)) for row in found]
    return Check(
        _name(spec),
        ok=True,
        message="The list can be read.",
        object=spec.name,
        fields=tuple(sorted(set().union(*each))),
        always=tuple(sorted(set.intersection(*each))) if each else (),
    )


def _untried(sign_in: str, specs: Sequence[ObjectSpec]) -> list[Check]:
    pairs = [(sign_in, "")] if sign_in else []
    pairs += [(_name(spec), spec.name) for spec in specs]
    return [
        Check(name, ok=False, message=_NOT_TRIED, untried=True, object=object_)
        for name, object_ in pairs
    ]


def _name(spec: ObjectSpec) -> str:
    return f"Read {spec.label.lower()}"
