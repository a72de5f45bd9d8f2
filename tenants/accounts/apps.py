"""People, clients and programs of one partner."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Tables in each partner's schema; in the public one they hold the operators."""

    name = "tenants.accounts"
    label = "accounts"
    verbose_name = "Access"

    def ready(self) -> None:
        from governance.appliers import register_applier
        from governance.clients import register_client_names, register_known_clients
        from governance.evidence import register_source
        from governance.independence import register_hands
        from governance.personal import register_subjects
        from governance.signers import Staff, register_staff
        from tenants.accounts import actions, mail  # noqa: F401  registers the audit actions
        from tenants.accounts.adapters import reseal
        from tenants.accounts.evidence import access_events, access_review, failed_sign_ins
        from tenants.accounts.services import providers
        from tenants.accounts.services.clients import all_clients, client_names
        from tenants.accounts.services.hands import hands_on_accounts
        from tenants.accounts.services.role_changes import ROLE_CHANGE
        from tenants.accounts.services.signers import (
            client_signs,
            role_keys,
            signing_roles,
            staff_signers,
        )
        from tenants.accounts.subjects import subject_of
        from tenants.mailing import register_preparer
        from tenants.sealing import register_holder

        register_holder(reseal)
        register_holder(providers.reseal)
        register_client_names(client_names)
        register_known_clients(all_clients)
        register_applier(ROLE_CHANGE)
        register_hands(hands_on_accounts)
        for source in (access_review, access_events, failed_sign_ins):
            register_source(source)
        register_staff(Staff(staff_signers, role_keys, signing_roles, client_signs))
        register_subjects(subject_of)
        register_preparer("invitation", mail.prepare_invitation)
        register_preparer("password_reset", mail.prepare_password_reset)
