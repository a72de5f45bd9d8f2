"""Pages of the engine for staff, under /work/."""

from syncjobs.pages import connections, installing, webhooks, workflows
from syncjobs.pages.urls import shared
from tenants.doors import StaffPages, staff_page

see, manage = StaffPages("connections.view"), StaffPages("connections.manage")
install, operate = StaffPages("workflows.manage"), StaffPages("workflows.operate")

urlpatterns = [
    install.form("workflows/new/", installing.workflow_install),
    *shared(staff_page),
    operate.act("workflows/<int:pk>/dry-run/", workflows.workflow_dry_run),
    see.show("connections/", connections.connection_list),
    see.show("connections/<int:pk>/", connections.connection_detail),
    manage.show("connections/new/", connections.connection_catalogue),
    manage.form("connections/new/<slug:key>/", connections.connection_add),
    manage.form("connections/<int:pk>/credentials/", connections.connection_credentials),
    manage.act("connections/<int:pk>/switch/", connections.connection_switch),
    manage.act("connections/<int:pk>/compare/", connections.connection_compare),
    manage.act("connections/<int:pk>/deletions/", connections.connection_deletions),
    manage.act("connections/<int:pk>/webhooks/", webhooks.connection_hook),
    manage.act("connections/<int:pk>/webhooks/close/", webhooks.connection_hook_close),
    manage.act("connections/<int:pk>/test/", connections.connection_test),
]
