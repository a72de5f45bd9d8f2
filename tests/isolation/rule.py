"""What may be promised of a route.

A rule is written by hand and is not read from the views: it is what the product promises,
and the views have to agree.

  needs   permission, or several of which one is enough; SIGNED_IN for anybody who may sign in
          at that door; PUBLIC for anybody; OPERATOR for the platform's operators; NOBODY for
          what a library brings along and the product keeps shut
  methods what the route takes; any other method is refused
  owned   the address names an object of one client: somebody else's is a 404
"""

from dataclasses import dataclass

PUBLIC, SIGNED_IN, OPERATOR, NOBODY = "public", "signed in", "operator", "nobody"
READ = ("GET",)
ACT = ("POST",)
FORM = ("GET", "POST")


@dataclass(frozen=True)
class Rule:
    """What is promised of one route; `values` fill its parameters but the primary key."""

    needs: str
    methods: tuple[str, ...] = READ
    owned: bool = False
    posts: str = ""  # the permission for POST where it is another one than for GET
    absent: bool = False  # there may be nothing to show: a 404 is right, too
    values: tuple[tuple[str, object], ...] = ()


def rules(names: str, rule: Rule) -> dict[str, Rule]:
    """Promise the same of several routes, named in one string."""
    return dict.fromkeys(names.split(), rule)
