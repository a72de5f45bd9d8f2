"""Pages of the engine for staff, under /work/."""

from syncjobs.pages import (
    backfills,
    connections,
    files,
    installing,
    records,
    replays,
    retention,
    scopes,
    upgrades,
    webhooks,
    workflows,
)
from syncjobs.pages.urls import shared
from tenants.doors import StaffPages, staff_page

see, manage = StaffPages("connections.view"), StaffPages("connections.manage")
install, operate = StaffPages("workflows.manage"), StaffPages("workflows.operate")
look, people = StaffPages("workflows.view"), StaffPages("users.manage")

urlpatterns = [
    install.form("workflows/new/", installing.workflow_install),
    look.show("workflows/blueprints/", upgrades.blueprint_list),
    look.show("workflows/blueprints/<slug:slug>/", upgrades.blueprint_detail),
    install.act("workflows/blueprints/<slug:slug>/upgrade/", upgrades.blueprint_upgrade),
    install.act("workflows/blueprints/<slug:slug>/mappings/", upgrades.blueprint_mappings),
    install.act("workflows/blueprints/<slug:slug>/decide/", upgrades.blueprint_decide),
    *shared(staff_page),
    install.form("workflows/<int:pk>/upgrade/", upgrades.workflow_upgrade),
    operate.act("workflows/<int:pk>/dry-run/", workflows.workflow_dry_run),
    install.act("workflows/<int:pk>/schedule/", workflows.workflow_schedule),
    operate.form("workflows/<int:pk>/backfill/", backfills.workflow_backfill),
    operate.act("workflows/<int:pk>/backfill/cancel/", backfills.workflow_backfill_cancel),
    operate.form("workflows/<int:pk>/replay/", replays.workflow_replay),
    people.act("records/<int:pk>/erase/", records.record_erase),
    see.show("connections/", connections.connection_list),
    see.show("connections/<int:pk>/", connections.connection_detail),
    manage.show("connections/new/", connections.connection_catalogue),
    manage.form("connections/new/<slug:key>/", connections.connection_add),
    manage.form("connections/<int:pk>/credentials/", connections.connection_credentials),
    manage.form("connections/retention/", retention.retention),
    manage.form("connections/<int:pk>/scope/", scopes.connection_scope),
    manage.act("connections/<int:pk>/switch/", connections.connection_switch),
    manage.act("connections/<int:pk>/compare/", connections.connection_compare),
    manage.act("connections/<int:pk>/deletions/", connections.connection_deletions),
    manage.act("connections/<int:pk>/webhooks/", webhooks.connection_hook),
    manage.act("connections/<int:pk>/webhooks/close/", webhooks.connection_hook_close),
    manage.act("connections/<int:pk>/test/", connections.connection_test),
    manage.form("connections/<int:pk>/file/", files.connection_file),
    manage.act("connections/<int:pk>/read-again/", connections.connection_read_again),
    manage.act("connections/<int:pk>/stop-asking/", connections.connection_stop_asking),
]
