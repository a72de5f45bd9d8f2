"""Who is planned on what goes to PSA and ERP, and the plan's cost and utilization with it."""

from typing import Any, Final

from syncjobs.blueprints.reads import PEOPLE, PROJECTS, RESOURCES, STAFFED

STAFFABLE: Final[list[dict[str, Any]]] = [
    {
        "name": "staffable",
        "label": "Project and job code",
        "require": [
            {
                "path": "project",
                "op": "exists_in",
                "role": "psa",
                "missing": "project in the PSA for assignment {key}",
            },
            {"path": "job_code", "op": "present", "missing": "job code of assignment {key}"},
        ],
        "message": "Nobody is assigned without a project and a job code to book the work under.",
        "alert": "support_agent",
    }
]

_PLANNED: Final[dict[str, Any]] = {
    "type": "assignment",
    "where": {"field": "status", "values": ["planned", "confirmed"]},
}

BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "staffing_sync",
    "name": "Staffing sync",
    "summary": "Assignments and substitutions go to PSA and ERP with rate and job code; planned "
    "cost and the utilization baseline follow.",
    "version": 1,
    "priority": 20,
    "reads": [RESOURCES, PEOPLE, PROJECTS, STAFFED],
    "trigger": {"events": ["resource.assigned", "resource.substituted", "assignment.changed"]},
    "extension_points": {
        "staffable": {
            "label": "Assignment gate",
            "help": "What must be known before somebody is assigned.",
            "default": STAFFABLE,
        }
    },
    "steps": [
        {
            "name": "psa_assignment",
            "label": "Assignment in the PSA",
            "record": "self",
            "role": "psa",
            "mapping": "assignment-out",
            "mode": "upsert",
            "match": True,
            "gates": {"$point": "staffable"},
        },
        {
            "name": "erp_assignment",
            "label": "Rate and job code in the ERP",
            "record": "self",
            "role": "erp",
            "mapping": "assignment-out",
            "mode": "upsert",
            "match": True,
            "after": ["psa_assignment"],
            "optional": True,
        },
        {
            "name": "project_plan",
            "label": "Planned cost of the project",
            "record": "project",
            "collect": {"assignments": {**_PLANNED, "field": "project", "equals": "code"}},
            "role": "psa",
            "mapping": "project-plan-out",
            "mode": "update",
            "optional": True,
        },
        {
            "name": "utilization",
            "label": "Utilization baseline of the person",
            "record": "resource",
            "collect": {"assignments": {**_PLANNED, "field": "resource", "equals": "number"}},
            "role": "psa",
            "mapping": "resource-plan-out",
            "mode": "update",
            "optional": True,
        },
    ],
}
