"""What the API shows of an engagement."""

from typing import Any

from rest_framework import serializers

from syncjobs.indicators.engagements.work import FATES


class AnswerSerializer(serializers.Serializer[Any]):
    """One of the four answers. `state`: waiting goes on by itself, none is nothing to say yet."""

    state = serializers.ChoiceField(choices=["ok", "waiting", "problem", "none"])
    short = serializers.CharField()
    verdict = serializers.CharField()


class AnswersSerializer(serializers.Serializer[Any]):
    """Is the project in every system that it should be in, did approved time reach the ERP, is an
    invoice blocked, does the revenue carry the right contract."""

    project = AnswerSerializer()
    time = AnswerSerializer()
    invoice = AnswerSerializer()
    revenue = AnswerSerializer()


class PlaceSerializer(serializers.Serializer[Any]):
    """A system in which a record of the engagement is, or should be: then without an id."""

    kind = serializers.CharField()
    connection = serializers.IntegerField(source="connection.pk")
    record = serializers.IntegerField(source="record.pk", allow_null=True, default=None)
    external_id = serializers.CharField(source="ref.external_id", allow_null=True, default=None)
    since = serializers.DateTimeField(source="ref.created_at", allow_null=True, default=None)


class WorkSerializer(serializers.Serializer[Any]):
    """Approved work of one kind and currency, by what became of it."""

    kind = serializers.CharField()
    fate = serializers.ChoiceField(choices=list(FATES))
    records = serializers.IntegerField(source="count")
    hours = serializers.DecimalField(max_digits=18, decimal_places=2)
    amount = serializers.DecimalField(max_digits=18, decimal_places=2)
    currency = serializers.CharField(allow_blank=True)


class StopSerializer(serializers.Serializer[Any]):
    """Deliveries that are not through, by their reason; the latest of them by its id."""

    kind = serializers.CharField()
    connection = serializers.IntegerField(source="connection_id")
    state = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    records = serializers.IntegerField(source="count")
    delivery = serializers.IntegerField(source="delivery_id")
    exception = serializers.IntegerField(source="issue_id", allow_null=True)
    since = serializers.DateTimeField()


class NamedContractSerializer(serializers.Serializer[Any]):
    """An invoice or a piece of revenue, with the contract that it names."""

    record = serializers.IntegerField(source="pk")
    key = serializers.CharField()
    contract = serializers.CharField(source="data.contract", allow_null=True, default=None)
    status = serializers.CharField(source="data.status", allow_null=True, default=None)
    total = serializers.CharField(source="data.total", allow_null=True, default=None)
    amount = serializers.CharField(source="data.amount", allow_null=True, default=None)
    currency = serializers.CharField(source="data.currency", allow_null=True, default=None)


class LineSerializer(serializers.Serializer[Any]):
    """A line of the story; what happens to many of a kind is one line a day."""

    at = serializers.DateTimeField()
    title = serializers.CharField()
    text = serializers.CharField(allow_blank=True)


class EngagementSerializer(serializers.Serializer[Any]):
    """An engagement; `id` is that of the record that stands for it, its project if there is one."""

    id = serializers.IntegerField(source="head.pk")
    client = serializers.IntegerField(source="head.client_id")
    engagement = serializers.CharField(source="head.engagement")
    name = serializers.CharField(source="head.label")
    type = serializers.CharField(source="head.type")
    key = serializers.CharField(source="head.key")
    answers = AnswersSerializer()


class EngagementDetailSerializer(EngagementSerializer):
    """An engagement with what its answers rest on, and the latest 100 lines of its story."""

    contracts = serializers.ListField(source="facts.contracts", child=serializers.CharField())
    systems = PlaceSerializer(source="facts.places", many=True)
    work = WorkSerializer(source="facts.work", many=True)
    not_through = StopSerializer(source="facts.stops", many=True)
    invoices = NamedContractSerializer(source="facts.invoices", many=True)
    revenue = NamedContractSerializer(source="facts.revenue", many=True)
    story = LineSerializer(many=True)
