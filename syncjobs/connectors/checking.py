"""The named tests of a connection, in the order in which they make sense."""

from collections.abc import Sequence

from syncjobs.connectors.base import Check
from syncjobs.connectors.calls import Caller
from syncjobs.connectors.descriptor import ObjectSpec, RestDescriptor
from syncjobs.connectors.errors import Config, ConnectorError, Permanent
from syncjobs.connectors.paging import Lister

REACH = "Reach the system"
SIGN_IN = "Sign in"
_NOT_TRIED = "Not tried, because an earlier test failed."


def check_connection(caller: Caller, system: RestDescriptor) -> list[Check]:
    """Reach the system, sign in, read one row of each object; what cannot be tried says so."""
    specs = [spec for spec in system.objects if spec.readable]
    first = _problem(caller, system, specs[0])
    if first is not None and first.status == 0:
        return [Check(REACH, ok=False, message=first.message), *_untried(SIGN_IN, specs)]
    reached = Check(REACH, ok=True, message="The system answers.")
    if isinstance(first, Config) and first.status in {400, 401}:
        refused = Check(SIGN_IN, ok=False, message=first.message)
        return [reached, refused, *_untried("", specs)]
    problems = [first, *(_problem(caller, system, spec) for spec in specs[1:])]
    if all(isinstance(problem, Permanent) for problem in problems):
        message = "Something answers, but not this kind of system: check the whole address."
        return [Check(REACH, ok=False, message=message), *_untried(SIGN_IN, specs)]
    signed = Check(SIGN_IN, ok=True, message="The credentials are accepted.")
    pairs = zip(specs, problems, strict=True)
    return [reached, signed, *(_read_check(spec, problem) for spec, problem in pairs)]


def _problem(caller: Caller, system: RestDescriptor, spec: ObjectSpec) -> ConnectorError | None:
    try:
        Lister(caller, system, spec, 1).fetch(None, None)
    except ConnectorError as error:
        return error
    return None


def _read_check(spec: ObjectSpec, problem: ConnectorError | None) -> Check:
    message = problem.message if problem else "The list can be read."
    return Check(_name(spec), ok=problem is None, message=message)


def _untried(sign_in: str, specs: Sequence[ObjectSpec]) -> list[Check]:
    names = [sign_in] if sign_in else []
    untried = [*names, *map(_name, specs)]
    return [Check(name, ok=False, message=_NOT_TRIED, untried=True) for name in untried]


def _name(spec: ObjectSpec) -> str:
    return f"Read {spec.label.lower()}"
