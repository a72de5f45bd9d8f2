"""Pages of the engine for staff, under /work/."""

from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from syncjobs.pages import backfills, connections, files, installing, webhooks, workflows
from syncjobs.pages.urls import reading, shared
from tenants.doors import staff_page

_see, _manage = reading(staff_page, "connections.view"), staff_page("connections.manage")
_forms = require_http_methods(["GET", "POST"])
_choose = reading(staff_page, "connections.manage")

urlpatterns = [
    path(
        "workflows/new/",
        staff_page("workflows.manage")(_forms(installing.workflow_install)),
        name="workflow_install",
    ),
    *shared(staff_page),
    path(
        "workflows/<int:pk>/dry-run/",
        staff_page("workflows.operate")(require_POST(workflows.workflow_dry_run)),
        name="workflow_dry_run",
    ),
    path(
        "workflows/<int:pk>/schedule/",
        staff_page("workflows.manage")(require_POST(workflows.workflow_schedule)),
        name="workflow_schedule",
    ),
    path(
        "workflows/<int:pk>/backfill/",
        staff_page("workflows.operate")(_forms(backfills.workflow_backfill)),
        name="workflow_backfill",
    ),
    path(
        "workflows/<int:pk>/backfill/cancel/",
        staff_page("workflows.operate")(require_POST(backfills.workflow_backfill_cancel)),
        name="workflow_backfill_cancel",
    ),
    path(
        "connections/<int:pk>/file/",
        _manage(_forms(files.connection_file)),
        name="connection_file",
    ),
    path(
        "connections/<int:pk>/read-again/",
        _manage(require_POST(connections.connection_read_again)),
        name="connection_read_again",
    ),
    path("connections/", _see(connections.connection_list), name="connection_list"),
    path("connections/<int:pk>/", _see(connections.connection_detail), name="connection_detail"),
    path(
        "connections/new/", _choose(connections.connection_catalogue), name="connection_catalogue"
    ),
    path(
        "connections/new/<slug:key>/",
        _manage(_forms(connections.connection_add)),
        name="connection_add",
    ),
    path(
        "connections/<int:pk>/credentials/",
        _manage(_forms(connections.connection_credentials)),
        name="connection_credentials",
    ),
    path(
        "connections/<int:pk>/switch/",
        _manage(require_POST(connections.connection_switch)),
        name="connection_switch",
    ),
    path(
        "connections/<int:pk>/compare/",
        _manage(require_POST(connections.connection_compare)),
        name="connection_compare",
    ),
    path(
        "connections/<int:pk>/deletions/",
        _manage(require_POST(connections.connection_deletions)),
        name="connection_deletions",
    ),
    path(
        "connections/<int:pk>/webhooks/",
        _manage(webhooks.connection_hook),
        name="connection_hook",
    ),
    path(
        "connections/<int:pk>/webhooks/close/",
        _manage(webhooks.connection_hook_close),
        name="connection_hook_close",
    ),
    path(
        "connections/<int:pk>/test/",
        _manage(require_POST(connections.connection_test)),
        name="connection_test",
    ),
]
