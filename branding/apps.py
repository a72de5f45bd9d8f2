"""What a partner's product looks like, and what it costs."""

from django.apps import AppConfig


class BrandingConfig(AppConfig):
    """Brand, theme, mail; tiers, usage and statements."""

    name = "branding"
    verbose_name = "Brand"

    def ready(self) -> None:
        """Register audit actions, the mail sender and a new partner's first brand."""
        from branding import actions  # noqa: F401  registers the audit actions
        from branding.commercial import actions as commercial_actions  # noqa: F401  registers them
        from branding.commercial import columns
        from branding.mail.notices import ask_for_signatures, tell_mentioned
        from branding.mail.sending import courier
        from branding.navigation import register_counter
        from branding.papers import forget_previews
        from branding.services.agreement_changes import AGREEMENT_CHANGE
        from branding.services.anchor_mail import ANCHOR_MAIL, MAIL_SINK
        from branding.services.brand_changes import BRAND
        from branding.services.client_brand import CLIENT_BRAND
        from branding.services.fee_changes import FEE_CHANGE
        from branding.services.identity import in_words
        from branding.services.mail_sender import reseal
        from branding.services.price_changes import PRICE_CHANGE
        from branding.services.reports import forget_old_reports
        from branding.starting import first_brand
        from branding.waiting import waiting_signatures
        from governance.actions import word_labels_by
        from governance.appliers import register_applier
        from governance.notices import register_listener, register_mentions
        from governance.sinks import register_sink
        from tenants import nouns
        from tenants.mailing import register_courier
        from tenants.sealing import register_holder
        from tenants.services import starting_content
        from tenants.services.cleaning import register_cleaner

        for applier in (
            PRICE_CHANGE,
            FEE_CHANGE,
            AGREEMENT_CHANGE,
            BRAND,
            CLIENT_BRAND,
            ANCHOR_MAIL,
        ):
            register_applier(applier)
        register_sink(MAIL_SINK)
        register_listener(ask_for_signatures)
        register_mentions(tell_mentioned)
        register_courier(courier)
        register_holder(reseal)
        nouns.register(in_words)
        word_labels_by(in_words)
        starting_content.register(first_brand)
        columns.register()
        register_cleaner(forget_previews)
        register_cleaner(forget_old_reports)
        register_counter("awaiting_approval", waiting_signatures)
