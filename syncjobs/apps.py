"""Connections, intake, workflows and deliveries."""

from django.apps import AppConfig


class SyncjobsConfig(AppConfig):
    """Tables in each partner's schema only."""

    name = "syncjobs"
    verbose_name = "Integration"

    def ready(self) -> None:
        from syncjobs import actions  # noqa: F401  registers the audit actions

        _govern()
        _serve_mappings()
        _serve_partners()
        _show()


def _govern() -> None:
    """What is governed here, what a change would do, and what may be sent again after it."""
    from governance.appliers import register_applier
    from governance.bell import register_bell
    from governance.impact import register_assessor
    from governance.notices import register_mover
    from governance.replays import register_replay
    from syncjobs.engine.doorbell import ring
    from syncjobs.services.hold_releases import HOLD_RELEASE
    from syncjobs.services.impact import DEFINITION_IMPACT
    from syncjobs.services.resending import REPLAY
    from syncjobs.services.retention_changes import RETENTION
    from syncjobs.services.scope_changes import CONNECTION_SCOPE
    from syncjobs.services.workflow_changes import WORKFLOW_CHANGE
    from syncjobs.telling.moves import tell_decided

    register_applier(WORKFLOW_CHANGE)
    register_applier(CONNECTION_SCOPE)
    register_applier(RETENTION)
    register_applier(HOLD_RELEASE)
    for kind in ("mapping_version", "value_map_version", "workflow"):
        register_replay(kind, REPLAY)
    register_assessor(DEFINITION_IMPACT)
    register_bell(ring)
    register_mover(tell_decided)


def _serve_mappings() -> None:
    """What mappings ask of connections and records."""
    from mappings.catalogue import register_catalogue
    from mappings.publishing import register_listener
    from mappings.samples import register_finder
    from mappings.trials import register_trials
    from syncjobs.engine.samples import fields_of, find_samples
    from syncjobs.engine.trials import find_trials
    from syncjobs.intake.aside import let_go_for_live

    register_finder(find_samples)
    register_listener(let_go_for_live)
    register_trials(find_trials)
    register_catalogue(fields_of)


def _serve_partners() -> None:
    """What new partners start with, and what mails, health, checks and secrets ask for."""
    from syncjobs.engine.load import load
    from syncjobs.engine.tidying import tidy
    from syncjobs.services.digest import exception_digests
    from syncjobs.services.escalations import escalations
    from syncjobs.services.incidents import incident_news
    from syncjobs.services.plain_calls import call
    from syncjobs.services.secrets import open_sealed, seal
    from syncjobs.services.shipping import starting_blueprints
    from syncjobs.services.stored_keys import check_stored_credentials
    from tenants.health import register_part
    from tenants.mailing import register_producer
    from tenants.outbound import register_caller
    from tenants.sealing import register_vault
    from tenants.services.cleaning import register_cleaner
    from tenants.services.diagnosis import register_check
    from tenants.services.starting_content import register

    register_producer(exception_digests)
    register_producer(incident_news)
    register_producer(escalations)
    register(starting_blueprints)
    register_vault(seal, open_sealed)
    register_cleaner(tidy)
    register_caller(call)
    register_part(load)
    register_check(check_stored_credentials)


def _show() -> None:
    """What pages of other apps show of the engine."""
    from branding.commercial.breaches import register_breaches
    from branding.navigation import register_counter
    from syncjobs.indicators.attention import open_exceptions
    from syncjobs.indicators.breaches import late_exceptions
    from syncjobs.indicators.health import healths
    from tenants.accounts.columns import register_column

    register_breaches(late_exceptions)
    register_counter("open_exceptions", open_exceptions)
    register_column("Health", "workflows.view", healths, "syncjobs/parts/health_cell.html")
