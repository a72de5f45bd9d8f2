"""Connections, intake, workflows and deliveries."""

from django.apps import AppConfig


class SyncjobsConfig(AppConfig):
    """Tables in each partner's schema only."""

    name = "syncjobs"
    verbose_name = "Integration"

    def ready(self) -> None:
        from branding.navigation import register_counter
        from governance.appliers import register_applier
        from governance.bell import register_bell
        from governance.impact import register_assessor
        from governance.replays import register_replay
        from mappings.catalogue import register_catalogue
        from mappings.publishing import register_listener
        from mappings.samples import register_finder
        from mappings.trials import register_trials
        from syncjobs import actions  # noqa: F401  registers the audit actions
        from syncjobs.engine.doorbell import ring
        from syncjobs.engine.load import load
        from syncjobs.engine.samples import fields_of, find_samples
        from syncjobs.engine.trials import find_trials
        from syncjobs.indicators.attention import open_exceptions
        from syncjobs.intake.aside import let_go_for_live
        from syncjobs.services.blueprints import starting_blueprints
        from syncjobs.services.digest import exception_digests
        from syncjobs.services.impact import DEFINITION_IMPACT
        from syncjobs.services.incidents import incident_news
        from syncjobs.services.plain_calls import call
        from syncjobs.services.resending import REPLAY
        from syncjobs.services.retention_changes import RETENTION
        from syncjobs.services.scope_changes import CONNECTION_SCOPE
        from syncjobs.services.secrets import open_sealed, seal
        from syncjobs.services.stored_keys import check_stored_credentials
        from syncjobs.services.workflow_changes import WORKFLOW_CHANGE
        from tenants.health import register_part
        from tenants.mailing import register_producer
        from tenants.outbound import register_caller
        from tenants.sealing import register_vault
        from tenants.services.diagnosis import register_check
        from tenants.services.starting_content import register

        register_applier(WORKFLOW_CHANGE)
        register_applier(CONNECTION_SCOPE)
        register_applier(RETENTION)
        for kind in ("mapping_version", "value_map_version", "workflow"):
            register_replay(kind, REPLAY)
        register_producer(exception_digests)
        register_producer(incident_news)
        register(starting_blueprints)
        register_vault(seal, open_sealed)
        register_caller(call)
        register_part(load)
        register_check(check_stored_credentials)
        register_finder(find_samples)
        register_listener(let_go_for_live)
        register_trials(find_trials)
        register_assessor(DEFINITION_IMPACT)
        register_bell(ring)
        register_catalogue(fields_of)
        register_counter("open_exceptions", open_exceptions)
