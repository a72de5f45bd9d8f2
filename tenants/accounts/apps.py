"""People, clients and programs of one partner."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Tables in each partner's schema; in the public one they hold the operators."""

    name = "tenants.accounts"
    label = "accounts"
    verbose_name = "Access"

    def ready(self) -> None:
        from governance.clients import register_client_names
        from governance.independence import register_hands
        from governance.personal import register_subjects
        from tenants.accounts import actions, mail  # noqa: F401  registers the audit actions
        from tenants.accounts.adapters import reseal
        from tenants.accounts.services import providers
        from tenants.accounts.services.clients import client_names
        from tenants.accounts.services.hands import hands_on_accounts
        from tenants.accounts.subjects import subject_of
        from tenants.mailing import register_preparer
        from tenants.sealing import register_holder

        register_holder(reseal)
        register_holder(providers.reseal)
        register_client_names(client_names)
        register_hands(hands_on_accounts)
        register_subjects(subject_of)
        register_preparer("invitation", mail.prepare_invitation)
        register_preparer("password_reset", mail.prepare_password_reset)
