"""The table says in plain words what moved and whether the money is equal."""

import io
from decimal import Decimal

from syncjobs.demo.counts import Counts, ObjectCounts
from syncjobs.demo.money import Audit, Control
from syncjobs.demo.people import SignIn
from syncjobs.demo.table import ClientResult, client_table, sign_in_table
from syncjobs.demo.telling import Teller


def _result(target: str) -> ClientResult:
    control = Control(
        "Time, this cycle",
        "time_entry",
        {"P-1": Decimal("1250.50"), "P-2": Decimal("99.50")},
        {"P-1": Decimal(target)},
        {"P-2": Decimal("99.50")},
        "work after the contract's end",
    )
    counts = Counts({"time_entry": ObjectCounts(read=467, delivered=341, failed=4)}, exceptions=1)
    audit = Audit("GBP", [control], [])
    return ClientResult("Northgate Connect", "Ashdown Mercer", counts, audit, ["A cause"])


def test_equal_money_is_called_equal_with_what_is_left_out_and_why() -> None:
    text = "\n".join(client_table(_result("1250.50")))

    assert "Ashdown Mercer, GBP" in text
    assert "1,350.00" in text
    assert "99.50" in text
    assert "equal: Time, this cycle; left out: work after the contract's end" in text
    assert "needs somebody: A cause" in text
    assert "✗" not in text


def test_a_difference_is_named_by_project_and_amount() -> None:
    text = "\n".join(client_table(_result("1250.49")))

    assert "DIFFERENT: Time, this cycle" in text
    assert "✗ Time, this cycle, P-1: the target differs by -0.01" in text


def test_columns_line_up() -> None:
    lines = client_table(_result("1250.50"))
    head = next(line for line in lines if "Money out" in line)
    row = next(line for line in lines if "Time entries" in line)

    assert head.index("Money out") + len("Money out") == row.index("1,250.50") + len("1,250.50")


def test_sign_ins_are_grouped_by_door() -> None:
    staff = SignIn("Kestrel Flow", "Owner", "Dana", "dana@k.example", "", "http://admin.k/")
    client = SignIn("Kestrel Flow", "Viewer", "Jo", "jo@l.example", "Linden", "http://k/")

    lines = sign_in_table([staff, client])

    assert lines == [
        "",
        "  Kestrel Flow  http://admin.k/",
        "    dana@k.example  Owner, Dana",
        "",
        "  Kestrel Flow  http://k/",
        "    jo@l.example  Viewer at Linden, Jo",
    ]


def test_a_log_gets_lines_and_no_control_characters() -> None:
    out = io.StringIO()
    tell = Teller(out)

    with tell.step("Working"):
        tell.progress("half")
        tell.progress("three quarters")

    text = out.getvalue()
    assert "\r" not in text
    assert text.count("half") == 1
    assert "three quarters" not in text
    assert text.splitlines()[-1].startswith("✓ Working  ")
