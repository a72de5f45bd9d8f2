"""Every night: what was worked against what the ERP bills, and what is left of it."""

from typing import Any, Final

from syncjobs.blueprints.reads import RESOURCES

BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "nightly_margin",
    "name": "Nightly margin and reconciliation",
    "summary": "Counts and sums of each period are compared between PSA and ERP; what differs and "
    "is not on hold becomes an exception. The margin of each project is worked out.",
    "version": 2,
    "priority": 30,
    "mode": "scheduled",
    "schedule": "15 2 * * *",
    "reads": [RESOURCES],
    "trigger": {"events": []},
    "extension_points": {},
    "steps": [],
    "comparisons": [
        {
            "name": "time",
            "label": "Billable time",
            "type": "time_entry",
            "period": "date",
            "cost": True,
            "source": {
                "role": "psa",
                "mapping": "time-entry-in",
                "where": {"billable": [True], "status": ["approved", "invoiced"]},
            },
            "target": {"role": "erp", "mapping": "time-line-in", "where": {"billable": [True]}},
        },
        {
            "name": "expenses",
            "label": "Billable expenses",
            "type": "expense",
            "period": "date",
            "optional": True,
            "source": {
                "role": "psa",
                "mapping": "expense-in",
                "where": {"billable": [True], "status": ["approved", "invoiced"]},
            },
            "target": {"role": "erp", "mapping": "expense-line-in", "where": {"billable": [True]}},
        },
        {
            "name": "milestones",
            "label": "Milestones",
            "type": "milestone",
            "period": "completed_at",
            "source": {
                "role": "psa",
                "mapping": "milestone-in",
                "where": {"status": ["completed", "invoiced"]},
            },
            "target": {
                "role": "erp",
                "mapping": "milestone-line-in",
                "where": {"status": ["invoiced"]},
            },
        },
    ],
}
